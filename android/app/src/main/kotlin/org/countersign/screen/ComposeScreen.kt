package org.countersign.screen

import android.content.ActivityNotFoundException
import android.content.Intent
import android.os.Bundle
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.Switch
import kotlinx.coroutines.launch
import org.countersign.R
import org.countersign.bridge.All
import org.countersign.bridge.AnyOne
import org.countersign.bridge.CoreException
import org.countersign.bridge.Deciding
import org.countersign.bridge.FileToSend
import org.countersign.bridge.InOrder
import org.countersign.bridge.NewApproval
import org.countersign.bridge.NewMail
import org.countersign.bridge.RecipientView
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.documentRow
import org.countersign.ui.dp
import org.countersign.ui.iconButton
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.scroll
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.styled
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 09: a mail or, with the switch, a request for approval. */
class ComposeScreen(host: Host, argument: String) : Screen(host) {
  private enum class Order(val words: Int, val deciding: Deciding) {
    IN_ORDER(R.string.co_order, InOrder),
    ALL(R.string.co_all, All),
    ANY(R.string.co_any, AnyOne),
  }

  val to = PeopleField(context) { checkPeople() }
  val cc = PeopleField(context) { checkPeople() }
  val approval = Switch(context)
  val subject = line(InputType.TYPE_TEXT_FLAG_CAP_SENTENCES, R.string.co_subject, Style.STRONG)
  val body = line(InputType.TYPE_TEXT_FLAG_MULTI_LINE or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES, R.string.co_text, Style.BODY)
  val foot: LinearLayout = context.column()
  private val orders: LinearLayout = context.row()
  private val fileRows: LinearLayout = context.column()
  private var order = Order.IN_ORDER
  private var people = listOf<RecipientView>()
  private var files = listOf<FileToSend>()
  private var isSending = false
  private var problem: String? = null

  var send = sendButton(R.string.co_send)
    private set

  override val view: View = context.column {
    put(
      context.topBar(R.drawable.ic_close, R.string.a_close, context.getString(R.string.co_title), { host.back() }) {
        put(context.iconButton(R.drawable.ic_clip, context.getString(R.string.a_file)) { pick() }, context.dp(48), context.dp(48))
      }
    )
    put(
      context.scroll(
        context.column {
          put(switchRow())
          put(to)
          put(orders, start = 16, end = 16, bottom = 8)
          put(context.line(), height = context.dp(1))
          put(cc)
          put(context.line(), height = context.dp(1))
          put(subject, start = 16, end = 16)
          put(context.line(), height = context.dp(1))
          put(body, start = 16, end = 16, top = 8)
          put(fileRows, start = 4, end = 4)
        }
      ),
      weight = 1f,
    )
    put(foot)
  }

  init {
    fill(Draft.read(argument))
    approval.setOnCheckedChangeListener { _, _ -> draw() }
    draw()
  }

  private fun line(type: Int, hint: Int, style: Style) =
    EditText(context).apply {
      styled(style)
      background = null
      setHint(hint)
      setHintTextColor(context.getColor(R.color.text2))
      inputType = InputType.TYPE_CLASS_TEXT or type
      minimumHeight = context.dp(52)
      gravity = Gravity.TOP or Gravity.START
      pad(0, 14)
      isSaveEnabled = false
    }

  private fun switchRow(): View = context.row {
    setBackgroundColor(context.getColor(R.color.accent_soft))
    pad(16, 12)
    putIcon(R.drawable.ic_stamp, R.color.accent_ink, end = 12)
    put(
      context.column {
        put(context.text(R.string.co_switch, Style.STRONG, R.color.accent_ink))
        put(context.text(R.string.co_switch_sub, Style.SECOND, R.color.accent_ink))
        importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
      },
      weight = 1f,
    )
    approval.contentDescription = context.getString(R.string.co_switch)
    approval.minimumHeight = context.dp(48)
    approval.minimumWidth = context.dp(52)
    put(approval, start = 8)
  }

  override suspend fun load() = look()

  private fun checkPeople() {
    scope.launch { look() }
  }

  private suspend fun look() {
    val account = session.account() ?: return
    val all = to.addresses + cc.addresses
    people = if (all.isEmpty()) emptyList() else account.composer().recipients(all)
    to.show(people)
    cc.show(people)
    draw()
  }

  private fun draw() {
    val isApproval = approval.isChecked
    to.named(if (isApproval) R.string.co_route else R.string.co_to, isApproval)
    cc.named(if (isApproval) R.string.co_informed else R.string.co_cc, false)
    orders.visibility = if (isApproval && to.addresses.size > 1) View.VISIBLE else View.GONE
    drawOrders()
    fileRows.removeAllViews()
    for (file in files) fileRows.put(context.documentRow(file.name, file.contentType) { remove(file) })
    footer(isApproval)
  }

  private fun drawOrders() {
    orders.removeAllViews()
    orders.background = context.shape(R.color.sunken, 12)
    orders.pad(4, 4)
    for (each in Order.entries) {
      val isOn = each == order
      val segment = context.text(each.words, Style.LABEL, if (isOn) R.color.text else R.color.text2).centered()
      segment.gravity = Gravity.CENTER
      segment.minimumHeight = context.dp(48)
      segment.background = context.ripple(if (isOn) context.shape(R.color.surface, 9, R.color.line) else null, context.dp(9))
      segment.isSelected = isOn
      segment.setOnClickListener {
        order = each
        drawOrders()
      }
      orders.put(segment, weight = 1f)
    }
  }

  private fun footer(isApproval: Boolean) {
    foot.removeAllViews()
    foot.setBackgroundColor(context.getColor(R.color.surface))
    foot.put(context.line(), height = context.dp(1))
    val without = people.firstOrNull { !it.canEncrypt }
    problem?.let { foot.put(context.banner(Shade.DANGER, R.drawable.ic_warn, it), start = 16, end = 16, top = 12) }
    if (without != null) {
      val words = context.getString(R.string.co_warn, without.name?.ifBlank { null } ?: without.address)
      foot.put(context.banner(Shade.CAUTION, R.drawable.ic_lock_open, words), start = 16, end = 16, top = 12)
    } else if (people.isNotEmpty()) {
      val all = context.state(R.drawable.ic_lock, context.getString(R.string.co_all_ok), R.color.accent)
      foot.put(all, start = 16, end = 16, top = 12)
    }
    send = sendButton(if (isApproval) R.string.co_send_ap else R.string.co_send)
    send.isEnabled = !isSending && to.addresses.isNotEmpty() && without == null
    foot.put(send, start = 16, end = 16, top = 8, bottom = 12)
    if (without != null && !isApproval) {
      foot.put(context.action(Kind.TEXT, R.string.co_plain) { send(isPlain = true) }, start = 16, end = 16, bottom = 8)
    }
  }

  private fun sendButton(words: Int) =
    context.action(Kind.PRIMARY, words, if (words == R.string.co_send_ap) R.drawable.ic_stamp else null) { send(isPlain = false) }

  private fun send(isPlain: Boolean) {
    to.take()
    cc.take()
    val (title, text) = subject.text.toString().trim() to body.text.toString()
    isSending = true
    problem = null
    draw()
    scope.launch {
      try {
        val account = session.account() ?: return@launch
        if (approval.isChecked) {
          val request = NewApproval(to = to.addresses, cc = cc.addresses, subject = title, text = text, files = files, deciding = order.deciding)
          account.approvals().request(request)
        } else {
          val mail = NewMail(to = to.addresses, cc = cc.addresses, subject = title, text = text, files = files, signedOnly = isPlain)
          account.composer().send(mail)
        }
        session.syncSoon()
        host.back()
      } catch (_: CoreException) {
        problem = context.getString(R.string.er_other)
        isSending = false
        draw()
      }
    }
  }

  private fun pick() {
    try {
      host.ask(Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*"))
    } catch (_: ActivityNotFoundException) {
      // Nothing on this phone offers files.
    }
  }

  override fun answered(data: Intent) {
    val uri = data.data ?: return
    scope.launch {
      host.pickedFile(uri)?.let(::attach)
    }
  }

  fun attach(file: FileToSend) {
    files = files + file
    draw()
  }

  private fun remove(file: FileToSend) {
    files = files - file
    draw()
  }

  private fun fill(draft: Draft) {
    to.set(draft.to)
    cc.set(draft.cc)
    subject.setText(draft.subject)
    body.setText(draft.text)
    approval.isChecked = draft.isApproval
  }

  /** Text and people only; files are chosen again. */
  override fun save(state: Bundle) =
    state.putString("draft", Draft(to.addresses, cc.addresses, subject.text.toString(), body.text.toString(), approval.isChecked).write())

  override fun restore(state: Bundle) {
    state.getString("draft")?.let { fill(Draft.read(it)) }
    draw()
  }
}
