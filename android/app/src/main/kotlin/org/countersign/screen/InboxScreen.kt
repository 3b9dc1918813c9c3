package org.countersign.screen

import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.EditText
import android.widget.LinearLayout
import java.time.LocalDate
import kotlinx.coroutines.launch
import org.countersign.Link
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.ContactView
import org.countersign.bridge.Folder
import org.countersign.bridge.MailSummary
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.avatar
import org.countersign.ui.badge
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.clock
import org.countersign.ui.column
import org.countersign.ui.dayGroup
import org.countersign.ui.deadlineTag
import org.countersign.ui.dp
import org.countersign.ui.empty
import org.countersign.ui.isLarge
import org.countersign.ui.line
import org.countersign.ui.oneLine
import org.countersign.ui.oval
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.searchBar
import org.countersign.ui.searchField
import org.countersign.ui.seconds
import org.countersign.ui.section
import org.countersign.ui.shape
import org.countersign.ui.shortly
import org.countersign.ui.state
import org.countersign.ui.styled
import org.countersign.ui.text
import org.countersign.ui.topShape

/** 04: what waits for this person, then mail by day. */
class InboxScreen(host: Host) : TabScreen(host, Place.Kind.INBOX, R.string.tab_inbox) {
  val write: View = context.row {
    background = context.ripple(context.shape(R.color.accent, 16), context.dp(16))
    elevation = context.dp(4).toFloat()
    pad(16)
    putIcon(R.drawable.ic_write, R.color.on_accent)
    // Enlarged, only the icon: it would cover too much.
    if (context.isLarge) contentDescription = context.getString(R.string.in_write)
    else put(context.text(R.string.in_write, Style.STRONG, R.color.on_accent), start = 8, end = 4)
    setOnClickListener { host.go(Place(Place.Kind.COMPOSE)) }
  }

  /** Narrows the list by sender and subject. */
  val search: EditText = context.searchField(R.string.in_search) { show() }
  private var people = listOf<ContactView>()
  private var waiting = listOf<ApprovalView>()
  private var mails = listOf<MailSummary>()
  private var shown = listOf<Any>()

  init {
    head.put(context.searchBar(search), start = 16, end = 16, top = 4, bottom = 12)
    float(write)
    scope.launch { session.link.collect(::tell) }
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val approvals = account.approvals()
    waiting = approvals.list().filter { it.myTurn }.map { approvals.show(it.id) }
    mails = account.mailboxes().list(Folder.INBOX).reversed()
    people = account.people().list()
    countWaiting(account)
    // A list that is the same stays: a finger may be on it.
    val facts = listOf(waiting, mails, people, LocalDate.now())
    if (facts == shown) return
    shown = facts
    show()
  }

  private fun show() {
    val wanted = search.text.toString().trim()
    val found = mails.filter { it.shown.contains(wanted, true) || it.from.contains(wanted, true) || it.subject.contains(wanted, true) }
    content.removeAllViews()
    if (waiting.isNotEmpty() && wanted.isEmpty()) content.put(pinned(waiting), start = 16, end = 16)
    if (mails.isEmpty() && waiting.isEmpty()) {
      content.put(context.empty(R.drawable.ic_inbox, R.string.in_empty, R.string.in_empty_sub), weight = 1f)
    } else if (found.isEmpty() && wanted.isNotEmpty()) {
      content.put(context.text(context.getString(R.string.sh_none, wanted), Style.BODY, R.color.text2).centered(), start = 24, end = 24, top = 48)
    }
    for ((group, rows) in found.groupBy { context.dayGroup(it.date) }) {
      content.put(context.section(group))
      rows.forEachIndexed { index, mail ->
        if (index > 0) content.put(context.line(), height = context.dp(1), start = 68)
        content.put(mailRow(mail))
      }
    }
  }

  private fun tell(link: Link) {
    notice.removeAllViews()
    if (link == Link.OFFLINE) say(Shade.NEUTRAL, R.drawable.ic_offline, context.getString(R.string.in_offline))
    if (link == Link.FAILED) {
      val last = session.lastSync?.let { context.clock(it) } ?: "–"
      say(Shade.CAUTION, R.drawable.ic_warn, context.getString(R.string.in_error, last))
    }
  }

  private fun pinned(waiting: List<ApprovalView>): View = context.card {
    pad(1, 1)
    put(
      context.row {
        // The card's corners, less its edge.
        background = context.topShape(R.color.accent_soft, 13)
        pad(16, 10)
        putIcon(R.drawable.ic_stamp, R.color.accent_ink, 20, end = 12)
        put(context.text(R.string.in_waiting, Style.LABEL, R.color.accent_ink), weight = 1f)
        put(context.badge(waiting.size))
      }
    )
    waiting.sortedBy { seconds(it.deadline) ?: Long.MAX_VALUE }.take(PINNED).forEachIndexed { index, view ->
      if (index > 0) put(context.line(), height = context.dp(1), start = 16)
      put(pinnedRow(view))
    }
  }

  private fun pinnedRow(view: ApprovalView): View = context.row {
    pad(16, 12)
    minimumHeight = context.dp(56)
    put(
      context.column {
        put(context.text(view.subject, Style.STRONG))
        val step = context.getString(R.string.in_step, view.step.toString(), view.stages.size.toString())
        put(context.text("${people.nameOf(view.requester)} · $step", Style.SECOND, R.color.text2))
        if (context.isLarge) seconds(view.deadline)?.let { put(context.deadlineTag(it), WRAP_CONTENT, top = 4) }
      },
      weight = 1f,
    )
    if (!context.isLarge) seconds(view.deadline)?.let { put(context.deadlineTag(it), start = 8) }
    putIcon(R.drawable.ic_next, R.color.text2, 20, start = 8)
    background = context.ripple(null)
    setOnClickListener { host.go(Place(Place.Kind.APPROVAL, view.id)) }
  }

  private fun mailRow(mail: MailSummary): View = context.row {
    gravity = Gravity.TOP
    minimumHeight = context.dp(96)
    setPaddingRelative(0, context.dp(12), context.dp(16), context.dp(12))
    val style = if (mail.seen) Style.BODY else Style.STRONG
    val face = context.face(mail)
    val time = mail.date?.let { context.shortly(it) }.orEmpty()
    put(unreadDot(!mail.seen), context.dp(16), context.dp(40))
    put(context.avatar(mail.shown), context.dp(40), context.dp(40), end = 12)
    put(
      context.column {
        put(
          context.row {
            put(context.text(mail.shown, style).also { if (!context.isLarge) it.oneLine() }, weight = 1f)
            if (!context.isLarge) put(context.text(time, Style.CAPTION, R.color.text2), start = 8)
          }
        )
        if (context.isLarge) put(context.text(time, Style.CAPTION, R.color.text2))
        val subject = context.subject(mail.subject)
        put(context.text(subject, Style.SUBJECT).also { if (!mail.seen) it.styled(Style.STRONG) })
        put(context.state(face.icon, face.words, face.color), top = 6)
      },
      weight = 1f,
    )
    contentDescription = spoken(mail, face, time)
    background = context.ripple(null)
    setOnClickListener { host.go(Place(Place.Kind.MESSAGE, mail.id)) }
  }

  private fun spoken(mail: MailSummary, face: Face, time: String): String {
    val unread = if (mail.seen) "" else context.getString(R.string.a_unread)
    val whole = context.getString(R.string.a_row, unread, mail.shown, context.subject(mail.subject), face.words, time, "", "")
    return whole.split(", ", "，").filter(String::isNotBlank).joinToString(", ")
  }

  private fun unreadDot(isUnread: Boolean): View = LinearLayout(context).apply {
    gravity = Gravity.CENTER
    if (isUnread) {
      put(View(context).apply { background = context.oval(R.color.accent) }, context.dp(8), context.dp(8))
    }
  }

  override fun save(state: Bundle) = state.putString("search", search.text.toString())

  override fun restore(state: Bundle) = search.setText(state.getString("search", ""))

  private companion object {
    const val PINNED = 3
  }
}
