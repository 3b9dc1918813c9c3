package org.countersign.screen

import android.view.View
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.AccountSummary
import org.countersign.bridge.OwnKey
import org.countersign.bridge.OwnKeyRole
import org.countersign.ui.Style
import org.countersign.ui.avatar
import org.countersign.ui.card
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.fullDay
import org.countersign.ui.iconButton
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.text

/** 15, as far as there is something to say: who one is, the servers, the keys. */
class SettingsScreen(host: Host) : TabScreen(host, Place.Kind.SETTINGS, R.string.tab_settings) {
  override suspend fun load() {
    val account = session.account() ?: return
    val summary = account.summary()
    val keys = account.keys()
    countWaiting(account)
    content.removeAllViews()
    content.put(identity(summary, keys), start = 16, end = 16, top = 8)
    content.put(
      context.card {
        put(fact(R.drawable.ic_mail, R.string.pw_imap, summary.imap))
        put(context.line(), height = context.dp(1), start = 52)
        put(fact(R.drawable.ic_mail, R.string.pw_smtp, summary.smtp))
        summary.timestamps?.let {
          put(context.line(), height = context.dp(1), start = 52)
          put(fact(R.drawable.ic_clock, R.string.se_time, it))
        }
      },
      start = 16, end = 16, top = 12,
    )
  }

  private fun identity(summary: AccountSummary, keys: List<OwnKey>): View = context.card {
    put(
      context.row {
        pad(16, 12)
        put(context.avatar(summary.name), context.dp(40), context.dp(40), end = 12)
        put(
          context.column {
            put(context.text(summary.name, Style.STRONG))
            put(context.text(summary.address, Style.SECOND, R.color.text2))
          },
          weight = 1f,
        )
        val label = context.getString(R.string.a_myqr)
        put(context.iconButton(R.drawable.ic_qr, label) { host.go(Place(Place.Kind.EXCHANGE)) }, context.dp(48), context.dp(48))
      }
    )
    val mail = keys.firstOrNull { it.role == OwnKeyRole.MAIL } ?: return@card
    put(context.line(), height = context.dp(1), start = 16)
    val words = context.getString(R.string.se_cert, context.fullDay(mail.notAfter))
    put(context.text(words, Style.SECOND, R.color.text2).also { it.pad(16, 12) })
  }

  private fun fact(icon: Int, name: Int, value: String): View = context.row {
    pad(16, 12)
    minimumHeight = context.dp(56)
    putIcon(icon, end = 12)
    put(
      context.column {
        put(context.text(name, Style.BODY))
        put(context.text(value, Style.SECOND, R.color.text2))
      },
      weight = 1f,
    )
  }
}
