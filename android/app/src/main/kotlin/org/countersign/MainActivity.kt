package org.countersign

import android.app.Activity
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.WindowInsets
import android.widget.FrameLayout
import android.window.OnBackInvokedDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.countersign.screen.Host
import org.countersign.screen.Screen
import org.countersign.screen.open
import org.countersign.ui.column
import org.countersign.ui.put

/** The one activity: a stack of places, the screen of the uppermost, and the loop that fetches mail while it is shown. */
class MainActivity : Activity(), Host {
  private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main)
  private lateinit var frame: FrameLayout

  /** Under the system's bar. */
  private lateinit var foot: View
  private var stack = listOf<Place>()
  private var syncing: Job? = null
  private var results = 0

  override lateinit var session: Session
    private set

  /** What is shown. */
  var screen: Screen? = null
    private set

  override val activity: Activity get() = this

  override fun onCreate(state: Bundle?) {
    super.onCreate(state)
    session = (application as CountersignApp).session()
    frame = FrameLayout(this)
    foot = View(this)
    val whole = column {
      put(frame, weight = 1f)
      put(foot, height = 0)
    }
    whole.setOnApplyWindowInsetsListener { view, insets -> keepClear(view, insets) }
    setContentView(whole)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
      onBackInvokedDispatcher.registerOnBackInvokedCallback(OnBackInvokedDispatcher.PRIORITY_DEFAULT) { back() }
    }
    val places = state?.getStringArrayList(STACK)?.map(Place::parse).orEmpty()
    if (places.isEmpty()) return begin(request(intent))
    show(places, state?.getBundle(TOP))
    @Suppress("DEPRECATION") // Its successor is a library.
    lastNonConfigurationInstance?.let { screen?.keep(it) }
  }

  /** Where somebody starts: with an account in the inbox, or with the request of a notification over it. */
  private fun begin(request: String?) {
    scope.launch {
      val account = session.account()
      val inbox = Place(Place.Kind.INBOX)
      when {
        account == null -> show(listOf(Place(Place.Kind.ADDRESS)))
        request == null -> show(listOf(inbox))
        else -> show(listOf(inbox, Place(Place.Kind.APPROVAL, request)))
      }
    }
  }

  override fun onNewIntent(intent: Intent) {
    super.onNewIntent(intent)
    request(intent)?.let { begin(it) }
  }

  private fun request(intent: Intent) = intent.getStringExtra(REQUEST)

  override fun onStart() {
    super.onStart()
    screen?.shown()
    syncing = scope.launch {
      while (true) {
        if (session.account() != null) {
          SyncJob.schedule(this@MainActivity)
          session.sync()
        }
        delay(SYNC_EVERY_MS)
      }
    }
  }

  override fun onResume() {
    super.onResume()
    session.prompt.shown(this)
  }

  override fun onPause() {
    session.prompt.hidden(this)
    super.onPause()
  }

  override fun onStop() {
    syncing?.cancel()
    screen?.hidden()
    super.onStop()
  }

  override fun onDestroy() {
    screen?.left()
    scope.cancel()
    super.onDestroy()
  }

  override fun onSaveInstanceState(state: Bundle) {
    super.onSaveInstanceState(state)
    state.putStringArrayList(STACK, ArrayList(stack.map(Place::toString)))
    state.putBundle(TOP, Bundle().also { screen?.save(it) })
  }

  @Suppress("OVERRIDE_DEPRECATION")
  override fun onRetainNonConfigurationInstance(): Any? = screen?.kept()

  override fun go(place: Place) = show(stack + place)

  override fun root(place: Place) = show(listOf(place))

  override fun replace(place: Place) = show(stack.dropLast(1) + place)

  override fun back() {
    if (screen?.back() == true) return
    when {
      stack.size > 1 -> show(stack.dropLast(1))
      stack.firstOrNull()?.let { it.isTab && it.kind != Place.Kind.INBOX } == true -> root(Place(Place.Kind.INBOX))
      else -> finish()
    }
  }

  @Deprecated("the way before API 33")
  override fun onBackPressed() = back()

  private fun show(places: List<Place>, state: Bundle? = null) {
    screen?.hidden()
    screen?.left()
    stack = places
    val next = open(places.last(), this)
    screen = next
    frame.removeAllViews()
    frame.addView(next.view, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
    foot.setBackgroundColor(getColor(next.footColor))
    window.navigationBarColor = getColor(next.footColor)
    state?.let(next::restore)
    next.shown()
  }

  /** From API 35 on the window lies under the system's bars. */
  private fun keepClear(view: View, insets: WindowInsets): WindowInsets {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
      val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.ime() or WindowInsets.Type.displayCutout())
      view.setPadding(bars.left, bars.top, bars.right, 0)
      below(bars.bottom)
    } else {
      @Suppress("DEPRECATION")
      view.setPadding(insets.systemWindowInsetLeft, insets.systemWindowInsetTop, insets.systemWindowInsetRight, 0)
      @Suppress("DEPRECATION")
      below(insets.systemWindowInsetBottom)
    }
    return insets
  }

  private fun below(height: Int) {
    if (foot.layoutParams.height == height) return
    foot.layoutParams.height = height
    foot.requestLayout()
  }

  override fun ask(intent: Intent) {
    results += 1
    startActivityForResult(intent, results)
  }

  override fun onActivityResult(request: Int, result: Int, data: Intent?) {
    super.onActivityResult(request, result, data)
    if (result == RESULT_OK && data != null) screen?.answered(data)
  }

  override fun onRequestPermissionsResult(request: Int, permissions: Array<String>, results: IntArray) {
    super.onRequestPermissionsResult(request, permissions, results)
    screen?.permitted()
  }

  companion object {
    /** Extra: the id of the approval to open. */
    const val REQUEST = "request"
    private const val STACK = "stack"
    private const val TOP = "top"
    private const val SYNC_EVERY_MS = 30_000L
  }
}
