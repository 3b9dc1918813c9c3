package androidx.test.runner.intent

import android.app.Instrumentation
import android.content.Intent

// Stand-ins: Robolectric asks them about every intent that is sent.

fun interface IntentCallback {
  fun onIntentSent(intent: Intent)
}

interface IntentMonitor {
  fun addIntentCallback(callback: IntentCallback)

  fun removeIntentCallback(callback: IntentCallback)
}

object IntentMonitorRegistry {
  private var known: IntentMonitor? = null

  @JvmStatic fun getInstance(): IntentMonitor = checkNotNull(known)

  @JvmStatic
  fun registerInstance(monitor: IntentMonitor?) {
    known = monitor
  }
}

fun interface IntentStubber {
  fun getActivityResultForIntent(intent: Intent): Instrumentation.ActivityResult?
}

object IntentStubberRegistry {
  private var known: IntentStubber? = null

  @JvmStatic
  fun load(stubber: IntentStubber) {
    known = stubber
  }

  @JvmStatic fun isLoaded() = known != null

  @JvmStatic fun getInstance(): IntentStubber = checkNotNull(known)

  @JvmStatic
  fun reset() {
    known = null
  }
}
