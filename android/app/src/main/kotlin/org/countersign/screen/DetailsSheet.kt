package org.countersign.screen

import android.content.Context
import org.countersign.R
import org.countersign.bridge.MailView
import org.countersign.bridge.Trust
import org.countersign.bridge.TrustLine
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.dp
import org.countersign.ui.fullDay
import org.countersign.ui.heading
import org.countersign.ui.put
import org.countersign.ui.say
import org.countersign.ui.text

/** 05b: what the sentence of the trust line rests on. */
class DetailsSheet(context: Context, private val mail: MailView) : Sheet(context) {
  init {
    val status = mail.status as? TrustLine
    content.setPadding(0, 0, 0, getContext().dp(24))
    status?.let { content.put(getContext().text(getContext().say(it.state), Style.TITLE).heading(), start = 16, end = 16, bottom = 8) }
    mail.verdict.signature.signers.firstOrNull()?.let { signer ->
      pair(R.string.td_who, two(mail.name ?: signer.subject, signer.emails.joinToString()))
      pair(R.string.td_how, getContext().getString(how(signer.trust)))
      pair(R.string.td_same, getContext().getString(R.string.td_same_v))
      pair(R.string.td_issuer, two(signer.issuer, getContext().getString(R.string.td_valid, getContext().fullDay(signer.notAfter))))
    }
    val stamp = mail.verdict.timestamp
    stamp.time?.let { pair(R.string.td_time, two(stamp.authority.orEmpty(), getContext().dayAndClock(it))) }
    val readers = mail.verdict.headers.run { to + cc }
    pair(R.string.td_readers, readers.joinToString("\n"))
    technical()
  }

  private fun how(trust: Trust) =
    when (trust) {
      Trust.MET -> R.string.ct_met_plain
      Trust.NONE -> R.string.ct_none
      else -> R.string.ct_card
    }

  private fun two(first: String, second: String) = getContext().column {
    put(context.text(first, Style.SUBJECT))
    put(context.text(second, Style.SECOND, R.color.text2))
  }

  private fun technical() {
    content.put(getContext().text(R.string.c_technical, Style.LABEL, R.color.text2).heading(), start = 16, end = 16, top = 16)
    val signer = mail.verdict.signature.signers.firstOrNull()
    val lines = listOfNotNull(signer?.algorithm, mail.verdict.encryption.content, signer?.let { "SHA-256 ${it.sha256}" })
    content.put(getContext().text(lines.joinToString("\n"), Style.CAPTION, R.color.text2), start = 16, end = 16, top = 4)
  }
}
