package org.countersign.screen

import android.app.DatePickerDialog
import android.app.TimePickerDialog
import android.content.ActivityNotFoundException
import android.content.Intent
import android.os.Bundle
import android.text.InputType
import android.view.Gravity
import android.view.View
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.Toast
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.format.DateTimeFormatter
import java.util.UUID
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.Account
import org.countersign.bridge.ComposePage
import org.countersign.bridge.CoreException
import org.countersign.bridge.Deciding
import org.countersign.bridge.DraftSummary
import org.countersign.bridge.FileToSend
import org.countersign.bridge.InOrder
import org.countersign.bridge.NewApproval
import org.countersign.bridge.NewMail
import org.countersign.bridge.NotFound
import org.countersign.bridge.WrittenMail
import org.countersign.bridge.cancellable
import org.countersign.ui.ActionButton
import org.countersign.ui.Style
import org.countersign.ui.column
import org.countersign.ui.dayAndClock
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.iconButton
import org.countersign.ui.line
import org.countersign.ui.onChange
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.scroll
import org.countersign.ui.segment
import org.countersign.ui.segments
import org.countersign.ui.size
import org.countersign.ui.styled
import org.countersign.ui.text
import org.countersign.ui.toggle
import org.countersign.ui.why
import org.countersign.ui.topBar

/** 09: a mail or, with the switch, a request for approval. */
class ComposeScreen(host: Host, argument: String) : Screen(host) {
  val to = PeopleField(context) { lookAgain() }
  val cc = PeopleField(context) { lookAgain() }
  val approval = context.toggle(context.getString(R.string.co_switch))
  val subject = field(InputType.TYPE_TEXT_FLAG_CAP_SENTENCES, Style.STRONG)
  val body = field(InputType.TYPE_TEXT_FLAG_MULTI_LINE or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES, Style.BODY)
  private val title = context.text("", Style.BAR).heading()
  private val switchRow: LinearLayout = context.row()
  private val orders: LinearLayout = context.column()
  private val deadlineRow: LinearLayout = context.column()
  private val fileRows: LinearLayout = context.column()
  private val offers: LinearLayout = context.column()
  private val foot = ComposeFoot(context, { invite(it) }) { send(it) }
  private var account: Account? = null
  private var page: ComposePage? = null
  private val looking = Mutex()
  private var files = listOf<FileToSend>()
  private var problem: String? = null

  /** The mail on its way into the outbox; it goes on while the phone is turned. */
  private var sending: Deferred<CoreException?>? = null

  /** Of this draft; see [org.countersign.Drafts]. */
  private var name = session.drafts.name(argument) ?: UUID.randomUUID().toString()

  /** What stood here when somebody came. */
  private val first = Draft.read(session.drafts.read(argument))
  private var answers = first.answers
  private var stored = SealedDraft(session, first.number)

  /** What the core keeps was not looked at yet: it is not written over. */
  private var isUnread = first.number != null

  /** The process ended meanwhile. */
  private var isFoundAgain = false

  /** Earlier drafts are offered where a new mail begins. */
  private var hasOffered = argument.isNotEmpty()
  private var leaving: Deferred<CoreException?>? = null

  /** Sent, kept, or given up: nothing is to be done about it when this screen goes. */
  private var isSettled = false

  /** Who has to approve. */
  var deciding: Deciding = InOrder
    private set

  /** Until when an answer is wanted, seconds since 1970. */
  var deadline: Long? = null
    set(at) {
      field = at
      lookAgain()
    }

  val send: ActionButton get() = foot.send

  override val footColor = R.color.surface

  override val view: View = context.column {
    put(
      context.topBar(R.drawable.ic_close, R.string.a_close, title, { host.back() }) {
        put(context.iconButton(R.drawable.ic_clip, context.getString(R.string.a_file)) { pick() }, context.dp(48), context.dp(48))
      }
    )
    put(
      context.scroll(
        context.column {
          put(offers)
          put(switchRow)
          divide()
          put(to)
          put(orders, start = 16, end = 16, bottom = 12)
          divide()
          put(cc)
          divide()
          put(deadlineRow)
          put(labelled(R.string.co_subject, subject))
          divide()
          put(body, start = 16, end = 16)
          put(fileRows, start = 16, end = 4, bottom = 16)
        }
      ),
      weight = 1f,
    )
    put(foot)
  }

  init {
    body.setHint(R.string.co_text)
    fill(first)
    approval.setOnCheckedChangeListener { _, _ -> lookAgain() }
    subject.onChange { lookAgain() }
    body.onChange { showOffers() }
  }

  private fun field(type: Int, style: Style) =
    EditText(context).apply {
      styled(style)
      background = null
      setHintTextColor(context.getColor(R.color.text2))
      inputType = InputType.TYPE_CLASS_TEXT or type
      minimumHeight = context.dp(52)
      gravity = Gravity.TOP or Gravity.START
      pad(0, 14)
      id = View.generateViewId()
      isSaveEnabled = false
    }

  private fun LinearLayout.divide() = put(context.line(), height = context.dp(1))

  private fun labelled(words: Int, field: EditText): View = context.row {
    pad(16)
    val label = context.text(words, Style.SECOND, R.color.text2)
    label.labelFor = field.id
    put(label, context.labelWidth)
    put(field, weight = 1f)
  }

  override suspend fun load() {
    open()
    look()
    offer()
  }

  /** What the core keeps of it. */
  private suspend fun open() {
    if (isFoundAgain && stored.number == null && isWritten) stored.find(mail())?.let(::take)
    isFoundAgain = false
    if (!isUnread) return
    try {
      stored.open()?.let(::take)
    } catch (_: NotFound) {
      // It was sent or thrown away meanwhile: what is written here becomes another one.
      stored = SealedDraft(session)
    }
    isUnread = false
  }

  /** Words that stand here already are newer. */
  private fun take(mail: NewMail) {
    val draft = draft()
    val isBlank = draft.words in listOf(first.words, Draft())
    if (isBlank) fill(draft.copy(to = mail.to, cc = mail.cc, subject = mail.subject, text = mail.text))
    answers = mail.answers
    files = mail.files + files
  }

  private val isWritten get() = files.isNotEmpty() || draft().words != first.words

  private suspend fun offer() {
    if (hasOffered) return
    val drafts = session.account()?.composer()?.drafts() ?: return
    hasOffered = true
    if (stored.number == null) drafts.asReversed().forEach { offers.put(offered(it)) }
    showOffers()
  }

  private fun showOffers() {
    offers.visibility = if (isWritten) View.GONE else View.VISIBLE
  }

  private fun offered(draft: DraftSummary): View = context.row {
    pad(16, 8)
    minimumHeight = context.dp(56)
    putIcon(R.drawable.ic_write, size = 20, end = 12)
    val title = listOf(draft.subject, draft.to.joinToString(), context.getString(R.string.co_title)).first { it.isNotBlank() }
    put(
      context.column {
        put(context.text(title, Style.STRONG))
        put(context.text(R.string.co_draft, Style.CAPTION, R.color.text2))
      },
      weight = 1f,
    )
    putIcon(R.drawable.ic_next, R.color.text2, 20, start = 8)
    background = context.ripple(null)
    setOnClickListener { host.replace(Place(Place.Kind.COMPOSE, Draft(number = draft.number).write())) }
  }

  private fun lookAgain() {
    scope.launch {
      try {
        look()
      } catch (error: CoreException) {
        problem = context.why(error)
        draw()
      }
    }
  }

  private suspend fun look() =
    looking.withLock {
      val account = session.account() ?: return
      this.account = account
      val written = WrittenMail(approval.isChecked, to.addresses, cc.addresses, subject.text.toString(), deciding, deadline, allowsPlain = true)
      val page = account.composer().screen(written)
      this.page = page
      to.show(page.to.people)
      cc.show(page.cc.people)
      draw()
    }

  private fun draw() {
    val page = page ?: return
    title.text = context.say(page.title)
    to.named(context.say(page.to.label), if (page.isApproval) PeopleField.Look.NUMBERED else PeopleField.Look.PIECES)
    cc.named(context.say(page.cc.label), if (page.isApproval) PeopleField.Look.LINES else PeopleField.Look.PIECES)
    drawSwitch(page)
    drawOrders(page)
    drawDeadline(page)
    fileRows.removeAllViews()
    for (file in files) fileRows.put(fileRow(file))
    foot.show(page.footer, sending != null, problem)
    showOffers()
  }

  private fun drawSwitch(page: ComposePage) {
    val ink = if (page.isApproval) R.color.accent_ink else R.color.text
    switchRow.removeAllViews()
    switchRow.background = if (page.isApproval) context.getDrawable(R.color.accent_soft) else null
    switchRow.pad(16, 12)
    switchRow.putIcon(R.drawable.ic_stamp, ink, end = 12)
    switchRow.put(
      context.column {
        put(context.text(context.say(page.switch), Style.STRONG, ink))
        put(context.text(context.say(page.switchSecond), Style.SECOND, ink))
        importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
      },
      weight = 1f,
    )
    switchRow.put(approval, start = 8)
  }

  /** One approver has no order. */
  private fun drawOrders(page: ComposePage) {
    orders.removeAllViews()
    if (page.to.people.size < 2 || page.order.isEmpty()) return
    val pieces = page.order.zip(Draft.ORDERS).map { (choice, deciding) ->
      context.segment(context.say(choice.text), choice.isChosen) {
        this.deciding = deciding
        lookAgain()
      }
    }
    orders.put(context.segments(pieces))
  }

  private fun drawDeadline(page: ComposePage) {
    deadlineRow.removeAllViews()
    val by = page.by ?: return
    deadlineRow.put(
      context.row {
        pad(16)
        minimumHeight = context.dp(52)
        put(context.text(context.say(by), Style.SECOND, R.color.text2), context.labelWidth)
        put(context.text(page.deadline?.let { context.dayAndClock(it) } ?: context.getString(R.string.co_by_none), Style.BODY), weight = 1f)
        putIcon(R.drawable.ic_next, R.color.text2, 20, start = 8)
        background = context.ripple(null)
        setOnClickListener { askForDay() }
      }
    )
    deadlineRow.divide()
  }

  private fun askForDay() {
    val first = LocalDate.now().plusDays(1)
    DatePickerDialog(context, { _, year, month, day -> askForTime(LocalDate.of(year, month + 1, day)) }, first.year, first.monthValue - 1, first.dayOfMonth).show()
  }

  private fun askForTime(day: LocalDate) {
    val chosen = { hour: Int, minute: Int ->
      val at = LocalDateTime.of(day, LocalTime.of(hour, minute))
      deadline = at.atZone(ZoneId.systemDefault()).toEpochSecond()
    }
    TimePickerDialog(context, { _, hour, minute -> chosen(hour, minute) }, END_OF_WORK, 0, true).show()
  }

  private fun fileRow(file: FileToSend): View = context.row {
    minimumHeight = context.dp(56)
    putIcon(R.drawable.ic_doc, size = 20, end = 12)
    put(
      context.column {
        put(context.text(file.name, Style.STRONG))
        put(context.text(context.size(file.bytes.size.toULong()), Style.CAPTION, R.color.text2))
      },
      weight = 1f,
    )
    val remove = context.getString(R.string.a_remove, file.name)
    put(context.iconButton(R.drawable.ic_close, remove, R.color.text2) { remove(file) }, context.dp(48), context.dp(48))
  }

  private fun send(isPlain: Boolean) {
    val account = account ?: return
    if (sending != null || leaving != null) return
    // Both are looked at: each says what is wrong in it. Nothing goes out without somebody who stands there.
    if (listOf(to, cc).count { it.isLeft() } > 0) return
    val work = if (approval.isChecked) asking(account) else mailing(isPlain)
    problem = null
    follow(session.errand(work))
  }

  private fun follow(work: Deferred<CoreException?>) {
    sending = work
    draw()
    scope.launch {
      work.join()
      sending = null
      problem = if (work.isCancelled) context.getString(R.string.er_other) else work.await()?.let { context.why(it) }
      if (problem != null) return@launch draw()
      isSettled = true
      session.drafts.drop(name)
      session.holdSoon()
      session.syncSoon()
      host.back()
    }
  }

  /** What is sent or kept ends in a moment, and then tells what became of it. */
  override fun back(): Boolean {
    if (sending != null || leaving != null) return true
    if (isSettled || isUnread) return false
    if (isWritten) {
      leave()
      return true
    }
    isSettled = true
    val stored = stored
    if (stored.number != null) session.errand { stored.drop() }
    return false
  }

  private fun leave() {
    val work = keepSoon()
    leaving = work
    scope.launch {
      work.join()
      leaving = null
      // Who goes back once more goes without.
      isSettled = true
      val failed = if (work.isCancelled) context.getString(R.string.er_other) else work.await()?.let { context.why(it) }
      if (failed != null) {
        problem = failed
        return@launch draw()
      }
      session.drafts.drop(name)
      Toast.makeText(context.applicationContext, R.string.co_draft, Toast.LENGTH_SHORT).show()
      host.back()
    }
  }

  private fun keepSoon(): Deferred<CoreException?> {
    val stored = stored
    val mail = mail()
    return session.errand { stored.keep(mail) }
  }

  /** The process of an app that nobody looks at may end. */
  override fun disappeared() {
    if (isWritten && !isUnread && !isSettled && sending == null) keepSoon()
  }

  /** Somebody without a certificate is written to first; what stands here is found again on the way back. */
  private fun invite(address: String) = host.go(Place(Place.Kind.COMPOSE, Draft(to = listOf(address)).write()))

  private fun asking(account: Account): suspend () -> Unit {
    val until = deadline?.let { OffsetDateTime.ofInstant(Instant.ofEpochSecond(it), ZoneId.systemDefault()) }
    val request =
      NewApproval(
        to = to.addresses,
        cc = cc.addresses,
        subject = subject.text.toString().trim(),
        text = body.text.toString(),
        files = files,
        deciding = deciding,
        deadline = until?.format(DateTimeFormatter.ISO_OFFSET_DATE_TIME),
      )
    val stored = stored
    return {
      cancellable { account.approvals().request(request, it) }
      stored.drop()
    }
  }

  private fun mailing(isPlain: Boolean): suspend () -> Unit {
    val stored = stored
    val mail = mail().copy(signedOnly = isPlain)
    return { stored.send(mail) }
  }

  private fun mail() =
    NewMail(
      to = to.addresses,
      cc = cc.addresses,
      subject = subject.text.toString().trim(),
      text = body.text.toString(),
      files = files,
      answers = answers,
    )

  private fun pick() {
    try {
      host.ask(Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*"))
    } catch (_: ActivityNotFoundException) {
      // Nothing on this phone offers files.
      tell(R.string.er_other)
    }
  }

  override fun answered(data: Intent) {
    val uri = data.data ?: return
    scope.launch {
      when (val picked = host.pickedFile(uri)) {
        is Picked.Taken -> attach(picked.file)
        is Picked.Refused -> tell(picked.why)
      }
    }
  }

  private fun tell(words: Int) {
    problem = context.getString(words)
    draw()
  }

  fun attach(file: FileToSend) {
    files = files + file
    draw()
  }

  private fun remove(file: FileToSend) {
    files = files - file
    draw()
  }

  private fun fill(draft: Draft) {
    to.set(draft.to)
    cc.set(draft.cc)
    subject.setText(draft.subject)
    body.setText(draft.text)
    approval.isChecked = draft.isApproval
    deciding = draft.deciding
    deadline = draft.deadline
    answers = draft.answers
  }

  /** Text and people; files are where the core keeps the rest. */
  override fun save(state: Bundle) {
    state.putString(DRAFT, session.drafts.hold(name, draft().write()))
    stored.number?.let { state.putLong(NUMBER, it.toLong()) }
  }

  private fun draft() =
    Draft(
      to.addresses, cc.addresses, subject.text.toString(), body.text.toString(), approval.isChecked, deadline, deciding, answers,
      stored.number,
    )

  override fun restore(state: Bundle) {
    val saved = state.getString(DRAFT) ?: return
    name = session.drafts.name(saved) ?: name
    fill(Draft.read(session.drafts.read(saved)))
    stored = SealedDraft(session, if (state.containsKey(NUMBER)) state.getLong(NUMBER).toULong() else null)
    isUnread = stored.number != null
    isFoundAgain = true
    lookAgain()
  }

  private class Kept(
    val files: List<FileToSend>,
    val sending: Deferred<CoreException?>?,
    val stored: SealedDraft,
    val isUnread: Boolean,
  )

  override fun kept(): Any = Kept(files, sending, stored, isUnread)

  override fun keep(what: Any) {
    if (what !is Kept) return
    stored = what.stored
    isUnread = what.isUnread
    isFoundAgain = false
    what.files.forEach(::attach)
    what.sending?.let(::follow)
  }

  private companion object {
    const val DRAFT = "draft"
    const val NUMBER = "number"

    /** The hour that is offered for a deadline. */
    const val END_OF_WORK = 18
  }
}
