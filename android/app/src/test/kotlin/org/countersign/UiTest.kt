package org.countersign

import android.Manifest
import android.content.RestrictionsManager
import android.graphics.Rect
import android.os.Bundle
import android.os.Looper
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import org.countersign.bridge.World
import org.countersign.screen.Screen
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Before
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

@RunWith(Runner::class)
abstract class UiTest {
  protected val app get() = RuntimeEnvironment.getApplication() as CountersignApp

  @Before
  fun servers() {
    FakeKeystore.install()
    // Given when the app is installed.
    shadowOf(app).grantPermissions(Manifest.permission.HIDE_OVERLAY_WINDOWS)
    val set = Bundle()
    set.putString("imap", "localhost:${World.imap}")
    set.putString("smtp", "localhost:${World.smtp}")
    set.putString("server_authorities", World.serverCa.decodeToString())
    set.putString("organisation_authorities", World.organisationCa.decodeToString())
    set.putString("timestamp_url", World.authority)
    set.putString("timestamp_authorities", World.authorityCa.decodeToString())
    shadowOf(app.getSystemService(RestrictionsManager::class.java)).setApplicationRestrictions(set)
  }

  private val watch = MainThreadWatch()

  @Before fun watch() = watch.start()

  private val hands = mutableListOf<Hand>()

  /** A phone of the test's own, with a home in the app's private folder. */
  protected fun hand(name: String) = Hand(app, name).also(hands::add)

  @After
  fun nothingWasReadOrWrittenOnTheMainThread() {
    hands.forEach(Hand::drop)
    FakeKeystore.remove()
    assertEquals(emptyList<String>(), watch.stop())
  }

  /** The core works on its own threads and in real time, the main looper's clock stands still: let both go on until it holds. */
  fun waitUntil(what: String, seconds: Int = 60, holds: () -> Boolean) {
    val end = System.nanoTime() + seconds * 1_000_000_000L
    while (true) {
      shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(5))
      if (holds()) return
      if (System.nanoTime() > end) throw AssertionError("not in time: $what")
      Thread.sleep(5)
    }
  }

  /** Suspending work while the main looper goes on. */
  protected fun <T> await(work: suspend () -> T): T {
    val result = CoroutineScope(Dispatchers.IO).async { work() }
    waitUntil("the work is done") { result.isCompleted }
    return runBlocking { result.await() }
  }

  /** The screen of a kind, once its content is there. */
  protected inline fun <reified S : Screen> Hand.on(): S {
    waitUntil("${S::class.simpleName} is shown, not ${activity.screen}") { (activity.screen as? S)?.isReady == true }
    return activity.screen as S
  }

  /** A finger on the middle of a view, through its window. */
  protected fun tap(view: View) {
    waitUntil("the view is laid out") { view.isAttachedToWindow && view.width > 0 && !view.isLayoutRequested }
    view.requestRectangleOnScreen(Rect(0, 0, view.width, view.height), true)
    val at = IntArray(2).also(view::getLocationInWindow)
    val start = SystemClock.uptimeMillis()
    for ((index, action) in listOf(MotionEvent.ACTION_DOWN, MotionEvent.ACTION_UP).withIndex()) {
      val event = MotionEvent.obtain(start, start + index * 50L, action, at[0] + view.width / 2f, at[1] + view.height / 2f, 0)
      view.rootView.dispatchTouchEvent(event)
      event.recycle()
      // A pressed state lasts 85 ms.
      shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(200))
    }
  }

  internal fun View.all(): Sequence<View> = sequence {
    yield(this@all)
    if (this@all is ViewGroup) for (index in 0 until childCount) yieldAll(getChildAt(index).all())
  }

  internal fun View.words() = all().filterIsInstance<TextView>().map { it.text.plain() }.filter(String::isNotBlank).toList()

  /** The innermost view that answers to a touch and holds these words. */
  protected fun View.touching(words: String): View =
    all().filter { it.isClickable && words in it.words() }.minByOrNull { it.all().count() } ?: throw AssertionError("$words in ${words()}")
}

/** As a person reads it: without the marks that keep names apart from the text around them. */
fun CharSequence.plain() = filterNot { it in "\u2068\u2069" }.toString().replace('\u00a0', ' ')
