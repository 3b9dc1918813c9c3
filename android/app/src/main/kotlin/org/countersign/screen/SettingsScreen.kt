package org.countersign.screen

import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.provider.Settings
import android.view.Gravity
import android.view.View
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.OwnKey
import org.countersign.bridge.OwnKeyRole
import org.countersign.ui.Style
import org.countersign.ui.card
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.fullDay
import org.countersign.ui.hero
import org.countersign.ui.iconButton
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.state
import org.countersign.ui.text

/** 15, as far as there is something to say or to set: who one is, the servers, what the system sets for the app. */
class SettingsScreen(host: Host) : TabScreen(host, Place.Kind.SETTINGS, R.string.tab_settings) {
  /** A line; [onTap] where it leads somewhere. */
  private class Fact(val icon: Int, val name: Int, val value: String, val onTap: (() -> Unit)? = null)

  override suspend fun load() {
    val account = session.account() ?: return
    val summary = account.summary()
    val keys = account.keys()
    countWaiting(account)
    content.removeAllViews()
    content.put(identity(summary, keys), start = 16, end = 16, top = 8)
    val servers = listOf(Fact(R.drawable.ic_mail, R.string.pw_imap, summary.imap), Fact(R.drawable.ic_mail, R.string.pw_smtp, summary.smtp))
    content.put(facts(servers), start = 16, end = 16, top = 12)
    content.put(facts(listOfNotNull(summary.timestamps?.let { Fact(R.drawable.ic_clock, R.string.se_time, it) }, notifications(), language())), start = 16, end = 16, top = 12, bottom = 16)
  }

  private fun identity(summary: AccountSummary, keys: List<OwnKey>): View = context.card {
    put(
      context.row {
        setPaddingRelative(context.dp(16), context.dp(12), context.dp(4), context.dp(12))
        put(context.hero(R.drawable.ic_person, R.color.sunken, R.color.text2, 40), context.dp(40), context.dp(40), end = 12, gravity = Gravity.TOP)
        put(
          context.column {
            put(context.text(summary.name, Style.STRONG))
            put(context.text(summary.address, Style.SECOND, R.color.text2))
            keys.firstOrNull { it.role == OwnKeyRole.MAIL }?.let {
              val words = context.getString(R.string.se_cert, context.fullDay(it.notAfter))
              put(context.state(R.drawable.ic_shield, words, R.color.accent), top = 4)
            }
          },
          weight = 1f,
        )
        val label = context.getString(R.string.a_myqr)
        val code = context.iconButton(R.drawable.ic_qr, label, R.color.accent) { host.go(Place(Place.Kind.EXCHANGE)) }
        put(code, context.dp(48), context.dp(48))
      }
    )
  }

  private fun notifications() = Fact(R.drawable.ic_bell, R.string.se_notif, context.getString(R.string.se_notif_v)) {
    set(Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS).putExtra(Settings.EXTRA_APP_PACKAGE, context.packageName))
  }

  /** Since API 33 the system sets each app's language; before, the app follows the phone's. */
  private fun language(): Fact? {
    if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) return null
    return Fact(R.drawable.ic_globe, R.string.se_lang, context.getString(R.string.se_lang_v)) {
      set(Intent(Settings.ACTION_APP_LOCALE_SETTINGS, Uri.fromParts("package", context.packageName, null)))
    }
  }

  private fun set(intent: Intent) {
    try {
      context.startActivity(intent)
    } catch (_: ActivityNotFoundException) {
      // This phone has no such screen.
    }
  }

  private fun facts(all: List<Fact>): View = context.card {
    all.forEachIndexed { index, fact ->
      if (index > 0) put(context.line(), height = context.dp(1), start = 52)
      put(row(fact))
    }
  }

  private fun row(fact: Fact): View = context.row {
    pad(16, 8)
    minimumHeight = context.dp(60)
    putIcon(fact.icon, end = 12)
    put(
      context.column {
        put(context.text(fact.name, Style.BODY))
        put(context.text(fact.value, Style.SECOND, R.color.text2))
      },
      weight = 1f,
    )
    val onTap = fact.onTap ?: return@row
    putIcon(R.drawable.ic_next, R.color.text2, 20, start = 8)
    background = context.ripple(null)
    setOnClickListener { onTap() }
  }
}
