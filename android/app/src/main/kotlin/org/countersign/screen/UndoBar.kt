package org.countersign.screen

import android.content.Context
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.HeldMail
import org.countersign.ui.ActionButton
import org.countersign.ui.button
import org.countersign.ui.dp
import org.countersign.ui.line
import org.countersign.ui.put
import org.countersign.ui.say

/** Under the screen, as long as the mail that was just sent can be taken back. */
class UndoBar(context: Context, private val onUndo: (number: ULong) -> Unit) : LinearLayout(context) {
  private var shown: ULong? = null
  private var button: ActionButton? = null

  init {
    orientation = VERTICAL
    setBackgroundColor(context.getColor(R.color.surface))
    visibility = GONE
  }

  /** The button stays while only its words change: a finger may be on it. */
  fun show(held: HeldMail?) {
    if (held?.number != shown) make(held)
    if (held != null) button?.say(context.say(held.button.text))
  }

  private fun make(held: HeldMail?) {
    shown = held?.number
    removeAllViews()
    visibility = if (held == null) GONE else VISIBLE
    button = held?.let { mail ->
      val button = context.button(mail.button) { onUndo(mail.number) }
      put(context.line(), height = context.dp(1))
      put(button, start = 16, end = 16)
      // Once: a live region would say each second.
      announceForAccessibility(context.say(mail.button.text))
      button
    }
  }
}
