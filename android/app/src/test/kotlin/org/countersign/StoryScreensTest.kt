package org.countersign

import android.Manifest
import android.app.Notification
import android.app.NotificationManager
import android.content.Intent
import android.hardware.biometrics.BiometricPrompt
import android.media.Image
import android.view.View
import android.widget.TextView
import java.time.LocalDate
import java.time.LocalTime
import java.time.ZoneId
import kotlin.concurrent.thread
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.EncryptionState
import org.countersign.bridge.FileToSend
import org.countersign.bridge.Folder
import org.countersign.bridge.World
import org.countersign.screen.AddressScreen
import org.countersign.screen.ApprovalScreen
import org.countersign.screen.ApprovalsScreen
import org.countersign.screen.ComposeScreen
import org.countersign.screen.ConfirmSheet
import org.countersign.screen.ContactsScreen
import org.countersign.screen.ExchangeScreen
import org.countersign.screen.InboxScreen
import org.countersign.screen.MessageScreen
import org.countersign.screen.PasswordScreen
import org.countersign.screen.ReadyScreen
import org.countersign.screen.ScannedScreen
import org.countersign.screen.SettingsScreen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowBiometricPrompt

/** The demo's story on the screens of the phones, over the real core and the real servers. Pictures are taken on the way. */
class StoryScreensTest : UiTest() {
  private val gallery = Gallery(this)
  private val alice by lazy { hand("alice") }
  private val bob by lazy { hand("bob") }
  private val carol by lazy { hand("carol") }

  @Test
  fun phonesMeetAskApproveAndReadOffline() {
    signUp(alice, "alice", "Alice Ahlborn", isShown = true)
    signUp(bob, "bob", "Bob Brandt")
    signUp(carol, "carol", "Carol Chen")
    meet(alice, bob, "Bob Brandt", isShown = true)
    meet(alice, carol, "Carol Chen")
    writeMail()
    request()
    val id = approve()
    approveLast(id)
    closed(id)
    val readable = Plaintext.find(app.dataDir, SECRETS)
    readOffline()
    newPhone()
    gallery.write()
    // Both at the end: one finding does not hide another.
    assertEquals(emptyList<String>(), readable + gallery.problems)
  }

  private fun signUp(phone: Hand, person: String, name: String, isShown: Boolean = false) {
    val fingers = FakeKeystore.confirmed.get()
    phone.start()
    phone.on<AddressScreen>().address.value = "$person@example.test"
    if (isShown) gallery.add(phone, "01-onboarding-address")
    tap(phone.on<AddressScreen>().next)
    phone.on<PasswordScreen>().name.value = name
    if (isShown) gallery.add(phone, "02-onboarding-password")
    val password = phone.on<PasswordScreen>()
    if (isShown) refused(phone, password)
    password.password.value = World.password(person)
    tap(password.signIn)
    phone.on<ReadyScreen>()
    assertEquals("making an account asks nobody for a finger", fingers, FakeKeystore.confirmed.get())
    if (isShown) gallery.add(phone, "03-keys-ready")
    tap(phone.on<ReadyScreen>().open)
    phone.on<InboxScreen>()
    if (isShown) gallery.add(phone, "04d-inbox-empty")
  }

  private fun refused(phone: Hand, screen: PasswordScreen) {
    screen.password.value = "wrong"
    tap(screen.signIn)
    waitUntil("the wrong password is named") { "The server did not accept this password." in screen.view.words() }
    assertEquals("it can be mended", "wrong", screen.password.value)
    gallery.addOnce(phone, "02b-password-wrong")
  }

  /** Each phone's camera sees the other phone's screen; the second one sees what the first shows after its own scan. */
  private fun meet(one: Hand, other: Hand, nameOfOther: String, isShown: Boolean = false) {
    exchange(one)
    if (isShown) withoutCamera(one)
    val code = exchange(other)
    if (isShown) gallery.add(one, "11-exchange")
    film(one, Camera().seeNothing(), Camera().see(code))
    if (isShown) gallery.add(one, "12b-scan-waiting")
    val shown = one.on<ScannedScreen>().modules
    waitUntil("the own code is shown for the other camera") { shown.width > 0 && !shown.isLayoutRequested }
    film(other, Camera().see(shown))
    waitUntil("both have met") { listOf(one, other).all { (it.activity.screen as? ScannedScreen)?.isMet == true } }
    if (isShown) gallery.add(one, "12a-scan-mutual")
    val words = one.on<ScannedScreen>().view.words()
    assertTrue(words.toString(), "You and $nameOfOther met in person" in words)
    for (phone in listOf(one, other)) {
      phone.take()
      tap(phone.on<ScannedScreen>().view.touching("Done"))
      phone.on<ContactsScreen>()
    }
    if (isShown) gallery.add(one, "10-contacts")
    for (phone in listOf(one, other)) tap(phone.on<ContactsScreen>().view.touching("Inbox"))
  }

  /** The own code works without the camera; the permission is asked for there. */
  private fun withoutCamera(phone: Hand) {
    assertTrue("Countersign is not allowed to use the camera." in phone.on<ExchangeScreen>().view.words())
    gallery.addOnce(phone, "11b-exchange-no-camera")
    shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
    phone.on<ExchangeScreen>().permitted()
    assertFalse("Allow camera" in phone.on<ExchangeScreen>().view.words())
  }

  private fun exchange(phone: Hand): View {
    phone.take()
    tap(phone.on<InboxScreen>().view.touching("Contacts"))
    tap(phone.on<ContactsScreen>().exchange)
    val code = phone.on<ExchangeScreen>().modules
    waitUntil("the code is laid out") { code.width > 0 && !code.isLayoutRequested }
    return code
  }

  /** The camera's thread hands over one image after the other, the last one until it is recognised. A picture without a code is no mistake. */
  private fun film(phone: Hand, vararg images: Image) {
    phone.take()
    val screen = phone.on<ExchangeScreen>()
    var next = 0
    waitUntil("the code is recognised") {
      thread { screen.scanner.look(images[next]) }.join()
      next = minOf(next + 1, images.size - 1)
      assertFalse("This is not a Countersign code." in screen.view.words())
      phone.activity.screen is ScannedScreen
    }
    phone.on<ScannedScreen>()
  }

  private fun writeMail() {
    alice.take()
    tap(alice.on<InboxScreen>().write)
    val compose = alice.on<ComposeScreen>()
    for (person in listOf("bob@example.test", "carol@example.test")) {
      if (compose.to.input.visibility != View.VISIBLE) tap(compose.to.add)
      compose.to.input.setText(person)
      tap(compose.to.add)
    }
    compose.subject.setText(MAIL_SUBJECT)
    compose.body.setText(MAIL_TEXT)
    waitUntil("it can be encrypted") { "Encrypted for everyone" in compose.view.words() }
    compose.body.requestFocus()
    gallery.add(alice, "09-compose")
    val turned = alice.on<ComposeScreen>()
    turned.attach(FileToSend("Contract draft v3.pdf", "application/pdf", FILE.toByteArray()))
    tap(turned.send)
    alice.on<InboxScreen>()
    waitUntil("it can be taken back") { alice.activity.window.decorView.words().any { it.startsWith("Sending in ") } }
    gallery.addOnce(alice, "09c-compose-undo")
    waitUntil("nobody does, and it leaves") { await { alice.session.account()!!.composer().outbox() }.isEmpty() }
  }

  private fun request() {
    tap(alice.on<InboxScreen>().write)
    val compose = alice.on<ComposeScreen>()
    compose.approval.isChecked = true
    waitUntil("it is a request") { "Answer by" in compose.view.words() }
    for (person in listOf("bob@example.test", "carol@example.test")) {
      if (compose.to.input.visibility != View.VISIBLE) tap(compose.to.add)
      compose.to.input.setText(person)
      tap(compose.to.add)
    }
    waitUntil("both can be encrypted to") { compose.view.words().count { it == "can be encrypted" } == 2 }
    compose.deadline = LocalDate.now().plusDays(2).atTime(LocalTime.of(18, 0)).atZone(ZoneId.systemDefault()).toEpochSecond()
    compose.subject.setText(SUBJECT)
    compose.body.setText(TEXT)
    compose.attach(FileToSend("offer.pdf", "application/pdf", FILE.toByteArray()))
    compose.body.requestFocus()
    gallery.add(alice, "09b-compose-approval")
    val turned = alice.on<ComposeScreen>()
    assertTrue("attached files survive a turn of the phone", "offer.pdf" in turned.view.words())
    waitUntil("it can be sent") { turned.send.isEnabled }
    tap(turned.send)
    alice.on<InboxScreen>()
    assertEquals("asking needs no finger", 0, FakeKeystore.confirmed.get())
    tap(alice.on<InboxScreen>().view.touching("Approvals"))
    tap(alice.on<ApprovalsScreen>().view.touching("I asked"))
    waitUntil("the own request is listed") { SUBJECT in alice.on<ApprovalsScreen>().view.words() }
    gallery.add(alice, "08b-approvals-asked")
  }

  private fun announced(phone: Hand): Notification {
    val manager = shadowOf(app.getSystemService(NotificationManager::class.java))
    phone.take()
    waitUntil("the request is announced") {
      phone.session.syncSoon()
      manager.allNotifications.isNotEmpty()
    }
    val notification = manager.allNotifications.single()
    assertEquals("Approval waiting", shadowOf(notification).contentTitle)
    assertTrue("nothing approves blindly", notification.actions.isNullOrEmpty())
    assertFalse("the lock screen shows no subject", shadowOf(notification).contentText.contains("Laser"))
    return notification
  }

  /** From the notification to the signature. */
  private fun approve(): String {
    val notification = announced(bob)
    waitUntil("the request is pinned") { SUBJECT in bob.on<InboxScreen>().view.words() }
    waitUntil("the mail is there") { MAIL_SUBJECT in bob.on<InboxScreen>().view.words() }
    gallery.add(bob, "04-inbox")
    tap(bob.on<InboxScreen>().view.touching("Approvals"))
    bob.on<ApprovalsScreen>()
    gallery.add(bob, "08-approvals")
    bob.leave()
    bob.start(shadowOf(notification.contentIntent).savedIntent)
    bob.on<ApprovalScreen>()
    gallery.add(bob, "06-approval")
    val words = bob.on<ApprovalScreen>().view.words()
    assertTrue(words.toString(), words.containsAll(listOf("Your turn", "Alice Ahlborn asks for your approval", "Encrypted and signed", "2 days left")))
    val id = await { bob.session.account()!!.approvals().list().single().id }
    stopSigning(bob)
    tap(bob.on<ApprovalScreen>().approve!!)
    assertTrue("a stopped signature does not stand in the way", sheet(bob).sign.isEnabled)
    sheet(bob).comment = COMMENT
    gallery.add(bob, "07-confirm")
    assertEquals("the comment survives a turn of the phone", COMMENT, sheet(bob).comment)
    val state = bob.end()
    bob.start(state = state)
    assertEquals("and the end of the process", COMMENT, sheet(bob).comment)
    refuseFinger(bob)
    signTurned(bob)
    waitUntil("the next one is named") { "Approved. carol@example.test is next." in bob.on<ApprovalScreen>().view.words() }
    gallery.add(bob, "07b-signed")
    return id
  }

  private fun sheet(phone: Hand): ConfirmSheet {
    waitUntil("the sheet is up") { phone.on<ApprovalScreen>().sheet?.isShowing == true }
    return phone.on<ApprovalScreen>().sheet!!
  }

  /** A finger that is not the owner's signs nothing. */
  private fun refuseFinger(phone: Hand) {
    val sheet = sheet(phone)
    val before = FakeKeystore.confirmed.get()
    tap(sheet.sign)
    prompted()
    ShadowBiometricPrompt.authenticateCurrentSessionWithError(BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED, "cancelled")
    waitUntil("who cancels is told nothing and can go on") { sheet.sign.isEnabled }
    tap(sheet.sign)
    waitUntil("the prompt is up again") { ShadowBiometricPrompt.getCurrentPrompt() != null }
    ShadowBiometricPrompt.authenticateCurrentSessionWithError(BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT, "locked out")
    waitUntil("it says that nothing was signed") { "Not signed. You were not recognised." in sheet.window!!.decorView.words() }
    assertEquals(before, FakeKeystore.confirmed.get())
  }

  private fun sign(phone: Hand) {
    val sheet = sheet(phone)
    val before = FakeKeystore.confirmed.get()
    tap(sheet.sign)
    prompted()
    FakeKeystore.finger()
    ShadowBiometricPrompt.authenticateCurrentSessionSuccessfully()
    waitUntil("the sheet is gone") { !sheet.isShowing }
    assertEquals("one finger, one signature", before + 1, FakeKeystore.confirmed.get())
  }

  /** Back, while the system asks: nothing is signed, and it can be begun anew. */
  private fun stopSigning(phone: Hand) {
    tap(phone.on<ApprovalScreen>().approve!!)
    val sheet = sheet(phone)
    val before = FakeKeystore.confirmed.get()
    tap(sheet.sign)
    prompted()
    assertFalse("it is signed once", sheet.sign.isEnabled)
    sheet.cancel()
    waitUntil("the sheet is gone") { !sheet.isShowing }
    ShadowBiometricPrompt.reset()
    assertEquals(before, FakeKeystore.confirmed.get())
    waitUntil("it can be decided") { phone.on<ApprovalScreen>().approve?.isEnabled == true }
  }

  /** The phone is turned while the system asks: it goes on, and cannot be begun a second time. */
  private fun signTurned(phone: Hand) {
    val before = FakeKeystore.confirmed.get()
    tap(sheet(phone).sign)
    prompted()
    phone.turn("en-rGB-w851dp-h393dp-land-notnight-xxhdpi")
    assertFalse("it is being signed", sheet(phone).sign.isEnabled)
    phone.turn(Gallery.Look.LIGHT.qualifiers)
    assertFalse("it is being signed", sheet(phone).sign.isEnabled)
    FakeKeystore.finger()
    ShadowBiometricPrompt.authenticateCurrentSessionSuccessfully()
    waitUntil("the sheet is gone") { phone.on<ApprovalScreen>().sheet?.isShowing == false }
    assertEquals("one finger, one signature", before + 1, FakeKeystore.confirmed.get())
  }

  private fun prompted() = waitUntil("the prompt is up") { ShadowBiometricPrompt.getCurrentPrompt() != null }

  private fun approveLast(id: String) {
    bob.leave()
    carol.take()
    waitUntil("it is Carol's turn") {
      await { carol.session.sync() }
      await { carol.session.account()!!.approvals().list().any { it.id == id && it.myTurn } }
    }
    carol.leave()
    carol.start(Intent(app, MainActivity::class.java).putExtra(MainActivity.REQUEST, id))
    waitUntil("Bob's decision is shown") { COMMENT in carol.on<ApprovalScreen>().view.words() }
    assertEquals("she has not met Bob", "bob@example.test", saidBy(carol))
    tap(carol.on<ApprovalScreen>().approve!!)
    sign(carol)
    waitUntil("the decision left the phone") {
      await { carol.session.sync() }
      await { carol.session.account()!!.composer().outbox() }.isEmpty()
    }
    carol.leave()
  }

  private fun closed(id: String) {
    alice.take()
    waitUntil("the approval is closed") {
      await { alice.session.sync() }
      await { alice.session.account()!!.approvals().show(id).state } == ApprovalState.APPROVED
    }
    alice.leave()
    alice.start(Intent(app, MainActivity::class.java).putExtra(MainActivity.REQUEST, id))
    val words = alice.on<ApprovalScreen>().view.words()
    assertTrue(words.toString(), "Approved by everybody who had to" in words)
    assertEquals("Bob Brandt", saidBy(alice))
    gallery.add(alice, "06c-approval-closed")
    alice.activity.root(Place(Place.Kind.SETTINGS))
    alice.on<SettingsScreen>()
    gallery.add(alice, "15-settings")
    alice.leave()
  }

  /** Whose the remark is, in a view of its own. */
  private fun saidBy(phone: Hand): String {
    val remark = phone.on<ApprovalScreen>().view.all().single { (it as? TextView)?.text.toString() == COMMENT }
    return (remark.parent as View).words().first()
  }

  /** From the phone alone, after the process ended. */
  private fun readOffline() {
    bob.start()
    val state = bob.end(offline = true)
    bob.start(state = state)
    waitUntil("it says that it is offline") { bob.on<InboxScreen>().view.words().any { it.startsWith("Offline") } }
    gallery.add(bob, "04b-inbox-offline")
    tap(bob.on<InboxScreen>().view.touching(MAIL_SUBJECT))
    val message = bob.on<MessageScreen>()
    val words = message.view.words()
    assertTrue(words.toString(), words.containsAll(listOf(MAIL_TEXT, "Encrypted and signed", "Contract draft v3.pdf")))
    gallery.add(bob, "05-message")
    tap(bob.on<MessageScreen>().status!!)
    waitUntil("the details are up") { bob.windows.size == 2 }
    gallery.addOnce(bob, "05b-message-details")
    bob.activity.screen!!.back()
    bob.activity.back()
    val id = await { bob.session.account()!!.mailboxes().list(Folder.INBOX).first { it.subject == SUBJECT }.id }
    bob.activity.go(Place(Place.Kind.MESSAGE, id))
    assertTrue("a request is shown as a request", SUBJECT in bob.on<ApprovalScreen>().view.words())
    bob.leave()
  }

  /** Alice has a new phone, and so new keys. Nothing is sent with them until the other person agrees. */
  private fun newPhone() {
    val other = hand("alice-2")
    signUp(other, "alice", "Alice Ahlborn")
    waitUntil("all old mail is there and listed") {
      val fresh = await { other.session.account()!!.sync().fresh }
      val locked = await { other.session.account()!!.mailboxes().list(Folder.INBOX).count { it.encryption == EncryptionState.NO_KEY } }
      fresh == 0uL && locked > 0 && other.on<InboxScreen>().view.words().count { it == "Cannot be opened on this phone" } == locked
    }
    tap(other.on<InboxScreen>().view.touching("Cannot be opened on this phone"))
    other.on<MessageScreen>()
    gallery.add(other, "14d-warn-locked")
    other.activity.back()
    other.on<InboxScreen>()
    carol.start()
    val code = exchange(other)
    val own = exchange(carol)
    film(carol, Camera().see(code))
    film(other, Camera().see(own))
    carol.take()
    waitUntil("the change is told") { carol.on<ScannedScreen>().view.words().any { it == "Alice Ahlborn's certificate is not the one you know" } }
    gallery.add(carol, "12c-scan-changed")
    carol.leave()
    other.leave()
  }

  private companion object {
    const val MAIL_SUBJECT = "Contract draft, third reading"
    const val MAIL_TEXT = "Dear Bob, dear Carol,\n\nhere is the draft after the call with the supplier. Please read section 4 before Friday.\n\nAlice"
    const val SUBJECT = "Laser cutter 激光切割机"
    const val TEXT = "Second cutting line, inside the Q2 budget. Please approve."
    const val COMMENT = "同意，预算内"
    const val FILE = "%PDF-1.4 offer for a second cutting line"

    /** What the story put into the app and nobody else may read. */
    val SECRETS =
      mapOf(
        "the subject" to "Laser cutter",
        "the Chinese part of the subject" to "激光切割机",
        "the body" to "Second cutting line",
        "the other mail" to "third reading",
        "the comment" to COMMENT,
        "the document" to FILE,
        "a file's name" to "Contract draft v3.pdf",
        "Alice's name" to "Ahlborn",
        "Bob's name" to "Brandt",
        "Alice's address" to "alice@example.test",
        "Bob's address" to "bob@example.test",
        "Alice's password" to World.password("alice"),
        "Bob's password" to World.password("bob"),
      )
  }
}
