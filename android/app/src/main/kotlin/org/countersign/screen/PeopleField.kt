package org.countersign.screen

import android.content.Context
import android.graphics.drawable.InsetDrawable
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.view.inputmethod.EditorInfo
import android.view.inputmethod.InputMethodManager
import android.widget.EditText
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.Recipient
import org.countersign.bridge.isAddress
import org.countersign.ui.Flow
import org.countersign.ui.Style
import org.countersign.ui.color
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.iconButton
import org.countersign.ui.oval
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.styled
import org.countersign.ui.text

/**
 * To or Cc, each person with whether mail to them can be encrypted: in a mail as small pieces beside the name of the field, in a
 * request as lines below it, approvers numbered and movable.
 */
class PeopleField(context: Context, private val onChange: () -> Unit) : LinearLayout(context) {
  /** How the people stand. */
  enum class Look { PIECES, LINES, NUMBERED }

  private val title = context.text("", Style.SECOND, R.color.text2)
  private val pieces = Flow(context)
  private val lines = context.column()
  private var known = mapOf<String, Recipient>()
  private var look: Look? = null
  private var isWriting = false

  var addresses = listOf<String>()
    private set

  val input: EditText =
    EditText(context).apply {
      styled(Style.BODY)
      background = null
      setHintTextColor(context.getColor(R.color.text2))
      setHint(R.string.ob_label)
      inputType = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_EMAIL_ADDRESS
      imeOptions = EditorInfo.IME_ACTION_NEXT
      minimumHeight = context.dp(48)
      pad(0)
      isSaveEnabled = false
      setOnEditorActionListener { _, _, _ -> take() }
      setOnFocusChangeListener { _, has -> if (!has) leave() }
    }
  val add = context.iconButton(R.drawable.ic_plus, context.getString(R.string.a_add), R.color.accent) { if (!take()) write() }

  init {
    orientation = VERTICAL
    setPaddingRelative(context.dp(16), context.dp(4), context.dp(4), context.dp(4))
  }

  fun named(words: CharSequence, look: Look) {
    title.text = words
    add.contentDescription = "${context.getString(R.string.a_add)}: ${title.text}"
    if (look != this.look) arrange(look)
    draw()
  }

  private fun arrange(look: Look) {
    this.look = look
    for (part in listOf(title, pieces, lines, input, add)) (part.parent as? LinearLayout)?.removeView(part)
    removeAllViews()
    if (look == Look.PIECES) {
      put(
        context.row {
          gravity = Gravity.TOP
          put(title, context.labelWidth, top = 14)
          put(
            context.column {
              put(pieces)
              put(input)
            },
            weight = 1f,
          )
          put(add, context.dp(48), context.dp(48))
        }
      )
    } else {
      put(
        context.row {
          put(title, weight = 1f)
          put(add, context.dp(48), context.dp(48))
        }
      )
      put(lines)
      put(input)
    }
  }

  fun set(addresses: List<String>) {
    this.addresses = addresses
    draw()
  }

  fun show(people: List<Recipient>) {
    known = people.associateBy { it.address.lowercase() }
    draw()
  }

  private fun known(address: String) = known[address.lowercase()]

  /** Takes what stands in the field; false when that is no address. */
  fun take(): Boolean {
    val written = input.text.toString().trim()
    if (written.isEmpty()) return false
    if (!isAddress(written)) {
      input.error = context.getString(R.string.ob_bad)
      return false
    }
    input.setText("")
    if (written !in addresses) change(addresses + written)
    return true
  }

  /** Takes what stands in the field; true when something is left there that is no address. */
  fun isLeft(): Boolean {
    if (input.text.isBlank() || take()) return false
    input.requestFocus()
    return true
  }

  private fun write() {
    isWriting = true
    draw()
    input.requestFocus()
    context.getSystemService(InputMethodManager::class.java).showSoftInput(input, 0)
  }

  private fun leave() {
    take()
    isWriting = false
    draw()
  }

  private fun change(to: List<String>) {
    addresses = to
    draw()
    onChange()
  }

  private fun draw() {
    pieces.removeAllViews()
    lines.removeAllViews()
    if (look == Look.PIECES) addresses.forEach { pieces.addView(piece(it)) }
    else addresses.forEachIndexed { index, address -> lines.put(person(index, address)) }
    val isNeeded = addresses.isEmpty() || isWriting || input.text.isNotEmpty()
    input.visibility = if (isNeeded) View.VISIBLE else View.GONE
  }

  /** A touch takes the person out. */
  private fun piece(address: String): View = context.row {
    val who = known(address)
    minimumHeight = context.dp(48)
    pad(10)
    background = context.ripple(InsetDrawable(context.shape(R.color.surface, 17, R.color.line), 0, context.dp(7), 0, context.dp(7)), context.dp(17))
    who?.state?.let { putIcon(drawable(it.icon), color(it.tone), 16, end = 6) }
    put(context.text(who?.name ?: address, Style.SECOND), weight = 1f)
    putIcon(R.drawable.ic_close, R.color.text2, 16, start = 6)
    contentDescription = listOfNotNull(remove(address), who?.let { context.say(it.state.text) }).joinToString(", ")
    setOnClickListener { change(addresses - address) }
  }

  private fun person(index: Int, address: String): View = context.row {
    minimumHeight = context.dp(56)
    pad(0, 6)
    if (look == Look.NUMBERED) {
      val number = context.text("${index + 1}", Style.MARK)
      number.gravity = Gravity.CENTER
      number.background = context.oval(R.color.surface, R.color.edge)
      put(number, context.dp(28), context.dp(28), end = 12)
    }
    val name = known(address)?.name ?: address
    put(
      context.column {
        put(context.text(name, Style.BODY))
        if (name != address) put(context.text(address, Style.SECOND, R.color.text2))
        known(address)?.let { put(context.state(it.state), top = 2) }
      },
      weight = 1f,
    )
    if (look == Look.NUMBERED && index > 0) {
      val up = context.getString(R.string.a_up)
      put(context.iconButton(R.drawable.ic_drag, "$up: $name", R.color.text2) { change(addresses.moved(index)) }, context.dp(48), context.dp(48))
    }
    put(context.iconButton(R.drawable.ic_close, remove(address), R.color.text2) { change(addresses - address) }, context.dp(48), context.dp(48))
  }

  private fun remove(address: String) = known(address)?.let { context.say(it.remove) } ?: context.getString(R.string.a_remove, address)

  private fun List<String>.moved(index: Int) = toMutableList().also { it.add(index - 1, it.removeAt(index)) }
}

/** Width of the names of fields. */
val Context.labelWidth get() = (dp(LABEL) * resources.configuration.fontScale.coerceIn(1f, 1.3f)).toInt()

private const val LABEL = 80
