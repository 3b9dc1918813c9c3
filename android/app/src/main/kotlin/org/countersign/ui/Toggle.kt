package org.countersign.ui

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.drawable.Drawable
import android.graphics.drawable.GradientDrawable
import android.graphics.drawable.ShapeDrawable
import android.graphics.drawable.StateListDrawable
import android.graphics.drawable.shapes.Shape
import android.widget.Switch
import org.countersign.R

/** The design's switch: off it is an outline with a small knob, on it is filled. */
fun Context.toggle(label: CharSequence): Switch =
  Switch(this).apply {
    thumbDrawable = states(knob(R.color.on_accent, KNOB_ON), knob(R.color.edge, KNOB_OFF))
    trackDrawable = states(track(R.color.accent, R.color.accent), track(R.color.sunken, R.color.edge))
    thumbTintList = null
    trackTintList = null
    switchMinWidth = dp(52)
    thumbTextPadding = 0
    showText = false
    splitTrack = false
    background = null
    contentDescription = label
    minimumHeight = dp(48)
    minimumWidth = dp(52)
  }

private const val HEIGHT = 32
private const val KNOB_ON = 24
private const val KNOB_OFF = 16

private fun states(on: Drawable, off: Drawable) =
  StateListDrawable().apply {
    addState(intArrayOf(android.R.attr.state_checked), on)
    addState(intArrayOf(), off)
  }

/** As high as the track: a switch takes the insets of a smaller drawable from its track too. */
private fun Context.knob(color: Int, size: Int): Drawable =
  ShapeDrawable(Knob(dp(size) / 2f)).apply {
    paint.color = getColor(color)
    intrinsicWidth = dp(HEIGHT)
    intrinsicHeight = dp(HEIGHT)
  }

private class Knob(private val radius: Float) : Shape() {
  override fun draw(canvas: Canvas, paint: Paint) = canvas.drawCircle(width / 2, height / 2, radius, paint)
}

private fun Context.track(fill: Int, edge: Int): GradientDrawable =
  shape(fill, HEIGHT / 2, edge, 2f).apply { setSize(dp(52), dp(HEIGHT)) }
