package org.countersign

import android.content.Intent
import android.graphics.Insets
import android.os.Bundle
import android.os.Parcel
import android.view.View
import android.view.ViewGroup
import android.view.WindowInsets
import android.view.inspector.WindowInspector
import java.io.File
import kotlinx.coroutines.runBlocking
import org.countersign.bridge.KeystoreVault
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.android.controller.ActivityController

/** A phone in somebody's hand: its own home, keys and activity, in the one process of the test. */
class Hand(private val app: CountersignApp, private val name: String) {
  val home = File(app.filesDir, name)
  var session = session()
    private set

  lateinit var controller: ActivityController<MainActivity>
    private set

  val activity: MainActivity get() = controller.get()

  /** The activity's window and those of its sheets, from the lowest up; the windows of other phones are in the same process. */
  val windows: List<View>
    get() =
      WindowInspector.getGlobalWindowViews().filter { root ->
        val content = root.findViewById<ViewGroup>(android.R.id.content)?.getChildAt(0)
        root === activity.window.decorView ||
          generateSequence(content?.context) { (it as? android.content.ContextWrapper)?.baseContext }.any { it === activity }
      }

  private fun session(offline: Boolean = false) = Session(app, home, Prompt(), offline) { KeystoreVault(it, name) }

  /** What the application gives out is this phone's. */
  fun take() {
    app.session = session
  }

  /** Starts the app, as from the launcher or from a notification; with [state] as after the end of its process. */
  fun start(intent: Intent = Intent(app, MainActivity::class.java), state: Bundle? = null) {
    take()
    controller = Robolectric.buildActivity(MainActivity::class.java, intent)
    if (state == null) controller.setup() else controller.setup(state)
    shown()
  }

  /** The phone's configuration changes, and with it the activity. */
  fun turn(qualifiers: String, fontScale: Float = 1f) {
    take()
    RuntimeEnvironment.setQualifiers(qualifiers)
    RuntimeEnvironment.setFontScale(fontScale)
    controller.configurationChange().visible()
    shown()
  }

  /** Under the system's bars, as from API 35 on. */
  private fun shown() {
    controller.windowFocusChanged(true)
    val density = activity.resources.displayMetrics.density
    val bars =
      WindowInsets.Builder()
        .setInsets(WindowInsets.Type.statusBars(), Insets.of(0, (STATUS_DP * density).toInt(), 0, 0))
        .setInsets(WindowInsets.Type.navigationBars(), Insets.of(0, 0, 0, (NAVIGATION_DP * density).toInt()))
        .build()
    activity.findViewById<ViewGroup>(android.R.id.content).getChildAt(0).dispatchApplyWindowInsets(bars)
  }

  fun leave() {
    controller.pause().stop().destroy()
  }

  /** For good. */
  fun drop() {
    if (::controller.isInitialized && !activity.isDestroyed) controller.destroy()
    runBlocking { session.close() }
  }

  /**
   * The process ends; only the home and the Keystore stay, and what the system keeps of the activity. That it keeps before the last work
   * in the background ends.
   */
  fun end(offline: Boolean = false, work: () -> Unit = {}): Bundle {
    val state = Bundle()
    controller.pause().stop().saveInstanceState(state).destroy()
    work()
    runBlocking { session.close() }
    session = session(offline)
    take()
    return thrownAcross(state)
  }

  /** The system keeps state as octets. */
  private fun thrownAcross(state: Bundle): Bundle {
    val parcel = Parcel.obtain()
    parcel.writeBundle(state)
    val octets = parcel.marshall()
    parcel.recycle()
    val other = Parcel.obtain()
    other.unmarshall(octets, 0, octets.size)
    other.setDataPosition(0)
    return other.readBundle(javaClass.classLoader)!!.also { other.recycle() }
  }

  private companion object {
    const val STATUS_DP = 24
    const val NAVIGATION_DP = 16
  }
}
