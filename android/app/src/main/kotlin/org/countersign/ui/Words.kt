package org.countersign.ui

import android.content.Context
import android.icu.text.ListFormatter
import android.text.format.DateFormat
import android.text.format.Formatter
import java.time.Instant
import java.time.LocalDate
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.format.DateTimeParseException
import java.time.temporal.ChronoUnit
import java.util.Date
import org.countersign.R
import org.countersign.bridge.AddressValue
import org.countersign.bridge.CoreException
import org.countersign.bridge.CountValue
import org.countersign.bridge.Label
import org.countersign.bridge.MomentValue
import org.countersign.bridge.NamedValue
import org.countersign.bridge.NamesLabel
import org.countersign.bridge.NamesValue
import org.countersign.bridge.OnDate
import org.countersign.bridge.PlainLabel
import org.countersign.bridge.PlainValue
import org.countersign.bridge.SaidValue
import org.countersign.bridge.SaidWords
import org.countersign.bridge.SizeValue
import org.countersign.bridge.Spoken
import org.countersign.bridge.Text
import org.countersign.bridge.TextValue
import org.countersign.bridge.TimeLabel
import org.countersign.bridge.TimeValue
import org.countersign.bridge.Today
import org.countersign.bridge.When
import org.countersign.bridge.WordsLabel
import org.countersign.bridge.Yesterday
import org.countersign.bridge.faultText
import org.countersign.words.WORDS

/** A text that the core named, in the phone's language. */
fun Context.say(text: Text): String {
  val word = WORDS.getValue(text.key)
  val values = text.args.associate { it.name to it.value }
  val filled = word.placeholders.map { name -> values[name]?.let { fill(name, it) } ?: "" }
  val count = values.values.firstNotNullOfOrNull { (it as? CountValue)?.count?.toInt() } ?: 0
  val whole =
    if (word.isPlural) {
      // The number itself is filled in as a number: each language writes it in its own digits.
      val args = word.placeholders.zip(filled).map<_, Any> { (name, value) -> if (name == "n") count else value }
      resources.getQuantityString(word.id, count, *args.toTypedArray())
    } else {
      getString(word.id, *filled.toTypedArray())
    }
  val instead = text.insteadOfLast ?: return whole
  return whole.substringBeforeLast(DOT) + DOT + getString(WORDS.getValue(instead).id)
}

private fun Context.fill(name: String, value: TextValue): String =
  when (value) {
    is NamedValue -> bound(value.name)
    is AddressValue -> bound(value.address)
    is NamesValue -> names(value.names)
    is TimeValue -> if (name == "date") day(value.time) else shortTime(value.time)
    is MomentValue -> dayAndClock(value.time)
    is CountValue -> value.count.toString()
    is SizeValue -> size(value.octets)
    is PlainValue -> bound(value.text)
  }

/** Joined as the language joins a list; nobody stands for the account's owner. */
private fun Context.names(names: List<String?>): String {
  val parts = names.map { it?.let(::bound) ?: getString(R.string.c_me) }
  return ListFormatter.getInstance(resources.configuration.locales[0]).format(parts)
}

/** What belongs to somebody: kept apart from the text around it whatever its direction, and not torn at its spaces. */
private fun bound(value: String) = FIRST_STRONG + value.replace(' ', NO_BREAK) + POP

/** What is said instead of what is seen: parts that are not there leave out their separator, middle dots are pauses. */
fun Context.say(spoken: Spoken): String {
  val word = WORDS.getValue(spoken.key)
  val said = spoken.args.associate { it.name to it.said }
  val filled = word.placeholders.map { name ->
    when (val part = said[name]) {
      is SaidWords -> say(part.text)
      is SaidValue -> fill(name, part.value)
      else -> GONE
    }.replace(DOT, PAUSE)
  }
  val whole = getString(word.id, *filled.toTypedArray())
  return LEFT_OUT.replace(whole, "").trim()
}

/** A text of the table, or something of somebody's as it is. */
fun Context.say(label: Label): String =
  when (label) {
    is WordsLabel -> say(label.text)
    is PlainLabel -> label.plain
    is TimeLabel -> dayAndClock(label.time)
    is NamesLabel -> names(label.names)
  }

/** Why something failed, in one sentence. */
fun Context.why(error: CoreException): String = faultText(error)?.let { say(it) } ?: getString(R.string.er_other)

/** The time of a row. */
fun Context.say(whenever: When): String =
  when (whenever) {
    is Today -> clock(whenever.time)
    is Yesterday -> getString(R.string.c_yesterday)
    is OnDate -> formatted("dMMM", whenever.time)
  }

private const val NO_BREAK = '\u00a0'
private const val FIRST_STRONG = "\u2068"
private const val POP = "\u2069"
private const val DOT = " · "
private const val PAUSE = ", "

/** Stands for a part that is not there, until it is taken out with the separator after it. */
private const val GONE = "\u0000"
private val LEFT_OUT = Regex("$GONE[,.，。、:：]?\\s*")

private fun Context.formatted(skeleton: String, seconds: Long): String {
  val locale = resources.configuration.locales[0]
  val pattern = DateFormat.getBestDateTimePattern(locale, skeleton)
  return java.text.SimpleDateFormat(pattern, locale).format(Date(seconds * 1000))
}

/** "3 May", "5月3日"; with the year when it is another one. */
fun Context.day(seconds: Long) = formatted(if (dayOf(seconds).year == LocalDate.now().year) "dMMMM" else "dMMMMy", seconds)

/** "14:02". */
fun Context.clock(seconds: Long) = formatted("Hm", seconds)

/** "Fri 8 May, 18:00". */
fun Context.dayAndClock(seconds: Long) = formatted("EEEdMMMHm", seconds)

/** "Fri 18:00". */
fun Context.weekdayAndClock(seconds: Long) = formatted("EEEHm", seconds)

/** "8 May 2026". */
fun Context.fullDay(seconds: Long) = formatted("dMMMMy", seconds)

/** The time of day, with the day in front when it was not today. */
private fun Context.shortTime(seconds: Long) = if (dayOf(seconds) == LocalDate.now()) clock(seconds) else formatted("dMMMHm", seconds)

/** The time of day when it was today, else the day. */
fun Context.shortly(seconds: Long) = if (dayOf(seconds) == LocalDate.now()) clock(seconds) else formatted("dMMM", seconds)

/** Whole days from today; negative for the past. */
fun daysUntil(seconds: Long): Int = ChronoUnit.DAYS.between(LocalDate.now(), dayOf(seconds)).toInt()

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
