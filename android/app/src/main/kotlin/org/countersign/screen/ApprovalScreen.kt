package org.countersign.screen

import android.os.Bundle
import android.view.View
import android.widget.LinearLayout
import java.time.LocalDate
import java.time.temporal.ChronoUnit
import kotlinx.coroutines.launch
import org.countersign.R
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.CoreException
import org.countersign.bridge.Decision
import org.countersign.bridge.PersonDecision
import org.countersign.bridge.StageLine
import org.countersign.bridge.StageState
import org.countersign.bridge.VaultProblem
import org.countersign.bridge.VaultRefused
import org.countersign.bridge.Word
import org.countersign.bridge.WrongUse
import org.countersign.ui.Kind
import org.countersign.ui.RouteStrip
import org.countersign.ui.Shade
import org.countersign.ui.StepFace
import org.countersign.ui.StepState
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.card
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.dayOf
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.icon
import org.countersign.ui.isLarge
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.scroll
import org.countersign.ui.seconds
import org.countersign.ui.section
import org.countersign.ui.shape
import org.countersign.ui.shortly
import org.countersign.ui.size
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 06: a request with its route; 07 opens over it. */
class ApprovalScreen(host: Host, private val id: String) : Screen(host) {
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var shown: ApprovalView? = null
  private var me: AccountSummary? = null

  /** A sheet that was open before a rotation. */
  private var pending: Bundle? = null

  val approve = context.action(Kind.PRIMARY, R.string.ap_approve, R.drawable.ic_tick) { ask(Word.APPROVE) }
  val reject = context.action(Kind.DANGER, R.string.ap_reject) { ask(Word.REJECT) }

  var sheet: ConfirmSheet? = null
    private set

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_back, R.string.a_back, context.getString(R.string.ap_title), { host.back() }))
    put(context.scroll(content), weight = 1f)
    put(foot)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val view = account.approvals().show(id)
    me = account.summary()
    shown = view
    session.notices.gone(view.id)
    show(view, account.summary().address)
    pending?.let {
      pending = null
      if (view.myTurn) ask(Word.valueOf(it.getString(WORD, Word.APPROVE.name)), it.getString(COMMENT, ""))
    }
  }

  private fun show(view: ApprovalView, me: String) {
    content.removeAllViews()
    content.put(context.text(view.subject, Style.TITLE).heading(), start = 16, end = 16)
    val asks = context.getString(R.string.ap_asks, view.requester)
    if (view.requester != me) content.put(context.text(asks, Style.SUBJECT, R.color.text2), start = 16, end = 16, top = 4)
    result(view)?.let { content.put(it, start = 16, end = 16, top = 12) }
    seconds(view.deadline)?.let { if (view.state.isOpen) content.put(deadline(it), start = 16, end = 16, top = 12) }
    val step = context.getString(R.string.in_step, view.step.toString(), view.stages.size.toString())
    content.put(context.section("${context.getString(R.string.ap_route)} · $step"))
    content.put(RouteStrip(context, view.stages.mapIndexed { index, stage -> face(index, stage, me) }), start = 8, end = 8)
    comments(view)
    if (view.text.isNotBlank()) content.put(context.text(view.text.trim(), Style.BODY), start = 16, end = 16, top = 20)
    documents(view)
    if (view.informed.isNotEmpty()) {
      val informed = context.getString(R.string.ap_informed, view.informed.joinToString())
      content.put(context.text(informed, Style.SECOND, R.color.text2), start = 16, end = 16, top = 12)
    }
    content.setPadding(0, 0, 0, context.dp(24))
    foot.removeAllViews()
    if (view.myTurn) foot.put(decisionBar())
  }

  /** How it ended, or that the own decision waits to be sent. */
  private fun result(view: ApprovalView): View? =
    when {
      view.decisionWaiting -> context.banner(Shade.ACCENT, R.drawable.ic_clock, context.getString(R.string.cf_queued))
      view.state == ApprovalState.APPROVED || view.state == ApprovalState.APPROVED_NOT_CLOSED ->
        context.banner(Shade.ACCENT, R.drawable.ic_tick, ended(view, Decision.APPROVED, R.string.ap_done_at))
      view.state == ApprovalState.REJECTED || view.state == ApprovalState.REJECTED_NOT_CLOSED ->
        context.banner(Shade.DANGER, R.drawable.ic_close, ended(view, Decision.REJECTED, R.string.ap_rejected))
      view.state == ApprovalState.UNDECIDABLE ->
        context.banner(Shade.DANGER, R.drawable.ic_stop, context.getString(R.string.er_undecidable))
      else -> null
    }

  private fun ended(view: ApprovalView, decision: Decision, words: Int): String {
    val last = view.stages.flatMap { it.people }.filter { it.decision == decision }.maxOfOrNull { it.at() ?: 0 }
    return context.getString(words, last?.takeIf { it > 0 }?.let { context.dayAndClock(it) }.orEmpty())
  }

  private fun PersonDecision.at() = time ?: claimedTime

  private fun deadline(at: Long): View = context.row {
    val days = ChronoUnit.DAYS.between(LocalDate.now(), dayOf(at)).toInt()
    val color = if (days < 0) R.color.danger else if (days == 0) R.color.caution else R.color.text
    putIcon(R.drawable.ic_clock, color, 20, end = 8)
    put(context.text(context.getString(R.string.ap_by, context.dayAndClock(at)), Style.LABEL, color))
    val left =
      when {
        days > 0 -> context.resources.getQuantityString(R.plurals.ap_left, days, days)
        days == 0 -> context.getString(R.string.as_due_today)
        else -> context.resources.getQuantityString(R.plurals.ap_overdue, -days, -days)
      }
    put(context.text(left, Style.SECOND, if (days < 0) R.color.danger else R.color.text2), start = 8)
  }

  private fun face(index: Int, stage: StageLine, me: String): StepFace {
    val single = stage.people.singleOrNull()
    val approved = stage.people.count { it.decision == Decision.APPROVED }
    val mark = if (single != null) "${index + 1}" else "$approved/${stage.people.size}"
    val isMine = stage.people.any { it.address == me && it.decision == null }
    val state =
      when (stage.state) {
        StageState.APPROVED -> StepState.DONE
        StageState.REJECTED -> StepState.REJECTED
        StageState.OPEN -> StepState.NOW
        StageState.WAITING -> StepState.WAITING
      }
    val time = stage.people.mapNotNull { it.at() }.maxOrNull()?.let { context.shortly(it) }.orEmpty()
    val caption =
      when {
        state == StepState.DONE -> context.getString(R.string.ap_done_at, time)
        state == StepState.REJECTED -> context.getString(R.string.ap_rejected, time)
        state == StepState.NOW && isMine -> context.getString(R.string.ap_turn)
        else -> context.getString(R.string.ap_wait)
      }
    val name =
      when {
        single == null -> context.resources.getQuantityString(R.plurals.ap_people, stage.people.size, stage.people.size)
        single.address == me -> context.getString(R.string.c_you)
        else -> single.name.ifBlank { single.address }
      }
    return StepFace(state, mark, name, caption)
  }

  private fun comments(view: ApprovalView) {
    for (person in view.stages.flatMap { it.people }) {
      val comment = person.comment?.ifBlank { null } ?: continue
      val name = person.name.ifBlank { person.address }
      content.put(
        context.row {
          background = context.shape(R.color.sunken, 12)
          pad(16, 12)
          putIcon(R.drawable.ic_ask, R.color.text2, 20, end = 12)
          put(context.text("$name: $comment", Style.SECOND), weight = 1f)
        },
        start = 16, end = 16, top = 12,
      )
    }
  }

  private fun documents(view: ApprovalView) {
    if (view.documents.isEmpty()) return
    content.put(context.section("${context.getString(R.string.ap_docs)} · ${view.documents.size}"))
    val list = context.card {
      view.documents.forEachIndexed { index, file ->
        if (index > 0) put(context.line(), height = context.dp(1), start = 60)
        put(
          context.row {
            pad(12, 12)
            minimumHeight = context.dp(56)
            val tile = context.icon(R.drawable.ic_doc).apply { pad(8, 8) }
            tile.background = context.shape(R.color.sunken, 8)
            put(tile, context.dp(36), context.dp(36), end = 12)
            put(
              context.column {
                put(context.text(file.name, Style.STRONG))
                put(context.text(context.size(file.octets), Style.CAPTION, R.color.text2))
              },
              weight = 1f,
            )
          }
        )
      }
    }
    content.put(list, start = 16, end = 16)
  }

  private fun decisionBar(): View = context.column {
    setBackgroundColor(context.getColor(R.color.surface))
    put(context.line(), height = context.dp(1))
    for (button in listOf(approve, reject)) (button.parent as? LinearLayout)?.removeView(button)
    val buttons = if (context.isLarge) context.column() else context.row()
    buttons.pad(16, 12)
    if (context.isLarge) {
      buttons.put(approve)
      buttons.put(reject, top = 8)
    } else {
      buttons.put(reject, weight = 1f)
      buttons.put(approve, weight = 1.5f, start = 8)
    }
    put(buttons)
  }

  private fun ask(word: Word, comment: String = "") {
    val view = shown ?: return
    val signer = me ?: return
    if (sheet?.isShowing == true) return
    sheet = ConfirmSheet(context, view, signer, word, comment) { decide(word, it) }.also { it.show() }
  }

  private fun decide(word: Word, comment: String) {
    val sheet = sheet ?: return
    scope.launch {
      try {
        val account = session.account() ?: return@launch
        account.approvals().decide(id, word, comment)
        sheet.dismiss()
        session.syncSoon()
      } catch (error: CoreException) {
        sheet.failed(words(error))
      }
      reloadSoon()
    }
  }

  private fun words(error: CoreException): String =
    when (error) {
      is VaultRefused ->
        when (error.problem) {
          VaultProblem.NOT_ENROLLED -> context.getString(R.string.er_lock)
          VaultProblem.KEY_INVALIDATED -> context.getString(R.string.er_key_gone)
          else -> context.getString(R.string.cf_fail)
        }
      is WrongUse -> context.getString(R.string.cf_gone)
      else -> context.getString(R.string.er_other)
    }

  override fun save(state: Bundle) {
    val sheet = sheet?.takeIf { it.isShowing } ?: return
    state.putString(WORD, sheet.word.name)
    state.putString(COMMENT, sheet.comment)
  }

  override fun restore(state: Bundle) {
    if (state.containsKey(WORD)) pending = state
  }

  override fun disappeared() {
    sheet?.takeIf { it.isShowing }?.dismiss()
  }

  private companion object {
    const val WORD = "word"
    const val COMMENT = "comment"
  }
}
