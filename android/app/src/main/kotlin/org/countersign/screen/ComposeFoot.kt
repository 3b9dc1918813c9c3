package org.countersign.screen

import android.content.Context
import android.view.Gravity
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.RecipientView
import org.countersign.ui.ActionButton
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Sheet
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.centered
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.line
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.text

/** What stands above the keyboard: how the mail will go, and the button that sends it. */
class ComposeFoot(context: Context, private val onSend: (isPlain: Boolean) -> Unit) : LinearLayout(context) {
  /** Made anew with its words. */
  lateinit var send: ActionButton
    private set

  init {
    orientation = VERTICAL
    setBackgroundColor(context.getColor(R.color.surface))
  }

  fun show(people: List<RecipientView>, isApproval: Boolean, canSend: Boolean, problem: String?) {
    removeAllViews()
    put(context.line(), height = context.dp(1))
    val without = people.firstOrNull { !it.canEncrypt }
    problem?.let { put(context.banner(Shade.DANGER, R.drawable.ic_warn, it), start = 16, end = 16, top = 12) }
    if (without != null) {
      val words = context.getString(R.string.co_warn, without.name?.ifBlank { null } ?: without.address)
      put(context.banner(Shade.CAUTION, R.drawable.ic_lock_open, words), start = 16, end = 16, top = 12)
    } else if (people.isNotEmpty()) {
      put(allEncrypted(), top = 12)
    }
    send = sendButton(if (isApproval) R.string.co_send_ap else R.string.co_send)
    send.isEnabled = canSend && people.isNotEmpty() && without == null
    if (without == null || isApproval) {
      put(send, start = 16, end = 16, top = 12, bottom = 12)
    } else {
      // Absent for approvals: those are never sent without encryption.
      put(context.action(Kind.OUTLINE, R.string.co_plain) { PlainSheet(context, without) { onSend(true) }.show() }, start = 16, end = 16, top = 12, bottom = 12)
    }
  }

  private fun allEncrypted() = context.row {
    gravity = Gravity.CENTER
    putIcon(R.drawable.ic_lock, R.color.accent, 16, end = 6)
    put(context.text(R.string.co_all_ok, Style.CAPTION, R.color.accent))
  }

  private fun sendButton(words: Int) =
    context.action(Kind.PRIMARY, words, if (words == R.string.co_send_ap) R.drawable.ic_stamp else null) { onSend(false) }
}

/** Asks once more before a mail goes out that anyone can read. */
private class PlainSheet(context: Context, without: RecipientView, onPlain: () -> Unit) : Sheet(context) {
  init {
    content.setPadding(0, 0, 0, context.dp(12))
    val words = context.getString(R.string.co_warn, without.name?.ifBlank { null } ?: without.address)
    content.put(getContext().text(words, Style.HEADING).centered().heading(), start = 24, end = 24, top = 12)
    content.put(getContext().text(R.string.tl_none, Style.BODY, R.color.text2).centered(), start = 24, end = 24, top = 8, bottom = 16)
    content.put(
      getContext().action(Kind.DANGER, R.string.co_plain) {
        dismiss()
        onPlain()
      },
      start = 16, end = 16,
    )
    content.put(getContext().action(Kind.TEXT, R.string.c_cancel) { dismiss() }, start = 16, end = 16, top = 4)
  }
}
