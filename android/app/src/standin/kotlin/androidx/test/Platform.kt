package androidx.test.platform.app

import android.app.Instrumentation
import android.os.Bundle

/** Stand-in for what Robolectric registers its instrumentation with. */
object InstrumentationRegistry {
  private var known: Instrumentation? = null
  private var bundle = Bundle()

  @JvmStatic fun getInstrumentation(): Instrumentation = checkNotNull(known) { "nothing is registered" }

  @JvmStatic fun getArguments() = Bundle(bundle)

  @JvmStatic
  fun registerInstance(instrumentation: Instrumentation?, arguments: Bundle?) {
    known = instrumentation
    bundle = arguments ?: Bundle()
  }
}
