package org.countersign

import android.view.View
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.countersign.bridge.FileToSend
import org.countersign.bridge.Language
import org.countersign.bridge.World
import org.countersign.screen.ApprovalsScreen
import org.countersign.screen.ComposeScreen
import org.countersign.screen.ContactsScreen
import org.countersign.screen.ExchangeScreen
import org.countersign.screen.InboxScreen
import org.countersign.screen.SettingsScreen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.annotation.Config

/** Back, rotation, the end of the process and large text, on a phone with an account. */
class LifeTest : UiTest() {
  private lateinit var phone: Hand

  @Before
  fun account() {
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
    compose.to.input.setText("carol@example.test")
    tap(compose.to.add)
    compose.subject.setText("Spare parts")
    compose.body.setText("Two gaskets.\n备件")
    compose.deadline = DEADLINE
    compose.attach(FileToSend("offer.pdf", "application/pdf", ByteArray(2_000_000)))
  }

  private fun isAsWritten(compose: ComposeScreen) {
    assertTrue(compose.approval.isChecked)
    assertEquals(listOf("carol@example.test"), compose.to.addresses)
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

  private companion object {
    const val DEADLINE = 1_900_000_000L
    const val TABS = 4
  }
}
