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
import org.countersign.bridge.RecipientView
import org.countersign.bridge.isAddress
import org.countersign.ui.Flow
import org.countersign.ui.Style
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.iconButton
import org.countersign.ui.oval
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
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
  private var known = mapOf<String, RecipientView>()
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

  fun named(words: Int, look: Look) {
    title.setText(words)
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

  fun show(people: List<RecipientView>) {
    known = people.associateBy { it.address }
    draw()
  }

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

  private fun nameOf(address: String) = known[address]?.name?.ifBlank { null } ?: address

  /** A touch takes the person out. */
  private fun piece(address: String): View = context.row {
    val who = known[address]
    val canEncrypt = who?.canEncrypt != false
    minimumHeight = context.dp(48)
    pad(10)
    background = context.ripple(InsetDrawable(context.shape(R.color.surface, 17, R.color.line), 0, context.dp(7), 0, context.dp(7)), context.dp(17))
    if (who != null) putIcon(if (canEncrypt) R.drawable.ic_lock else R.drawable.ic_lock_open, if (canEncrypt) R.color.accent else R.color.caution, 16, end = 6)
    put(context.text(nameOf(address), Style.SECOND), weight = 1f)
    putIcon(R.drawable.ic_close, R.color.text2, 16, start = 6)
    val state = context.getString(if (canEncrypt) R.string.co_can else R.string.co_none)
    val remove = context.getString(R.string.a_remove, nameOf(address))
    contentDescription = if (who == null) remove else "$remove, $state"
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
    val name = nameOf(address)
    put(
      context.column {
        put(context.text(name, Style.BODY))
        if (name != address) put(context.text(address, Style.SECOND, R.color.text2))
        known[address]?.let { put(state(it), top = 2) }
      },
      weight = 1f,
    )
    if (look == Look.NUMBERED && index > 0) {
      val up = context.getString(R.string.a_up)
      put(context.iconButton(R.drawable.ic_drag, "$up: $name", R.color.text2) { change(addresses.moved(index)) }, context.dp(48), context.dp(48))
    }
    val remove = context.getString(R.string.a_remove, name)
    put(context.iconButton(R.drawable.ic_close, remove, R.color.text2) { change(addresses - address) }, context.dp(48), context.dp(48))
  }

  private fun state(who: RecipientView) =
    if (who.canEncrypt) context.state(R.drawable.ic_lock, context.getString(R.string.co_can), R.color.accent)
    else context.state(R.drawable.ic_lock_open, context.getString(R.string.co_none), R.color.caution)

  private fun List<String>.moved(index: Int) = toMutableList().also { it.add(index - 1, it.removeAt(index)) }
}

/** Width of the names of fields. */
val Context.labelWidth get() = (dp(LABEL) * resources.configuration.fontScale.coerceIn(1f, 1.3f)).toInt()

private const val LABEL = 68
