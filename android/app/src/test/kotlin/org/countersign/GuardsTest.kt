package org.countersign

import android.view.View
import android.widget.ImageButton
import android.widget.LinearLayout
import android.widget.TextView
import java.io.File
import java.util.Base64
import org.countersign.bridge.Office
import org.countersign.bridge.NotingVault
import org.countersign.screen.AddressScreen
import org.countersign.ui.column
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Each guard of the tests sees what it is there for. */
class GuardsTest : UiTest() {
  private fun shown(build: LinearLayout.() -> Unit): View {
    val phone = hand("guards")
    phone.start()
    phone.on<AddressScreen>()
    val content = phone.activity.column(build)
    phone.activity.setContentView(content)
    waitUntil("it is laid out") { content.getChildAt(0).width > 0 }
    return phone.activity.window.decorView
  }

  private fun problems(window: View) = Accessibility.problems(window, Gallery.pixels(window))

  @Test
  fun anIconWithoutALabelIsSeen() {
    val found = problems(shown { addView(ImageButton(context).apply { setImageResource(R.drawable.ic_lock) }, 300, 300) })
    assertTrue("$found", found.any { "SpeakableTextPresentCheck" in it })
  }

  @Test
  fun aSmallTargetIsSeen() {
    val found = problems(
      shown {
        val button = ImageButton(context).apply {
          setImageResource(R.drawable.ic_lock)
          contentDescription = "Lock"
        }
        addView(button, 60, 60)
      }
    )
    assertTrue("$found", found.any { "TouchTargetSizeCheck" in it })
  }

  @Test
  fun paleTextIsSeen() {
    val found = problems(
      shown {
        setBackgroundColor(0xFFFFFFFF.toInt())
        val pale = TextView(context).apply {
          text = "pale text"
          textSize = 14f
          setTextColor(0xFFDDDDDD.toInt())
        }
        addView(pale, 600, 200)
      }
    )
    assertTrue("$found", found.any { "pale: 'pale text'" in it })
  }

  @Test
  fun buttonsThatSoundAlikeAreSeen() {
    val found = problems(
      shown {
        repeat(2) {
          val button = ImageButton(context).apply {
            setImageResource(R.drawable.ic_plus)
            contentDescription = "Add"
            setOnClickListener {}
          }
          addView(button, 300, 300)
        }
      }
    )
    assertTrue("$found", "two buttons are called 'Add'" in found)
  }

  @Test
  fun textThatIsCutIsSeen() {
    val window = shown { addView(TextView(context).apply { text = "Two lines of text that do not fit into one of these" }, 300, 60) }
    assertEquals(1, Accessibility.cut(window).size)
  }

  @Test
  fun everyTextHasATranslation() {
    val english = Gallery.englishOnly(app)
    assertTrue("Inbox" in english && "Approve" in english)
    // The same in both on purpose.
    val same = R.string::class.java.fields.count { app.getString(it.getInt(null)) !in english }
    assertTrue("$same texts read the same in both languages", same <= SAME)
  }

  @Test
  fun readableTextIsFoundHoweverItIsWritten() {
    val folder = File(app.filesDir, "written").also(File::mkdirs)
    val secret = mapOf("the secret" to "Laser cutter 激光")
    val text = "xxLaser cutter 激光yy".toByteArray()
    val ways =
      mapOf(
        "plain" to text,
        "wide" to text.decodeToString().toByteArray(Charsets.UTF_16LE),
        "base64" to Base64.getEncoder().encode(text),
        "base64, one further" to Base64.getEncoder().encode("x".toByteArray() + text),
        "base64, two further" to Base64.getEncoder().encode("xx".toByteArray() + text),
        "hex" to text.joinToString("") { "%02x".format(it) }.toByteArray(),
      )
    for ((way, octets) in ways) {
      File(folder, "file").writeBytes(octets)
      assertEquals(way, listOf("the secret in file"), Plaintext.find(folder, secret))
    }
    File(folder, "file").writeText("-----BEGIN PRIVATE KEY-----")
    assertEquals(listOf("a private key (PEM) in file"), Plaintext.find(folder, secret))
    val pair = java.security.KeyPairGenerator.getInstance("EC").apply { initialize(256) }.generateKeyPair()
    File(folder, "file").writeBytes("before".toByteArray() + pair.private.encoded)
    assertTrue("a private key (PKCS #8, EC) in file" in Plaintext.find(folder, secret))
    File(folder, "file").writeBytes(pair.public.encoded)
    assertEquals(emptyList<String>(), Plaintext.find(folder, secret))
  }

  @Test
  fun ioOnTheMainThreadIsSeen() {
    val file = File(app.filesDir, "file").apply { writeText("text") }
    val watch = MainThreadWatch { it == GuardsTest::class.java.name }
    watch.start()
    file.readText()
    Thread { file.readText() }.apply { start() }.join()
    val found = watch.stop()
    assertTrue("$found", found.isNotEmpty() && found.all { "jdk.FileRead" in it && "ioOnTheMainThreadIsSeen" in it })
  }

  @Test
  fun theCoreIsNeitherMadeNorClosedOnTheMainThread() {
    val home = File(app.filesDir, "home").also(File::mkdirs)
    val vault = NotingVault(home)
    assertThrows(IllegalStateException::class.java) { Office(home, vault) }
  }

  private companion object {
    /** The app's name. */
    const val SAME = 1
  }
}
