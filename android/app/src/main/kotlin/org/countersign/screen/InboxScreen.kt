package org.countersign.screen

import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.EditText
import android.widget.LinearLayout
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.Day
import org.countersign.bridge.InboxPage
import org.countersign.bridge.MailRow
import org.countersign.bridge.PinnedRow
import org.countersign.bridge.Waiting
import org.countersign.ui.Style
import org.countersign.ui.avatar
import org.countersign.ui.badge
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.due
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
import org.countersign.ui.say
import org.countersign.ui.searchBar
import org.countersign.ui.searchField
import org.countersign.ui.section
import org.countersign.ui.shape
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
  val search: EditText = context.searchField(R.string.in_search) { page?.let(::show) }
  private var page: InboxPage? = null

  init {
    head.put(context.searchBar(search), start = 16, end = 16, top = 4, bottom = 12)
    float(write)
    scope.launch { session.link.collect { reloadSoon() } }
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val page = account.mailboxes().screen(session.connection, session.clock())
    showWaiting(page.badge)
    // A list that is the same stays: a finger may be on it.
    if (page == this.page) return
    this.page = page
    show(page)
  }

  private fun show(page: InboxPage) {
    val wanted = search.text.toString().trim()
    val days = if (wanted.isEmpty()) page.days else page.days.narrowed(wanted)
    tell(page.banner) { session.syncSoon() }
    content.removeAllViews()
    page.waiting?.takeIf { wanted.isEmpty() }?.let { content.put(pinned(it), start = 16, end = 16) }
    page.empty?.let { content.put(context.empty(it), weight = 1f) }
    page.loading?.let { content.put(bars(context.say(it))) }
    if (wanted.isNotEmpty() && days.isEmpty()) {
      val none = context.getString(R.string.sh_none, wanted)
      content.put(context.text(none, Style.BODY, R.color.text2).centered(), start = 24, end = 24, top = 48)
    }
    for (day in days) {
      content.put(context.section(context.say(day.title)))
      day.rows.forEachIndexed { index, mail ->
        if (index > 0) content.put(context.line(), height = context.dp(1), start = 68)
        content.put(mailRow(mail))
      }
    }
  }

  private fun List<Day>.narrowed(wanted: String): List<Day> =
    map { day -> Day(day.title, day.rows.filter { it.name.contains(wanted, true) || context.say(it.subject).contains(wanted, true) }) }
      .filter { it.rows.isNotEmpty() }

  /** Grey bars in the place of rows that are still being fetched. */
  private fun bars(spoken: String): View = context.column {
    contentDescription = spoken
    isFocusable = true
    repeat(LOADING_ROWS) {
      put(
        context.row {
          pad(16, 16)
          put(View(context).apply { background = context.oval(R.color.sunken) }, context.dp(40), context.dp(40), end = 12)
          put(
            context.column {
              put(View(context).apply { background = context.shape(R.color.sunken, 4) }, context.dp(140), context.dp(14))
              put(View(context).apply { background = context.shape(R.color.sunken, 4) }, height = context.dp(14), top = 8)
            },
            weight = 1f,
          )
        }
      )
    }
  }

  private fun pinned(waiting: Waiting): View = context.card {
    pad(1, 1)
    put(
      context.row {
        // The card's corners, less its edge.
        background = context.topShape(R.color.accent_soft, 13)
        pad(16, 10)
        putIcon(R.drawable.ic_stamp, R.color.accent_ink, 20, end = 12)
        put(context.text(context.say(waiting.title), Style.LABEL, R.color.accent_ink), weight = 1f)
        put(context.badge(waiting.count.toInt()))
      }
    )
    waiting.rows.forEachIndexed { index, row ->
      if (index > 0) put(context.line(), height = context.dp(1), start = 16)
      put(pinnedRow(row))
    }
    waiting.all?.let { all ->
      put(context.line(), height = context.dp(1), start = 16)
      put(
        context.row {
          pad(16, 12)
          minimumHeight = context.dp(48)
          put(context.text(context.say(all), Style.LABEL, R.color.accent))
          background = context.ripple(null)
          setOnClickListener { host.root(Place(Place.Kind.APPROVALS)) }
        }
      )
    }
  }

  private fun pinnedRow(row: PinnedRow): View = context.row {
    pad(16, 12)
    minimumHeight = context.dp(56)
    put(
      context.column {
        put(context.text(row.subject, Style.STRONG))
        put(context.text(listOfNotNull(row.who, row.step?.let { context.say(it) }).joinToString(" · "), Style.SECOND, R.color.text2))
        if (context.isLarge) row.due?.let { put(context.due(it), WRAP_CONTENT, top = 4) }
      },
      weight = 1f,
    )
    if (!context.isLarge) row.due?.let { put(context.due(it), start = 8) }
    putIcon(R.drawable.ic_next, R.color.text2, 20, start = 8)
    background = context.ripple(null)
    setOnClickListener { host.go(Place(Place.Kind.APPROVAL, row.id)) }
  }

  private fun mailRow(mail: MailRow): View = context.row {
    gravity = Gravity.TOP
    minimumHeight = context.dp(96)
    setPaddingRelative(0, context.dp(12), context.dp(16), context.dp(12))
    put(unreadDot(mail.isUnread), context.dp(16), context.dp(40))
    put(context.avatar(mail.initials), context.dp(40), context.dp(40), end = 12)
    put(context.column { words(mail) }, weight = 1f)
    contentDescription = context.say(mail.spoken)
    background = context.ripple(null)
    setOnClickListener { host.go(Place(Place.Kind.MESSAGE, mail.id)) }
  }

  private fun LinearLayout.words(mail: MailRow) {
    val time = context.text(mail.`when`?.let { context.say(it) }.orEmpty(), Style.CAPTION, R.color.text2)
    val name = context.text(mail.name, if (mail.isUnread) Style.STRONG else Style.BODY)
    put(
      context.row {
        put(name.also { if (!context.isLarge) it.oneLine() }, weight = 1f)
        if (!context.isLarge) put(time, start = 8)
      }
    )
    if (context.isLarge) put(time)
    put(
      context.row {
        put(context.text(context.say(mail.subject), Style.SUBJECT).also { if (mail.isUnread) it.styled(Style.STRONG) }, weight = 1f)
        if (mail.hasFiles) putIcon(R.drawable.ic_clip, size = 16, start = 8)
      }
    )
    mail.preview?.let { put(context.text(it, Style.SECOND, R.color.text2).oneLine()) }
    put(context.state(mail.state), top = 6)
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
    const val LOADING_ROWS = 5
  }
}
