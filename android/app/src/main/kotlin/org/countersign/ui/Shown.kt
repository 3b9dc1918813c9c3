package org.countersign.ui

import android.content.Context
import android.view.Gravity
import android.view.View
import org.countersign.R
import org.countersign.bridge.Banner
import org.countersign.bridge.Button
import org.countersign.bridge.Due
import org.countersign.bridge.Empty
import org.countersign.bridge.Icon
import org.countersign.bridge.Look
import org.countersign.bridge.OnDate
import org.countersign.bridge.StateLine
import org.countersign.bridge.Tag
import org.countersign.bridge.Today
import org.countersign.bridge.Tone
import org.countersign.bridge.When
import org.countersign.bridge.Yesterday

// The parts of view records as views. Nothing is judged here.

/** Icon and words of one colour. */
fun Context.state(line: StateLine): View = state(drawable(line.icon), say(line.text), color(line.tone))

fun Context.button(button: Button, onTap: () -> Unit): ActionButton =
  action(kind(button.look), say(button.text), button.icon?.let(::drawable), onTap).apply { isEnabled = button.isEnabled }

private fun kind(look: Look) =
  when (look) {
    Look.PRIMARY -> Kind.PRIMARY
    Look.OUTLINE -> Kind.OUTLINE
    Look.DANGER -> Kind.DANGER
    Look.PLAIN -> Kind.TEXT
  }

/** Above the content; [onTap] for its button. */
fun Context.banner(banner: Banner, onTap: () -> Unit = {}): View {
  val words = listOfNotNull(banner.text, banner.second).joinToString("\n") { say(it) }
  return banner(shade(banner.tone), drawable(banner.icon), words, banner.button?.let { say(it.text) }, onTap)
}

fun Context.outcome(banner: Banner): View = outcome(shade(banner.tone), drawable(banner.icon), say(banner.text))

fun Context.empty(empty: Empty): View = empty(drawable(empty.icon), say(empty.heading), say(empty.line))

/** When an answer is wanted, in a list: what is due today or over stands out. */
fun Context.due(due: Due): View {
  val words = listOfNotNull(until(due.`when`), due.overdue?.let { say(it) }).joinToString(" · ")
  val isUrgent = due.tone != Tone.NEUTRAL
  return tag(drawable(due.icon), words, color(due.tone), if (isUrgent) shade(due.tone).fill else null)
}

/** "Today 18:00", "Fri 18:00", "8 May". */
private fun Context.until(whenever: When): String =
  when (whenever) {
    is Today -> "${getString(R.string.c_today)} ${clock(whenever.time)}"
    is OnDate -> if (daysUntil(whenever.time) in 1 until WEEK) weekdayAndClock(whenever.time) else day(whenever.time)
    is Yesterday -> say(whenever)
  }

private const val WEEK = 7

fun Context.tag(tag: Tag): View {
  val shade = shade(tag.tone)
  val icon = tag.icon ?: return text(say(tag.text), Style.STATE, shade.ink).apply {
    background = shape(shade.fill, 8)
    gravity = Gravity.CENTER
    pad(8, 4)
  }
  return tag(drawable(icon), say(tag.text), shade.ink, shade.fill)
}

/** Of words and icons. */
fun color(tone: Tone): Int =
  when (tone) {
    Tone.ACCENT -> R.color.accent
    Tone.INFO -> R.color.info
    Tone.NEUTRAL -> R.color.text2
    Tone.CAUTION -> R.color.caution
    Tone.DANGER -> R.color.danger
  }

/** Of a fill and what stands on it. */
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
