package org.countersign.screen

import android.content.Context
import android.os.Bundle
import android.view.Gravity
import android.view.View
import android.widget.EditText
import android.widget.LinearLayout
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.ContactRow
import org.countersign.bridge.ContactsPage
import org.countersign.ui.Style
import org.countersign.ui.avatar
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.empty
import org.countersign.ui.line
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.ripple
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.searchBar
import org.countersign.ui.searchField
import org.countersign.ui.shape
import org.countersign.ui.state
import org.countersign.ui.text

/** 10: people and how their certificates are known. */
class ContactsScreen(host: Host) : TabScreen(host, Place.Kind.CONTACTS, R.string.tab_contacts) {
  private var page: ContactsPage? = null
  private val list: LinearLayout = context.column()
  val search: EditText = context.searchField(R.string.ct_search) { page?.let(::show) }
  val exchange: View = context.row {
    background = context.ripple(context.shape(R.color.accent_soft, 14), context.dp(14))
    pad(16, 12)
    minimumHeight = context.dp(56)
    putIcon(R.drawable.ic_qr, R.color.accent_ink, 28, end = 12)
    put(
      context.column {
        put(context.text(R.string.ct_scan, Style.STRONG, R.color.accent_ink))
        put(context.text(R.string.ct_scan_sub, Style.SECOND, R.color.accent_ink))
      },
      weight = 1f,
    )
    putIcon(R.drawable.ic_next, R.color.accent_ink, 20)
    setOnClickListener { host.go(Place(Place.Kind.EXCHANGE)) }
  }

  init {
    head.put(context.searchBar(search), start = 16, end = 16, top = 4, bottom = 12)
    content.put(exchange, start = 16, end = 16, bottom = 8)
    content.put(list)
  }

  override suspend fun load() {
    val account = session.account() ?: return
    val page = account.people().screen()
    this.page = page
    countWaiting(account)
    show(page)
  }

  private fun show(page: ContactsPage) {
    val wanted = search.text.toString().trim()
    val found = page.rows.filter { it.name.contains(wanted, true) || it.address.contains(wanted, true) }
    list.removeAllViews()
    page.empty?.let { list.put(context.empty(it)) }
    found.forEachIndexed { index, person ->
      if (index > 0) list.put(context.line(), height = context.dp(1), start = 68)
      list.put(
        context.person(person).apply {
          putIcon(R.drawable.ic_next, R.color.text2, 20, gravity = Gravity.CENTER_VERTICAL)
          background = context.ripple(null)
          setOnClickListener { host.go(Place(Place.Kind.COMPOSE, Draft(to = listOf(person.address)).write())) }
        }
      )
    }
  }

  override fun save(state: Bundle) = state.putString("search", search.text.toString())

  override fun restore(state: Bundle) = search.setText(state.getString("search", ""))
}

/** A person with the address and how the certificate is known. */
fun Context.person(person: ContactRow): LinearLayout = row {
  gravity = Gravity.TOP
  pad(16, 12)
  minimumHeight = dp(56)
  put(avatar(person.initials), dp(40), dp(40), end = 12)
  put(
    column {
      put(text(person.name, Style.STRONG))
      if (person.name != person.address) put(text(person.address, Style.SECOND, R.color.text2))
      put(state(person.state), top = 4)
    },
    weight = 1f,
  )
  contentDescription = say(person.spoken)
}
