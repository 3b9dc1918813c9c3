package org.countersign.bridge

import android.os.Looper
import java.io.File
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.countersign.core.CancelToken
import org.countersign.core.Core
import org.countersign.core.CoreConfig
import org.countersign.core.CoreException
import org.countersign.core.Event
import org.countersign.core.LogSink
import org.countersign.core.Vault

/**
 * The one way in which the app uses the core. This package is the only one that imports the generated bindings
 * (`org.countersign.core`).
 */
class Office(home: File, vault: Vault, offline: Boolean = false, log: LogSink? = null) : AutoCloseable {
  /** The core itself, for what has no method here. */
  val core: Core

  init {
    offMain()
    core = Core(CoreConfig(home.path, offline), vault, log)
  }

  /** Opens the home with the vault's sealing key. */
  suspend fun unlock() = cancellable { core.unlock(it) }

  /** Every event from now on, until the core is closed. One collector. */
  fun events(): Flow<Event> = flow {
    while (true) {
      val event =
        try {
          cancellable { core.nextEvent(it) }
        } catch (_: CoreException.Stopped) {
          null
        }
      emit(event ?: break)
    }
  }

  /** Releases the home; calls that run end with an error. */
  override fun close() {
    offMain()
    core.shutdown()
    core.close()
  }
}

/** Reading, writing and waiting would freeze the screen: whoever does it on the main thread is stopped. */
fun offMain() = check(Looper.getMainLooper()?.isCurrentThread != true) { "this may block, and is on the main thread" }

/**
 * Runs a call of the core so that cancelling the coroutine stops the work in Rust: letting go of the call alone does not.
 */
suspend fun <T> cancellable(call: suspend (CancelToken) -> T): T =
  CancelToken().use { token ->
    try {
      call(token)
    } catch (cancelled: CancellationException) {
      withContext(NonCancellable) { token.cancel() }
      throw cancelled
    }
  }
