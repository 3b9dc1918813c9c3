package org.countersign.ui

import android.content.Context
import android.graphics.drawable.InsetDrawable
import android.text.Editable
import android.text.InputType
import android.text.TextWatcher
import android.view.Gravity
import android.view.View
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.view.accessibility.AccessibilityNodeInfo
import android.widget.Button
import android.widget.EditText
import android.widget.FrameLayout
import android.widget.LinearLayout
import android.widget.TextView
import org.countersign.R

// The components that every screen uses: buttons, bars, cards, banners, fields, people.

enum class Kind { PRIMARY, OUTLINE, DANGER, TEXT }

/** A button with words and, if there is one, an icon in front of them. */
class ActionButton(context: Context, kind: Kind, words: CharSequence, icon: Int? = null) : LinearLayout(context) {
  private val color =
    when (kind) {
      Kind.PRIMARY -> R.color.on_accent
      Kind.OUTLINE -> R.color.text
      Kind.DANGER -> R.color.danger
      Kind.TEXT -> R.color.accent
    }
  val label: TextView = context.text(words, Style.STRONG, color).centered()

  init {
    gravity = Gravity.CENTER
    minimumHeight = context.dp(52)
    pad(12, 8)
    icon?.let { putIcon(it, color, 20, end = 8) }
    put(label)
    val fill =
      when (kind) {
        Kind.PRIMARY -> context.shape(R.color.accent, 12)
        Kind.OUTLINE,
        Kind.DANGER -> context.shape(R.color.surface, 12, R.color.edge, 1.5f)
        Kind.TEXT -> null
      }
    background = context.ripple(fill, context.dp(12))
    isClickable = true
    isFocusable = true
    contentDescription = words
    label.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
  }

  /** Other words on the same button. */
  fun say(words: CharSequence) {
    label.text = words
    contentDescription = words
  }

  override fun setEnabled(enabled: Boolean) {
    super.setEnabled(enabled)
    alpha = if (enabled) 1f else FAINT
    for (index in 0 until childCount) getChildAt(index).isEnabled = enabled
  }

  override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
    super.onInitializeAccessibilityNodeInfo(info)
    info.className = Button::class.java.name
  }
}

private const val FAINT = 0.5f

/** Switched off, with all that is in it. */
fun View.switchOff() {
  alpha = FAINT
  fun off(view: View) {
    view.isEnabled = false
    if (view is ViewGroup) for (index in 0 until view.childCount) off(view.getChildAt(index))
  }
  off(this)
}

fun Context.action(kind: Kind, words: Int, icon: Int? = null, onTap: () -> Unit) = action(kind, getString(words), icon, onTap)

fun Context.action(kind: Kind, words: CharSequence, icon: Int? = null, onTap: () -> Unit): ActionButton =
  ActionButton(this, kind, words, icon).apply { setOnClickListener { onTap() } }

/** The bar at the top: one way back and a title. */
fun Context.topBar(icon: Int, label: Int, title: CharSequence?, onTap: () -> Unit): View =
  topBar(icon, label, text(title ?: "", Style.BAR).heading(), onTap)

fun Context.topBar(icon: Int, label: Int, title: TextView, onTap: () -> Unit, build: LinearLayout.() -> Unit = {}): View = row {
  pad(4)
  minimumHeight = dp(56)
  put(iconButton(icon, getString(label)) { onTap() }, dp(48), dp(48))
  put(title, weight = 1f, start = 4)
  build()
}

fun Context.card(radius: Int = 14, fill: Int = R.color.surface, edge: Int? = R.color.line, build: LinearLayout.() -> Unit) = column {
  background = shape(fill, radius, edge)
  clipToOutline = true
  build()
}

fun Context.section(words: CharSequence): TextView =
  text(words, Style.LABEL, R.color.text2).heading().also {
    it.setPaddingRelative(dp(16), dp(16), dp(16), dp(8))
  }

/** Colours of a tone: fill, ink. */
enum class Shade(val fill: Int, val ink: Int) {
  ACCENT(R.color.accent_soft, R.color.accent_ink),
  INFO(R.color.info_soft, R.color.info),
  NEUTRAL(R.color.sunken, R.color.text),
  CAUTION(R.color.caution_soft, R.color.caution),
  DANGER(R.color.danger_soft, R.color.danger),
}

/** One sentence above the content, spoken when it comes. */
fun Context.banner(shade: Shade, icon: Int, words: CharSequence, action: CharSequence? = null, onTap: () -> Unit = {}): View = row {
  background = shape(shade.fill, 12)
  pad(16, 12)
  putIcon(icon, shade.ink, 20, end = 12)
  put(text(words, Style.SECOND, shade.ink), weight = 1f)
  accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
  if (action != null) put(action(Kind.TEXT, action) { onTap() }, start = 8)
}

/** What became of something, over the whole width under the bar; spoken when it comes. */
fun Context.outcome(shade: Shade, icon: Int, words: CharSequence): View = row {
  setBackgroundColor(getColor(shade.fill))
  pad(16, 14)
  putIcon(icon, shade.ink, end = 12)
  put(text(words, Style.LABEL, shade.ink), weight = 1f)
  accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
}

/** State in a row: icon and words in one colour. */
fun Context.state(icon: Int, words: CharSequence, color: Int): View = row {
  putIcon(icon, color, 16, end = 6)
  put(text(words, Style.CAPTION, color), weight = 1f)
}

/** Words on a small fill, or beside it without one: a deadline, a result. */
fun Context.tag(icon: Int, words: CharSequence, ink: Int, fill: Int?): View = row {
  if (fill != null) {
    background = shape(fill, 8)
    pad(8, 4)
  }
  putIcon(icon, ink, 16, end = 6)
  put(text(words, if (fill != null) Style.STATE else Style.CAPTION, ink))
}

/** One of a few: the chosen one lies on a lighter piece. */
fun Context.segment(words: CharSequence, isOn: Boolean, badge: Int = 0, onTap: () -> Unit): View = row {
  gravity = Gravity.CENTER
  minimumHeight = dp(48)
  pad(8)
  // The piece is smaller than what answers to a touch.
  val piece = InsetDrawable(shape(if (isOn) R.color.surface else null, 9, if (isOn) R.color.line else null), dp(4))
  background = ripple(piece, dp(9))
  put(text(words, Style.LABEL, if (isOn) R.color.text else R.color.text2).centered())
  if (badge > 0) put(badge(badge), start = 6)
  isSelected = isOn
  setOnClickListener { onTap() }
}

/** The pieces share the width by the length of their words; enlarged they stand one below the other. */
fun Context.segments(pieces: List<View>): LinearLayout {
  val all = if (isLarge) column() else row()
  all.background = shape(R.color.sunken, 12)
  for (piece in pieces) {
    if (isLarge) all.put(piece) else all.addView(piece, LinearLayout.LayoutParams(WRAP_CONTENT, WRAP_CONTENT, 1f))
  }
  return all
}

/** A round field with a glass: what is written there narrows the list below. */
fun Context.searchField(hint: Int, onChange: () -> Unit): EditText =
  EditText(this).apply {
    styled(Style.BODY)
    setHint(hint)
    setHintTextColor(getColor(R.color.text2))
    background = null
    isSingleLine = true
    minimumHeight = dp(48)
    isSaveEnabled = false
    onChange(onChange)
  }

/** Whenever the text changes. */
fun EditText.onChange(react: () -> Unit) =
  addTextChangedListener(
    object : TextWatcher {
      override fun afterTextChanged(text: Editable) = react()

      override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) {}

      override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) {}
    }
  )

fun Context.searchBar(field: EditText): View = row {
  background = shape(R.color.sunken, 24)
  pad(16)
  putIcon(R.drawable.ic_search, size = 20, end = 12)
  put(field, weight = 1f)
}

/** First letters of somebody in a circle. */
fun Context.avatar(initials: String, size: Int = 40): TextView =
  text(initials, Style.MARK, R.color.text2).apply {
    gravity = Gravity.CENTER
    background = oval(R.color.sunken)
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
    width = dp(size)
    height = dp(size)
    maxLines = 1
  }

fun Context.badge(count: Int): TextView =
  text(count.toString(), Style.TAB, R.color.on_accent).apply {
    background = shape(R.color.accent, 9)
    gravity = Gravity.CENTER
    minWidth = dp(18)
    minHeight = dp(18)
    pad(4)
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
  }

/** A field with its label above (or, where [isInside], in it) and, when something is wrong, an error under it. */
class Field(context: Context, label: CharSequence, kind: Int = InputType.TYPE_CLASS_TEXT, isInside: Boolean = false) :
  LinearLayout(context) {
  constructor(context: Context, label: Int, kind: Int) : this(context, context.getString(label), kind)

  private val name = context.text(label, Style.LABEL)
  private val frame = context.row()
  private val error = context.row().apply { visibility = GONE }

  val edit: EditText =
    EditText(context).apply {
      styled(Style.BODY)
      background = null
      setHintTextColor(context.getColor(R.color.text2))
      inputType = kind
      pad(12)
      minimumHeight = context.dp(52)
      id = generateViewId()
      isSaveEnabled = false
    }

  var value: String
    get() = edit.text.toString()
    set(text) = edit.setText(text)

  init {
    orientation = VERTICAL
    if (isInside) {
      edit.hint = label
    } else {
      name.labelFor = edit.id
      put(name, bottom = 8)
    }
    put(frame)
    frame.put(edit, weight = 1f)
    frame.pad(4)
    put(error, top = 8)
    drawFrame(false)
    edit.setOnFocusChangeListener { _, has -> drawFrame(has) }
  }

  /** A button at the end of the field. */
  fun trailing(button: View) = frame.put(button, context.dp(48), context.dp(48))

  fun fail(words: CharSequence?) {
    error.removeAllViews()
    error.visibility = if (words == null) GONE else VISIBLE
    if (words == null) return
    error.putIcon(R.drawable.ic_warn, R.color.danger, 20, end = 8)
    error.put(context.text(words, Style.SECOND, R.color.danger), weight = 1f)
    error.accessibilityLiveRegion = ACCESSIBILITY_LIVE_REGION_POLITE
  }

  private fun drawFrame(hasFocus: Boolean) {
    frame.background =
      context.shape(R.color.surface, 12, if (hasFocus) R.color.accent else R.color.edge, if (hasFocus) 2f else 1.5f)
  }
}

/** Nothing there: an icon in a circle, a heading, a line. */
fun Context.empty(icon: Int, title: CharSequence, line: CharSequence): View = column {
  gravity = Gravity.CENTER
  pad(32, 48)
  put(hero(icon, R.color.sunken, R.color.text2), dp(88), dp(88))
  put(text(title, Style.HEADING).centered(), top = 16)
  put(text(line, Style.SECOND, R.color.text2).centered(), top = 4)
}

fun Context.hero(icon: Int, fill: Int = R.color.accent_soft, color: Int = R.color.accent, size: Int = 88): View =
  FrameLayout(this).apply {
    background = oval(fill)
    addView(icon(icon, color, size / 2), FrameLayout.LayoutParams(dp(size / 2), dp(size / 2), Gravity.CENTER))
    importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
  }

/** A document; it answers to a touch where [onTap] is there. */
fun Context.documentRow(icon: Int, name: CharSequence, detail: CharSequence, onTap: (() -> Unit)?): View = row {
  pad(12, 12)
  minimumHeight = dp(56)
  put(
    FrameLayout(context).apply {
      background = shape(R.color.sunken, 8)
      addView(icon(icon), FrameLayout.LayoutParams(dp(20), dp(20), Gravity.CENTER))
    },
    dp(36), dp(36), end = 12,
  )
  put(
    column {
      put(text(name, Style.STRONG))
      put(text(detail, Style.CAPTION, R.color.text2))
    },
    weight = 1f,
  )
  if (onTap == null) return@row
  putIcon(R.drawable.ic_next, R.color.text2, 20)
  background = ripple(null)
  setOnClickListener { onTap() }
}
