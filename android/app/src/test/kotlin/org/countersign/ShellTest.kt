package org.countersign

import java.io.File
import org.countersign.screen.AddressScreen
import org.countersign.screen.PasswordScreen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.annotation.Config

/** The app around its screens. */
class ShellTest : UiTest() {
  @Test
  fun withoutAnAccountTheAddressIsAskedFor() {
    val phone = hand("fresh")
    phone.start()
    val screen = phone.on<AddressScreen>()
    screen.address.value = "not an address"
    tap(screen.next)
    assertTrue("This does not look like an e-mail address." in screen.view.words())
    screen.address.value = "dave@example.test"
    tap(screen.next)
    val password = phone.on<PasswordScreen>()
    assertTrue("Secure connection to localhost" in password.view.words())
    phone.activity.back()
    phone.on<AddressScreen>()
    phone.leave()
  }

  @Test
  @Config(qualifiers = "zh-rCN-w393dp-h851dp-night-xxhdpi")
  fun itSpeaksChineseInTheDark() {
    val phone = hand("fresh")
    phone.start()
    val screen = phone.on<AddressScreen>()
    assertTrue(screen.view.words().toString(), "你的工作邮箱" in screen.view.words())
    assertEquals(0xFF111514.toInt(), app.getColor(R.color.bg))
    phone.leave()
  }

  @Test
  fun rotationAndProcessDeathKeepThePlaceAndWhatWasWritten() {
    val phone = hand("fresh")
    phone.start()
    val first = phone.on<AddressScreen>()
    first.address.value = "half.written@exam"
    phone.controller.recreate().visible()
    assertEquals("half.written@exam", phone.on<AddressScreen>().address.value)
    phone.on<AddressScreen>().address.value = "dave@example.test"
    tap(phone.on<AddressScreen>().next)
    phone.on<PasswordScreen>().name.value = "Dave"
    phone.controller.recreate().visible()
    assertEquals("Dave", phone.on<PasswordScreen>().name.value)
    phone.leave()
  }

  /** `bridge` is the only package that knows the generated bindings. */
  @Test
  fun onePackageImportsTheBindings() {
    val sources = File(System.getProperty("countersign.sources"), "kotlin")
    val knowing = sources.walk().filter { it.extension == "kt" && "org.countersign.core" in it.readText() }.map { it.parentFile.name }
    assertEquals(setOf("bridge"), knowing.toSet())
  }
}
