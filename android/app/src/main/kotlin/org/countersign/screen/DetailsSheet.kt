package org.countersign.screen

import android.content.Context
import android.view.View
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.MailView
import org.countersign.bridge.Trust
import org.countersign.bridge.TrustLine
import org.countersign.ui.Kind
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.dp
import org.countersign.ui.fullDay
import org.countersign.ui.heading
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.text

/** 05b: what the sentence of the trust line rests on. Digests and algorithms come one touch later. */
class DetailsSheet(outer: Context, private val mail: MailView, nameOf: (String) -> String) : Sheet(outer) {
  private val technical: LinearLayout = context.column()

  init {
    content.setPadding(0, 0, 0, context.dp(12))
    (mail.status as? TrustLine)?.let { content.put(head(it)) }
    mail.verdict.signature.signers.firstOrNull()?.let { signer ->
      pair(R.string.td_who, two(mail.name ?: signer.subject, signer.emails.joinToString(), Style.STRONG))
      pair(R.string.td_how, context.getString(how(signer.trust)))
      pair(R.string.td_same, context.getString(R.string.td_same_v))
      pair(R.string.td_issuer, two(commonName(signer.issuer), context.getString(R.string.td_valid, context.fullDay(signer.notAfter))))
    }
    val stamp = mail.verdict.timestamp
    stamp.time?.let { pair(R.string.td_time, two(commonName(stamp.authority.orEmpty()), context.dayAndClock(it))) }
    val readers = mail.verdict.headers.run { to + cc }
    pair(R.string.td_readers, readers.joinToString("\n", transform = nameOf))
    technical.put(context.action(Kind.OUTLINE, R.string.c_technical) { tellTechnical() })
    content.put(technical, start = 16, end = 16, top = 12)
    content.put(context.action(Kind.TEXT, R.string.c_done) { dismiss() }, start = 16, end = 16, top = 4)
  }

  private fun head(line: TrustLine): View = context.row {
    pad(16, 4)
    putIcon(drawable(line.icon), shade(line.tone).ink, 28, end = 12)
    put(context.text(context.say(line.state), Style.TITLE).heading(), weight = 1f)
  }

  private fun how(trust: Trust) =
    when (trust) {
      Trust.MET -> R.string.ct_met_plain
      Trust.NONE -> R.string.ct_none
      else -> R.string.ct_card
    }

  private fun two(first: String, second: String, style: Style = Style.SUBJECT) = context.column {
    put(context.text(first, style))
    put(context.text(second, Style.SECOND, R.color.text2))
  }

  private fun tellTechnical() {
    technical.removeAllViews()
    technical.put(context.text(R.string.c_technical, Style.LABEL, R.color.text2).heading())
    val signer = mail.verdict.signature.signers.firstOrNull()
    val lines = listOfNotNull(signer?.subject, signer?.issuer, signer?.algorithm, mail.verdict.encryption.content, signer?.let { "SHA-256 ${it.sha256}" })
    technical.put(context.text(lines.joinToString("\n"), Style.CAPTION, R.color.text2), top = 4)
  }
}

/** The common name in an RFC 4514 name; all of it when there is none. */
fun commonName(name: String): String {
  val value = COMMON_NAME.find(name)?.groupValues?.get(1) ?: return name
  return value.replace(ESCAPED) { it.groupValues[1] }
}

private val COMMON_NAME = Regex("(?:^|[,+])CN=((?:\\\\.|[^,+\\\\])*)")
private val ESCAPED = Regex("\\\\(.)")
