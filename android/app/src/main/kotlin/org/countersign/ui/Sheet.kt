package org.countersign.ui

import android.app.Dialog
import android.content.Context
import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.view.WindowManager
import android.widget.LinearLayout
import org.countersign.R

/** A sheet from below. Back and a touch beside it close it. */
open class Sheet(context: Context) : Dialog(context, R.style.Sheet) {
  protected val content: LinearLayout = getContext().column()

  override fun onCreate(state: Bundle?) {
    super.onCreate(state)
    val whole = context.column {
      background = context.topShape(R.color.surface, 20)
      val grip = View(context).apply { background = context.shape(R.color.line, 2) }
      put(grip, context.dp(36), context.dp(4), top = 12, bottom = 8, gravity = Gravity.CENTER_HORIZONTAL)
      put(context.scroll(content), height = WRAP_CONTENT)
    }
    setContentView(whole)
    // A window of its own: it is not secret because the activity's is.
    window?.addFlags(WindowManager.LayoutParams.FLAG_SECURE)
    window?.setGravity(Gravity.BOTTOM)
    window?.setLayout(MATCH_PARENT, WRAP_CONTENT)
    window?.decorView?.setPadding(0, 0, 0, 0)
  }

  /** A line: what it is, and its value. */
  protected fun pair(key: CharSequence, value: View) {
    if (content.childCount > 1) content.put(context.line(), height = context.dp(1), start = 16)
    val name = context.text(key, Style.SECOND, R.color.text2)
    val line = if (context.isLarge) context.column() else context.row()
    line.gravity = Gravity.TOP
    line.pad(16, 12)
    if (context.isLarge) {
      line.put(name)
      line.put(value)
    } else {
      line.put(name, context.dp(104), end = 8)
      line.put(value, weight = 1f)
    }
    content.put(line)
  }
}
