package org.countersign.screen

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.view.View
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.countersign.Place
import org.countersign.R
import org.countersign.Session
import org.countersign.bridge.CoreException

/** What a screen may ask of the activity. */
interface Host {
  val activity: Activity
  val session: Session

  /** One level deeper. */
  fun go(place: Place)

  /** In place of this one. */
  fun replace(place: Place)

  /** Nothing but this. */
  fun root(place: Place)

  fun back()

  /** Starts another app's screen; see [Screen.answered]. */
  fun ask(intent: Intent)
}

/** One screen: a view and what fills it. Made when a person comes here, dropped when they leave. */
abstract class Screen(protected val host: Host) {
  protected val context: Context get() = host.activity
  protected val session: Session get() = host.session
  protected val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main)
  private var following: Job? = null
  private val loading = Mutex()

  abstract val view: View

  /** What goes on below the screen, under the system's bar. */
  open val footColor = R.color.bg

  /** Its first content is there. */
  var isReady = false
    protected set

  /** Puts what the store says into the views. Runs when shown and after every change. */
  protected abstract suspend fun load()

  fun shown() {
    if (following?.isActive == true) return
    following = scope.launch {
      reload()
      session.changes.collect { reload() }
    }
    appeared()
  }

  fun hidden() {
    following?.cancel()
    disappeared()
  }

  /** For good. */
  fun left() {
    scope.cancel()
    gone()
  }

  protected fun reloadSoon() {
    scope.launch { reload() }
  }

  /** One at a time: what was read first never comes last onto the screen. */
  private suspend fun reload() =
    loading.withLock {
      try {
        load()
        isReady = true
      } catch (error: CoreException) {
        failed(error)
      }
    }

  protected open fun appeared() {}

  protected open fun disappeared() {}

  /** Closes what lies over the screen. Not when it is merely hidden: somebody who comes back finds it as it was. */
  protected open fun gone() {}

  /** The store could not be read. */
  protected open fun failed(error: CoreException) {}

  /** True when Back was used up here. */
  open fun back() = false

  open fun save(state: Bundle) {}

  /** What survives a rotation, or another screen over this one, but not the process. The screen is left right after. */
  open fun kept(): Any? = null

  open fun keep(what: Any) {}

  open fun restore(state: Bundle) {}

  /** What another app's screen gave. */
  open fun answered(data: Intent) {}

  /** A permission was given or refused. */
  open fun permitted() {}
}

/** The screen of a place. */
fun open(place: Place, host: Host): Screen =
  when (place.kind) {
    Place.Kind.ADDRESS -> AddressScreen(host)
    Place.Kind.PASSWORD -> PasswordScreen(host, place.argument)
    Place.Kind.READY -> ReadyScreen(host)
    Place.Kind.INBOX -> InboxScreen(host)
    Place.Kind.APPROVALS -> ApprovalsScreen(host)
    Place.Kind.CONTACTS -> ContactsScreen(host)
    Place.Kind.SETTINGS -> SettingsScreen(host)
    Place.Kind.MESSAGE -> MessageScreen(host, place.argument)
    Place.Kind.APPROVAL -> ApprovalScreen(host, place.argument)
    Place.Kind.COMPOSE -> ComposeScreen(host, place.argument)
    Place.Kind.EXCHANGE -> ExchangeScreen(host)
    Place.Kind.SCANNED -> ScannedScreen(host, place.argument)
  }
