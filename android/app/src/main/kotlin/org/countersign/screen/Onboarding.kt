package org.countersign.screen

import android.os.Bundle
import android.text.InputType
import android.text.method.PasswordTransformationMethod
import android.view.Gravity
import android.view.View
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.countersign.Managed
import org.countersign.Place
import org.countersign.R
import org.countersign.bridge.CoreException
import org.countersign.bridge.FoundServer
import org.countersign.bridge.Language
import org.countersign.bridge.isAddress
import org.countersign.bridge.parseServer
import org.countersign.bridge.passwordScreen
import org.countersign.ui.Field
import org.countersign.ui.Kind
import org.countersign.ui.Shade
import org.countersign.ui.Style
import org.countersign.ui.action
import org.countersign.ui.column
import org.countersign.ui.dp
import org.countersign.ui.heading
import org.countersign.ui.hero
import org.countersign.ui.icon
import org.countersign.ui.iconButton
import org.countersign.ui.isChinese
import org.countersign.ui.pad
import org.countersign.ui.put
import org.countersign.ui.putIcon
import org.countersign.ui.row
import org.countersign.ui.say
import org.countersign.ui.scroll
import org.countersign.ui.shape
import org.countersign.ui.text
import org.countersign.ui.topBar
import org.countersign.ui.why

/** 01: the address. */
class AddressScreen(host: Host) : Screen(host) {
  val address =
    Field(context, R.string.ob_label, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_EMAIL_ADDRESS).apply {
      edit.setAutofillHints(View.AUTOFILL_HINT_EMAIL_ADDRESS)
    }
  val next = context.action(Kind.PRIMARY, R.string.c_continue) { advance() }

  override val view: View = context.column {
    put(
      context.scroll(
        context.column {
          pad(16, 32)
          put(mark(), dp(60), dp(60))
          put(context.text(R.string.ob_title, Style.DISPLAY).heading(), top = 24)
          put(context.text(R.string.ob_lead, Style.BODY, R.color.text2), top = 8)
          put(address, top = 24)
          put(promise(), top = 16)
        }
      ),
      weight = 1f,
    )
    put(next, start = 16, end = 16, top = 8, bottom = 16)
  }

  private fun dp(value: Int) = context.dp(value)

  private fun mark() =
    context.icon(R.drawable.mark, size = 60).apply { imageTintList = null }

  private fun promise() = context.row {
    putIcon(R.drawable.ic_key, size = 20, end = 12, gravity = Gravity.TOP)
    put(context.text(R.string.ob_privacy, Style.SECOND, R.color.text2), weight = 1f)
  }

  override suspend fun load() {}

  private fun advance() {
    val written = address.value.trim()
    if (isAddress(written)) {
      address.fail(null)
      host.go(Place(Place.Kind.PASSWORD, written))
    } else {
      address.fail(context.getString(R.string.ob_bad))
    }
  }

  override fun save(state: Bundle) = state.putString("address", address.value)

  override fun restore(state: Bundle) {
    address.value = state.getString("address", "")
  }
}

/** 02: servers, unless the organisation has set them, and the password. Makes the account. */
class PasswordScreen(host: Host, private val address: String) : Screen(host) {
  val name = Field(context, R.string.pw_name, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_PERSON_NAME)
  val imap = Field(context, R.string.pw_imap, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_URI)
  val smtp = Field(context, R.string.pw_smtp, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_URI)
  val password = Field(context, R.string.pw_label, InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_PASSWORD)
  val signIn = context.action(Kind.PRIMARY, R.string.pw_title) { signIn() }
  private val found = context.column()
  private val progress = context.text("", Style.SECOND, R.color.text2)
  private val eye = context.iconButton(R.drawable.ic_eye, context.getString(R.string.a_show_pw), R.color.text2) { toggle() }
  private val byHand = context.action(Kind.TEXT, R.string.pw_manual) { writeServers() }
  private var managed: Managed? = null
  private var isByHand = false
  private var isWorking = false

  override val view: View = context.column {
    put(context.topBar(R.drawable.ic_back, R.string.a_back, null, { host.back() }))
    put(
      context.scroll(
        context.column {
          pad(16, 8)
          put(context.text(R.string.pw_title, Style.DISPLAY).heading())
          put(context.text(address, Style.BODY, R.color.text2), top = 4)
          put(found, top = 16)
          put(name, top = 16)
          put(imap, top = 16)
          put(smtp, top = 16)
          put(password, top = 16)
          put(context.text(R.string.pw_help, Style.SECOND, R.color.text2), top = 8)
          progress.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
          put(progress, top = 16)
        }
      ),
      weight = 1f,
    )
    put(signIn, start = 16, end = 16, top = 8)
    put(byHand, start = 16, end = 16, top = 4, bottom = 12)
  }

  init {
    password.trailing(eye)
    for (each in listOf(imap, smtp, byHand)) each.visibility = View.GONE
  }

  override suspend fun load() {
    if (managed != null) return
    val set = withContext(Dispatchers.IO) { Managed.read(context) }
    managed = set
    found.removeAllViews()
    if (set.imap == null || set.smtp == null || isByHand) return writeServers()
    passwordScreen(address, set.imap.host, false, null).found?.let { found.put(serverFound(it)) }
    byHand.visibility = View.VISIBLE
  }

  /** In place of what the organisation has set, or because it has set nothing. */
  private fun writeServers() {
    isByHand = true
    found.removeAllViews()
    byHand.visibility = View.GONE
    for (field in listOf(imap, smtp)) field.visibility = View.VISIBLE
  }

  private fun serverFound(server: FoundServer) = context.row {
    background = context.shape(Shade.ACCENT.fill, 14)
    pad(12, 12)
    putIcon(R.drawable.ic_shield, Shade.ACCENT.ink, end = 12, gravity = Gravity.TOP)
    put(
      context.column {
        put(context.text(context.say(server.text), Style.LABEL, Shade.ACCENT.ink))
        put(context.text(context.say(server.second), Style.SECOND))
      },
      weight = 1f,
    )
  }

  private fun toggle() {
    val isHidden = password.edit.transformationMethod is PasswordTransformationMethod
    password.edit.transformationMethod = if (isHidden) null else PasswordTransformationMethod.getInstance()
    eye.contentDescription = context.getString(if (isHidden) R.string.a_hide_pw else R.string.a_show_pw)
  }

  private fun signIn() {
    val set = managed ?: return
    for (field in listOf(imap, smtp, password)) field.fail(null)
    val bad = context.getString(R.string.pw_bad_server)
    val incoming = set.imap.takeUnless { isByHand } ?: parseServer(imap.value.trim(), Managed.IMAP_PORT) ?: return imap.fail(bad)
    val outgoing = set.smtp.takeUnless { isByHand } ?: parseServer(smtp.value.trim(), Managed.SMTP_PORT) ?: return smtp.fail(bad)
    val language = if (context.isChinese) Language.ZH else Language.EN
    val shownName = name.value.trim().ifEmpty { address.substringBefore('@') }
    val config = set.account(address, shownName, incoming, outgoing, language)
    scope.launch {
      working(true)
      try {
        session.add(config, password.value)
        host.root(Place(Place.Kind.READY))
      } catch (error: CoreException) {
        password.fail(words(error))
      }
      working(false)
    }
  }

  private fun working(isWorking: Boolean) {
    this.isWorking = isWorking
    signIn.isEnabled = !isWorking
    progress.text = if (isWorking) context.getString(R.string.kr_step1) else ""
  }

  private fun words(error: CoreException): String =
    passwordScreen(address, null, false, error).error?.let { context.say(it.text) } ?: context.why(error)

  /** An account that is being made is not left half way. */
  override fun back() = isWorking

  override fun save(state: Bundle) {
    // The password is not kept: saved state leaves the process.
    state.putString("name", name.value)
    state.putString("imap", imap.value)
    state.putString("smtp", smtp.value)
    state.putBoolean("hand", isByHand)
  }

  override fun restore(state: Bundle) {
    name.value = state.getString("name", "")
    imap.value = state.getString("imap", "")
    smtp.value = state.getString("smtp", "")
    isByHand = state.getBoolean("hand")
  }
}

/** 03: keys are there; the own code can be scanned at once. */
class ReadyScreen(host: Host) : Screen(host) {
  private val code = OwnCode(context, OwnCode.Words.ADDRESS_AND_HELP)
  val open = context.action(Kind.PRIMARY, R.string.kr_open) { host.root(Place(Place.Kind.INBOX)) }

  override val view: View = context.column {
    put(
      context.scroll(
        context.column {
          pad(16, 24)
          put(context.hero(R.drawable.ic_lock, size = 72), context.dp(72), context.dp(72), gravity = Gravity.CENTER_HORIZONTAL)
          put(context.text(R.string.kr_title, Style.TITLE).heading().apply { gravity = Gravity.CENTER_HORIZONTAL }, top = 16)
          put(context.text(R.string.kr_lead, Style.BODY, R.color.text2).apply { gravity = Gravity.CENTER_HORIZONTAL }, top = 4)
          put(code.view, top = 16)
          put(backupNote(), top = 12)
        }
      ),
      weight = 1f,
    )
    put(open, start = 16, end = 16, top = 8, bottom = 16)
  }

  private fun backupNote() = context.row {
    background = context.shape(R.color.sunken, 12)
    pad(16, 12)
    putIcon(R.drawable.ic_key, R.color.text, end = 12)
    put(context.text(R.string.kr_backup_why, Style.SECOND), weight = 1f)
  }

  override suspend fun load() {
    val page = session.account()?.qrExchange()?.keysScreen(false) ?: return
    page.code?.let(code::show)
  }
}
