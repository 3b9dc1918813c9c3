package org.countersign.screen

import android.content.Context
import android.view.View
import android.view.Gravity
import org.countersign.R
import org.countersign.bridge.MessageStatus
import org.countersign.bridge.TrustLine
import org.countersign.bridge.Warning
import org.countersign.ui.Style
import org.countersign.ui.button
import org.countersign.ui.column
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.shape
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.shade
import org.countersign.ui.text

/** What stands under the sender: the trust line (one button, one spoken element) or the warning in its place. */
fun Context.trustPanel(status: MessageStatus, onDetails: () -> Unit, onAction: (Warning) -> Unit): View =
  when (status) {
    is TrustLine -> trustLine(status, onDetails)
    is Warning -> warning(status) { onAction(status) }
  }

private fun Context.trustLine(line: TrustLine, onTap: () -> Unit): View = row {
  val shade = shade(line.tone)
  background = ripple(shape(shade.fill, 14), dp(14))
  minimumHeight = dp(48)
  pad(12, 12)
  putIcon(drawable(line.icon), shade.ink, end = 12, gravity = Gravity.TOP)
  val words = column {
    put(text(say(line.state), Style.LABEL, shade.ink))
    put(text(say(line.sentence), Style.SECOND), top = 2)
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
  }
  put(words, weight = 1f)
  putIcon(R.drawable.ic_next, shade.ink, 20, start = 8)
  contentDescription = say(line.spoken)
  isFocusable = true
  setOnClickListener { onTap() }
}

private fun Context.warning(warning: Warning, onTap: () -> Unit): View = column {
  val shade = shade(warning.tone)
  background = shape(shade.fill, 14)
  pad(16, 16)
  put(
    row {
      putIcon(drawable(warning.icon), shade.ink, 20, end = 8)
      put(text(say(warning.state), Style.LABEL, shade.ink), weight = 1f)
    }
  )
  put(text(say(warning.sentence), Style.HEADING), top = 8)
  if (warning.isHeld) put(text(R.string.wa_held, Style.SECOND), top = 4)
  warning.action?.let { put(button(it) { onTap() }, top = 12) }
}
