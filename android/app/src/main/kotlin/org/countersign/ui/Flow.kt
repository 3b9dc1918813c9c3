package org.countersign.ui

import android.content.Context
import android.view.View
import android.view.ViewGroup
import kotlin.math.max

/** Views one after the other, in as many lines as they need, from the side where reading begins. */
class Flow(context: Context, private val lineGap: Int = 0) : ViewGroup(context) {
  private val gap = context.dp(6)

  override fun onMeasure(widthSpec: Int, heightSpec: Int) {
    val width = MeasureSpec.getSize(widthSpec)
    for (index in 0 until childCount) measureChild(getChildAt(index), MeasureSpec.makeMeasureSpec(width, MeasureSpec.AT_MOST), heightSpec)
    setMeasuredDimension(width, resolveSize(place(width) { _, _, _ -> }, heightSpec))
  }

  override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
    val isMirrored = layoutDirection == LAYOUT_DIRECTION_RTL
    place(width) { child, x, y ->
      val from = if (isMirrored) width - x - child.measuredWidth else x
      child.layout(from, y, from + child.measuredWidth, y + child.measuredHeight)
    }
  }

  /** Gives each child its place; returns the height of all lines. */
  private fun place(width: Int, at: (View, Int, Int) -> Unit): Int {
    var (x, y, line) = Triple(0, 0, 0)
    for (index in 0 until childCount) {
      val child = getChildAt(index)
      if (x > 0 && x + child.measuredWidth > width) {
        x = 0
        y += line + lineGap
        line = 0
      }
      at(child, x, y)
      x += child.measuredWidth + gap
      line = max(line, child.measuredHeight)
    }
    return y + line
  }
}
