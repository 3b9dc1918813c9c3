package org.countersign.screen

import android.content.Context
import android.view.Gravity
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.Button
import org.countersign.bridge.DoesWrite
import org.countersign.bridge.Footer
import org.countersign.bridge.StateLine
import org.countersign.ui.ActionButton
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.button
import org.countersign.ui.centered
import org.countersign.ui.color
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.heading
import org.countersign.ui.line
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.text

/** What stands above the keyboard: how the mail will go, and the button that sends it. */
class ComposeFoot(
  context: Context,
  private val onWrite: (address: String) -> Unit,
  private val onSend: (isPlain: Boolean) -> Unit,
) : LinearLayout(context) {
  /** Made anew with its words. */
  lateinit var send: ActionButton
    private set

  init {
    orientation = VERTICAL
    setBackgroundColor(context.getColor(R.color.surface))
  }

  fun show(footer: Footer, isSending: Boolean, problem: String?) {
    removeAllViews()
    put(context.line(), height = context.dp(1))
    problem?.let { put(context.banner(Shade.DANGER, R.drawable.ic_warn, it), start = 16, end = 16, top = 12) }
    footer.banner?.let { put(context.banner(it), start = 16, end = 16, top = 12) }
    footer.state?.let { put(state(it), top = 12) }
    send = context.button(footer.main) { press(footer.main) }
    if (isSending) send.isEnabled = false
    val plain = footer.plain
    put(send, start = 16, end = 16, top = 12, bottom = if (plain == null) 12 else 0)
    plain?.let { put(context.button(it) { PlainSheet(context, footer) { onSend(true) }.show() }, start = 16, end = 16, top = 4, bottom = 12) }
  }

  private fun press(button: Button) {
    val address = (button.does as? DoesWrite)?.address
    if (address != null) onWrite(address) else onSend(false)
  }

  private fun state(line: StateLine) = context.row {
    gravity = Gravity.CENTER
    putIcon(drawable(line.icon), color(line.tone), 16, end = 6)
    put(context.text(context.say(line.text), Style.CAPTION, color(line.tone)))
  }
}

/** Asks once more before a mail goes out that anyone can read. */
private class PlainSheet(context: Context, footer: Footer, onPlain: () -> Unit) : Sheet(context) {
  init {
    content.setPadding(0, 0, 0, context.dp(12))
    val words = footer.banner?.let { context.say(it.text) }.orEmpty()
    content.put(getContext().text(words, Style.HEADING).centered().heading(), start = 24, end = 24, top = 12)
    content.put(getContext().text(R.string.tl_none, Style.BODY, R.color.text2).centered(), start = 24, end = 24, top = 8, bottom = 16)
    content.put(
      getContext().action(Kind.DANGER, R.string.co_plain) {
        dismiss()
        onPlain()
      },
      start = 16, end = 16,
    )
    content.put(getContext().action(Kind.TEXT, R.string.c_cancel) { dismiss() }, start = 16, end = 16, top = 4)
  }
}
