package org.countersign.screen

import android.content.Context
import org.countersign.R
import org.countersign.bridge.ApprovalState
import org.countersign.bridge.ApprovalView
import org.countersign.bridge.ContactView
import org.countersign.bridge.EncryptionState
import org.countersign.bridge.MailSummary
import org.countersign.bridge.SignatureState
import org.countersign.bridge.StageState
import org.countersign.bridge.Summary
import org.countersign.bridge.Trust
import org.countersign.ui.day

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

/** Name, or the address where there is none. */
val ContactView.shown get() = name?.takeIf(String::isNotBlank) ?: address

val MailSummary.shown get() = name?.takeIf(String::isNotBlank) ?: from

/** The open step, from 1; the last one when none is open. */
val ApprovalView.step get() = (stages.indexOfFirst { it.state == StageState.OPEN }.takeIf { it >= 0 } ?: (stages.size - 1)) + 1

val ApprovalState.isOpen get() = this == ApprovalState.OPEN || this == ApprovalState.INCOMPLETE
