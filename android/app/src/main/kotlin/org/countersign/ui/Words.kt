package org.countersign.ui

import android.content.Context
import android.text.format.DateFormat
import android.text.format.Formatter
import java.time.Instant
import java.time.LocalDate
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.format.DateTimeParseException
import java.util.Date
import org.countersign.R
import org.countersign.bridge.AddressValue
import org.countersign.bridge.NamedValue
import org.countersign.bridge.Text
import org.countersign.bridge.TimeValue
import org.countersign.words.WORDS

/** A text that the core named, in the phone's language. */
fun Context.say(text: Text): String {
  val word = WORDS.getValue(text.key)
  val values = text.args.associate { it.name to it.value }
  val filled = word.placeholders.map { name ->
    when (val value = values[name]) {
      is NamedValue -> value.name
      is AddressValue -> value.address
      is TimeValue -> if (name == "date") day(value.time) else clock(value.time)
      null -> ""
    }.replace(' ', NO_BREAK)
  }
  val whole = getString(word.id, *filled.toTypedArray())
  val instead = text.insteadOfLast ?: return whole
  return whole.substringBeforeLast(DOT) + DOT + getString(WORDS.getValue(instead).id)
}

private const val NO_BREAK = '\u00a0'
private const val DOT = " · "

private fun Context.formatted(skeleton: String, seconds: Long): String {
  val locale = resources.configuration.locales[0]
  val pattern = DateFormat.getBestDateTimePattern(locale, skeleton)
  return java.text.SimpleDateFormat(pattern, locale).format(Date(seconds * 1000))
}

/** "3 May", "5月3日". */
fun Context.day(seconds: Long) = formatted("dMMMM", seconds)

/** "14:02". */
fun Context.clock(seconds: Long) = formatted("Hm", seconds)

/** "Fri 8 May, 18:00". */
fun Context.dayAndClock(seconds: Long) = formatted("EEEdMMMHm", seconds)

/** "8 May 2026". */
fun Context.fullDay(seconds: Long) = formatted("dMMMMy", seconds)

/** The time of day when it was today, else the day. */
fun Context.shortly(seconds: Long) = if (dayOf(seconds) == LocalDate.now()) clock(seconds) else formatted("dMMM", seconds)

fun dayOf(seconds: Long): LocalDate = Instant.ofEpochSecond(seconds).atZone(ZoneId.systemDefault()).toLocalDate()

/** Seconds since 1970 of an RFC 3339 time; nothing for anything else. */
fun seconds(rfc3339: String?): Long? =
  try {
    rfc3339?.let { OffsetDateTime.parse(it).toEpochSecond() }
  } catch (_: DateTimeParseException) {
    null
  }

fun Context.size(octets: ULong): String = Formatter.formatShortFileSize(this, octets.toLong())

/** The group of a list by day. */
fun Context.dayGroup(seconds: Long?): String {
  val day = seconds?.let(::dayOf)
  val today = LocalDate.now()
  return getString(
    when (day) {
      today -> R.string.c_today
      today.minusDays(1) -> R.string.c_yesterday
      else -> R.string.c_earlier
    }
  )
}
