package androidx.test.runner.lifecycle

import android.app.Activity
import android.app.Application

// Stand-ins: Robolectric tells them about the lives of activities and applications.

enum class Stage { PRE_ON_CREATE, CREATED, STARTED, RESUMED, PAUSED, STOPPED, RESTARTED, DESTROYED }

enum class ApplicationStage { PRE_ON_CREATE, CREATED }

fun interface ActivityLifecycleCallback {
  fun onActivityLifecycleChanged(activity: Activity, stage: Stage)
}

fun interface ApplicationLifecycleCallback {
  fun onApplicationLifecycleChanged(application: Application, stage: ApplicationStage)
}

interface ActivityLifecycleMonitor {
  fun addLifecycleCallback(callback: ActivityLifecycleCallback)

  fun removeLifecycleCallback(callback: ActivityLifecycleCallback)

  fun getLifecycleStageOf(activity: Activity): Stage

  fun getActivitiesInStage(stage: Stage): Collection<Activity>
}

interface ApplicationLifecycleMonitor {
  fun addLifecycleCallback(callback: ApplicationLifecycleCallback)

  fun removeLifecycleCallback(callback: ApplicationLifecycleCallback)
}

object ActivityLifecycleMonitorRegistry {
  private var known: ActivityLifecycleMonitor? = null

  @JvmStatic fun getInstance(): ActivityLifecycleMonitor = checkNotNull(known)

  @JvmStatic
  fun registerInstance(monitor: ActivityLifecycleMonitor?) {
    known = monitor
  }
}

object ApplicationLifecycleMonitorRegistry {
  private var known: ApplicationLifecycleMonitor? = null

  @JvmStatic fun getInstance(): ApplicationLifecycleMonitor = checkNotNull(known)

  @JvmStatic
  fun registerInstance(monitor: ApplicationLifecycleMonitor?) {
    known = monitor
  }
}
