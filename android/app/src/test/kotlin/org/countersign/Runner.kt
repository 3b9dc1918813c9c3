package org.countersign

import org.junit.runners.model.FrameworkMethod
import org.robolectric.RobolectricTestRunner
import org.robolectric.internal.bytecode.InstrumentationConfiguration

/** Robolectric's, which leaves the JVM's recorder as it is: [MainThreadWatch] uses it. */
class Runner(test: Class<*>) : RobolectricTestRunner(test) {
  override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
    InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method)).doNotAcquirePackage("jdk.jfr.").build()
}
