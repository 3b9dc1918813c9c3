package org.countersign.screen

import android.content.Intent
import android.os.Bundle
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
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
import org.countersign.bridge.undecidedBanner
import org.countersign.ui.ActionButton
import org.countersign.ui.RouteStrip
import org.countersign.ui.Style
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
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 06: a request with its route; 07 opens over it. */
class ApprovalScreen(host: Host, private val id: String) : Screen(host) {
  private val result: LinearLayout = context.column()
  private val content: LinearLayout = context.column()
  private val foot: LinearLayout = context.column()
  private var bar: DecisionBar? = null
  private var details: DetailsSheet? = null
  private var opening: DocumentRow? = null
  private val files = Files(host, scope) { index -> open(index.toULong()) }

  /** A sheet that was open before a rotation. */
  private var pending: Bundle? = null

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
    session.notices.gone(page.id)
    show(page)
    pending?.let {
      pending = null
      if (page.bar != null) ask(Word.valueOf(it.getString(WORD, Word.APPROVE.name)), it.getString(COMMENT, ""))
    }
  }

  private fun show(page: ApprovalPage) {
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
    put(context.text("${context.say(remark.who)}: ${remark.text}", Style.SECOND), weight = 1f)
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
    val open = {
      opening = file
      files.open(file.index.toString(), file.name, ANY)
    }
    val row = context.documentRow(drawable(file.icon), file.name, "${context.size(file.size)} · ${context.say(file.state)}", open.takeIf { file.isEnabled })
    row.contentDescription = context.say(file.spoken)
    return row
  }

  /** From the signed request itself; it is remembered as opened. */
  private suspend fun open(index: ULong): ByteArray {
    val octets = checkNotNull(session.account()) { "there is an account" }.approvals().document(id, index)
    opening?.let { session.opened(it.sha256) }
    return octets
  }

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
    if (sheet?.isShowing == true) return
    scope.launch {
      val approvals = session.account()?.approvals() ?: return@launch
      val language = if (context.isChinese) Language.ZH else Language.EN
      try {
        val page = approvals.confirmScreen(id, word, language, session.opened.toList())
        if (sheet?.isShowing == true) return@launch
        sheet = ConfirmSheet(context, page, word, comment) { decide(word, it) }.also { it.show() }
      } catch (_: CoreException) {
        reloadSoon()
      }
    }
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
        sheet.failed(undecidedBanner(error, word)?.let { context.say(it.text) })
      }
      reloadSoon()
    }
  }

  override fun answered(data: Intent) {
    data.data?.let(files::save)
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
    const val ANY = "application/octet-stream"
  }
}
