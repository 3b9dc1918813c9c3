package org.countersign

import android.content.Context
import android.content.res.Configuration
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Rect
import android.os.Looper
import android.view.Gravity
import android.view.View
import android.view.WindowManager
import android.widget.TextView
import java.io.File
import java.time.Duration
import java.util.Locale
import org.robolectric.Shadows.shadowOf

/**
 * Pictures of the screens, each in light and dark, English and Chinese and with large text, checked as they are taken, and a page
 * that shows them beside the design's.
 */
class Gallery(private val test: UiTest, private val folder: File = File(System.getProperty("countersign.screens"))) {
  /** How a phone is set up, and the end of the name of the design's picture of it. */
  enum class Look(val file: String, val qualifiers: String, val design: String, val fontScale: Float = 1f) {
    LIGHT("en-light", "en-rGB-w393dp-h851dp-notnight-xxhdpi", ""),
    DARK("en-dark", "en-rGB-w393dp-h851dp-night-xxhdpi", ".dark"),
    CHINESE("zh-light", "zh-rCN-w393dp-h851dp-notnight-xxhdpi", ".zh"),
    CHINESE_DARK("zh-dark", "zh-rCN-w393dp-h851dp-night-xxhdpi", ".zh.dark"),
    LARGE("en-large", "en-rGB-w393dp-h851dp-notnight-xxhdpi", ".large", 1.3f),
    HUGE("en-huge", "en-rGB-w393dp-h851dp-notnight-xxhdpi", ".text200", 2f),
  }

  private val designs = File(System.getProperty("countersign.designs"))
  private val names = sortedSetOf<String>()

  /** What the checks found, in all pictures. */
  val problems = mutableListOf<String>()

  init {
    folder.deleteRecursively()
    folder.mkdirs()
  }

  /**
   * The phone's screen in every look; [name] is that of the design's picture. The phone is turned over for each, as by the person in the
   * settings: whatever the screen does not keep is missing in the later ones.
   */
  fun add(phone: Hand, name: String) {
    names += name
    val screen = phone.activity.screen!!::class
    val sheets = phone.windows.size
    val turn = { look: Look ->
      phone.turn(look.qualifiers, look.fontScale)
      test.waitUntil("$name in $look") { phone.activity.screen?.let { it::class == screen && it.isReady } == true && phone.windows.size == sheets }
    }
    for (look in Look.entries) {
      turn(look)
      take(phone, name, look)
    }
    turn(Look.LIGHT)
  }

  /** As it is, without turning the phone: for what a turned phone does not keep. */
  fun addOnce(phone: Hand, name: String) {
    names += name
    take(phone, name, Look.LIGHT)
  }

  private fun take(phone: Hand, name: String, look: Look) {
    settle()
    save(picture(phone), "$name.${look.file}")
    check(phone, "$name.${look.file}", look)
  }

  /** Animations end. */
  private fun settle() = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(400))

  private fun check(phone: Hand, name: String, look: Look) {
    for (window in phone.windows) {
      val found = Accessibility.problems(window, pixels(window)) + Accessibility.cut(window)
      val english = if (look == Look.CHINESE || look == Look.CHINESE_DARK) english(window) else emptyList()
      problems += (found + english).map { "$name: $it" }
    }
  }

  /** Words of the table that are English on a Chinese phone. */
  private fun english(window: View): List<String> {
    val untranslated = englishOnly(window.context)
    return Accessibility.views(window).filter(View::isShown)
      .flatMap { listOf((it as? TextView)?.text, (it as? TextView)?.hint, it.contentDescription) }
      .mapNotNull { it?.toString() }.filter { it in untranslated }.map { "English: '$it'" }.toList()
  }

  /** All windows of the phone in one picture of its size. */
  private fun picture(phone: Hand): Bitmap {
    val metrics = phone.activity.resources.displayMetrics
    val picture = Bitmap.createBitmap(metrics.widthPixels, metrics.heightPixels, Bitmap.Config.ARGB_8888)
    val canvas = Canvas(picture).apply { drawColor(Color.BLACK) }
    for (root in phone.windows) {
      val layout = root.layoutParams as WindowManager.LayoutParams
      if (layout.flags and WindowManager.LayoutParams.FLAG_DIM_BEHIND != 0) {
        canvas.drawColor(Color.argb((layout.dimAmount * 255).toInt(), 0, 0, 0))
      }
      // The window manager of the tests leaves every window at 0,0.
      val at = Rect()
      Gravity.apply(layout.gravity, root.width, root.height, Rect(0, 0, picture.width, picture.height), layout.x, layout.y, at, root.layoutDirection)
      canvas.save()
      canvas.translate(at.left.toFloat(), at.top.toFloat())
      root.draw(canvas)
      canvas.restore()
    }
    return picture
  }

  private fun save(picture: Bitmap, name: String) {
    File(folder, "$name.png").outputStream().use { check(picture.compress(Bitmap.CompressFormat.PNG, 100, it)) }
  }

  /** The page; where the design's pictures lie beside the checkout, they are shown too. */
  fun write() {
    val rows = names.joinToString("\n") { name ->
      val design = Look.entries.map { "$name${it.design}.png" }.filter { File(designs, it).isFile }
      val theirs = design.joinToString("") { figure(File(designs, it).relativeTo(folder).path, "design: $it") }
      val ours = Look.entries.map { "$name.${it.file}.png" }.filter { File(folder, it).isFile }.joinToString("") { figure(it, it) }
      "<h2>$name</h2><p>Design: $name.png</p><div>$theirs$ours</div>"
    }
    File(folder, "index.html").writeText("$HEAD$rows\n")
  }

  private fun figure(source: String, words: String) = "<figure><img src=\"$source\" loading=\"lazy\"><figcaption>$words</figcaption></figure>"

  companion object {
    private const val HEAD =
      "<!doctype html><meta charset=\"utf-8\"><title>Countersign on Android</title>" +
        "<style>body{font:14px sans-serif;margin:24px}div{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}img{width:262px;border:1px solid #ccc}</style>" +
        "<h1>Screens</h1>\n"

    /** A window alone, from its own corner, as the checks of accessibility want it. */
    fun pixels(window: View): Bitmap =
      Bitmap.createBitmap(window.width, window.height, Bitmap.Config.ARGB_8888).also { window.draw(Canvas(it)) }

    /** The English texts that read otherwise in Chinese. */
    fun englishOnly(context: Context): Set<String> {
      fun texts(locale: Locale): Map<String, String> {
        val configuration = Configuration(context.resources.configuration).apply { setLocale(locale) }
        val resources = context.createConfigurationContext(configuration).resources
        return R.string::class.java.fields.associate { it.name to resources.getString(it.getInt(null)) }
      }
      val chinese = texts(Locale.SIMPLIFIED_CHINESE)
      return texts(Locale.UK).filter { (name, english) -> chinese[name] != english }.values.toSet()
    }
  }
}
