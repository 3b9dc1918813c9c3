package org.countersign.screen

import android.content.Context
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import org.countersign.R
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.Word
import org.countersign.ui.Field
import org.countersign.ui.Kind
import org.countersign.ui.Sheet
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.shape
import org.countersign.ui.text

/** 07: exactly what is signed. The system's prompt comes after it, never instead of it. */
class ConfirmSheet(
  outer: Context,
  request: ApprovalView,
  requester: String,
  signer: AccountSummary,
  val word: Word,
  before: String,
  private val onSign: (String) -> Unit,
) : Sheet(outer) {
  private val isReject = word == Word.REJECT
  private val words = if (isReject) R.string.cf_reason else R.string.cf_comment
  private val remark = Field(context, words, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES, isInside = true)
  val sign = context.action(Kind.PRIMARY, if (isReject) R.string.cf_sign_no else R.string.cf_sign, R.drawable.ic_finger) { sign() }

  var comment: String
    get() = remark.value.trim()
    set(text) {
      remark.value = text
    }

  init {
    comment = before
    content.setPadding(0, 0, 0, context.dp(12))
    content.put(context.text(R.string.cf_title, Style.TITLE).heading(), start = 16, end = 16, bottom = 8)
    pair(R.string.cf_decision, decision())
    pair(R.string.cf_request, context.text(request.subject, Style.STRONG))
    pair(R.string.cf_asked, requester)
    if (request.documents.isNotEmpty()) pair(R.string.ap_docs, request.documents.joinToString("\n") { it.name })
    pair(R.string.cf_as, context.column {
      put(context.text(signer.name, Style.SUBJECT))
      put(context.text(signer.address, Style.SECOND, R.color.text2))
    })
    content.put(remark, start = 16, end = 16, top = 12)
    content.put(context.text(R.string.cf_hint, Style.SECOND, R.color.text2).centered(), start = 32, end = 32, top = 12)
    content.put(sign, start = 16, end = 16, top = 12)
    content.put(context.action(Kind.TEXT, R.string.c_cancel) { dismiss() }, start = 16, end = 16)
  }

  private fun decision(): View = context.row {
    val tag = context.row {
      val shade = if (isReject) Shade.DANGER else Shade.ACCENT
      background = context.shape(shade.fill, 8)
      pad(10, 4)
      putIcon(if (isReject) R.drawable.ic_close else R.drawable.ic_tick, shade.ink, 18, end = 8)
      put(context.text(if (isReject) R.string.ap_reject else R.string.ap_approve, Style.LABEL, shade.ink))
    }
    put(tag, WRAP_CONTENT)
    gravity = Gravity.START
  }

  private fun sign() {
    if (isReject && comment.isEmpty()) {
      remark.fail(context.getString(R.string.cf_reason))
      return
    }
    remark.fail(null)
    working(true)
    onSign(comment)
  }

  private fun working(isWorking: Boolean) {
    sign.isEnabled = !isWorking
    remark.edit.isEnabled = !isWorking
  }

  /** Nothing was signed. The sheet stays. */
  fun failed(why: String) {
    working(false)
    remark.fail(why)
  }
}
