package org.countersign.screen

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.view.View
import kotlin.math.min
import org.countersign.R
import org.countersign.ui.dp

/** Four corners over the camera's picture, where the other code should be. */
class Finder(context: Context) : View(context) {
  private val pen =
    Paint(Paint.ANTI_ALIAS_FLAG).apply {
      color = context.getColor(R.color.on_camera)
      style = Paint.Style.STROKE
      strokeWidth = context.dp(3).toFloat()
    }

  init {
    importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
  }

  override fun onDraw(canvas: Canvas) {
    // Below the line of help.
    val head = context.dp(HEAD)
    val side = min(width - 2 * context.dp(16), height - head - context.dp(16)).coerceAtMost(context.dp(SIDE))
    if (side < context.dp(LEAST)) return
    canvas.save()
    canvas.translate(width / 2f, head + (height - head) / 2f)
    repeat(4) {
      corner(canvas, side / 2f)
      canvas.rotate(90f)
    }
    canvas.restore()
  }

  private fun corner(canvas: Canvas, half: Float) {
    val (arm, round) = context.dp(ARM).toFloat() to context.dp(8).toFloat()
    canvas.drawLine(-half, -half + arm, -half, -half + round, pen)
    canvas.drawArc(-half, -half, -half + 2 * round, -half + 2 * round, 180f, 90f, false, pen)
    canvas.drawLine(-half + round, -half, -half + arm, -half, pen)
  }

  private companion object {
    const val HEAD = 40
    const val SIDE = 200
    const val LEAST = 140
    const val ARM = 36
  }
}
