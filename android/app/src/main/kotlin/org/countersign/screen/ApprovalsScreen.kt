package org.countersign.screen

import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.ApprovalRow
import org.countersign.bridge.ApprovalsPage
import org.countersign.bridge.Tone
import org.countersign.ui.Style
import org.countersign.ui.card
import org.countersign.ui.color
import org.countersign.ui.dp
import org.countersign.ui.due
import org.countersign.ui.empty
import org.countersign.ui.isLarge
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.ripple
import org.countersign.ui.routeBars
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.section
import org.countersign.ui.segment
import org.countersign.ui.segments
import org.countersign.ui.state
import org.countersign.ui.tag
import org.countersign.ui.text

/** 08: what waits for this person, what they asked, what is done. */
class ApprovalsScreen(host: Host) : TabScreen(host, Place.Kind.APPROVALS, R.string.tab_approvals) {
  private var part = 0

  override suspend fun load() {
    val account = session.account() ?: return
    val page = account.approvals().screen(session.clock())
    showWaiting(page.segments.first().count)
    show(page)
  }

  private fun show(page: ApprovalsPage) {
    content.removeAllViews()
    val pieces = page.segments.mapIndexed { index, segment ->
      context.segment(context.say(segment.title), index == part, segment.count?.toInt() ?: 0) {
        part = index
        reloadSoon()
      }
    }
    content.put(context.segments(pieces), start = 16, end = 16, top = 4, bottom = 4)
    val segment = page.segments[part]
    segment.empty?.let { content.put(context.empty(it), weight = 1f) }
    for (group in segment.groups) {
      content.put(context.section(context.say(group.title)))
      group.rows.forEach { content.put(request(it), start = 16, end = 16, bottom = 8) }
    }
  }

  private fun request(request: ApprovalRow): View = context.card {
    pad(16, 12)
    val result = { request.tag?.let { context.tag(it) } ?: request.due?.let { context.due(it) } }
    put(
      context.row {
        gravity = Gravity.TOP
        put(context.text(request.subject, Style.STRONG), weight = 1f)
        if (!context.isLarge) result()?.let { put(it, start = 8) }
      }
    )
    if (context.isLarge) result()?.let { put(it, WRAP_CONTENT, top = 4) }
    val about = listOfNotNull(request.who, request.second?.let { context.say(it) }, request.rule?.let { context.say(it) })
    if (about.isNotEmpty()) put(context.text(about.joinToString(" · "), Style.SECOND, R.color.text2), top = 2)
    request.warning?.let { put(context.state(R.drawable.ic_warn, context.say(it), color(Tone.CAUTION)), top = 4) }
    put(
      context.row {
        put(context.routeBars(request.bars))
        put(context.text(context.say(request.progress), Style.CAPTION, R.color.text2), weight = 1f, start = 8)
      },
      top = 8,
    )
    isFocusable = true
    foreground = context.ripple(null, context.dp(14))
    setOnClickListener { host.go(Place(Place.Kind.APPROVAL, request.id)) }
  }

  override fun save(state: Bundle) = state.putInt("part", part)

  override fun restore(state: Bundle) {
    part = state.getInt("part")
  }
}
