package org.countersign

import java.io.File
import org.countersign.core.sampleScreens
import org.countersign.core.Screen as Sample
import org.countersign.screen.AddressScreen
import org.countersign.screen.ApprovalScreen
import org.countersign.screen.MessageScreen
import org.countersign.screen.Screen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** Every state of a message and of a request that the core can show, as the screens show it: those of the story are a few of them. */
class SamplesTest : UiTest() {
  @Test
  fun everyStateOfAMessageAndARequestIsShown() {
    val phone = hand("samples")
    phone.start()
    phone.on<AddressScreen>()
    val gallery = Gallery(this, File(System.getProperty("countersign.screens")).resolveSibling("samples"))
    var count = 0
    for (sample in sampleScreens()) {
      val screen = shown(phone.activity, sample.screen) ?: continue
      phone.activity.setContentView(screen.view)
      waitUntil("${sample.name} is laid out") { screen.view.width > 0 && !screen.view.isLayoutRequested }
      gallery.addOnce(phone, sample.name)
      count += 1
    }
    gallery.write()
    assertTrue("$count states", count >= LEAST)
    assertEquals(emptyList<String>(), gallery.problems)
  }

  private fun shown(activity: MainActivity, sample: Sample): Screen? =
    when (sample) {
      is Sample.Message -> MessageScreen(activity, "").apply { show(sample.shown) }
      is Sample.Approval -> ApprovalScreen(activity, "").apply { show(sample.shown) }
      else -> null
    }

  private companion object {
    /** Screens 05, 06 and 14 of the design. */
    const val LEAST = 15
  }
}
