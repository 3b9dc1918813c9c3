package org.countersign.screen

import android.content.Context
import android.view.View
import android.view.Gravity
import org.countersign.R
import org.countersign.bridge.Icon
import org.countersign.bridge.MessageStatus
import org.countersign.bridge.Tone
import org.countersign.bridge.TrustLine
import org.countersign.bridge.Warning
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.column
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.shape
import org.countersign.ui.dp
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
  warning.action?.let { put(action(Kind.PRIMARY, say(it.text)) { onTap() }, top = 12) }
}

fun shade(tone: Tone) =
  when (tone) {
    Tone.ACCENT -> Shade.ACCENT
    Tone.INFO -> Shade.INFO
    Tone.NEUTRAL -> Shade.NEUTRAL
    Tone.CAUTION -> Shade.CAUTION
    Tone.DANGER -> Shade.DANGER
  }

fun drawable(icon: Icon) =
  when (icon) {
    Icon.INBOX -> R.drawable.ic_inbox
    Icon.NEXT -> R.drawable.ic_next
    Icon.PLUS -> R.drawable.ic_plus
    Icon.STAMP -> R.drawable.ic_stamp
    Icon.CLOSE -> R.drawable.ic_close
    Icon.HAND -> R.drawable.ic_hand
    Icon.PERSON -> R.drawable.ic_person
    Icon.MORE -> R.drawable.ic_more
    Icon.PERSON_PLUS -> R.drawable.ic_person_plus
    Icon.SLIDERS -> R.drawable.ic_sliders
    Icon.SEARCH -> R.drawable.ic_search
    Icon.RETURN -> R.drawable.ic_return
    Icon.LOCK -> R.drawable.ic_lock
    Icon.WRITE -> R.drawable.ic_write
    Icon.ASK -> R.drawable.ic_ask
    Icon.LOCK_OPEN -> R.drawable.ic_lock_open
    Icon.REPLY -> R.drawable.ic_reply
    Icon.BELL -> R.drawable.ic_bell
    Icon.PEN -> R.drawable.ic_pen
    Icon.REPLY_ALL -> R.drawable.ic_reply_all
    Icon.OFFLINE -> R.drawable.ic_offline
    Icon.SEAL -> R.drawable.ic_seal
    Icon.FORWARD -> R.drawable.ic_forward
    Icon.SAVED -> R.drawable.ic_saved
    Icon.CARD -> R.drawable.ic_card
    Icon.ARCHIVE -> R.drawable.ic_archive
    Icon.PHONE -> R.drawable.ic_phone
    Icon.CLOCK -> R.drawable.ic_clock
    Icon.MAIL -> R.drawable.ic_mail
    Icon.GLOBE -> R.drawable.ic_globe
    Icon.WARN -> R.drawable.ic_warn
    Icon.QR -> R.drawable.ic_qr
    Icon.PACK -> R.drawable.ic_pack
    Icon.STOP -> R.drawable.ic_stop
    Icon.SCAN -> R.drawable.ic_scan
    Icon.SHARE -> R.drawable.ic_share
    Icon.KEY -> R.drawable.ic_key
    Icon.IMAGE -> R.drawable.ic_image
    Icon.EYE -> R.drawable.ic_eye
    Icon.DOC -> R.drawable.ic_doc
    Icon.LIGHT -> R.drawable.ic_light
    Icon.DRAG -> R.drawable.ic_drag
    Icon.CLIP -> R.drawable.ic_clip
    Icon.FINGER -> R.drawable.ic_finger
    Icon.INFO -> R.drawable.ic_info
    Icon.BACK -> R.drawable.ic_back
    Icon.TICK -> R.drawable.ic_tick
    Icon.SHIELD -> R.drawable.ic_shield
  }
