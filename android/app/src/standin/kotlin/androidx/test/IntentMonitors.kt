package androidx.test.internal.runner.intent

import android.content.Intent
import androidx.test.runner.intent.IntentCallback
import androidx.test.runner.intent.IntentMonitor

/** Stand-in: Robolectric makes one and signals to it. */
class IntentMonitorImpl : IntentMonitor {
  private val callbacks = linkedSetOf<IntentCallback>()

  override fun addIntentCallback(callback: IntentCallback) {
    callbacks += callback
  }

  override fun removeIntentCallback(callback: IntentCallback) {
    callbacks -= callback
  }

  fun signalIntent(intent: Intent) = callbacks.forEach { it.onIntentSent(Intent(intent)) }
}
