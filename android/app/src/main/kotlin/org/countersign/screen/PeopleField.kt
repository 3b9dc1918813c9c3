package org.countersign.screen

import android.content.Context
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.view.inputmethod.EditorInfo
import android.widget.EditText
import android.widget.LinearLayout
import org.countersign.R
import org.countersign.bridge.RecipientView
import org.countersign.bridge.isAddress
import org.countersign.ui.Style
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.iconButton
import org.countersign.ui.oval
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.row
import org.countersign.ui.state
import org.countersign.ui.styled
import org.countersign.ui.text

/** To or Cc: people one below the other, each with whether mail to them can be encrypted. Approvers are numbered and can be moved. */
class PeopleField(context: Context, private val onChange: () -> Unit) : LinearLayout(context) {
  private val title = context.text("", Style.SECOND, R.color.text2).heading()
  private val rows = context.column()
  private var known = mapOf<String, RecipientView>()
  private var isNumbered = false

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
      setOnFocusChangeListener { _, has -> if (!has) take() }
    }
  val add = context.iconButton(R.drawable.ic_plus, context.getString(R.string.a_add), R.color.accent) { take() }

  init {
    orientation = VERTICAL
    setPaddingRelative(context.dp(16), context.dp(8), context.dp(4), 0)
    put(title)
    put(rows)
    put(
      context.row {
        put(input, weight = 1f)
        put(add, context.dp(48), context.dp(48))
      }
    )
  }

  fun named(words: Int, isNumbered: Boolean) {
    title.setText(words)
    this.isNumbered = isNumbered
    draw()
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

  private fun change(to: List<String>) {
    addresses = to
    draw()
    onChange()
  }

  private fun draw() {
    rows.removeAllViews()
    addresses.forEachIndexed { index, address -> rows.put(person(index, address)) }
  }

  private fun person(index: Int, address: String): View = context.row {
    minimumHeight = context.dp(52)
    if (isNumbered) {
      val number = context.text("${index + 1}", Style.LABEL)
      number.gravity = Gravity.CENTER
      number.background = context.oval(R.color.surface, R.color.edge)
      put(number, context.dp(28), context.dp(28), end = 12)
    }
    val who = known[address]
    val name = who?.name?.ifBlank { null } ?: address
    put(
      context.column {
        put(context.text(name, Style.BODY))
        if (name != address) put(context.text(address, Style.SECOND, R.color.text2))
        who?.let { put(state(it), top = 2) }
      },
      weight = 1f,
    )
    if (isNumbered && index > 0) {
      val up = context.getString(R.string.a_up)
      put(context.iconButton(R.drawable.ic_drag, up, R.color.text2) { change(addresses.moved(index)) }, context.dp(48), context.dp(48))
    }
    val remove = context.getString(R.string.a_remove, name)
    put(context.iconButton(R.drawable.ic_close, remove, R.color.text2) { change(addresses - address) }, context.dp(48), context.dp(48))
  }

  private fun state(who: RecipientView) =
    if (who.canEncrypt) context.state(R.drawable.ic_lock, context.getString(R.string.co_can), R.color.accent)
    else context.state(R.drawable.ic_lock_open, context.getString(R.string.co_none), R.color.caution)

  private fun List<String>.moved(index: Int) = toMutableList().also { it.add(index - 1, it.removeAt(index)) }
}
