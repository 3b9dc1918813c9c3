package org.countersign.bridge

import kotlinx.coroutines.runBlocking
import org.countersign.core.CameraFrame
import org.countersign.core.CameraState
import org.countersign.core.CancelToken
import org.countersign.core.Clock
import org.countersign.core.CodeView
import org.countersign.core.Composer
import org.countersign.core.Connection
import org.countersign.core.CoreException
import org.countersign.core.Deciding
import org.countersign.core.DecisionProblem
import org.countersign.core.Does
import org.countersign.core.FileToSend
import org.countersign.core.Folder
import org.countersign.core.Label
import org.countersign.core.Language
import org.countersign.core.MailAction
import org.countersign.core.MeetingStage
import org.countersign.core.Misuse
import org.countersign.core.NewApproval
import org.countersign.core.NewMail
import org.countersign.core.OutboxState
import org.countersign.core.OwnKeyRole
import org.countersign.core.ProgressStep
import org.countersign.core.ScanView
import org.countersign.core.Screen
import org.countersign.core.Thing
import org.countersign.core.Trust
import org.countersign.core.UnreadableThing
import org.countersign.core.VaultProblem
import org.countersign.core.Word
import org.countersign.core.WrittenMail
import org.countersign.core.addressScreen
import org.countersign.core.faultText
import org.countersign.core.keysFailedScreen
import org.countersign.core.keysProgressScreen
import org.countersign.core.passwordScreen
import org.countersign.core.sampleScreens
import org.countersign.core.undecidedBanner
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Every call of the interface that the stories do not make. A test of the binding looks for each of its names here or there. */
class CallsTest {
  private val clock = Clock(System.currentTimeMillis() / 1000, 0)

  @Test
  fun twoPeopleUseEveryCall(): Unit = runBlocking {
    val (carol, dave) = Phone() to Phone()
    val ofCarol = carol.add("carol", "Carol Cho")
    val ofDave = dave.add("dave", "Dave Diaz")
    assertEquals("Carol Cho", ofCarol.summary().name)
    assertEquals(OwnKeyRole.entries.toSet(), ofCarol.keys().map { it.role }.toSet())

    cards(ofCarol, ofDave)
    meeting(ofCarol, ofDave)
    mail(ofCarol, ofDave)
    approval(ofCarol, ofDave)
    carol.office.close()
    dave.office.close()
  }

  private suspend fun cards(ofCarol: Account, ofDave: Account) {
    val exchange = ofCarol.qrExchange()
    val card = ofDave.qrExchange().card()
    assertEquals(0uL, card.validFor)
    assertNull(exchange.scanCardFrame(CameraFrame(64u, 64u, 64u, ByteArray(64 * 64))))
    val scan = exchange.scanCardFrame(frame(card)) as ScanView.Card
    assertEquals(listOf("dave@example.test", "Dave Diaz", false), listOf(scan.address, scan.name, scan.differs))
    assertEquals(scan, exchange.scanCard(card.png))
    assertEquals("sr_wait_1", exchange.scanScreen(scan).title.key)
    assertEquals("ct_card", ofCarol.people().screen().rows.single().state.text.key)
    assertEquals("sr_wait_1", exchange.personScreen("dave@example.test")?.title?.key)
    assertNull(exchange.personScreen("nobody@example.test"))
    assertTrue(ofCarol.composer().recipients(listOf("dave@example.test")).single().canEncrypt)
    ofCarol.people().forget("dave@example.test")
    assertTrue(ofCarol.people().list().isEmpty())
    assertEquals(Thing.CONTACT, (failure { ofCarol.people().show("dave@example.test") } as CoreException.NotFound).thing)
    assertEquals("qr_nocam", exchange.screen(CameraState.DENIED).aim.key)
    val foreign = CoreException.Unreadable(UnreadableThing.FOREIGN_QR_CODE)
    assertEquals("qr_foreign", exchange.screen(CameraState.READY, foreign).banner?.text?.key)
    assertEquals("kr_title", exchange.keysScreen(false).title?.key)
  }

  /** One scans, the other one compares the number. */
  private suspend fun meeting(ofCarol: Account, ofDave: Account) {
    val (scanning, showing) = ofCarol.qrExchange() to ofDave.qrExchange()
    val scan = scanning.meetFrame(frame(showing.show())) as ScanView.Meeting
    assertEquals(MeetingStage.SCANNED, scanning.status().single().stage)
    assertEquals(scan.number, scanning.scanScreen(scan).number)
    until("the other phone asks") {
      ofCarol.sync()
      ofDave.sync()
      showing.meetingScreens().any { it.number == scan.number }
    }
    assertTrue(failure { showing.agree("carol@example.test") } is CoreException.NotFound)
    assertTrue(failure { showing.confirmNumber("carol@example.test", if (scan.number == "0000") "0001" else "0000") } is CoreException.NotFound)
    showing.confirmNumber("carol@example.test", scan.number)
    until("both are met") {
      ofDave.sync()
      ofCarol.sync()
      listOf(ofCarol, ofDave).all { it.people().list().singleOrNull()?.trust == Trust.MET }
    }
  }

  private suspend fun mail(ofCarol: Account, ofDave: Account) {
    val composer = ofCarol.composer()
    val written = WrittenMail(false, listOf("dave@example.test"), emptyList(), "Lunch", Deciding.InOrder, null, true)
    assertEquals("co_send", composer.screen(written).footer.main.text.key)
    val nobody = composer.screen(written.copy(to = listOf("nobody@example.test")))
    assertEquals("co_plain", nobody.footer.plain?.text?.key)
    val lunch = NewMail(to = listOf("dave@example.test"), subject = "Lunch", text = "Noodles?")
    val first = composer.send(lunch)
    assertEquals(OutboxState.WAITING, composer.outbox().single { it.number == first }.state)
    val problem = (failure { composer.retry(first) } as CoreException.WrongUse).problem
    assertEquals(Misuse.NothingToRetry, problem)
    composer.discard(first)
    assertTrue(composer.outbox().none { it.number == first })
    secondThoughts(composer, lunch)
    composer.send(lunch)
    assertEquals(1uL, composer.flush().sent)

    val mailboxes = ofDave.mailboxes()
    until("the mail is here") {
      ofDave.sync()
      mailboxes.list(Folder.INBOX).any { it.subject == "Lunch" }
    }
    val rows = mailboxes.screen(Connection.Online, clock).days.flatMap { it.rows }
    val row = rows.single { it.subject == Label.Plain("Lunch") }
    assertEquals(listOf("Carol Cho", "st_both"), listOf(row.name, row.state.text.key))
    assertTrue(mailboxes.readScreen(row.id).text.orEmpty().contains("Noodles?"))
    val raw = String(mailboxes.export(row.id), Charsets.ISO_8859_1)
    assertTrue(raw.contains("application/pkcs7-mime") && !raw.contains("Noodles"))
    mailboxes.act(listOf(row.id), MailAction.STAR)
    assertTrue(mailboxes.list(Folder.INBOX).single { it.id == row.id }.flagged)
  }

  /** What is held back becomes a draft again, as it was written. */
  private suspend fun secondThoughts(composer: Composer, lunch: NewMail) {
    val held = composer.sendAfter(lunch, HOLD)
    composer.flush()
    assertTrue(composer.outbox().single { it.number == held }.heldUntil!! > clock.now)
    val shown = composer.held(clock)!!
    assertEquals(listOf(held, Does.Undo, "co_undo"), listOf(shown.number, shown.button.does, shown.button.text.key))
    val draft = composer.takeBack(held)
    assertNull(composer.held(clock))
    assertEquals(lunch, composer.draft(draft))
    assertEquals(draft, composer.saveDraft(draft, lunch.copy(text = "Soup?")))
    assertEquals(listOf(draft to "Lunch"), composer.drafts().map { it.number to it.subject })
    val again = composer.takeBack(composer.sendDraftAfter(draft, HOLD))
    assertEquals("Soup?", composer.draft(again).text)
    composer.discardDraft(again)
    assertTrue(composer.drafts().isEmpty() && composer.outbox().none { it.subject == "Lunch" })
  }

  private suspend fun approval(ofCarol: Account, ofDave: Account) {
    val offer = "%PDF-1.4 offer".toByteArray()
    val request =
      ofCarol.approvals().request(
        NewApproval(
          to = listOf("dave@example.test"),
          subject = "Chairs",
          text = "Twelve.",
          files = listOf(FileToSend("offer.pdf", "application/pdf", offer)),
          deciding = Deciding.InOrder,
        )
      )
    ofCarol.composer().flush()
    val approvals = ofDave.approvals()
    until("the request is here") {
      ofDave.sync()
      approvals.screen(clock).segments.first().groups.flatMap { it.rows }.any { it.id == request.id }
    }
    val screen = approvals.showScreen(request.id, emptyList(), clock)
    assertEquals("ap_unopened", screen.documents.single().state.key)
    assertArrayEquals(offer, approvals.document(request.id, 0uL))
    assertEquals(Thing.PART, (failure { approvals.document(request.id, 1uL) } as CoreException.NotFound).thing)
    val opened = listOf(screen.documents.single().sha256)
    assertEquals("ap_opened", approvals.showScreen(request.id, opened, clock).documents.single().state.key)

    val sheet = approvals.confirmScreen(request.id, Word.REJECT, Language.ZH, opened)
    assertEquals(listOf(6, true, null), listOf(sheet.words.size, sheet.needsComment, sheet.unopened))
    approvals.decide(request.id, Word.REJECT, "Too many.")
    assertEquals("cf_queued", approvals.decidedBanner(request.id, Word.REJECT)?.text?.key)
    val again = failure { approvals.decide(request.id, Word.APPROVE, "") }
    assertEquals(Misuse.NotDecidable(DecisionProblem.ENDED), (again as CoreException.WrongUse).problem)
    assertEquals("cf_ended", undecidedBanner(again, Word.APPROVE)?.text?.key)
    ofDave.composer().flush()
  }

  @Test
  fun screensThatNeedNoAccount() {
    assertFalse(addressScreen("", false, null).go.isEnabled)
    assertEquals("ob_bad", addressScreen("x", false, CoreException.Unreadable(UnreadableThing.ADDRESS)).error?.text?.key)
    val wrong = CoreException.LoginRefused("mail.example.test:993")
    assertEquals("pw_wrong", passwordScreen("a@example.test", "mail.example.test", false, wrong).error?.text?.key)
    assertEquals("kr_step1", keysProgressScreen(ProgressStep.MAKING_KEYS).step?.text?.key)
    assertEquals("pw_wrong", keysFailedScreen(wrong)?.error?.text?.key)
    assertEquals("er_no_lock", faultText(CoreException.Vault(VaultProblem.NOT_ENROLLED))?.key)
    assertNull(faultText(CoreException.Vault(VaultProblem.CANCELLED)))
    assertNull(undecidedBanner(CoreException.Vault(VaultProblem.CANCELLED), Word.APPROVE))
    val states = sampleScreens()
    assertEquals(states.size, states.map { it.name }.toSet().size)
    assertTrue(states.any { it.screen is Screen.Scan } && states.any { it.screen is Screen.Inbox })
  }

  @Test
  fun aTokenKnowsThatItWasCancelled() {
    CancelToken().use { token ->
      assertFalse(token.isCancelled())
      token.cancel()
      assertTrue(token.isCancelled())
    }
  }

  /** The code as a camera sees it: grey, four octets a module, in a light border. */
  private fun frame(code: CodeView): CameraFrame {
    val modules = code.size.toInt()
    val side = (modules + 2 * BORDER) * SCALE
    val luma = ByteArray(side * side) { at ->
      val (row, column) = (at / side / SCALE - BORDER) to (at % side / SCALE - BORDER)
      val isInside = row in 0 until modules && column in 0 until modules
      if (isInside && code.modules[row * modules + column] == 1.toByte()) 20 else 235.toByte()
    }
    return CameraFrame(side.toUInt(), side.toUInt(), side.toUInt(), luma)
  }

  private suspend fun failure(call: suspend () -> Unit): CoreException =
    assertThrows(CoreException::class.java) { runBlocking { call() } }

  private companion object {
    /** Seconds: longer than the test. */
    const val HOLD: ULong = 3000u
    const val SCALE = 4
    const val BORDER = 4
  }
}
