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
import org.countersign.bridge.FileToSend
import org.countersign.bridge.InOrder
import org.countersign.bridge.NewApproval
import org.countersign.bridge.NewMail
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
    fill(Draft.read(session.drafts.read(argument)))
    approval.setOnCheckedChangeListener { _, _ -> lookAgain() }
    subject.onChange { lookAgain() }
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

  override suspend fun load() = look()

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
    if (sending != null) return
    // Both are looked at: each says what is wrong in it. Nothing goes out without somebody who stands there.
    if (listOf(to, cc).count { it.isLeft() } > 0) return
    val work = if (approval.isChecked) asking(account) else mailing(account, isPlain)
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
      session.drafts.drop(name)
      session.syncSoon()
      host.back()
    }
  }

  /** It ends in a moment, and then tells what became of it. */
  override fun back() = sending != null

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
    return { cancellable { account.approvals().request(request, it) } }
  }

  private fun mailing(account: Account, isPlain: Boolean): suspend () -> Unit {
    val (title, text) = subject.text.toString().trim() to body.text.toString()
    val mail = NewMail(to = to.addresses, cc = cc.addresses, subject = title, text = text, files = files, signedOnly = isPlain)
    return { cancellable { account.composer().send(mail, it) } }
  }

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
  }

  /** Text and people; after the end of the process files are chosen again. */
  override fun save(state: Bundle) = state.putString(DRAFT, session.drafts.hold(name, draft().write()))

  private fun draft() =
    Draft(to.addresses, cc.addresses, subject.text.toString(), body.text.toString(), approval.isChecked, deadline, deciding)

  override fun restore(state: Bundle) {
    val saved = state.getString(DRAFT) ?: return
    name = session.drafts.name(saved) ?: name
    fill(Draft.read(session.drafts.read(saved)))
    lookAgain()
  }

  private class Kept(val files: List<FileToSend>, val sending: Deferred<CoreException?>?)

  override fun kept(): Any = Kept(files, sending)

  override fun keep(what: Any) {
    if (what !is Kept) return
    what.files.forEach(::attach)
    what.sending?.let(::follow)
  }

  private companion object {
    const val DRAFT = "draft"

    /** The hour that is offered for a deadline. */
    const val END_OF_WORK = 18
  }
}
