package org.countersign.ui

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.Route
import org.countersign.bridge.Step
import org.countersign.bridge.StepState

/** The route of a request: circles in a row, or in a column for many steps or large text. */
class RouteStrip(context: Context, route: Route) : LinearLayout(context) {
  private val steps = route.steps
  private val isVertical = route.isVertical || context.isLarge
  private val paint = Paint().apply { strokeWidth = context.dp(2).toFloat() }

  init {
    orientation = if (isVertical) VERTICAL else HORIZONTAL
    setWillNotDraw(false)
    for ((index, step) in steps.withIndex()) {
      val item = if (isVertical) beside(step) else under(step)
      item.contentDescription = context.say(step.spoken)
      item.isFocusable = true
      if (isVertical) put(item, top = if (index == 0) 0 else 20) else put(item, weight = 1f)
    }
  }

  private fun under(step: Step): LinearLayout = context.column {
    gravity = Gravity.CENTER_HORIZONTAL
    put(context.stepCircle(step.state, mark(step)), context.dp(NODE + 8), context.dp(NODE + 8), gravity = Gravity.CENTER_HORIZONTAL)
    put(words(step, isCentered = true), MATCH_PARENT, top = 2)
  }

  private fun beside(step: Step): LinearLayout = context.row {
    put(context.stepCircle(step.state, mark(step)), context.dp(NODE + 8), context.dp(NODE + 8), end = 12)
    put(words(step, isCentered = false), weight = 1f)
  }

  /** The number, or of a group how many approved. */
  private fun mark(step: Step) = step.group?.let { "${it.approved}/${it.of}" } ?: step.number.toString()

  private fun words(step: Step, isCentered: Boolean) = context.column {
    val name = context.text(context.say(step.who), Style.LABEL)
    val caption = context.text(context.say(step.caption), if (step.state == StepState.NOW) Style.STATE else Style.CAPTION, color(step.tone))
    if (isCentered) listOf(name, caption).forEach { it.centered() }
    put(name)
    put(caption)
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
  }

  /** The lines between the circles. */
  override fun onDraw(canvas: Canvas) {
    super.onDraw(canvas)
    if (isVertical) return
    val y = context.dp((NODE + 8) / 2).toFloat()
    val gap = context.dp(NODE / 2 + 6)
    for (index in 1 until childCount) {
      val from = getChildAt(index - 1).let { it.left + it.width / 2 + gap }
      val to = getChildAt(index).let { it.left + it.width / 2 - gap }
      val isPassed = steps[index].state == StepState.DONE || steps[index].state == StepState.NOW
      paint.color = context.getColor(if (isPassed) R.color.accent else R.color.line)
      canvas.drawLine(from.toFloat(), y, to.toFloat(), y, paint)
    }
  }
}

private const val NODE = 36

/** The circle of a step, 36 in a halo of 44. */
fun Context.stepCircle(state: StepState, mark: String): View =
  FrameLayout(this).apply {
    if (state == StepState.NOW) background = oval(R.color.accent_soft)
    val node = FrameLayout(context)
    val (fill, edge, ink) = colours(state)
    node.background = oval(fill, edge, 2, state == StepState.NOT_NEEDED)
    val sign =
      when (state) {
        StepState.DONE -> icon(R.drawable.ic_tick, ink)
        StepState.REJECTED -> icon(R.drawable.ic_close, ink)
        else -> text(mark, Style.MARK, ink).centered()
      }
    val isIcon = state == StepState.DONE || state == StepState.REJECTED
    val size = if (isIcon) dp(20) else WRAP_CONTENT
    node.addView(sign, FrameLayout.LayoutParams(size, size, Gravity.CENTER))
    addView(node, FrameLayout.LayoutParams(dp(NODE), dp(NODE), Gravity.CENTER))
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
  }

private fun colours(state: StepState) =
  when (state) {
    StepState.DONE -> Triple(R.color.accent, R.color.accent, R.color.on_accent)
    StepState.NOW -> Triple(R.color.surface, R.color.accent, R.color.accent)
    StepState.REJECTED -> Triple(R.color.danger, R.color.danger, R.color.surface)
    else -> Triple(R.color.surface, R.color.edge, R.color.text2)
  }

/** The same in a list: a bar a step. The words beside it say what it shows. */
fun Context.routeBars(states: List<StepState>): View = row {
  for (state in states) {
    val bar = View(context)
    bar.background =
      when (state) {
        StepState.DONE -> shape(R.color.accent, 3)
        StepState.NOW -> shape(R.color.surface, 3, R.color.accent, 1.5f)
        StepState.REJECTED -> shape(R.color.danger, 3)
        else -> shape(R.color.line, 3, R.color.edge)
      }
    put(bar, dp(18), dp(5), end = 4)
  }
  importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
}
