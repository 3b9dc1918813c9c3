package org.countersign.screen

import android.content.Intent
import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import java.util.UUID
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.Button
import org.countersign.bridge.CoreException
import org.countersign.bridge.DoesExchange
import org.countersign.bridge.DoesForward
import org.countersign.bridge.DoesReply
import org.countersign.bridge.DoesReplyAll
import org.countersign.bridge.DoesWrite
import org.countersign.bridge.FileRow
import org.countersign.bridge.MessagePage
import org.countersign.bridge.PlainLabel
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.avatar
import org.countersign.ui.banner
import org.countersign.ui.button
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.documentRow
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.heading
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.scroll
import org.countersign.ui.section
import org.countersign.ui.size
import org.countersign.ui.state
import org.countersign.ui.switchOff
import org.countersign.ui.text
import org.countersign.ui.topBar
import org.countersign.ui.why

/** 05: one mail with its trust line. */
class MessageScreen(host: Host, private val id: String) : Screen(host) {
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var details: DetailsSheet? = null
  private val files = Files(host, scope) { part ->
    checkNotNull(session.account()) { "there is an account" }.mailboxes().attachment(id, part)
  }

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
    val mailboxes = session.account()?.mailboxes() ?: return
    val page = mailboxes.readScreen(id)
    page.approval?.let {
      // A request is shown as a request.
      host.replace(Place(Place.Kind.APPROVAL, it))
      return
    }
    show(page)
  }

  /** Nothing that was read before is true any more. */
  override fun failed(error: CoreException) {
    content.removeAllViews()
    foot.removeAllViews()
    content.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, context.why(error)), start = 16, end = 16, top = 12)
    content.put(context.action(Kind.TEXT, R.string.a_back) { host.back() }, start = 16, end = 16, top = 12)
  }

  internal fun show(page: MessagePage) {
    content.removeAllViews()
    val ink = if (page.subject is PlainLabel) R.color.text else R.color.text2
    content.put(context.text(context.say(page.subject), Style.TITLE, ink).heading(), start = 16, end = 16)
    content.put(sender(page), start = 16, end = 16, top = 12)
    val panel = context.trustPanel(page.status, { details(page) }) { it.action?.let(::act) }
    status = panel
    content.put(panel, start = 16, end = 16, top = 12)
    page.technical?.let { content.put(context.button(it) { details(page) }, start = 16, end = 16, top = 4) }
    page.text?.trimEnd()?.ifEmpty { null }?.let {
      val text = context.text(it, Style.BODY)
      text.setTextIsSelectable(true)
      content.put(text, start = 16, end = 16, top = 16, bottom = 16)
    }
    attachments(page)
    foot.removeAllViews()
    if (page.buttons.isNotEmpty()) foot.put(replyBar(page))
  }

  private fun sender(page: MessagePage) = context.row {
    gravity = Gravity.TOP
    put(context.avatar(page.sender.initials), context.dp(40), context.dp(40), end = 12)
    put(
      context.column {
        put(context.text(page.sender.name, Style.STRONG))
        page.sender.address?.let { put(context.text(it, Style.SECOND, R.color.text2)) }
        put(context.text(context.say(page.to), Style.SECOND, R.color.text2))
      },
      weight = 1f,
    )
  }

  private fun attachments(page: MessagePage) {
    val title = page.filesTitle ?: return
    content.put(context.section("${context.say(title)} · ${page.files.size}"))
    val list = context.card {
      page.files.forEachIndexed { index, file ->
        if (index > 0) put(context.line(), height = context.dp(1), start = 60)
        put(attachment(file))
      }
    }
    content.put(list, start = 16, end = 16, bottom = 16)
  }

  private fun attachment(file: FileRow): View {
    val name = context.say(file.name)
    val open = { files.open(file.part, name, ANY) }
    val detail = "${context.size(file.size)} · ${context.say(file.state)}"
    val row = context.documentRow(drawable(file.icon), name, detail, open.takeIf { file.isEnabled })
    row.contentDescription = context.say(file.spoken)
    if (!file.isEnabled) row.switchOff()
    return row
  }

  private fun replyBar(page: MessagePage) = context.column {
    setBackgroundColor(context.getColor(R.color.surface))
    put(context.line(), height = context.dp(1))
    page.replyNote?.let { note ->
      put(
        context.row {
          gravity = Gravity.CENTER
          putIcon(drawable(note.icon), R.color.text2, 16, end = 6)
          put(context.text(context.say(note.text), Style.CAPTION, R.color.text2))
        },
        top = 8,
      )
    }
    put(
      context.row {
        pad(8, 4)
        for (button in page.buttons) put(pillar(button), weight = 1f)
      }
    )
  }

  private fun pillar(button: Button) = context.column {
    gravity = Gravity.CENTER
    minimumHeight = context.dp(52)
    button.icon?.let { putIcon(drawable(it), R.color.accent, gravity = Gravity.CENTER_HORIZONTAL) }
    put(context.text(context.say(button.text), Style.STATE, R.color.accent).centered())
    background = context.ripple(null, context.dp(12))
    setOnClickListener { act(button) }
  }

  /** The action of a warning never answers the warned mail: it writes a new one, or leads to the exchange. */
  private fun act(button: Button) {
    when (val does = button.does) {
      is DoesExchange -> host.go(Place(Place.Kind.EXCHANGE))
      is DoesWrite -> host.go(Place(Place.Kind.COMPOSE, Draft(to = listOfNotNull(does.address)).write()))
      is DoesReply,
      is DoesReplyAll,
      is DoesForward -> scope.launch { answer(button) }
      else -> {}
    }
  }

  private suspend fun answer(button: Button) {
    try {
      val account = session.account() ?: return
      val mail = account.mailboxes().read(id)
      val headers = mail.verdict.headers
      val sender = headers.from.take(1)
      val draft =
        when (button.does) {
          is DoesForward -> Draft(subject = titled("Fwd: ", headers.subject), text = "\n\n" + mail.text.orEmpty())
          is DoesReplyAll -> {
            val others = (headers.to + headers.cc).filterNot { it == account.summary().address || it in sender }
            Draft(to = sender + others, subject = titled("Re: ", headers.subject), answers = id)
          }
          else -> Draft(to = sender, subject = titled("Re: ", headers.subject), answers = id)
        }
      // A forwarded text can be long.
      host.go(Place(Place.Kind.COMPOSE, session.drafts.hold(UUID.randomUUID().toString(), draft.write())))
    } catch (error: CoreException) {
      foot.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, context.why(error)), start = 16, end = 16, bottom = 12)
    }
  }

  private fun titled(prefix: String, subject: String?) =
    if (subject.orEmpty().startsWith(prefix, ignoreCase = true)) subject.orEmpty() else prefix + subject.orEmpty()

  private fun details(page: MessagePage) {
    val verdict = suspend { checkNotNull(session.account()) { "there is an account" }.mailboxes().read(id).verdict }
    details = DetailsSheet(context, page, scope, verdict).also { it.show() }
  }

  override fun answered(data: Intent) {
    data.data?.let(files::write)
  }

  override fun save(state: Bundle) = files.save(state)

  override fun restore(state: Bundle) = files.restore(state)

  override fun gone() {
    details?.dismiss()
  }

  private companion object {
    const val ANY = "application/octet-stream"
  }
}
