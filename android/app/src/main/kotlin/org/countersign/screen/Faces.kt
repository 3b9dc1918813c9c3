package org.countersign.screen

import android.content.Context
import org.countersign.R
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.ContactView
import org.countersign.bridge.Decision
import org.countersign.bridge.EncryptionState
import org.countersign.bridge.MailSummary
import org.countersign.bridge.PersonDecision
import org.countersign.bridge.SignatureState
import org.countersign.bridge.StageLine
import org.countersign.bridge.StageState
import org.countersign.bridge.Summary
import org.countersign.bridge.Trust
import org.countersign.ui.StepFace
import org.countersign.ui.StepState
import org.countersign.ui.day
import org.countersign.ui.shortly

// How records of the core look in a row. Nothing is judged here: each state has one icon, one text, one colour.

/** A state line. */
class Face(val icon: Int, val words: String, val color: Int)

fun Context.face(mail: MailSummary): Face {
  fun face(icon: Int, words: Int, color: Int) = Face(icon, getString(words), color)
  return when {
    mail.encryption == EncryptionState.NO_KEY || mail.encryption == EncryptionState.FAILED ->
      face(R.drawable.ic_lock, R.string.st_locked, R.color.text2)
    mail.signature == SignatureState.INVALID -> face(R.drawable.ic_stop, R.string.st_changed, R.color.danger)
    mail.signature == SignatureState.UNTRUSTED -> face(R.drawable.ic_warn, R.string.st_issuer, R.color.caution)
    mail.signature == SignatureState.VALID && mail.summary == Summary.SIGNED_AND_ENCRYPTED ->
      face(R.drawable.ic_lock, R.string.st_both, R.color.accent)
    mail.signature == SignatureState.VALID -> face(R.drawable.ic_pen, R.string.st_signed, R.color.info)
    mail.encryption == EncryptionState.DECRYPTED -> face(R.drawable.ic_lock, R.string.st_enc, R.color.text2)
    else -> face(R.drawable.ic_lock_open, R.string.st_none, R.color.text2)
  }
}

fun Context.face(person: ContactView): Face =
  when {
    person.changedAnchor -> Face(R.drawable.ic_warn, getString(R.string.ct_changed), R.color.caution)
    person.trust == Trust.MET -> Face(R.drawable.ic_seal, getString(R.string.ct_met, day(person.since)), R.color.accent)
    person.trust == Trust.NONE -> Face(R.drawable.ic_lock_open, getString(R.string.ct_none), R.color.text2)
    else -> Face(R.drawable.ic_card, getString(R.string.ct_card), R.color.info)
  }

/** A subject that is not known stands for itself in no list: absent, or the outer one of a mail that can't be opened (RFC 9788, 3.2.1). */
fun Context.subject(subject: String?) = subject?.takeUnless { it.isBlank() || it == OUTER_SUBJECT } ?: getString(R.string.me_nosubject)

private const val OUTER_SUBJECT = "[...]"

/** The name under which this phone knows somebody, or the address. */
fun List<ContactView>.nameOf(address: String) = firstOrNull { it.address == address }?.shown ?: address

/** A step of a route as this person ([me]) sees it. */
fun Context.face(index: Int, stage: StageLine, me: String): StepFace {
  val single = stage.people.singleOrNull()
  val approved = stage.people.count { it.decision == Decision.APPROVED }
  val isMine = stage.people.any { it.address == me && it.decision == null }
  val time = stage.people.mapNotNull { it.at }.maxOrNull()?.let { shortly(it) }.orEmpty()
  val state =
    when (stage.state) {
      StageState.APPROVED -> StepState.DONE
      StageState.REJECTED -> StepState.REJECTED
      StageState.OPEN -> StepState.NOW
      StageState.WAITING -> StepState.WAITING
    }
  val caption =
    when {
      state == StepState.DONE -> getString(R.string.ap_done_at, time)
      state == StepState.REJECTED -> getString(R.string.ap_rejected, time)
      state == StepState.NOW && isMine -> getString(R.string.ap_turn)
      else -> getString(R.string.ap_wait)
    }
  val name =
    when {
      single == null -> resources.getQuantityString(R.plurals.ap_people, stage.people.size, stage.people.size)
      single.address == me -> getString(R.string.c_you)
      else -> single.shown
    }
  return StepFace(state, if (single != null) "${index + 1}" else "$approved/${stage.people.size}", name, caption)
}

/** Name, or the address where there is none. */
val ContactView.shown get() = name?.takeIf(String::isNotBlank) ?: address

val MailSummary.shown get() = name?.takeIf(String::isNotBlank) ?: from

/** The open step, from 1; the last one when none is open. */
val ApprovalView.step get() = (stages.indexOfFirst { it.state == StageState.OPEN }.takeIf { it >= 0 } ?: (stages.size - 1)) + 1

/** Who is asked now. */
val ApprovalView.asked get() = stages.firstOrNull { it.state == StageState.OPEN }?.people.orEmpty().filter { it.decision == null }

val PersonDecision.shown get() = name.ifBlank { address }

/** Certified, or else as the signer claims. */
val PersonDecision.at get() = time ?: claimedTime

val ApprovalState.isOpen get() = this == ApprovalState.OPEN || this == ApprovalState.INCOMPLETE
