package org.countersign.ui

import android.content.Context
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.LinearLayout
import org.countersign.Place
import org.countersign.R

/** The bar of the four tabs. */
class Tabs(context: Context, private val here: Place.Kind, private val go: (Place.Kind) -> Unit) : LinearLayout(context) {
  private var waiting = -1

  init {
    orientation = HORIZONTAL
    setBackgroundColor(context.getColor(R.color.surface))
    minimumHeight = context.dp(64)
    pad(4, 8)
    count(0)
  }

  /** So many requests wait for this person. */
  fun count(waiting: Int) {
    if (waiting == this.waiting) return
    this.waiting = waiting
    removeAllViews()
    for (kind in Place.TABS) put(tab(kind), weight = 1f)
  }

  private fun tab(kind: Place.Kind): View = context.column {
    val isHere = kind == here
    val (words, image) = face(kind)
    val name = context.getString(words)
    gravity = Gravity.CENTER_HORIZONTAL
    minimumHeight = context.dp(48)
    val pill = FrameLayout(context)
    if (isHere) pill.background = context.shape(R.color.accent_soft, 16)
    val color = if (isHere) R.color.accent_ink else R.color.text2
    pill.addView(context.icon(image, color), FrameLayout.LayoutParams(context.dp(24), context.dp(24), Gravity.CENTER))
    if (kind == Place.Kind.APPROVALS && waiting > 0) {
      val at = FrameLayout.LayoutParams(WRAP_CONTENT, WRAP_CONTENT, Gravity.TOP or Gravity.END)
      pill.addView(context.badge(waiting), at)
      contentDescription = context.getString(R.string.a_tab, name, waiting.toString())
    } else {
      contentDescription = name
    }
    put(pill, context.dp(56), context.dp(32), gravity = Gravity.CENTER_HORIZONTAL)
    val label = context.text(name, if (isHere) Style.TAB_HERE else Style.TAB, color).centered()
    label.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
    put(label, MATCH_PARENT, top = 4)
    isSelected = isHere
    isFocusable = true
    setOnClickListener { go(kind) }
  }

  private fun face(kind: Place.Kind) =
    when (kind) {
      Place.Kind.APPROVALS -> R.string.tab_approvals to R.drawable.ic_stamp
      Place.Kind.CONTACTS -> R.string.tab_contacts to R.drawable.ic_person
      Place.Kind.SETTINGS -> R.string.tab_settings to R.drawable.ic_sliders
      else -> R.string.tab_inbox to R.drawable.ic_inbox
    }
}
