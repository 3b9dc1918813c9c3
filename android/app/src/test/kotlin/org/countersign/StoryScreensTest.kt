package org.countersign

import android.app.NotificationManager
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.CameraFrame
import org.countersign.bridge.FileToSend
import org.countersign.bridge.World
import org.countersign.screen.AddressScreen
import org.countersign.screen.ApprovalScreen
import org.countersign.screen.ApprovalsScreen
import org.countersign.screen.ComposeScreen
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

/** The demo's story on the screens of two phones, over the real core and the real servers. */
class StoryScreensTest : UiTest() {
  private val gallery = Gallery()

  @Test
  fun twoPhonesMeetAskApproveAndReadOffline() {
    val (alice, bob) = Hand(app, "alice") to Hand(app, "bob")
    signUp(alice, "alice", "Alice Ahlborn", isShown = true)
    signUp(bob, "bob", "Bob Brandt", isShown = false)
    meet(alice, bob)
    request(alice)
    val id = approve(bob)
    closed(alice, id)
    readOffline(bob)
    gallery.write()
  }

  private fun signUp(phone: Hand, person: String, name: String, isShown: Boolean) {
    phone.start()
    val address = phone.on<AddressScreen>()
    address.address.value = "$person@example.test"
    if (isShown) gallery.add(phone, "01-address")
    tap(phone.on<AddressScreen>().next)
    val password = phone.on<PasswordScreen>()
    password.name.value = name
    password.password.value = "wrong"
    tap(password.signIn)
    waitUntil("the wrong password is named") { "The server did not accept this password." in password.view.words() }
    if (isShown) gallery.add(phone, "02-password")
    val again = phone.on<PasswordScreen>()
    again.password.value = World.password(person)
    tap(again.signIn)
    phone.on<ReadyScreen>()
    assertEquals("making an account asks nobody for a finger", 0, FakeKeystore.confirmed.get())
    if (isShown) gallery.add(phone, "03-ready")
    tap(phone.on<ReadyScreen>().open)
    phone.on<InboxScreen>()
  }

  /** Each phone's camera sees the other phone's screen. */
  private fun meet(alice: Hand, bob: Hand) {
    val codes = listOf(alice, bob).map { phone ->
      tap(phone.on<InboxScreen>().view.touching("Contacts"))
      tap(phone.on<ContactsScreen>().exchange)
      val exchange = phone.on<ExchangeScreen>()
      waitUntil("the code is laid out") { exchange.modules.width > 0 && !exchange.modules.isLayoutRequested }
      exchange to lumaOf(exchange.modules)
    }
    gallery.add(alice, "11-exchange")
    alice.on<ExchangeScreen>().frame(codes[1].second)
    alice.on<ScannedScreen>()
    gallery.add(alice, "12b-waiting")
    bob.on<ExchangeScreen>().frame(codes[0].second)
    listOf(alice, bob).forEach { phone -> waitUntil("both have met") { (phone.activity.screen as? ScannedScreen)?.isMet == true } }
    gallery.add(alice, "12a-met")
    val words = alice.on<ScannedScreen>().view.words()
    assertTrue(words.toString(), "You and Bob Brandt met in person" in words)
    tap(bob.on<ScannedScreen>().view.touching("Done"))
    bob.on<ContactsScreen>()
    tap(alice.on<ScannedScreen>().view.touching("Done"))
    alice.on<ContactsScreen>()
    gallery.add(alice, "10-contacts")
  }

  private fun request(alice: Hand) {
    tap(alice.on<ContactsScreen>().view.touching("Inbox"))
    tap(alice.on<InboxScreen>().write)
    val compose = alice.on<ComposeScreen>()
    compose.approval.isChecked = true
    compose.to.input.setText("bob@example.test")
    tap(compose.to.add)
    waitUntil("Bob can be encrypted to") { "can be encrypted" in compose.view.words() }
    compose.subject.setText("Laser cutter 激光切割机")
    compose.body.setText("Second cutting line, inside the Q2 budget. Please approve.")
    gallery.add(alice, "09b-compose-approval")
    val filled = alice.on<ComposeScreen>()
    filled.attach(FileToSend("offer.pdf", "application/pdf", "%PDF-1.4 offer".toByteArray()))
    waitUntil("it can be sent") { filled.send.isEnabled }
    tap(filled.send)
    alice.on<InboxScreen>()
    assertEquals("asking needs no finger", 0, FakeKeystore.confirmed.get())
  }

  /** From the notification to the signature. */
  private fun approve(bob: Hand): String {
    val manager = shadowOf(app.getSystemService(NotificationManager::class.java))
    waitUntil("the request is announced") {
      bob.session.syncSoon()
      manager.allNotifications.isNotEmpty()
    }
    val notification = manager.allNotifications.single()
    assertEquals("Approval waiting", shadowOf(notification).contentTitle)
    assertTrue("nothing approves blindly", notification.actions.isNullOrEmpty())
    assertFalse("the lock screen shows no subject", shadowOf(notification).contentText.contains("Laser"))
    bob.on<ContactsScreen>()
    tap(bob.on<ContactsScreen>().view.touching("Inbox"))
    waitUntil("the request is pinned") { "Laser cutter 激光切割机" in bob.on<InboxScreen>().view.words() }
    gallery.add(bob, "04-inbox")
    tap(bob.on<InboxScreen>().view.touching("Approvals"))
    bob.on<ApprovalsScreen>()
    gallery.add(bob, "08-approvals")
    bob.leave()
    bob.start(shadowOf(notification.contentIntent).savedIntent)
    val request = bob.on<ApprovalScreen>()
    gallery.add(bob, "06-approval")
    assertTrue(request.view.words().toString(), "Your turn" in request.view.words())
    return sign(bob)
  }

  private fun sign(bob: Hand): String {
    tap(bob.on<ApprovalScreen>().approve)
    bob.on<ApprovalScreen>().sheet!!.comment = "同意"
    gallery.add(bob, "07-confirm")
    // A finger that is not the owner's signs nothing.
    tap(bob.on<ApprovalScreen>().sheet!!.sign)
    prompted()
    ShadowBiometricPrompt.authenticateCurrentSessionWithError(android.hardware.biometrics.BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED, "cancelled")
    val sheet = bob.on<ApprovalScreen>().sheet!!
    waitUntil("it says that nothing was signed") { "Not signed. You were not recognised." in sheet.window!!.decorView.words() }
    assertEquals(0, FakeKeystore.confirmed.get())
    tap(sheet.sign)
    prompted()
    FakeKeystore.finger()
    ShadowBiometricPrompt.authenticateCurrentSessionSuccessfully()
    waitUntil("the sheet is gone") { !sheet.isShowing }
    assertEquals(1, FakeKeystore.confirmed.get())
    waitUntil("it is signed") { bob.on<ApprovalScreen>().view.words().any { it.startsWith("Approved") } }
    gallery.add(bob, "07b-signed")
    return await { bob.session.account()!!.approvals().list().single().id }
  }

  private fun prompted() = waitUntil("the prompt is up") { ShadowBiometricPrompt.getCurrentPrompt() != null }

  private fun closed(alice: Hand, id: String) {
    waitUntil("the approval is closed") {
      await { alice.session.sync() }
      await { alice.session.account()!!.approvals().show(id).state } == ApprovalState.APPROVED
    }
    app.session = alice.session
    alice.leave()
    alice.start(Intent(app, MainActivity::class.java).putExtra(MainActivity.REQUEST, id))
    val words = alice.on<ApprovalScreen>().view.words()
    assertTrue(words.toString(), words.any { it.startsWith("Approved") })
    assertTrue(words.toString(), "Bob Brandt: 同意" in words)
    gallery.add(alice, "06c-approved")
    alice.leave()
  }

  /** From the phone alone, after the process ended. */
  private fun readOffline(bob: Hand) {
    bob.restart(offline = true)
    bob.start()
    waitUntil("it says that it is offline") { bob.on<InboxScreen>().view.words().any { it.startsWith("Offline") } }
    gallery.add(bob, "04b-offline")
    val id = await {
      bob.session.account()!!.mailboxes().list(null).first { it.subject.startsWith("Laser") }.id
    }
    bob.activity.go(Place(Place.Kind.MESSAGE, id))
    bob.on<ApprovalScreen>()
    bob.activity.root(Place(Place.Kind.SETTINGS))
    bob.on<SettingsScreen>()
    gallery.add(bob, "15-settings")
    bob.leave()
  }

  /** What a camera would see: the pixels as they are drawn. */
  private fun lumaOf(view: View): CameraFrame {
    val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.draw(Canvas(picture))
    val pixels = IntArray(picture.width * picture.height)
    picture.getPixels(pixels, 0, picture.width, 0, 0, picture.width, picture.height)
    val luma = ByteArray(pixels.size) { at -> pixels[at].let { ((it shr 16 and 255) * 77 + (it shr 8 and 255) * 150 + (it and 255) * 29) shr 8 }.toByte() }
    return CameraFrame(picture.width.toUInt(), picture.height.toUInt(), picture.width.toUInt(), luma)
  }

  /** Pictures of a phone in light and dark, English and Chinese; each is a phone that was turned over to another configuration. */
  private inner class Gallery {
    private val names = sortedSetOf<String>()

    fun add(phone: Hand, name: String) {
      names += name
      picture()
      save(picture(), "$name-en-light")
    }

    fun write() {}
  }
}
