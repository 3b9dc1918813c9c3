package org.countersign.screen

import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import java.time.LocalDate
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.StageState
import org.countersign.ui.StepState
import org.countersign.ui.Style
import org.countersign.ui.badge
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.dayOf
import org.countersign.ui.dp
import org.countersign.ui.empty
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.ripple
import org.countersign.ui.routeBars
import org.countersign.ui.row
import org.countersign.ui.seconds
import org.countersign.ui.section
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.text

/** 08: what waits for this person, what they asked, what is done. */
class ApprovalsScreen(host: Host) : TabScreen(host, Place.Kind.APPROVALS, R.string.tab_approvals) {
  enum class Part(val words: Int) { MINE(R.string.as_mine), ASKED(R.string.as_asked), DONE(R.string.as_done) }

  private var part = Part.MINE
  private val segments: LinearLayout = context.row {
    background = context.shape(R.color.sunken, 12)
    pad(4, 4)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val approvals = account.approvals()
    val me = account.summary().address
    val all = approvals.list().reversed()
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
    segments.removeAllViews()
    for (each in Part.entries) segments.put(segment(each, waiting), weight = 1f)
    content.put(segments, start = 16, end = 16, top = 4, bottom = 4)
    if (views.isEmpty()) content.put(context.empty(R.drawable.ic_stamp, R.string.as_empty, R.string.as_empty_sub), weight = 1f)
    val isToday = { view: ApprovalView -> seconds(view.deadline)?.let { dayOf(it) <= LocalDate.now() } == true }
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

  private fun segment(each: Part, waiting: Int): View = context.row {
    gravity = Gravity.CENTER
    minimumHeight = context.dp(48)
    val isOn = each == part
    background = context.ripple(if (isOn) context.shape(R.color.surface, 9, R.color.line) else null, context.dp(9))
    put(context.text(each.words, Style.LABEL, if (isOn) R.color.text else R.color.text2).centered())
    if (each == Part.MINE && waiting > 0) put(context.badge(waiting), start = 6)
    isSelected = isOn
    setOnClickListener {
      part = each
      reloadSoon()
    }
  }

  private fun request(view: ApprovalView): View = context.card {
    pad(16, 12)
    put(context.text(view.subject, Style.STRONG))
    val documents = view.documents.size
    val more = if (documents > 0) " · " + context.resources.getQuantityString(R.plurals.ap_ndocs, documents, documents) else ""
    put(context.text(view.requester + more, Style.SECOND, R.color.text2), top = 2)
    seconds(view.deadline)?.let { put(context.state(R.drawable.ic_clock, context.dayAndClock(it), R.color.text2), top = 6) }
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
