package org.countersign.screen

import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.ContactView
import org.countersign.bridge.StageState
import org.countersign.ui.Shade
import org.countersign.ui.StepState
import org.countersign.ui.Style
import org.countersign.ui.card
import org.countersign.ui.day
import org.countersign.ui.daysUntil
import org.countersign.ui.deadlineTag
import org.countersign.ui.dp
import org.countersign.ui.empty
import org.countersign.ui.isLarge
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.ripple
import org.countersign.ui.routeBars
import org.countersign.ui.row
import org.countersign.ui.seconds
import org.countersign.ui.section
import org.countersign.ui.segment
import org.countersign.ui.segments
import org.countersign.ui.tag
import org.countersign.ui.text

/** 08: what waits for this person, what they asked, what is done. */
class ApprovalsScreen(host: Host) : TabScreen(host, Place.Kind.APPROVALS, R.string.tab_approvals) {
  enum class Part(val words: Int) { MINE(R.string.as_mine), ASKED(R.string.as_asked), DONE(R.string.as_done) }

  private var part = Part.MINE
  private var people = listOf<ContactView>()
  private var me = ""

  override suspend fun load() {
    val account = session.account() ?: return
    val approvals = account.approvals()
    me = account.summary().address
    val all = approvals.list().reversed()
    people = account.people().list()
    countWaiting(account)
    val shown = all.filter {
      when (part) {
        Part.MINE -> it.myTurn
        Part.ASKED -> it.requester == me && it.state.isOpen
        Part.DONE -> !it.state.isOpen || (!it.myTurn && it.requester != me)
      }
    }
    show(shown.map { approvals.show(it.id) }, all.count { it.myTurn })
  }

  private fun show(views: List<ApprovalView>, waiting: Int) {
    content.removeAllViews()
    val pieces = Part.entries.map { each ->
      context.segment(each.words, each == part, if (each == Part.MINE) waiting else 0) { turnTo(each) }
    }
    content.put(context.segments(pieces), start = 16, end = 16, top = 4, bottom = 4)
    if (views.isEmpty()) content.put(context.empty(R.drawable.ic_stamp, R.string.as_empty, R.string.as_empty_sub), weight = 1f)
    val isToday = { view: ApprovalView -> seconds(view.deadline)?.let { daysUntil(it) <= 0 } == true }
    if (part == Part.MINE) {
      group(R.string.as_due_today, views.filter(isToday))
      group(R.string.as_later, views.filterNot(isToday))
    } else {
      content.put(View(context), height = context.dp(8))
      views.forEach { content.put(request(it), start = 16, end = 16, bottom = 8) }
    }
  }

  private fun group(title: Int, views: List<ApprovalView>) {
    if (views.isEmpty()) return
    content.put(context.section(context.getString(title)))
    views.forEach { content.put(request(it), start = 16, end = 16, bottom = 8) }
  }

  private fun turnTo(chosen: Part) {
    part = chosen
    reloadSoon()
  }

  private fun request(view: ApprovalView): View = context.card {
    pad(16, 12)
    put(
      context.row {
        gravity = Gravity.TOP
        put(context.text(view.subject, Style.STRONG), weight = 1f)
        if (!context.isLarge) result(view)?.let { put(it, start = 8) }
      }
    )
    if (context.isLarge) result(view)?.let { put(it, WRAP_CONTENT, top = 4) }
    put(context.text(about(view), Style.SECOND, R.color.text2), top = 2)
    put(
      context.row {
        put(context.routeBars(view.stages.map { bar(it.state) }))
        put(context.text(progress(view), Style.CAPTION, R.color.text2), weight = 1f, start = 8)
      },
      top = 8,
    )
    isFocusable = true
    foreground = context.ripple(null, context.dp(14))
    setOnClickListener { host.go(Place(Place.Kind.APPROVAL, view.id)) }
  }

  /** Who asks, or of whom one waits, and how many documents there are. */
  private fun about(view: ApprovalView): String {
    if (part == Part.ASKED) {
      val since = view.stages.flatMap { it.people }.mapNotNull { it.at }.maxOrNull()
      val names = view.asked.joinToString { it.shown }
      if (since != null && names.isNotEmpty()) return context.getString(R.string.as_waits, names, context.day(since))
    }
    val documents = view.documents.size
    val more = if (documents > 0) context.resources.getQuantityString(R.plurals.ap_ndocs, documents, documents) else null
    val who = if (view.requester == me) context.getString(R.string.c_you) else people.nameOf(view.requester)
    return listOfNotNull(who, more).joinToString(" · ")
  }

  /** How it ended; while it is open, until when an answer is wanted. */
  private fun result(view: ApprovalView): View? =
    when (view.state) {
      ApprovalState.APPROVED,
      ApprovalState.APPROVED_NOT_CLOSED -> tag(R.drawable.ic_tick, R.string.as_done, Shade.ACCENT)
      ApprovalState.REJECTED,
      ApprovalState.REJECTED_NOT_CLOSED -> tag(R.drawable.ic_close, R.string.as_rejected, Shade.DANGER)
      else -> seconds(view.deadline)?.let { context.deadlineTag(it) }
    }

  private fun tag(icon: Int, words: Int, shade: Shade) = context.tag(icon, context.getString(words), shade.ink, shade.fill)

  private fun progress(view: ApprovalView): String {
    val steps = view.stages.size
    val done = view.stages.count { it.state == StageState.APPROVED }
    val words = if (part == Part.MINE) R.string.in_step else R.string.as_progress
    return context.getString(words, (if (part == Part.MINE) view.step else done).toString(), steps.toString())
  }

  private fun bar(state: StageState) =
    when (state) {
      StageState.APPROVED -> StepState.DONE
      StageState.REJECTED -> StepState.REJECTED
      StageState.OPEN -> StepState.NOW
      StageState.WAITING -> StepState.WAITING
    }

  override fun save(state: Bundle) = state.putString("part", part.name)

  override fun restore(state: Bundle) {
    state.getString("part")?.let { part = Part.valueOf(it) }
  }
}
