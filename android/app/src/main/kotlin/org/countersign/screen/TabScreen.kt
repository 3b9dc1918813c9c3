package org.countersign.screen

import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.view.Gravity
import android.widget.FrameLayout
import android.widget.LinearLayout
import org.countersign.Place
import org.countersign.bridge.Account
import org.countersign.bridge.Banner
import org.countersign.bridge.CoreException
import org.countersign.R
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.Tabs
import org.countersign.ui.banner
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.put
import org.countersign.ui.row
import org.countersign.ui.text
import org.countersign.ui.why
import org.countersign.ui.scroll

/** What the four tabs have in common: a title, content that scrolls, the bar below. */
abstract class TabScreen(host: Host, here: Place.Kind, title: Int) : Screen(host) {
  protected val bar: LinearLayout = context.row {
    setPaddingRelative(context.dp(16), context.dp(16), context.dp(4), context.dp(4))
    minimumHeight = context.dp(56)
    put(context.text(title, Style.DISPLAY).heading(), weight = 1f)
  }

  /** What stays above the list: a search field. */
  protected val head: LinearLayout = context.column()

  /** One banner at most. */
  protected val notice: LinearLayout = context.column()
  protected val content: LinearLayout = context.column()
  protected val over = FrameLayout(context)
  private val tabs = Tabs(context, here) { if (it != here) host.root(Place(it)) else scrollUp() }
  private val scroller = context.scroll(content)

  override val footColor = R.color.surface

  override val view: View = context.column {
    put(bar)
    put(head)
    put(notice)
    over.addView(scroller, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
    put(over, weight = 1f)
    val edge = View(context).apply { setBackgroundColor(context.getColor(R.color.line)) }
    put(edge, height = context.dp(1))
    put(tabs)
  }

  private fun scrollUp() = scroller.smoothScrollTo(0, 0)

  /** A button over the content, at the thumb. */
  protected fun float(button: View) {
    val at = FrameLayout.LayoutParams(WRAP_CONTENT, context.dp(56), Gravity.BOTTOM or Gravity.END)
    at.setMargins(context.dp(16), 0, context.dp(16), context.dp(16))
    over.addView(button, at)
    content.setPadding(0, 0, 0, context.dp(88))
  }

  protected suspend fun countWaiting(account: Account) =
    showWaiting(account.approvals().screen(session.clock()).segments.first().count)

  /** As the core counts them. */
  protected fun showWaiting(count: ULong?) = tabs.count(count?.toInt() ?: 0)

  protected fun tell(banner: Banner?, onTap: () -> Unit = {}) {
    notice.removeAllViews()
    banner?.let { notice.put(context.banner(it, onTap), start = 16, end = 16, top = 4, bottom = 8) }
  }

  override fun failed(error: CoreException) {
    notice.removeAllViews()
    val words = context.why(error)
    notice.put(context.banner(Shade.CAUTION, R.drawable.ic_warn, words), start = 16, end = 16, top = 4, bottom = 8)
  }
}
