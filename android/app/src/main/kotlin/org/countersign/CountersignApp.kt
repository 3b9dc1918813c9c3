package org.countersign

import android.app.Application
import java.io.File
import org.countersign.bridge.KeystoreVault

/** The process: one [Session] over the home folder in the app's private storage. */
class CountersignApp : Application() {
  private val prompt = Prompt()

  /** Replaced by tests, which have two phones in one process. */
  var session: Session? = null

  /** The session of whoever asks first after the process began. */
  fun session(): Session =
    session ?: Session(this, File(filesDir, "home"), prompt) { KeystoreVault(it) }.also { session = it }
}
