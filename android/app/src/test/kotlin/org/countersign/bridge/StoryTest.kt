package org.countersign.bridge

import kotlinx.coroutines.runBlocking
import org.countersign.core.ApprovalState
import org.countersign.core.CertificateProblem
import org.countersign.core.CoreException
import org.countersign.core.Deciding
import org.countersign.core.Decision
import org.countersign.core.FileToSend
import org.countersign.core.Folder
import org.countersign.core.Icon
import org.countersign.core.MessageStatus
import org.countersign.core.NewApproval
import org.countersign.core.ScanView
import org.countersign.core.SignatureState
import org.countersign.core.Trust
import org.countersign.core.VaultProblem
import org.countersign.core.Word
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** The demo's story on two phones, through the binding, against real servers. */
class StoryTest {
  @Test
  fun twoPhonesMeetAskApproveAndReadOffline(): Unit = runBlocking {
    val (alice, bob) = Phone() to Phone()
    val ofAlice = alice.add("alice", "Alice Ahlborn")
    val ofBob = bob.add("bob", "Bob Brandt")

    // Each scans the other's code.
    val codeOfAlice = ofAlice.qrExchange().show()
    val codeOfBob = ofBob.qrExchange().show()
    val scan = ofAlice.qrExchange().meet(codeOfBob.png)
    assertEquals("bob@example.test", (scan as ScanView.Meeting).address)
    ofBob.qrExchange().meet(codeOfAlice.png)
    until("both are met") {
      ofAlice.sync()
      ofBob.sync()
      ofAlice.people().list().firstOrNull()?.trust == Trust.MET &&
        ofBob.people().list().firstOrNull()?.trust == Trust.MET
    }

    // Alice asks; the mail key signs, so nobody is asked for a finger.
    val pdf = "%PDF-1.4 offer".toByteArray()
    val request =
      ofAlice
        .approvals()
        .request(
          NewApproval(
            to = listOf("bob@example.test"),
            subject = "Laser cutter 激光切割机",
            text = "Please approve.",
            files = listOf(FileToSend("offer.pdf", "application/pdf", pdf)),
            deciding = Deciding.InOrder,
          )
        )
    ofAlice.composer().flush()
    assertTrue(alice.vault.confirmed.isEmpty())

    // Bob sees that it is his turn; a refused finger decides nothing.
    val approvals = ofBob.approvals()
    until("the request is here") {
      ofBob.sync()
      approvals.list().any { it.id == request.id && it.myTurn }
    }
    bob.vault.refusing = VaultProblem.CANCELLED
    assertThrows(CoreException::class.java) { runBlocking { approvals.decide(request.id, Word.APPROVE, "") } }
    assertTrue(approvals.show(request.id).myTurn)
    bob.vault.refusing = null
    approvals.decide(request.id, Word.APPROVE, "同意")
    assertEquals(1, bob.vault.confirmed.size)
    ofBob.composer().flush()

    // Alice's phone sees it with both times and closes the request on its own.
    until("the approval is closed") {
      ofAlice.sync()
      ofAlice.approvals().show(request.id).state == ApprovalState.APPROVED
    }
    val decision = ofAlice.approvals().show(request.id).stages.first().people.first()
    assertEquals(Decision.APPROVED, decision.decision)
    assertEquals("同意", decision.comment)
    assertNotNull(decision.time)
    assertNotNull(decision.claimedTime)
    assertTrue(ofAlice.approvals().evidence(request.id).any { it.path == "02-approve.tst" })

    // Offline, from the phone alone.
    bob.office.close()
    Office(bob.home, bob.vault, offline = true).use { office ->
      office.unlock()
      val mailboxes = office.core.account(null).mailboxes()
      val line = mailboxes.list(Folder.INBOX).first { it.subject.startsWith("Laser") }
      val mail = mailboxes.read(line.id)
      assertEquals(SignatureState.VALID, mail.verdict.signature.state)
      val trust = mail.status as MessageStatus.Trust
      assertEquals(Icon.SEAL, trust.icon)
      assertEquals(listOf("st_both", "tl_met"), listOf(trust.state.key, trust.sentence.key))
      assertTrue(mail.text.orEmpty().contains("Please approve."))
      val part = mail.attachments.first { it.name == "offer.pdf" }
      assertArrayEquals(pdf, mailboxes.attachment(line.id, part.part))
    }
    alice.office.close()
  }

  @Test
  fun wrongPasswordAndUntrustedCertificateAreNamed(): Unit = runBlocking {
    Phone().office.use { office ->
      office.unlock()
      val place = "localhost:${World.imap}"
      val refused =
        assertThrows(CoreException.LoginRefused::class.java) {
          runBlocking { office.core.addAccount(config("carol", "Carol", listOf(World.serverCa)), "wrong") }
        }
      assertEquals(place, refused.host)
      val untrusted =
        assertThrows(CoreException.CertificateUntrusted::class.java) {
          runBlocking { office.core.addAccount(config("carol", "Carol", emptyList()), "wrong") }
        }
      assertEquals(CertificateProblem.UNKNOWN_AUTHORITY, untrusted.problem)
      assertTrue(office.core.accounts().isEmpty())
    }
  }
}
