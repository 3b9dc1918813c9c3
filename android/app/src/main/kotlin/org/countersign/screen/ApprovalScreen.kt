package org.countersign.screen

import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.launch
import org.countersign.R
import org.countersign.bridge.Account
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.ContactView
import org.countersign.bridge.CoreException
import org.countersign.bridge.Decision
import org.countersign.bridge.Document
import org.countersign.bridge.Folder
import org.countersign.bridge.MailView
import org.countersign.bridge.VaultProblem
import org.countersign.bridge.VaultRefused
import org.countersign.bridge.Word
import org.countersign.bridge.WrongUse
import org.countersign.ui.Kind
import org.countersign.ui.RouteStrip
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.card
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.daysUntil
import org.countersign.ui.documentRow
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.isLarge
import org.countersign.ui.line
import org.countersign.ui.outcome
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.scroll
import org.countersign.ui.seconds
import org.countersign.ui.section
import org.countersign.ui.shape
import org.countersign.ui.size
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 06: a request with its route; 07 opens over it. */
class ApprovalScreen(host: Host, private val id: String) : Screen(host) {
  private val result: LinearLayout = context.column()
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var shown: ApprovalView? = null
  private var me: AccountSummary? = null
  private var people = listOf<ContactView>()
  private var requester = ""
  private var mail: MailView? = null
  private var details: DetailsSheet? = null
  private var files: Files? = null

  /** A sheet that was open before a rotation. */
  private var pending: Bundle? = null

  val approve = context.action(Kind.PRIMARY, R.string.ap_approve, R.drawable.ic_tick) { ask(Word.APPROVE) }
  val reject = context.action(Kind.DANGER, R.string.ap_reject) { ask(Word.REJECT) }

  var sheet: ConfirmSheet? = null
    private set

  override val footColor = R.color.surface

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_back, R.string.a_back, context.getString(R.string.ap_title), { host.back() }))
    put(result)
    put(context.scroll(content), weight = 1f)
    put(foot)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val view = account.approvals().show(id)
    val own = account.summary()
    me = own
    people = account.people().list()
    requester = people.nameOf(view.requester)
    if (mail == null && view.requester != own.address) find(account, view)
    shown = view
    session.notices.gone(view.id)
    show(view, own.address)
    pending?.let {
      pending = null
      if (view.myTurn) ask(Word.valueOf(it.getString(WORD, Word.APPROVE.name)), it.getString(COMMENT, ""))
    }
  }

  /** The mail that brought the request: its trust line stands under the requester, its parts are the documents. */
  private suspend fun find(account: Account, view: ApprovalView) {
    val mailboxes = account.mailboxes()
    for (summary in mailboxes.list(Folder.INBOX)) {
      if (summary.subject != view.subject || summary.from != view.requester) continue
      val read = mailboxes.read(summary.id)
      if (read.approval != view.id) continue
      mail = read
      files = Files(host, scope) { part -> mailboxes.attachment(summary.id, part) }
      return
    }
  }

  private fun show(view: ApprovalView, me: String) {
    result.removeAllViews()
    outcome(view, me)?.let { result.put(it) }
    content.removeAllViews()
    content.put(context.text(view.subject, Style.TITLE).heading(), start = 16, end = 16, top = if (result.childCount > 0) 12 else 4)
    val asks = context.getString(R.string.ap_asks, requester)
    if (view.requester != me) content.put(context.text(asks, Style.SUBJECT, R.color.text2), start = 16, end = 16, top = 4)
    mail?.let { content.put(context.trustPanel(it.status, { details(it) }, {}), start = 16, end = 16, top = 12) }
    seconds(view.deadline)?.let { if (view.state.isOpen) content.put(deadline(it), start = 16, end = 16, top = 16) }
    val step = context.getString(R.string.in_step, view.step.toString(), view.stages.size.toString())
    content.put(context.section("${context.getString(R.string.ap_route)} · $step"))
    content.put(RouteStrip(context, view.stages.mapIndexed { index, stage -> context.face(index, stage, me) }), start = 8, end = 8)
    comments(view, me)
    if (view.text.isNotBlank()) content.put(context.text(view.text.trim(), Style.BODY), start = 16, end = 16, top = 20)
    documents(view.documents)
    if (view.informed.isNotEmpty()) {
      val informed = context.getString(R.string.ap_informed, view.informed.joinToString { people.nameOf(it) })
      content.put(context.text(informed, Style.SECOND, R.color.text2), start = 16, end = 16, top = 12)
    }
    content.setPadding(0, 0, 0, context.dp(24))
    foot.removeAllViews()
    if (view.myTurn) foot.put(decisionBar())
    if (ownDecision(view, me) != null) foot.put(doneBar())
  }

  private fun ownDecision(view: ApprovalView, me: String) =
    view.stages.flatMap { it.people }.firstOrNull { it.address == me }?.decision

  /** What became of the own decision, or how the request ended. */
  private fun outcome(view: ApprovalView, me: String): View? {
    val next = view.asked.joinToString { it.shown }
    return when {
      view.decisionWaiting -> context.outcome(Shade.ACCENT, R.drawable.ic_clock, context.getString(R.string.cf_queued))
      view.state == ApprovalState.APPROVED || view.state == ApprovalState.APPROVED_NOT_CLOSED ->
        context.outcome(Shade.ACCENT, R.drawable.ic_seal, ended(view, Decision.APPROVED, R.string.ap_done_at))
      view.state == ApprovalState.REJECTED || view.state == ApprovalState.REJECTED_NOT_CLOSED ->
        context.outcome(Shade.DANGER, R.drawable.ic_close, ended(view, Decision.REJECTED, R.string.ap_rejected))
      view.state == ApprovalState.UNDECIDABLE ->
        context.outcome(Shade.DANGER, R.drawable.ic_stop, context.getString(R.string.er_undecidable))
      ownDecision(view, me) == Decision.APPROVED && next.isNotEmpty() ->
        context.outcome(Shade.ACCENT, R.drawable.ic_seal, context.getString(R.string.cf_done, next))
      else -> null
    }
  }

  private fun ended(view: ApprovalView, decision: Decision, words: Int): String {
    val last = view.stages.flatMap { it.people }.filter { it.decision == decision }.maxOfOrNull { it.at ?: 0 }
    return context.getString(words, last?.takeIf { it > 0 }?.let { context.dayAndClock(it) }.orEmpty())
  }

  private fun deadline(at: Long): View = context.row {
    val days = daysUntil(at)
    val color = if (days < 0) R.color.danger else if (days == 0) R.color.caution else R.color.text
    putIcon(R.drawable.ic_clock, if (days > 0) R.color.text2 else color, 20, end = 8)
    put(context.text(context.getString(R.string.ap_by, context.dayAndClock(at)), Style.LABEL, color))
    val left =
      when {
        days > 0 -> context.resources.getQuantityString(R.plurals.ap_left, days, days)
        days == 0 -> context.getString(R.string.as_due_today)
        else -> context.resources.getQuantityString(R.plurals.ap_overdue, -days, -days)
      }
    put(context.text(left, Style.SECOND, if (days < 0) R.color.danger else R.color.text2), start = 8, weight = 1f)
  }

  private fun comments(view: ApprovalView, me: String) {
    for (person in view.stages.flatMap { it.people }) {
      val comment = person.comment?.ifBlank { null } ?: continue
      content.put(
        context.row {
          background = context.shape(R.color.sunken, 12)
          pad(16, 12)
          putIcon(R.drawable.ic_ask, R.color.text2, 20, end = 12)
          val name = if (person.address == me) context.getString(R.string.c_you) else person.shown
          put(context.text("$name: $comment", Style.SECOND), weight = 1f)
        },
        start = 16, end = 16, top = 12,
      )
    }
  }

  private fun documents(documents: List<Document>) {
    if (documents.isEmpty()) return
    content.put(context.section("${context.getString(R.string.ap_docs)} · ${documents.size}"))
    val list = context.card {
      documents.forEachIndexed { index, file ->
        if (index > 0) put(context.line(), height = context.dp(1), start = 60)
        put(context.documentRow(file.name, context.size(file.octets), opener(file)))
      }
    }
    content.put(list, start = 16, end = 16)
  }

  /** Nothing where the mail with the document is not on this phone. */
  private fun opener(document: Document): (() -> Unit)? {
    val part = mail?.attachments?.firstOrNull { it.name == document.name && it.octets == document.octets } ?: return null
    return { files?.open(part.part, document.name, document.contentType) }
  }

  private fun decisionBar(): View = bar {
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

  private fun doneBar(): View = bar {
    put(context.action(Kind.PRIMARY, R.string.c_done) { host.back() }, start = 16, end = 16, top = 12, bottom = 12)
  }

  private fun bar(build: LinearLayout.() -> Unit) = context.column {
    setBackgroundColor(context.getColor(R.color.surface))
    put(context.line(), height = context.dp(1))
    build()
  }

  private fun details(mail: MailView) {
    details = DetailsSheet(context, mail, people::nameOf).also { it.show() }
  }

  private fun ask(word: Word, comment: String = "") {
    val view = shown ?: return
    val signer = me ?: return
    if (sheet?.isShowing == true) return
    sheet = ConfirmSheet(context, view, requester, signer, word, comment) { decide(word, it) }.also { it.show() }
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

  override fun answered(data: Intent) {
    data.data?.let { files?.save(it) }
  }

  override fun save(state: Bundle) {
    val sheet = sheet?.takeIf { it.isShowing } ?: return
    state.putString(WORD, sheet.word.name)
    state.putString(COMMENT, sheet.comment)
  }

  override fun restore(state: Bundle) {
    if (state.containsKey(WORD)) pending = state
  }

  override fun gone() {
    sheet?.dismiss()
    details?.dismiss()
  }

  private companion object {
    const val WORD = "word"
    const val COMMENT = "comment"
  }
}
