package org.countersign

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.launch

/** Fetches mail now and then while no screen is shown, so that a waiting request is announced. */
class SyncJob : JobService() {
  private val work = SupervisorJob()
  private val scope = CoroutineScope(work + Dispatchers.Main)

  override fun onStartJob(parameters: JobParameters): Boolean {
    scope.launch {
      val session = (application as CountersignApp).session()
      try {
        session.sync()
        // Else the process may end before a waiting request is announced.
        session.settle()
      } finally {
        jobFinished(parameters, false)
      }
    }
    return true
  }

  override fun onStopJob(parameters: JobParameters): Boolean {
    work.cancelChildren()
    return true
  }

  companion object {
    private const val ID = 1
    private const val PERIOD_MS = 15 * 60 * 1000L

    fun schedule(context: Context) {
      val scheduler = context.getSystemService(JobScheduler::class.java)
      if (scheduler.getPendingJob(ID) != null) return
      scheduler.schedule(
        JobInfo.Builder(ID, ComponentName(context, SyncJob::class.java))
          .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
          .setPeriodic(PERIOD_MS)
          .setPersisted(true)
          .build()
      )
    }
  }
}
