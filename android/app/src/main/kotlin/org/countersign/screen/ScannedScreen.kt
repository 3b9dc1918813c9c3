package org.countersign.screen

import android.view.Gravity
import android.view.View
import android.widget.LinearLayout
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.CodeView
import org.countersign.bridge.ContactView
import org.countersign.bridge.MeetingStage
import org.countersign.bridge.Trust
import org.countersign.ui.Kind
import org.countersign.ui.StepState
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.avatar
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.hero
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.row
import org.countersign.ui.scroll
import org.countersign.ui.state
import org.countersign.ui.stepCircle
import org.countersign.ui.text
import org.countersign.ui.topBar

/** 12: whom the scan was about and how far the meeting is. Leaving loses nothing. */
class ScannedScreen(host: Host, private val address: String) : Screen(host) {
  private val content: LinearLayout = context.column { pad(16, 24) }
  private val foot: LinearLayout = context.column { pad(16, 12) }
  private val own = OwnCode(context, OwnCode.Words.NONE)

  /** The own code as it is drawn, while the other phone has still to read it. */
  val modules: View get() = own.modules

  /** Both have met. */
  var isMet = false
    private set

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_close, R.string.a_close, null, { host.back() }))
    put(context.scroll(content), weight = 1f)
    put(foot)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val person = account.people().list().firstOrNull { it.address == address }
    val meeting = account.qrExchange().status().firstOrNull { it.address == address }
    val name = person?.name?.ifBlank { null } ?: meeting?.name?.ifBlank { null } ?: address
    isMet = person?.trust == Trust.MET && person.changedAnchor.not()
    content.removeAllViews()
    foot.removeAllViews()
    when {
      person?.changedAnchor == true || meeting?.stage == MeetingStage.AWAITING_AGREEMENT -> changed(name, person)
      isMet -> met(name, person)
      else -> waiting(name, account.summary(), account.qrExchange().show())
    }
  }

  override fun appeared() {
    scope.launch {
      // The other phone's mail completes the meeting.
      while (isActive && !isMet) {
        session.sync()
        delay(LOOK_EVERY_MS)
      }
    }
  }

  private fun head(icon: Int, title: String, line: String, fill: Int = R.color.accent_soft, ink: Int = R.color.accent) {
    content.put(View(context), height = context.dp(48))
    content.put(context.hero(icon, fill, ink, 104), context.dp(104), context.dp(104), gravity = Gravity.CENTER_HORIZONTAL)
    content.put(context.text(title, Style.TITLE).centered().heading(), top = 24)
    content.put(context.text(line, Style.BODY, R.color.text2).centered(), top = 8, start = 16, end = 16, bottom = 24)
  }

  private fun met(name: String, person: ContactView?) {
    head(R.drawable.ic_seal, context.getString(R.string.sr_both, name), context.getString(R.string.sr_both_sub))
    content.put(card(name, person))
    val write = Place(Place.Kind.COMPOSE, Draft(to = listOf(address)).write())
    foot.put(context.action(Kind.PRIMARY, context.getString(R.string.sr_write, name)) { host.replace(write) })
    foot.put(context.action(Kind.TEXT, R.string.c_done) { host.back() }, top = 4)
  }

  /** The own code stays in sight: the other phone has still to read it. */
  private fun waiting(name: String, owner: AccountSummary, code: CodeView) {
    content.put(context.text(context.getString(R.string.sr_wait, name), Style.TITLE).centered().heading())
    if (name != address) content.put(context.text(address, Style.SECOND, R.color.text2).centered(), top = 4)
    own.show(owner, code)
    content.put(own.view, context.dp(OWN_WIDTH), top = 16, gravity = Gravity.CENTER_HORIZONTAL)
    val steps = context.card {
      pad(16, 4)
      put(step(StepState.DONE, "1", context.getString(R.string.sr_wait_1, name)))
      put(step(StepState.NOW, "2", context.getString(R.string.sr_wait_2, name)))
    }
    content.put(steps, top = 16)
    content.put(context.text(R.string.sr_wait_sub, Style.SECOND, R.color.text2).centered(), start = 32, end = 32, top = 16)
    foot.put(context.action(Kind.OUTLINE, R.string.c_done) { host.back() })
  }

  private fun step(state: StepState, mark: String, words: String): View = context.row {
    minimumHeight = context.dp(56)
    put(context.stepCircle(state, mark), context.dp(STEP), context.dp(STEP), end = 8)
    put(context.text(words, Style.STRONG), weight = 1f)
  }

  private fun changed(name: String, person: ContactView?) {
    val title = context.getString(R.string.sr_changed, name)
    head(R.drawable.ic_warn, title, context.getString(R.string.sr_changed_sub, name), R.color.caution_soft, R.color.caution)
    content.put(card(name, person))
    foot.put(context.action(Kind.PRIMARY, context.getString(R.string.sr_again, name), R.drawable.ic_scan) { host.replace(Place(Place.Kind.EXCHANGE)) })
    foot.put(context.action(Kind.TEXT, R.string.sr_keep) { host.back() }, top = 4)
  }

  /** Always the scanned person, with the address. */
  private fun card(name: String, person: ContactView?) = context.card {
    put(
      context.row {
        pad(16, 12)
        gravity = Gravity.TOP
        put(context.avatar(name), context.dp(40), context.dp(40), end = 12)
        put(
          context.column {
            put(context.text(name, Style.STRONG))
            if (name != address) put(context.text(address, Style.SECOND, R.color.text2))
            person?.let { context.face(it) }?.let { put(context.state(it.icon, it.words, it.color), top = 4) }
          },
          weight = 1f,
        )
      }
    )
  }

  private companion object {
    const val OWN_WIDTH = 276
    const val STEP = 44
    const val LOOK_EVERY_MS = 3_000L
  }
}
