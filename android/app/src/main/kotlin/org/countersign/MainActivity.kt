package org.countersign

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.BadParcelableException
import android.os.Build
import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.WindowInsets
import android.view.WindowManager
import android.widget.FrameLayout
import android.widget.Toast
import android.window.OnBackInvokedDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.countersign.bridge.CoreException
import org.countersign.screen.Draft
import org.countersign.screen.Host
import org.countersign.screen.Screen
import org.countersign.screen.UndoBar
import org.countersign.screen.open
import org.countersign.ui.Kind
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.centered
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.hero
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.text
import org.countersign.ui.why

/** The one activity: a stack of places, the screen of the uppermost, and the loop that fetches mail while it is shown. */
class MainActivity : Activity(), Host {
  private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main)
  private lateinit var frame: FrameLayout
  private lateinit var undo: UndoBar

  /** Under the system's bar. */
  private lateinit var foot: View
  private var stack = listOf<Level>()
  private var syncing: Job? = null
  private var results = 0
  private var hasAskedForNotices = false
  private var isTakingBack = false

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
    undo = UndoBar(this, ::takeBack)
    foot = View(this)
    val whole = column {
      put(frame, weight = 1f)
      put(undo)
      put(foot, height = 0)
    }
    whole.setOnApplyWindowInsetsListener { view, insets -> keepClear(view, insets) }
    setContentView(whole)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) window.setHideOverlayWindows(true)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
      onBackInvokedDispatcher.registerOnBackInvokedCallback(OnBackInvokedDispatcher.PRIORITY_DEFAULT) { back() }
    }
    hasAskedForNotices = state?.getBoolean(ASKED) == true
    scope.launch { session.held.collect { showHeld() } }
    val levels = state?.let(::levels).orEmpty()
    if (levels.isEmpty()) begin() else show(levels)
  }

  /** As they were saved, with what a turned phone keeps besides. */
  private fun levels(state: Bundle): List<Level> {
    val places = state.getStringArrayList(STACK).orEmpty().map(Place::parse)
    @Suppress("DEPRECATION") // Its successor is a library.
    val kept = lastNonConfigurationInstance as? List<*>
    return places.mapIndexed { index, place -> Level(place, state.getBundle(LEVEL + index), kept?.getOrNull(index)) }
  }

  /** Where somebody starts: with an account in the inbox, or with the request of a notification over it. */
  private fun begin() {
    scope.launch {
      try {
        val account = session.account()
        val request = request(intent)
        val inbox = Level(Place(Place.Kind.INBOX))
        when {
          account == null -> show(listOf(Level(Place(Place.Kind.ADDRESS))))
          request == null -> show(listOf(inbox))
          else -> show(listOf(inbox, Level(Place(Place.Kind.APPROVAL, request))))
        }
      } catch (error: CoreException) {
        stuck(error)
      }
    }
  }

  /** The store could not be opened: why, and another try. */
  private fun stuck(error: CoreException) {
    val words = column {
      gravity = Gravity.CENTER
      pad(32, 48)
      put(hero(R.drawable.ic_warn, R.color.caution_soft, R.color.caution), dp(88), dp(88))
      put(text(why(error), Style.HEADING).centered(), top = 16)
      put(action(Kind.PRIMARY, R.string.c_retry) { frame.removeAllViews(); begin() }, top = 24)
      accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
    }
    frame.removeAllViews()
    frame.addView(words, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
  }

  /** A notification was touched: its request lies over what was there, and what was written there is found again on the way back. */
  override fun onNewIntent(intent: Intent) {
    super.onNewIntent(intent)
    if (stack.isEmpty()) return setIntent(intent)
    val request = Place(Place.Kind.APPROVAL, request(intent) ?: return)
    // Before there is an account there are no requests.
    if (stack.first().place.kind == Place.Kind.ADDRESS || stack.last().place == request) return
    go(request)
  }

  /** The launcher's activity can be started by any app, with anything in it. */
  private fun request(intent: Intent): String? =
    try {
      intent.getStringExtra(REQUEST)?.takeIf(ID::matches)
    } catch (_: BadParcelableException) {
      null
    }

  override fun onStart() {
    super.onStart()
    screen?.shown()
    syncing = scope.launch {
      while (true) {
        try {
          if (session.account() != null) {
            SyncJob.schedule(this@MainActivity)
            session.holdSoon()
            session.sync()
          }
        } catch (_: CoreException) {
          // The screen says it; a later turn may do.
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
    state.putBoolean(ASKED, hasAskedForNotices)
    state.putStringArrayList(STACK, ArrayList(stack.map { it.place.toString() }))
    stack.dropLast(1).forEachIndexed { index, level -> state.putBundle(LEVEL + index, level.state) }
    screen?.let { top -> state.putBundle(LEVEL + stack.lastIndex, Bundle().also(top::save)) }
  }

  @Suppress("OVERRIDE_DEPRECATION")
  override fun onRetainNonConfigurationInstance(): Any = stack.dropLast(1).map { it.kept } + screen?.kept()

  override fun go(place: Place) {
    val below = screen?.let { Level(stack.last().place, Bundle().also(it::save), it.kept()) }
    show(stack.dropLast(1) + listOfNotNull(below) + Level(place))
  }

  override fun root(place: Place) = show(listOf(Level(place)))

  override fun replace(place: Place) = show(stack.dropLast(1) + Level(place))

  override fun back() {
    if (screen?.back() == true) return
    when {
      stack.size > 1 -> show(stack.dropLast(1))
      stack.firstOrNull()?.place?.let { it.isTab && it.kind != Place.Kind.INBOX } == true -> root(Place(Place.Kind.INBOX))
      else -> finish()
    }
  }

  @Deprecated("the way before API 33")
  override fun onBackPressed() = back()

  private fun show(levels: List<Level>) {
    screen?.hidden()
    screen?.left()
    stack = levels
    val top = levels.last()
    hideFromPictures(top.place.kind in SECRET)
    val next = open(top.place, this)
    screen = next
    frame.removeAllViews()
    frame.addView(next.view, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
    foot.setBackgroundColor(getColor(next.footColor))
    window.navigationBarColor = getColor(next.footColor)
    top.state?.let(next::restore)
    top.kept?.let(next::keep)
    next.shown()
    showHeld()
    if (top.place.kind == Place.Kind.INBOX) askForNotices()
  }

  /** Not where something is being written: taking back would lead away from it. */
  private fun showHeld() = undo.show(session.held.value.takeIf { screen != null && stack.lastOrNull()?.place?.kind != Place.Kind.COMPOSE })

  /** What was written is there again. If this activity ends before, it is found among the drafts. */
  private fun takeBack(number: ULong) {
    if (isTakingBack) return
    isTakingBack = true
    scope.launch {
      try {
        session.takeBack(number)?.let { go(Place(Place.Kind.COMPOSE, Draft(number = it).write())) }
      } catch (error: CoreException) {
        Toast.makeText(applicationContext, why(error), Toast.LENGTH_LONG).show()
      }
      isTakingBack = false
    }
  }

  /** Mail, passwords and codes are neither in screenshots nor among the recent apps. */
  private fun hideFromPictures(isSecret: Boolean) {
    if (isSecret) window.addFlags(WindowManager.LayoutParams.FLAG_SECURE) else window.clearFlags(WindowManager.LayoutParams.FLAG_SECURE)
  }

  /** Once there is an account, so that a waiting request can be announced. Who refused is not asked again. */
  private fun askForNotices() {
    if (hasAskedForNotices || Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) return
    hasAskedForNotices = true
    val permission = Manifest.permission.POST_NOTIFICATIONS
    if (checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED || shouldShowRequestPermissionRationale(permission)) return
    requestPermissions(arrayOf(permission), 0)
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

  /** A place of the stack; below the uppermost one with what its screen saved and kept. */
  private class Level(val place: Place, val state: Bundle? = null, val kept: Any? = null)

  companion object {
    /** Extra: the id of the approval to open. */
    const val REQUEST = "request"

    /** Of an approval: SHA-256. */
    private val ID = Regex("[0-9a-f]{64}")
    private val SECRET =
      setOf(
        Place.Kind.PASSWORD, Place.Kind.MESSAGE, Place.Kind.APPROVAL, Place.Kind.COMPOSE, Place.Kind.EXCHANGE, Place.Kind.SCANNED,
      )
    private const val STACK = "stack"
    private const val LEVEL = "level"
    private const val ASKED = "asked"
    private const val SYNC_EVERY_MS = 30_000L
  }
}
