package org.countersign.screen

import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.Account
import org.countersign.bridge.ApprovalPage
import org.countersign.bridge.Button
import org.countersign.bridge.CoreException
import org.countersign.bridge.Deadline
import org.countersign.bridge.DecisionBar
import org.countersign.bridge.DocumentRow
import org.countersign.bridge.DoesExchange
import org.countersign.bridge.DoesLeave
import org.countersign.bridge.Language
import org.countersign.bridge.Remark
import org.countersign.bridge.Tone
import org.countersign.bridge.Word
import org.countersign.bridge.cancellable
import org.countersign.bridge.undecidedBanner
import org.countersign.ui.ActionButton
import org.countersign.ui.Kind
import org.countersign.ui.RouteStrip
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.banner
import org.countersign.ui.button
import org.countersign.ui.card
import org.countersign.ui.color
import org.countersign.ui.column
import org.countersign.ui.documentRow
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.heading
import org.countersign.ui.isChinese
import org.countersign.ui.isLarge
import org.countersign.ui.line
import org.countersign.ui.outcome
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.scroll
import org.countersign.ui.section
import org.countersign.ui.shape
import org.countersign.ui.size
import org.countersign.ui.switchOff
import org.countersign.ui.text
import org.countersign.ui.topBar
import org.countersign.ui.why

/** 06: a request with its route; 07 opens over it. */
class ApprovalScreen(host: Host, private val asked: String) : Screen(host) {
  private val result: LinearLayout = context.column()
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var bar: DecisionBar? = null
  private var details: DetailsSheet? = null
  private val files = Files(host, scope, { session.opened(it) }) { index -> open(index.toULong()) }
  private var page: ApprovalPage? = null

  /** A sheet that was open before a rotation. */
  private var pending: Bundle? = null

  /** A signature that is being made; it goes on while the phone is turned. */
  private class Decision(val word: Word, val work: Deferred<CoreException?>)

  private var decision: Decision? = null
  private var isKept = false
  private var isInFront = false
  private var isDecided = false

  /** Why the last try signed nothing, when the sheet was not there to say it. */
  private var problem: String? = null

  /** Absent when it isn't this person's turn. */
  var approve: ActionButton? = null
    private set

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
    val page = account.approvals().showScreen(id, session.opened.toList(), session.clock())
    if (isInFront) session.onScreen = page.id
    session.notices.gone(page.id)
    show(page)
    pending?.let {
      pending = null
      if (page.isOpen) ask(Word.valueOf(it.getString(WORD, Word.APPROVE.name)), it.getString(COMMENT, ""))
    }
  }

  /** In full: what is signed is what was shown, whatever led here. */
  private val id get() = page?.id ?: asked

  /** This person can decide it now. */
  private val ApprovalPage.isOpen get() = bar?.approve?.isEnabled == true

  /** Nothing that was read before is true any more. */
  override fun failed(error: CoreException) {
    page = null
    bar = null
    approve = null
    if (decision == null) sheet?.dismiss()
    for (part in listOf(result, content, foot)) part.removeAllViews()
    content.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, context.why(error)), start = 16, end = 16, top = 12)
    content.put(context.action(Kind.TEXT, R.string.a_back) { host.back() }, start = 16, end = 16, top = 12)
  }

  override fun appeared() {
    isInFront = true
  }

  override fun disappeared() {
    isInFront = false
    if (session.onScreen == page?.id) session.onScreen = null
  }

  internal fun show(page: ApprovalPage) {
    this.page = page
    // One that is being signed ends by itself.
    if (!page.isOpen && decision == null) sheet?.dismiss()
    result.removeAllViews()
    page.banner?.let { result.put(context.outcome(it)) }
    content.removeAllViews()
    content.put(context.text(page.subject, Style.TITLE).heading(), start = 16, end = 16, top = if (page.banner != null) 12 else 4)
    page.asks?.let { content.put(context.text(context.say(it), Style.SUBJECT, R.color.text2), start = 16, end = 16, top = 4) }
    val panel = context.trustPanel(page.status, { page.mail?.let(::details) }) { it.action?.let(::act) }
    content.put(panel, start = 16, end = 16, top = 12)
    page.deadline?.let { content.put(deadline(it), start = 16, end = 16, top = 16) }
    val title = listOfNotNull(page.route.title, page.route.progress).joinToString(" · ") { context.say(it) }
    content.put(context.section(title))
    content.put(RouteStrip(context, page.route), start = 8, end = 8)
    page.comments.forEach { content.put(remark(it), start = 16, end = 16, top = 12) }
    if (page.text.isNotBlank()) content.put(context.text(page.text.trim(), Style.BODY), start = 16, end = 16, top = 20)
    documents(page)
    page.informed?.let { content.put(context.text(context.say(it), Style.SECOND, R.color.text2), start = 16, end = 16, top = 12) }
    content.setPadding(0, 0, 0, context.dp(24))
    showFoot(page)
  }

  private fun deadline(deadline: Deadline): View = context.row {
    val isCalm = deadline.tone == Tone.NEUTRAL
    putIcon(drawable(deadline.icon), color(deadline.tone), 20, end = 8)
    put(context.text(context.say(deadline.by), Style.LABEL, if (isCalm) R.color.text else color(deadline.tone)))
    put(context.text(context.say(deadline.left), Style.SECOND, color(deadline.tone)), start = 8, weight = 1f)
  }

  private fun remark(remark: Remark): View = context.row {
    background = context.shape(R.color.sunken, 12)
    pad(16, 12)
    putIcon(R.drawable.ic_ask, R.color.text2, 20, end = 12)
    // Apart: a remark with a line break must not look like another person's.
    put(
      context.column {
        put(context.text(context.say(remark.who), Style.LABEL))
        put(context.text(remark.text, Style.SECOND), top = 2)
      },
      weight = 1f,
    )
  }

  private fun documents(page: ApprovalPage) {
    val title = page.documentsTitle ?: return
    content.put(context.section("${context.say(title)} · ${page.documents.size}"))
    val list = context.card {
      page.documents.forEachIndexed { index, file ->
        if (index > 0) put(context.line(), height = context.dp(1), start = 60)
        put(document(file))
      }
    }
    content.put(list, start = 16, end = 16)
  }

  private fun document(file: DocumentRow): View {
    val open = { files.open(file.index.toString(), file.name, ANY, file.sha256) }
    val row = context.documentRow(drawable(file.icon), file.name, "${context.size(file.size)} · ${context.say(file.state)}", open.takeIf { file.isEnabled })
    row.contentDescription = context.say(file.spoken)
    if (!file.isEnabled) row.switchOff()
    return row
  }

  /** From the signed request itself. */
  private suspend fun open(index: ULong): ByteArray =
    checkNotNull(session.account()) { "there is an account" }.approvals().document(id, index)

  /** The bar stays as it is while nothing about it changes: a finger may be on it. */
  private fun showFoot(page: ApprovalPage) {
    if (page.bar != null && page.bar == bar) return
    bar = page.bar
    approve = null
    foot.removeAllViews()
    page.bar?.let { foot.put(framed { put(decisions(it)) }) }
    // The evidence pack is not offered in this app yet.
    val leave = page.buttons.filter { it.does is DoesLeave }
    if (leave.isNotEmpty()) {
      foot.put(framed { leave.forEach { put(context.button(it) { host.back() }, start = 16, end = 16, top = 12, bottom = 12) } })
    }
  }

  private fun decisions(bar: DecisionBar): View {
    val approve = context.button(bar.approve) { ask(Word.APPROVE) }
    val reject = context.button(bar.reject) { ask(Word.REJECT) }
    this.approve = approve
    val buttons = if (context.isLarge) context.column() else context.row()
    // Nobody decides through another app's window.
    buttons.filterTouchesWhenObscured = true
    buttons.pad(16, 12)
    if (context.isLarge) {
      buttons.put(approve)
      buttons.put(reject, top = 8)
    } else {
      buttons.put(reject, weight = 1f)
      buttons.put(approve, weight = 1.5f, start = 8)
    }
    return buttons
  }

  private fun framed(build: LinearLayout.() -> Unit) = context.column {
    setBackgroundColor(context.getColor(R.color.surface))
    put(context.line(), height = context.dp(1))
    build()
  }

  private fun act(button: Button) {
    if (button.does is DoesExchange) host.go(Place(Place.Kind.EXCHANGE))
  }

  private fun details(mail: String) {
    scope.launch {
      val mailboxes = session.account()?.mailboxes() ?: return@launch
      try {
        details = DetailsSheet(context, mailboxes.readScreen(mail), scope) { mailboxes.read(mail).verdict }.also { it.show() }
      } catch (_: CoreException) {
        // The mail went away meanwhile.
        reloadSoon()
      }
    }
  }

  private fun ask(word: Word, comment: String = "") {
    if (sheet?.isShowing == true || isDecided) return
    scope.launch {
      val account = session.account() ?: return@launch
      val language = if (context.isChinese) Language.ZH else Language.EN
      val id = id
      // One that was stopped ends first.
      decision?.work?.takeIf { it.isCancelled }?.join()
      try {
        val confirm = account.approvals().confirmScreen(id, word, language, session.opened.toList())
        if (sheet?.isShowing == true || isDecided || page?.isOpen != true) return@launch
        val sheet = ConfirmSheet(context, confirm, word, comment, { decide(account, id, word, it) }, ::stop)
        this@ApprovalScreen.sheet = sheet
        if (isSigning) sheet.working(true) else problem?.let(sheet::failed)
        problem = null
        sheet.show()
      } catch (_: CoreException) {
        reloadSoon()
      }
    }
  }

  /** A decision that was stopped is none, also before its work has ended. */
  private val isSigning get() = decision?.work?.isActive == true

  private fun decide(account: Account, id: String, word: Word, comment: String) {
    if (isSigning) return
    follow(Decision(word, session.errand { cancellable { account.approvals().decide(id, word, comment, it) } }))
  }

  /** The prompt goes, and the work in the core ends. */
  private fun stop() {
    val decision = decision ?: return
    session.prompt.stop()
    decision.work.cancel()
  }

  private fun follow(decision: Decision) {
    this.decision = decision
    scope.launch {
      decision.work.join()
      if (this@ApprovalScreen.decision === decision) this@ApprovalScreen.decision = null
      if (!decision.work.isCancelled) ended(decision.word, decision.work.await())
      reloadSoon()
    }
  }

  private fun ended(word: Word, error: CoreException?) {
    if (error == null) {
      isDecided = true
      sheet?.dismiss()
      session.syncSoon()
      return
    }
    val words = undecidedBanner(error, word)?.let { context.say(it.text) }
    val sheet = sheet
    if (sheet?.isShowing == true) sheet.failed(words) else problem = words
  }

  override fun answered(data: Intent) {
    data.data?.let(files::write)
  }

  override fun save(state: Bundle) {
    files.save(state)
    val sheet = sheet?.takeIf { it.isShowing } ?: return
    state.putString(WORD, sheet.word.name)
    state.putString(COMMENT, sheet.comment)
  }

  override fun kept(): Any? {
    isKept = true
    return decision
  }

  override fun keep(what: Any) {
    (what as? Decision)?.let(::follow)
  }

  override fun restore(state: Bundle) {
    files.restore(state)
    if (state.containsKey(WORD)) pending = state
  }

  override fun gone() {
    // Nothing is signed for somebody who went away.
    if (!isKept) stop()
    sheet?.dismiss()
    details?.dismiss()
  }

  private companion object {
    const val WORD = "word"
    const val COMMENT = "comment"
    const val ANY = "application/octet-stream"
  }
}
