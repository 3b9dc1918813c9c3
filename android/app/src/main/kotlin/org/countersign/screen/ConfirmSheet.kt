package org.countersign.screen

import android.content.Context
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import org.countersign.R
import org.countersign.bridge.ConfirmPage
import org.countersign.bridge.PersonLine
import org.countersign.bridge.Text
import org.countersign.bridge.Word
import org.countersign.ui.Field
import org.countersign.ui.Flow
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.button
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.tag
import org.countersign.ui.text

/** 07: exactly what is signed. The system's prompt comes after it, never instead of it. */
class ConfirmSheet(
  outer: Context,
  private val page: ConfirmPage,
  val word: Word,
  before: String,
  private val onSign: (String) -> Unit,
  onStop: () -> Unit,
) : Sheet(outer) {
  private val kind = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES
  private val remark = Field(context, context.say(page.commentLabel), kind, isInside = true)
  val sign = context.button(page.sign) { sign() }

  var comment: String
    get() = remark.value.trim()
    set(text) {
      remark.value = text
    }

  init {
    comment = before
    // The button, Back, or a touch beside the sheet: what is being signed is stopped.
    setOnCancelListener { onStop() }
    // A missing reason is named when somebody signs; a button that is merely grey would not say why.
    sign.isEnabled = true
    // Nobody signs through another app's window.
    content.filterTouchesWhenObscured = true
    content.setPadding(0, 0, 0, context.dp(12))
    content.put(context.text(context.say(page.title), Style.TITLE).heading(), start = 16, end = 16, bottom = 8)
    line(page.decisionLabel, context.row { put(context.tag(page.decision), WRAP_CONTENT) })
    line(page.requestLabel, context.text(page.request, Style.STRONG))
    line(page.asked)
    if (page.documents.isNotEmpty()) line(page.documentsLabel, documents())
    if (page.words.isNotEmpty()) line(page.wordsTitle, checkWords())
    line(page.signer)
    content.put(remark, start = 16, end = 16, top = 12)
    content.put(context.text(context.say(page.hintFinger), Style.SECOND, R.color.text2).centered(), start = 32, end = 32, top = 12)
    content.put(sign, start = 16, end = 16, top = 12)
    content.put(context.button(page.cancel) { cancel() }, start = 16, end = 16)
  }

  private fun line(label: Text, value: View) = pair(context.say(label), value)

  private fun line(person: PersonLine) =
    line(person.label, context.column {
      put(context.text(person.name, Style.SUBJECT))
      if (person.name != person.address) put(context.text(person.address, Style.SECOND, R.color.text2))
    })

  private fun documents(): View = context.column {
    for (name in page.documents) put(context.text(name, Style.SUBJECT))
    page.unopened?.let { put(context.state(R.drawable.ic_doc, context.say(it), R.color.caution), top = 4) }
  }

  /** Both people see the same six words for the same request. */
  private fun checkWords(): View = context.column {
    val words = Flow(context, context.dp(6))
    for (word in page.words) {
      val piece = context.text(word, Style.LABEL).centered()
      piece.background = context.shape(R.color.sunken, 8)
      piece.gravity = Gravity.CENTER
      piece.pad(12, 4)
      words.addView(piece)
    }
    words.contentDescription = context.say(page.wordsSpoken)
    words.isFocusable = true
    put(words)
    put(context.text(context.say(page.wordsHint), Style.CAPTION, R.color.text2), top = 4)
  }

  private fun sign() {
    if (page.needsComment && comment.isEmpty()) {
      remark.fail(context.say(page.commentLabel))
      return
    }
    remark.fail(null)
    working(true)
    onSign(comment)
  }

  /** While the system asks, and until the signature is there: a touch beside the sheet is none then. */
  fun working(isWorking: Boolean) {
    setCanceledOnTouchOutside(!isWorking)
    sign.isEnabled = !isWorking
    remark.edit.isEnabled = !isWorking
  }

  /** Nothing was signed. The sheet stays; [why] is nothing when the person wanted it so. */
  fun failed(why: String?) {
    working(false)
    remark.fail(why)
  }
}
