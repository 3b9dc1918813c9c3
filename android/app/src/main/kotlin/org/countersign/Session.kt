package org.countersign

import android.content.Context
import java.io.File
import java.time.OffsetDateTime
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.countersign.bridge.Account
import org.countersign.bridge.AccountConfig
import org.countersign.bridge.ApprovalChanged
import org.countersign.bridge.Clock
import org.countersign.bridge.Connection
import org.countersign.bridge.CoreException
import org.countersign.bridge.Failed
import org.countersign.bridge.Gate
import org.countersign.bridge.HeldMail
import org.countersign.bridge.Loading
import org.countersign.bridge.NetworkFailed
import org.countersign.bridge.Office
import org.countersign.bridge.Offline
import org.countersign.bridge.Online
import org.countersign.bridge.Scanned
import org.countersign.bridge.Vault
import org.countersign.bridge.cancellable

/** How the last synchronisation went. */
enum class Link { UNKNOWN, FINE, OFFLINE, FAILED }

/** The core with its one account, for as long as the process lives. Screens look at it; nothing here touches a view. */
class Session(
  context: Context,
  private val home: File,
  val prompt: Prompt,
  private val offline: Boolean = false,
  private val vault: (Gate) -> Vault,
) {
  private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
  private val opening = Mutex()
  private val syncing = Mutex()
  private val holding = Mutex()
  private var office: Office? = null
  private var account: Account? = null

  val notices = Notices(context.applicationContext)

  /** Something in the store changed; whoever shows it looks again. */
  val changes = MutableSharedFlow<Unit>(extraBufferCapacity = 1)

  val link = MutableStateFlow(Link.UNKNOWN)

  /** Seconds since 1970 of the last synchronisation that went well. */
  @Volatile var lastSync: Long? = null
    private set

  /** Documents that were opened since the process began: SHA-256, hexadecimal. */
  @Volatile var opened: Set<String> = emptySet()
    private set

  /** What the camera saw last. */
  @Volatile var scanned: Scanned? = null

  /** The request that is on the screen: nothing needs to announce it. */
  @Volatile var onScreen: String? = null

  /** What is being written. */
  val drafts = Drafts()

  /** What was sent and can still be taken back; its words change each second. */
  val held = MutableStateFlow<HeldMail?>(null)

  /** Even between two events, odd while one is followed. */
  private val followed = AtomicLong()

  /** The user's day, as the core needs it. */
  fun clock(): Clock {
    val now = OffsetDateTime.now()
    return Clock(now.toEpochSecond(), now.offset.totalSeconds)
  }

  /** How the connection is, as the inbox shows it. */
  val connection: Connection
    get() =
      when (link.value) {
        Link.UNKNOWN -> if (lastSync == null) Loading else Online
        Link.FINE -> Online
        Link.OFFLINE -> Offline
        Link.FAILED -> Failed(lastSync)
      }

  fun opened(sha256: String) {
    opened = opened + sha256
    changes.tryEmit(Unit)
  }

  /** The account, or nothing before there is one. Opens the store at the first call. */
  suspend fun account(): Account? =
    opening.withLock {
      account ?: open().core.accounts().firstOrNull()?.let { open().core.account(it) }?.also { account = it }
    }

  suspend fun add(config: AccountConfig, password: String): Account =
    opening.withLock {
      val office = open()
      cancellable { office.core.addAccount(config, password, it) }.also { account = it }
    }

  /** Fetches and sends what there is. Never throws for the network's or the store's sake: see [link]. */
  suspend fun sync() {
    syncing.withLock {
      try {
        val account = account() ?: return
        val report = cancellable { account.sync(it) }
        lastSync = System.currentTimeMillis() / 1000
        link.value = Link.FINE
        if (report.fresh + report.removed + report.sent > 0uL) changes.tryEmit(Unit)
      } catch (_: NetworkFailed) {
        link.value = Link.OFFLINE
      } catch (_: CoreException) {
        link.value = Link.FAILED
      }
    }
  }

  /** In the background, so that it outlives the screen that asked. */
  fun syncSoon() {
    scope.launch { sync() }
  }

  /** Follows what is held back, and sends it when its time is over. If the process ends before, the next synchronisation does. */
  fun holdSoon() {
    scope.launch {
      try {
        holding.withLock { followHeld() }
      } catch (_: CoreException) {
        // The screens say it.
        held.value = null
      }
    }
  }

  private suspend fun followHeld() {
    var before = 0
    do {
      val composer = account()?.composer() ?: return
      val count = composer.outbox().count { it.heldUntil != null }
      held.value = composer.held(clock())
      if (count < before) scope.launch { sendDue() }
      before = count
      if (count > 0) delay(TICK_MS)
    } while (count > 0)
  }

  /** At once; the synchronisation after it fetches the copy among sent mail. */
  private suspend fun sendDue() {
    try {
      account()?.let { account -> cancellable { account.composer().flush(it) } }
    } catch (_: CoreException) {
      // It stays in the outbox, and the synchronisation tells how the connection is.
    }
    sync()
  }

  /** Takes a mail back: the number of the draft that it is again. */
  suspend fun takeBack(number: ULong): ULong? {
    val draft = account()?.composer()?.takeBack(number)
    held.value = null
    return draft
  }

  /**
   * Work that a person started and that a turned phone does not end. It ends with why it failed, or with nothing; cancelling it stops the
   * work in the core.
   */
  fun errand(work: suspend () -> Unit): Deferred<CoreException?> =
    scope.async {
      try {
        work()
        null
      } catch (error: CoreException) {
        error
      }
    }

  /** Until what the core told so far has been announced. It tells one thing after the other: a pause is the end. */
  suspend fun settle() {
    withTimeoutOrNull(SETTLE_MS) {
      do {
        val before = followed.get()
        delay(PAUSE_MS)
      } while (followed.get() != before || before % 2 == 1L)
    }
  }

  /** Ends it: for tests, the app itself lives as long as its process. */
  suspend fun close() {
    scope.cancel()
    withContext(Dispatchers.IO) { office?.close() }
  }

  /** Call with [opening] held. */
  private suspend fun open(): Office =
    office
      ?: withContext(Dispatchers.IO) {
        home.mkdirs()
        unlocked(Office(home, vault(prompt), offline))
      }.also {
        office = it
        scope.launch { follow(it) }
      }

  /** An office that stays locked is closed: it holds the home, and the next try needs it. */
  private suspend fun unlocked(office: Office): Office {
    var isOpen = false
    try {
      office.unlock()
      isOpen = true
    } finally {
      if (!isOpen) office.close()
    }
    return office
  }

  private suspend fun follow(office: Office) {
    office.events().collect { event ->
      followed.incrementAndGet()
      if (event is ApprovalChanged) announce(event.id)
      followed.incrementAndGet()
      changes.tryEmit(Unit)
    }
  }

  /** A request that waits for this person is announced, unless it is on the screen already or something is wrong with it. */
  private suspend fun announce(id: String) {
    if (id == onScreen) return notices.gone(id)
    try {
      val mine = account()?.approvals()?.screen(clock())?.segments?.first()?.groups.orEmpty()
      val row = mine.flatMap { it.rows }.firstOrNull { it.id == id }
      if (row != null && row.warning == null) notices.waiting(id, row.who.orEmpty()) else notices.gone(id)
    } catch (_: CoreException) {
      // Gone meanwhile, or the core is closing.
    }
  }

  private companion object {
    const val PAUSE_MS = 500L
    const val TICK_MS = 1000L
    const val SETTLE_MS = 20_000L
  }
}
