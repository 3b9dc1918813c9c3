package org.countersign

import android.Manifest
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.os.Parcel
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.view.View
import android.view.WindowManager
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.security.Signature
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.withContext
import org.countersign.bridge.AnyOne
import org.countersign.bridge.FileToSend
import org.countersign.bridge.Folder
import org.countersign.bridge.Gate
import org.countersign.bridge.KeystoreVault
import org.countersign.bridge.Language
import org.countersign.bridge.World
import org.countersign.core.KeyRole
import org.countersign.core.SignPurpose
import org.countersign.core.SignatureAlgorithm
import org.countersign.core.VaultException
import org.countersign.core.VaultProblem
import org.countersign.screen.AddressScreen
import org.countersign.screen.ApprovalScreen
import org.countersign.screen.ApprovalsScreen
import org.countersign.screen.ComposeScreen
import org.countersign.screen.ContactsScreen
import org.countersign.screen.ExchangeScreen
import org.countersign.screen.Files
import org.countersign.screen.InboxScreen
import org.countersign.screen.MessageScreen
import org.countersign.screen.Picked
import org.countersign.screen.SettingsScreen
import org.countersign.screen.pickedFile
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowToast

/** Back, rotation, the end of the process and large text, on a phone with an account. */
class LifeTest : UiTest() {
  private lateinit var phone: Hand

  @Before
  fun account() {
    shadowOf(app).denyPermissions(Manifest.permission.POST_NOTIFICATIONS)
    phone = hand("dave")
    await {
      val set = withContext(Dispatchers.IO) { Managed.read(app) }
      phone.session.add(set.account("dave@example.test", "Dave Dorn", set.imap!!, set.smtp!!, Language.EN), World.password("dave"))
    }
    phone.start()
    phone.on<InboxScreen>()
  }

  @Test
  fun backGoesUpOneLevelAndOutAtTheInbox() {
    tap(phone.on<InboxScreen>().view.touching("Contacts"))
    tap(phone.on<ContactsScreen>().exchange)
    phone.on<ExchangeScreen>()
    phone.activity.back()
    phone.on<ContactsScreen>()
    phone.activity.back()
    tap(phone.on<InboxScreen>().view.touching("Settings"))
    phone.on<SettingsScreen>()
    phone.activity.back()
    tap(phone.on<InboxScreen>().write)
    phone.on<ComposeScreen>()
    phone.activity.back()
    phone.on<InboxScreen>()
    assertFalse(phone.activity.isFinishing)
    phone.activity.back()
    assertTrue(phone.activity.isFinishing)
  }

  @Test
  fun aTurnedPhoneKeepsARequestThatIsBeingWritten() {
    write()
    phone.turn("en-rGB-w851dp-h393dp-land-notnight-xxhdpi")
    val turned = phone.on<ComposeScreen>()
    assertTrue(turned.view.width > turned.view.height)
    isAsWritten(turned)
    assertTrue("offer.pdf" in turned.view.words())
    assertEquals(emptyList<String>(), Accessibility.cut(phone.activity.window.decorView))
  }

  @Test
  fun theEndOfTheProcessKeepsARequestThatIsBeingWritten() {
    write()
    val state = phone.end()
    phone.start(state = state)
    isAsWritten(phone.on())
    phone.activity.back()
    phone.on<InboxScreen>()
  }

  private fun write() {
    tap(phone.on<InboxScreen>().write)
    val compose = phone.on<ComposeScreen>()
    compose.approval.isChecked = true
    waitUntil("it is a request") { "Answer by" in compose.view.words() }
    compose.to.input.setText("carol@example.test")
    tap(compose.to.add)
    tap(compose.to.add)
    compose.to.input.setText("bob@example.test")
    tap(compose.to.add)
    waitUntil("two have an order") { "Any one" in compose.view.words() }
    tap(compose.view.touching("Any one"))
    compose.subject.setText("Spare parts")
    compose.body.setText("Two gaskets.\n备件")
    compose.deadline = DEADLINE
    compose.attach(FileToSend("offer.pdf", "application/pdf", ByteArray(2_000_000)))
  }

  private fun isAsWritten(compose: ComposeScreen) {
    assertTrue(compose.approval.isChecked)
    assertEquals(listOf("carol@example.test", "bob@example.test"), compose.to.addresses)
    assertEquals(AnyOne, compose.deciding)
    assertEquals(listOf("Spare parts", "Two gaskets.\n备件"), listOf(compose.subject, compose.body).map { it.text.toString() })
    assertEquals(DEADLINE, compose.deadline)
  }

  @Test
  fun theEndOfTheProcessKeepsTheTabAndItsPart() {
    tap(phone.on<InboxScreen>().view.touching("Approvals"))
    tap(phone.on<ApprovalsScreen>().view.touching("I asked"))
    phone.on<ApprovalsScreen>()
    val state = phone.end()
    phone.start(state = state)
    waitUntil("the same part is chosen") { phone.on<ApprovalsScreen>().view.touching("I asked").isSelected }
  }

  @Test
  fun textTwiceAsLargeIsNotCut() {
    phone.turn("en-rGB-w393dp-h851dp-notnight-xxhdpi", fontScale = 2f)
    val places = listOf(Place.Kind.INBOX, Place.Kind.APPROVALS, Place.Kind.CONTACTS, Place.Kind.SETTINGS, Place.Kind.COMPOSE)
    for (place in places) {
      phone.activity.root(Place(place))
      waitUntil("$place is shown") { phone.activity.screen!!.isReady && phone.activity.screen!!.view.width > 0 }
      assertEquals("$place", emptyList<String>(), Accessibility.cut(phone.activity.window.decorView))
    }
  }

  @Test
  @Config(qualifiers = "zh-rCN-w393dp-h851dp-xxhdpi")
  fun namesOfTheTabsAreChinese() {
    val tabs = phone.on<InboxScreen>().view.words().takeLast(TABS)
    assertEquals(listOf("收件箱", "审批", "联系人", "设置"), tabs)
    assertEquals(View.LAYOUT_DIRECTION_LTR, phone.activity.window.decorView.layoutDirection)
  }

  @Test
  fun theFirstInboxAsksForNotificationsOnce() {
    val asked = shadowOf(phone.activity).lastRequestedPermission
    assertEquals(listOf(Manifest.permission.POST_NOTIFICATIONS), asked.requestedPermissions.toList())
    phone.turn("en-rGB-w851dp-h393dp-land-notnight-xxhdpi")
    phone.on<InboxScreen>()
    assertNull(shadowOf(phone.activity).lastRequestedPermission)
  }

  /** The launcher's activity is open to every app on the phone. */
  @Test
  fun whoStartsTheActivityTakesNothingFromWhatIsWritten() {
    write()
    val before = phone.activity.screen
    for (hostile in listOf("", "1", "A".repeat(ID), "a".repeat(ID - 1), "a".repeat(ID + 1), "../" + "a".repeat(ID - 3))) {
      phone.controller.newIntent(started(hostile))
      assertEquals(hostile, before, phone.activity.screen)
    }
    repeat(2) { phone.controller.newIntent(started("a".repeat(ID))) }
    waitUntil("it says that there is none") { GONE in phone.activity.screen!!.view.words() }
    assertTrue(phone.activity.screen is ApprovalScreen)
    tap(phone.activity.screen!!.view.touching("Back"))
    val compose = phone.on<ComposeScreen>()
    isAsWritten(compose)
    waitUntil("the file is there") { "offer.pdf" in compose.view.words() }
  }

  private fun started(request: String) = Intent(app, MainActivity::class.java).putExtra(MainActivity.REQUEST, request)

  @Test
  fun mailThatIsGoneIsSaid() {
    phone.activity.go(Place(Place.Kind.MESSAGE, "inbox.99999"))
    waitUntil("it says that there is none") { "Back" in phone.activity.screen!!.view.words() }
    assertTrue(phone.activity.screen!!.view.words().toString(), phone.activity.screen is MessageScreen && phone.activity.screen!!.view.words().size == 2)
  }

  @Test
  fun aStoreThatDoesNotOpenIsSaidAndTriedAgain() {
    val file = File(app.filesDir, "broken").apply { writeText("not a folder") }
    val broken = hand("broken")
    broken.start()
    waitUntil("it offers another try") { "Try again" in broken.activity.window.decorView.words() }
    // In the background nothing ends the app either.
    await { broken.session.sync() }
    broken.session.syncSoon()
    file.delete()
    tap(broken.activity.window.decorView.touching("Try again"))
    broken.on<AddressScreen>()
  }

  @Test
  fun nothingGoesOutWhileAnAddressIsHalfWritten() {
    val compose = toMyself("Half")
    if (compose.cc.input.visibility != View.VISIBLE) tap(compose.cc.add)
    compose.cc.input.setText("half@")
    compose.send.performClick()
    assertNotNull(compose.cc.input.error)
    assertEquals(compose, phone.activity.screen)
    assertTrue(compose.send.isEnabled)
    await { phone.session.sync() }
    assertEquals(0, await { phone.session.account()!!.mailboxes().list(null) }.count { it.subject == "Half" })
  }

  @Test
  fun aPhoneThatIsTurnedSendsOnce() {
    val compose = toMyself("Once")
    compose.send.performClick()
    phone.turn("en-rGB-w851dp-h393dp-land-notnight-xxhdpi")
    (phone.activity.screen as? ComposeScreen)?.let { assertFalse("it is on its way", it.isReady && it.send.isEnabled) }
    phone.on<InboxScreen>()
    waitUntil("it arrived") {
      await { phone.session.sync() }
      await { phone.session.account()!!.composer().outbox() }.isEmpty() && arrived("Once") > 0
    }
    await { phone.session.sync() }
    assertEquals(1, arrived("Once"))
  }

  private fun arrived(subject: String) = await { phone.session.account()!!.mailboxes().list(Folder.INBOX) }.count { it.subject == subject }

  private fun toMyself(subject: String): ComposeScreen {
    tap(phone.on<InboxScreen>().write)
    val compose = phone.on<ComposeScreen>()
    compose.to.input.setText("dave@example.test")
    tap(compose.to.add)
    compose.subject.setText(subject)
    compose.body.setText("To myself.")
    waitUntil("it can be sent") { compose.send.isEnabled && "Encrypted for everyone" in compose.view.words() }
    return compose
  }

  /** The system's saved state is small, and leaves the process: what is long is kept by the core. */
  @Test
  fun aLongTextIsNotInTheSavedState() {
    tap(phone.on<InboxScreen>().write)
    val long = "forwarded ".repeat(20_000)
    phone.on<ComposeScreen>().body.setText(long)
    phone.turn("en-rGB-w851dp-h393dp-land-notnight-xxhdpi")
    assertEquals(long, phone.on<ComposeScreen>().body.text.toString())
    phone.activity.go(Place(Place.Kind.CONTACTS))
    phone.on<ContactsScreen>()
    phone.activity.back()
    assertEquals(long, phone.on<ComposeScreen>().body.text.toString())
    val composer = await { phone.session.account()!!.composer() }
    waitUntil("it is kept") { await { composer.drafts().any { composer.draft(it.number).text == long } } }
    val state = phone.end()
    assertTrue("${octets(state)} octets", octets(state) < SMALL)
    phone.start(state = state)
    assertEquals(long, phone.on<ComposeScreen>().body.text.toString())
  }

  private fun octets(state: Bundle): Int {
    val parcel = Parcel.obtain()
    parcel.writeBundle(state)
    return parcel.dataSize().also { parcel.recycle() }
  }

  @Test
  fun mailIsNotInPicturesOfTheScreen() {
    assertFalse(isSecret())
    for (kind in listOf(Place.Kind.MESSAGE, Place.Kind.APPROVAL, Place.Kind.COMPOSE, Place.Kind.PASSWORD, Place.Kind.EXCHANGE)) {
      phone.activity.go(Place(kind))
      assertTrue("$kind", isSecret())
      phone.activity.back()
      assertFalse("after $kind", isSecret())
    }
  }

  private fun isSecret() = phone.activity.window.attributes.flags and WindowManager.LayoutParams.FLAG_SECURE != 0

  @Test
  fun aFileThatIsTooLargeIsNotRead() {
    val uri = Uri.parse("content://other.app/large")
    var read = 0L
    val endless =
      object : InputStream() {
        override fun read(): Int = 0.also { read += 1 }

        override fun read(into: ByteArray, from: Int, count: Int): Int = count.also { read += it }
      }
    shadowOf(app.contentResolver).registerInputStream(uri, endless)
    val picked = await { phone.activity.pickedFile(uri) }
    assertEquals(R.string.er_too_large, (picked as Picked.Refused).why)
    assertTrue("$read octets", read <= 41L * 1024 * 1024)
  }

  /** Also when the phone was turned while the system asked for the place. */
  @Test
  fun aDocumentCountsAsOpenedOnceItWasWritten() {
    val written = mutableListOf<String>()
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main)
    fun files() = Files(phone.activity, scope, { written += it }) { part -> part.toByteArray() }
    val (broken, whole) = listOf("broken", "whole").map { Uri.parse("content://other.app/$it") }
    val full =
      object : OutputStream() {
        override fun write(octet: Int) = throw IOException("full")
      }
    val kept = ByteArrayOutputStream()
    shadowOf(app.contentResolver).registerOutputStream(broken, full)
    shadowOf(app.contentResolver).registerOutputStream(whole, kept)
    val files = files()
    files.open("part 1", "offer.pdf", "application/pdf", "digest")
    files.write(broken)
    waitUntil("it says so") { ShadowToast.getTextOfLatestToast() == "The file could not be written." }
    assertEquals(emptyList<String>(), written)
    files.open("part 1", "offer.pdf", "application/pdf", "digest")
    val state = Bundle().also(files::save)
    files().apply { restore(state) }.write(whole)
    waitUntil("it was written") { written == listOf("digest") }
    assertEquals("part 1", kept.toString())
    scope.cancel()
  }

  /** The Keystore itself asks for the person at each signature with this key, and lets nothing else be done with it. */
  @Test
  fun theApprovalKeyAsksEachTime() {
    val spec = made(KeyRole.APPROVAL)
    assertTrue(spec.isUserAuthenticationRequired)
    assertEquals(0, spec.userAuthenticationValidityDurationSeconds)
    assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL, spec.userAuthenticationType)
    assertTrue(spec.isInvalidatedByBiometricEnrollment)
    assertEquals(KeyProperties.PURPOSE_SIGN, spec.purposes)
    assertEquals(listOf(KeyProperties.DIGEST_SHA256), spec.digests.toList())
    assertFalse("mail is signed without asking", made(KeyRole.MAIL).isUserAuthenticationRequired)
  }

  private fun made(role: KeyRole): KeyGenParameterSpec =
    FakeKeystore.specs.filterKeys { it.startsWith("dave/${role.name}/") }.values.single()

  @Test
  fun aKeySignsOnlyWhatItIsFor() {
    val gate =
      object : Gate {
        override suspend fun confirm(summary: String, signature: Signature) = throw AssertionError("nobody is asked")
      }
    val vault = KeystoreVault(gate, "dave")
    val keys = await { vault.list() }.associateBy { it.role }
    val wrong = mapOf(KeyRole.APPROVAL to SignPurpose.Mail, KeyRole.MAIL to SignPurpose.Approval("Laser cutter"))
    for ((role, purpose) in wrong) {
      val refused =
        assertThrows("$role", VaultException.Refused::class.java) {
          await { vault.sign(keys.getValue(role).id, SignatureAlgorithm.ECDSA_P256_SHA256, ByteArray(32), purpose) }
        }
      assertEquals(VaultProblem.NO_SUCH_KEY, refused.problem)
    }
    assertEquals(0, FakeKeystore.confirmed.get())
  }

  private companion object {
    /** Hexadecimal digits of a SHA-256. */
    const val ID = 64
    const val GONE = "This is not on the phone any more."

    /** Of the system's limit for all states together, 1 MB, a small part. */
    const val SMALL = 20_000
    const val DEADLINE = 1_900_000_000L
    const val TABS = 4
  }
}
