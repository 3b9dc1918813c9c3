package org.countersign.screen

import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.Account
import org.countersign.bridge.Button
import org.countersign.bridge.CardScanned
import org.countersign.bridge.CoreException
import org.countersign.bridge.DoesExchange
import org.countersign.bridge.DoesSameNumber
import org.countersign.bridge.DoesTakeNew
import org.countersign.bridge.DoesWrite
import org.countersign.bridge.KnownOrNew
import org.countersign.bridge.ScanPage
import org.countersign.bridge.ScanStep
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.banner
import org.countersign.ui.button
import org.countersign.ui.card
import org.countersign.ui.centered
import org.countersign.ui.color
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.drawable
import org.countersign.ui.heading
import org.countersign.ui.hero
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.scroll
import org.countersign.ui.shade
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.stepCircle
import org.countersign.ui.text
import org.countersign.ui.topBar
import org.countersign.ui.why

/** 12: whom the scan was about and how far the meeting is. Leaving loses nothing. */
class ScannedScreen(host: Host, private val address: String) : Screen(host) {
  private val content: LinearLayout = context.column { pad(16, 24) }
  private val foot: LinearLayout = context.column { pad(16, 12) }
  private val own = OwnCode(context, OwnCode.Words.NONE)
  private var shown: ScanPage? = null

  /** The own code as it is drawn, while the other phone has still to read it. */
  val modules: View get() = own.modules

  /** Both have met. */
  val isMet: Boolean get() = shown?.title?.key == "sr_both"

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_close, R.string.a_close, null, { host.back() }))
    put(context.scroll(content), weight = 1f)
    put(foot)
  }

  override suspend fun load() {
    val exchange = session.account()?.qrExchange() ?: return
    // A card that differs from what is known leaves no trace but the scan itself.
    val scan = (session.scanned as? CardScanned)?.takeIf { it.differs && it.address == address }
    val page = (if (scan != null) exchange.scanScreen(scan) else exchange.personScreen(address)) ?: return host.back()
    if (page.code == null && page == shown) return
    shown = page
    show(page)
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

  private fun show(page: ScanPage) {
    content.removeAllViews()
    foot.removeAllViews()
    val code = page.code
    if (code != null) waiting(page) else head(page)
    code?.let(own::show)
    if (page.steps.isNotEmpty()) content.put(context.card { page.steps.forEach { put(step(it)) } }.also { it.pad(16, 4) }, top = 16)
    page.number?.let { content.put(number(it), WRAP_CONTENT, top = 16, gravity = Gravity.CENTER_HORIZONTAL) }
    if (code != null) page.text?.let { content.put(context.text(context.say(it), Style.SECOND, R.color.text2).centered(), start = 32, end = 32, top = 16) }
    if (page.anchors.isNotEmpty()) content.put(anchors(page.anchors), top = 12)
    page.buttons.forEachIndexed { index, button -> foot.put(context.button(button) { act(button, page) }, top = if (index > 0) 4 else 0) }
  }

  private fun head(page: ScanPage) {
    val shade = shade(page.tone)
    content.put(View(context), height = context.dp(48))
    val hero = context.hero(drawable(page.icon), shade.fill, color(page.tone), 104)
    content.put(hero, context.dp(104), context.dp(104), gravity = Gravity.CENTER_HORIZONTAL)
    content.put(context.text(context.say(page.title), Style.TITLE).centered().heading(), top = 24)
    page.text?.let { content.put(context.text(context.say(it), Style.BODY, R.color.text2).centered(), top = 8, start = 16, end = 16) }
    // Always the other person, with the address.
    content.put(context.card { put(context.person(page.person)) }, top = 24)
  }

  /** The own code stays in sight: the other phone has still to read it. */
  private fun waiting(page: ScanPage) {
    content.put(context.text(context.say(page.title), Style.TITLE).centered().heading())
    content.put(context.text(page.person.address, Style.SECOND, R.color.text2).centered(), top = 4)
    content.put(own.view, context.dp(OWN_WIDTH), top = 16, gravity = Gravity.CENTER_HORIZONTAL)
  }

  private fun step(step: ScanStep): View = context.row {
    minimumHeight = context.dp(56)
    put(context.stepCircle(step.state, step.number.toString()), context.dp(STEP), context.dp(STEP), end = 8)
    put(context.text(context.say(step.text), Style.STRONG), weight = 1f)
  }

  private fun number(digits: String): View =
    context.text(digits, Style.DISPLAY).apply {
      background = context.shape(R.color.sunken, 12)
      letterSpacing = DIGIT_SPACING
      pad(24, 8)
      // Read digit by digit: it is compared, not counted.
      contentDescription = digits.toList().joinToString(" ")
    }

  private fun anchors(anchors: List<KnownOrNew>): View = context.card {
    anchors.forEachIndexed { index, anchor ->
      if (index > 0) put(context.line(), height = context.dp(1), start = 16)
      put(
        context.column {
          pad(16, 12)
          put(context.state(anchor.title))
          put(context.text(context.say(anchor.line), Style.SECOND, R.color.text2), top = 2)
        }
      )
    }
  }

  private fun act(button: Button, page: ScanPage) {
    when (val does = button.does) {
      is DoesWrite -> host.replace(Place(Place.Kind.COMPOSE, Draft(to = listOfNotNull(does.address)).write()))
      is DoesExchange -> host.replace(Place(Place.Kind.EXCHANGE))
      is DoesSameNumber -> page.number?.let { number -> answer { it.qrExchange().confirmNumber(address, number) } }
      is DoesTakeNew -> answer { it.qrExchange().agree(address) }
      else -> host.back()
    }
  }

  private fun answer(call: suspend (Account) -> Unit) {
    scope.launch {
      try {
        session.account()?.let { call(it) }
        session.syncSoon()
        reloadSoon()
      } catch (error: CoreException) {
        failed(error)
      }
    }
  }

  override fun failed(error: CoreException) {
    foot.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, context.why(error)), top = 8)
  }

  private companion object {
    const val OWN_WIDTH = 276
    const val STEP = 44
    const val DIGIT_SPACING = 0.2f
    const val LOOK_EVERY_MS = 3_000L
  }
}
