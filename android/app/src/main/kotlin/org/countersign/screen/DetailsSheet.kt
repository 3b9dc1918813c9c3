package org.countersign.screen

import android.content.Context
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch
import org.countersign.R
import org.countersign.bridge.CoreException
import org.countersign.bridge.Detail
import org.countersign.bridge.MessagePage
import org.countersign.bridge.MessageStatus
import org.countersign.bridge.TrustLine
import org.countersign.bridge.Verdict
import org.countersign.bridge.Warning
import org.countersign.ui.Kind
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.heading
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.shade
import org.countersign.ui.text
import org.countersign.ui.why

/** 05b: what the sentence of the trust line rests on. Digests and algorithms come one touch later, from [verdict]. */
class DetailsSheet(
  outer: Context,
  page: MessagePage,
  private val scope: CoroutineScope,
  private val verdict: suspend () -> Verdict,
) : Sheet(outer) {
  private val technical: LinearLayout = context.column()

  init {
    content.setPadding(0, 0, 0, context.dp(12))
    content.put(head(page.status))
    for (detail in page.details) pair(context.say(detail.key), value(detail))
    technical.put(context.action(Kind.OUTLINE, R.string.c_technical) { tellTechnical() })
    content.put(technical, start = 16, end = 16, top = 12)
    content.put(context.action(Kind.TEXT, R.string.c_done) { dismiss() }, start = 16, end = 16, top = 4)
  }

  private fun head(status: MessageStatus): View = context.row {
    pad(16, 4)
    val (icon, tone, state) =
      when (status) {
        is TrustLine -> Triple(status.icon, status.tone, status.state)
        is Warning -> Triple(status.icon, status.tone, status.state)
      }
    putIcon(drawable(icon), shade(tone).ink, 28, end = 12)
    put(context.text(context.say(state), Style.TITLE).heading(), weight = 1f)
  }

  private fun value(detail: Detail): View = context.column {
    put(context.text(context.say(detail.value), Style.SUBJECT))
    detail.second?.let { put(context.text(context.say(it), Style.SECOND, R.color.text2)) }
  }

  private fun tellTechnical() {
    scope.launch {
      val words =
        try {
          technicalWords(verdict())
        } catch (error: CoreException) {
          context.why(error)
        }
      technical.removeAllViews()
      technical.put(context.text(R.string.c_technical, Style.LABEL, R.color.text2).heading())
      technical.put(context.text(words, Style.CAPTION, R.color.text2).apply { setTextIsSelectable(true) }, top = 4)
    }
  }

  private fun technicalWords(verdict: Verdict): String {
    val signer = verdict.signature.signers.firstOrNull()
    val lines = listOfNotNull(signer?.subject, signer?.issuer, signer?.algorithm, verdict.encryption.content, signer?.let { "SHA-256 ${it.sha256}" })
    return lines.joinToString("\n")
  }
}
