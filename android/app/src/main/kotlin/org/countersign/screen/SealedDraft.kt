package org.countersign.screen

import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.countersign.Session
import org.countersign.bridge.CoreException
import org.countersign.bridge.NewMail
import org.countersign.bridge.NotFound
import org.countersign.bridge.cancellable

/**
 * What is being written, as the core keeps it: sealed. It outlives the screen, and does one thing after the other: what is kept in the
 * background never comes after what was sent.
 */
class SealedDraft(private val session: Session, number: ULong? = null) {
  private val turn = Mutex()
  private var kept: NewMail? = null
  private var isOver = false

  /** Its number, once it is kept. */
  @Volatile var number: ULong? = number
    private set

  private suspend fun composer() = checkNotNull(session.account()) { "there is an account" }.composer()

  /** As it was written; nothing when it was never kept. */
  suspend fun open(): NewMail? =
    turn.withLock {
      number?.let { composer().draft(it) }?.also { kept = it }
    }

  /** Becomes the newest draft, if that holds the same words: it was kept just before the process ended. */
  suspend fun find(mail: NewMail): NewMail? =
    turn.withLock {
      val newest = composer().drafts().lastOrNull()?.number
      val found = newest?.let { composer().draft(it) }?.takeIf { it.words() == mail.words() }
      if (found != null) {
        number = newest
        kept = found
      }
      found
    }

  private fun NewMail.words() = copy(files = emptyList(), answers = null, signedOnly = false)

  /** Keeps the mail, in the place of what was kept before. */
  suspend fun keep(mail: NewMail) = turn.withLock { if (!isOver) save(mail) }

  private suspend fun save(mail: NewMail) {
    if (mail == kept) return
    number = answering(mail) { composer().saveDraft(number, it) }
    kept = mail
  }

  /** It can be taken back for a while. */
  suspend fun send(mail: NewMail) {
    turn.withLock {
      if (number != null) save(mail)
      val draft = number
      if (draft == null) answering(mail) { one -> cancellable { composer().sendAfter(one, HOLD, it) } }
      else cancellable { composer().sendDraftAfter(draft, HOLD, it) }
      isOver = true
    }
  }

  /** It was sent otherwise, or is not wanted any more. */
  suspend fun drop() {
    turn.withLock {
      isOver = true
      try {
        number?.let { composer().discardDraft(it) }
      } catch (_: CoreException) {
        // It is offered once more, nothing worse.
      }
    }
  }

  /** The mail that this answers may have gone meanwhile; then it is a mail of its own, but none that anyone could read. */
  private suspend fun <T> answering(mail: NewMail, work: suspend (NewMail) -> T): T =
    try {
      work(mail)
    } catch (gone: NotFound) {
      if (mail.answers == null || mail.signedOnly) throw gone
      work(mail.copy(answers = null))
    }

  private companion object {
    /** In seconds. */
    const val HOLD: ULong = 10u
  }
}
