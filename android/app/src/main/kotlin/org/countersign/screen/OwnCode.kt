package org.countersign.screen

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.CodeCard
import org.countersign.ui.Style
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.say
import org.countersign.ui.shape
import org.countersign.ui.text

/** A code drawn from its modules: dark on light in both themes, with the border of 4 modules that readers need. */
class ModulesView(context: Context) : View(context) {
  private var code: CodeCard? = null
  private val dark = Paint().apply { color = context.getColor(R.color.code_dark) }

  init {
    setBackgroundColor(context.getColor(R.color.code_light))
  }

  fun show(code: CodeCard) {
    this.code = code
    invalidate()
  }

  override fun onDraw(canvas: Canvas) {
    val code = code ?: return
    val size = code.size.toInt()
    // Whole pixels: a reader needs even modules.
    val module = (width / (size + 2 * BORDER)).coerceAtLeast(1)
    val left = (width - module * size) / 2
    val top = (height - module * size) / 2
    for (at in 0 until size * size) {
      if (code.dark[at].toInt() == 0) continue
      val x = (left + at % size * module).toFloat()
      val y = (top + at / size * module).toFloat()
      canvas.drawRect(x, y, x + module, y + module, dark)
    }
  }

  private companion object {
    const val BORDER = 4
  }
}

/** The card with the own code; under it, as the screen needs it, whose it is and one line of help. */
class OwnCode(private val context: Context, private val words: Words) {
  enum class Words { NONE, NAME, ADDRESS_AND_HELP }

  val modules = ModulesView(context)
  private val name = context.text("", Style.STRONG).centered()
  private val address = context.text("", Style.SECOND, R.color.text2).centered()
  private val help = context.text(R.string.kr_scan, Style.SECOND).centered()

  /** The code and its frame stay light; the card and the words under it follow the theme. */
  val view: LinearLayout = context.card {
    gravity = Gravity.CENTER_HORIZONTAL
    val frame = context.column {
      background = context.shape(R.color.code_light, 8)
      pad(8, 8)
      put(modules, context.dp(SIDE), context.dp(SIDE))
    }
    put(frame, WRAP_CONTENT, top = 8, bottom = 8)
    if (words != Words.NONE) put(name, start = 16, end = 16, bottom = if (words == Words.NAME) 16 else 0)
    if (words == Words.ADDRESS_AND_HELP) {
      put(address, start = 16, end = 16)
      put(context.line(), height = context.dp(1), start = 16, end = 16, top = 12)
      put(help, start = 16, end = 16, top = 12, bottom = 16)
    }
  }

  fun show(code: CodeCard) {
    name.text = if (words == Words.NAME) "${code.name} · ${context.say(code.caption)}" else code.name
    address.text = code.address
    modules.contentDescription = context.say(code.spoken)
    modules.show(code)
  }

  private companion object {
    const val SIDE = 224
  }
}
