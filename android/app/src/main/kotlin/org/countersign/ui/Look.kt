package org.countersign.ui

import android.content.Context
import android.content.res.ColorStateList
import android.graphics.Color
import android.graphics.Typeface
import android.graphics.drawable.Drawable
import android.graphics.drawable.GradientDrawable
import android.graphics.drawable.RippleDrawable
import android.util.TypedValue
import android.view.Gravity
import android.view.View
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.ImageButton
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.TextView
import kotlin.math.min
import org.countersign.R

// The tokens of the design as views: sizes, styles of text, icons, shapes.

/** Styles of text: size and line in sp. */
enum class Style(val size: Float, val line: Float, val isMedium: Boolean = false) {
  DISPLAY(28f, 36f, true),
  TITLE(22f, 28f, true),
  HEADING(17f, 24f, true),
  BODY(16f, 24f),
  STRONG(16f, 24f, true),
  SUBJECT(15f, 20f),
  SECOND(14f, 20f),
  LABEL(14f, 20f, true),
  CAPTION(13f, 18f),
  STATE(13f, 18f, true),
  BAR(17f, 24f, true),
  TAB(12f, 16f),
  TAB_HERE(12f, 16f, true),

  /** Numbers and initials in circles. */
  MARK(14f, 20f, true);

  /** What stands in bars and circles grows less than the rest. */
  val cap get() = if (this in listOf(BAR, TAB, TAB_HERE, MARK)) 1.3f else Float.MAX_VALUE
}

fun Context.dp(value: Int): Int = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_DIP, value.toFloat(), resources.displayMetrics).toInt()

val Context.isChinese get() = resources.configuration.locales[0].language == "zh"

/** Text is enlarged so much that rows are stacked. */
val Context.isLarge get() = resources.configuration.fontScale >= 1.5f

fun TextView.styled(style: Style, color: Int = R.color.text): TextView {
  val scale = min(resources.configuration.fontScale, style.cap)
  val sp = resources.displayMetrics.density * scale
  setTextSize(TypedValue.COMPLEX_UNIT_PX, style.size * sp)
  lineHeight = (style.line * sp).toInt()
  setTextColor(context.getColor(color))
  // Chinese fonts on Android have no medium weight.
  typeface =
    when {
      !style.isMedium -> Typeface.create("sans-serif", Typeface.NORMAL)
      context.isChinese -> Typeface.create("sans-serif", Typeface.BOLD)
      else -> Typeface.create("sans-serif-medium", Typeface.NORMAL)
    }
  return this
}

fun Context.text(value: CharSequence, style: Style = Style.BODY, color: Int = R.color.text): TextView =
  TextView(this).styled(style, color).also { it.text = value }

fun Context.text(value: Int, style: Style = Style.BODY, color: Int = R.color.text) = text(getString(value), style, color)

fun TextView.oneLine(): TextView {
  maxLines = 1
  ellipsize = android.text.TextUtils.TruncateAt.END
  return this
}

fun TextView.centered(): TextView {
  gravity = Gravity.CENTER_HORIZONTAL
  return this
}

fun TextView.heading(): TextView {
  isAccessibilityHeading = true
  return this
}

fun Context.column(build: LinearLayout.() -> Unit = {}) =
  LinearLayout(this).apply {
    orientation = LinearLayout.VERTICAL
    build()
  }

fun Context.row(build: LinearLayout.() -> Unit = {}) =
  LinearLayout(this).apply {
    orientation = LinearLayout.HORIZONTAL
    gravity = Gravity.CENTER_VERTICAL
    isBaselineAligned = false
    build()
  }

/** Adds a view; margins in dp. */
fun <V : View> LinearLayout.put(
  view: V,
  width: Int = if (orientation == LinearLayout.VERTICAL) MATCH_PARENT else WRAP_CONTENT,
  height: Int = WRAP_CONTENT,
  weight: Float = 0f,
  start: Int = 0,
  top: Int = 0,
  end: Int = 0,
  bottom: Int = 0,
  gravity: Int = -1,
): V {
  val along = if (weight > 0f) 0 else null
  val isColumn = orientation == LinearLayout.VERTICAL
  val params =
    LinearLayout.LayoutParams(if (isColumn) width else along ?: width, if (isColumn) along ?: height else height, weight)
  params.setMargins(0, context.dp(top), 0, context.dp(bottom))
  params.marginStart = context.dp(start)
  params.marginEnd = context.dp(end)
  params.gravity = gravity
  addView(view, params)
  return view
}

fun View.pad(horizontal: Int = 0, vertical: Int = 0): View {
  setPaddingRelative(context.dp(horizontal), context.dp(vertical), context.dp(horizontal), context.dp(vertical))
  return this
}

/** An icon beside words: hidden from the reader. */
fun Context.icon(drawable: Int, color: Int = R.color.text2, size: Int = 24): ImageView =
  ImageView(this).apply {
    setImageResource(drawable)
    imageTintList = ColorStateList.valueOf(getColor(color))
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
    layoutParams = ViewGroup.LayoutParams(dp(size), dp(size))
  }

fun LinearLayout.putIcon(drawable: Int, color: Int = R.color.text2, size: Int = 24, start: Int = 0, end: Int = 0, gravity: Int = -1) =
  put(context.icon(drawable, color, size), context.dp(size), context.dp(size), start = start, end = end, gravity = gravity)

/** An icon that is a button of its own, 48 dp, with its spoken name. */
fun Context.iconButton(drawable: Int, label: CharSequence, color: Int = R.color.text, onTap: () -> Unit): ImageButton =
  ImageButton(this).apply {
    setImageResource(drawable)
    imageTintList = ColorStateList.valueOf(getColor(color))
    contentDescription = label
    background = ripple(null, dp(24))
    minimumWidth = dp(48)
    minimumHeight = dp(48)
    setOnClickListener { onTap() }
  }

fun Context.shape(fill: Int?, radius: Int, edge: Int? = null, edgeWidth: Float = 1f): GradientDrawable =
  GradientDrawable().apply {
    cornerRadius = dp(radius).toFloat()
    setColor(fill?.let(::getColor) ?: Color.TRANSPARENT)
    edge?.let { setStroke((edgeWidth * resources.displayMetrics.density).toInt(), getColor(it)) }
  }

/** Round above and straight below: the head of a card, a sheet that ends at the edge of the screen. */
fun Context.topShape(fill: Int, radius: Int): GradientDrawable =
  GradientDrawable().apply {
    val round = dp(radius).toFloat()
    cornerRadii = floatArrayOf(round, round, round, round, 0f, 0f, 0f, 0f)
    setColor(getColor(fill))
  }

fun Context.oval(fill: Int?, edge: Int? = null, edgeWidth: Int = 2, isDashed: Boolean = false): GradientDrawable =
  GradientDrawable().apply {
    shape = GradientDrawable.OVAL
    setColor(fill?.let(::getColor) ?: Color.TRANSPARENT)
    val dash = if (isDashed) dp(3).toFloat() else 0f
    edge?.let { setStroke(dp(edgeWidth), getColor(it), dash, dash) }
  }

/** [content] that answers to a touch. */
fun Context.ripple(content: Drawable?, radius: Int = 0): Drawable {
  val mask = GradientDrawable().apply {
    cornerRadius = radius.toFloat()
    setColor(Color.WHITE)
  }
  val color = (getColor(R.color.text) and 0xFFFFFF) or 0x1F000000
  return RippleDrawable(ColorStateList.valueOf(color), content, mask)
}

fun Context.line(start: Int = 0): View =
  View(this).apply {
    setBackgroundColor(getColor(R.color.line))
    layoutParams = LinearLayout.LayoutParams(MATCH_PARENT, dp(1)).apply { marginStart = dp(start) }
  }

fun Context.scroll(content: View): ScrollView =
  ScrollView(this).apply {
    isFillViewport = true
    addView(content, ViewGroup.LayoutParams(MATCH_PARENT, WRAP_CONTENT))
  }
