package org.countersign

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent

/**
 * Notifications. They open the request; none can approve it, and neither subject nor text is in them (both would show on the lock
 * screen and in the notification history).
 */
class Notices(private val context: Context) {
  private val manager = context.getSystemService(NotificationManager::class.java)

  fun waiting(id: String, requester: String) {
    val name = context.getString(R.string.tab_approvals)
    manager.createNotificationChannel(NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_HIGH))
    val notification =
      Notification.Builder(context, CHANNEL)
        .setSmallIcon(R.drawable.ic_stamp)
        .setColor(context.getColor(R.color.accent))
        .setContentTitle(context.getString(R.string.nt_title))
        .setContentText(context.getString(R.string.nt_from, requester))
        .setVisibility(Notification.VISIBILITY_PRIVATE)
        .setPublicVersion(Notification.Builder(context, CHANNEL).setSmallIcon(R.drawable.ic_stamp).build())
        .setContentIntent(open(id))
        .setAutoCancel(true)
        .setOnlyAlertOnce(true)
        .build()
    manager.notify(id, 0, notification)
  }

  fun gone(id: String) = manager.cancel(id, 0)

  private fun open(id: String): PendingIntent {
    val intent =
      Intent(context, MainActivity::class.java)
        // Parts the pending intents of different requests: extras alone don't.
        .setAction("org.countersign.request.$id")
        .putExtra(MainActivity.REQUEST, id)
        .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
    return PendingIntent.getActivity(context, 0, intent, PendingIntent.FLAG_IMMUTABLE)
  }

  private companion object {
    const val CHANNEL = "approvals"
  }
}
