package org.countersign.screen

import android.content.Intent
import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.AttachmentView
import org.countersign.bridge.ContactView
import org.countersign.bridge.MailHeaders
import org.countersign.bridge.MailView
import org.countersign.bridge.RecipientView
import org.countersign.bridge.TrustLine
import org.countersign.bridge.Warning
import org.countersign.ui.Kind
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.avatar
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.documentRow
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.scroll
import org.countersign.ui.section
import org.countersign.ui.shortly
import org.countersign.ui.size
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 05: one mail with its trust line. */
class MessageScreen(host: Host, private val id: String) : Screen(host) {
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var details: DetailsSheet? = null
  private var files: Files? = null
  private var people = listOf<ContactView>()

  /** The trust line or the warning. */
  var status: View? = null
    private set

  override val footColor = R.color.surface

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_back, R.string.a_back, null, { host.back() }))
    put(context.scroll(content), weight = 1f)
    put(foot)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val mailboxes = account.mailboxes()
    val mail = mailboxes.read(id)
    val approval = mail.approval
    if (approval != null && account.approvals().list().any { it.id == approval }) {
      // A request is shown as a request.
      host.replace(Place(Place.Kind.APPROVAL, approval))
      return
    }
    val me = account.summary().address
    people = account.people().list()
    files = Files(host, scope) { part -> mailboxes.attachment(id, part) }
    val sender = mail.verdict.headers.from.firstOrNull()
    val reply = sender?.let { account.composer().recipients(listOf(it)).firstOrNull() }
    show(mail, me, reply)
  }

  private fun show(mail: MailView, me: String, reply: RecipientView?) {
    val headers = mail.verdict.headers
    val address = headers.from.firstOrNull().orEmpty()
    val subject = context.subject(headers.subject)
    content.removeAllViews()
    val isOwn = subject == headers.subject
    content.put(context.text(subject, Style.TITLE, if (isOwn) R.color.text else R.color.text2).heading(), start = 16, end = 16)
    content.put(sender(mail.name?.ifBlank { null } ?: address, address, headers, me), start = 16, end = 16, top = 12)
    val panel = context.trustPanel(mail.status, { details(mail) }, ::act)
    status = panel
    content.put(panel, start = 16, end = 16, top = 12)
    mail.text?.trimEnd()?.ifEmpty { null }?.let {
      val text = context.text(it, Style.BODY)
      text.setTextIsSelectable(true)
      content.put(text, start = 16, end = 16, top = 16, bottom = 16)
    }
    attachments(mail)
    foot.removeAllViews()
    if (reply != null && mail.status is TrustLine) foot.put(replyBar(mail, reply, me))
  }

  private fun sender(name: String, address: String, headers: MailHeaders, me: String) = context.row {
    gravity = Gravity.TOP
    put(context.avatar(name), context.dp(40), context.dp(40), end = 12)
    put(
      context.column {
        put(context.text(name, Style.STRONG))
        // A name is the sender's own word: the address stands with it.
        if (name != address) put(context.text(address, Style.SECOND, R.color.text2))
        val names = headers.to.joinToString { if (it == me) context.getString(R.string.c_me) else people.nameOf(it) }
        val time = headers.date?.let { context.shortly(it) }.orEmpty()
        put(context.text(context.getString(R.string.me_to, names, time), Style.SECOND, R.color.text2))
      },
      weight = 1f,
    )
  }

  private fun attachments(mail: MailView) {
    if (mail.attachments.isEmpty()) return
    content.put(context.section("${context.getString(R.string.me_attach)} · ${mail.attachments.size}"))
    val isHeld = (mail.status as? Warning)?.isHeld == true
    val list = context.card {
      mail.attachments.forEachIndexed { index, file ->
        if (index > 0) put(context.line(), height = context.dp(1), start = 60)
        put(attachment(file, isHeld))
      }
    }
    content.put(list, start = 16, end = 16, bottom = 16)
  }

  private fun attachment(file: AttachmentView, isHeld: Boolean): View {
    val name = file.name ?: file.contentType
    val saved = context.getString(R.string.me_saved)
    val open = { files?.open(file.part, name, file.contentType) ?: Unit }
    val row = context.documentRow(name, "${context.size(file.octets)} · $saved", open.takeUnless { isHeld })
    row.contentDescription = context.getString(R.string.a_doc, name, context.size(file.octets), saved)
    row.alpha = if (isHeld) 0.5f else 1f
    return row
  }

  private fun replyBar(mail: MailView, reply: RecipientView, me: String) = context.column {
    setBackgroundColor(context.getColor(R.color.surface))
    put(context.line(), height = context.dp(1))
    if (reply.canEncrypt) {
      put(
        context.row {
          gravity = Gravity.CENTER
          putIcon(R.drawable.ic_lock, R.color.text2, 16, end = 6)
          put(context.text(R.string.me_reply_enc, Style.CAPTION, R.color.text2))
        },
        top = 8,
      )
    }
    put(
      context.row {
        pad(8, 4)
        val headers = mail.verdict.headers
        val others = (headers.to + headers.cc).filter { it != me && it != reply.address }
        val subject = headers.subject.orEmpty()
        put(act(R.drawable.ic_reply, R.string.me_reply) { compose(listOf(reply.address), "Re: ", subject) }, weight = 1f)
        if (others.isNotEmpty()) {
          val all = listOf(reply.address) + others
          put(act(R.drawable.ic_reply_all, R.string.me_reply_all) { compose(all, "Re: ", subject) }, weight = 1f)
        }
        put(act(R.drawable.ic_forward, R.string.me_forward) { compose(emptyList(), "Fwd: ", subject, mail.text) }, weight = 1f)
      }
    )
  }

  private fun act(icon: Int, words: Int, onTap: () -> Unit) = context.column {
    gravity = Gravity.CENTER
    minimumHeight = context.dp(52)
    putIcon(icon, R.color.accent, gravity = Gravity.CENTER_HORIZONTAL)
    put(context.text(words, Style.STATE, R.color.accent).centered())
    background = context.ripple(null, context.dp(12))
    setOnClickListener { onTap() }
  }

  private fun compose(to: List<String>, prefix: String, subject: String, text: String? = null) {
    val title = if (subject.startsWith(prefix, ignoreCase = true)) subject else prefix + subject
    host.go(Place(Place.Kind.COMPOSE, Draft(to = to, subject = title, text = text?.let { "\n\n$it" }.orEmpty()).write()))
  }

  /** The action of a warning never answers the warned mail. */
  private fun act(warning: Warning) {
    if (warning.action?.text?.key == "ct_scan") host.go(Place(Place.Kind.EXCHANGE)) else host.go(Place(Place.Kind.COMPOSE))
  }

  private fun details(mail: MailView) {
    details = DetailsSheet(context, mail, people::nameOf).also { it.show() }
  }

  override fun answered(data: Intent) {
    data.data?.let { files?.save(it) }
  }

  override fun gone() {
    details?.dismiss()
  }
}
