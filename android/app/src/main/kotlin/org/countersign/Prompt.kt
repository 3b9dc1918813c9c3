package org.countersign

import android.app.Activity
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import java.lang.ref.WeakReference
import java.security.Signature
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import org.countersign.bridge.Gate
import org.countersign.bridge.Refused
import org.countersign.bridge.VaultProblem

/** The system's prompt for finger, face or PIN, over the activity that is in front. */
class Prompt : Gate {
  private var front = WeakReference<Activity>(null)

  /** Takes away what is shown now. */
  private var refuse: () -> Unit = {}

  fun shown(activity: Activity) {
    front = WeakReference(activity)
  }

  fun hidden(activity: Activity) {
    if (front.get() === activity) front.clear()
  }

  /** The person went back: nothing is signed. On the main thread. */
  fun stop() = refuse()

  override suspend fun confirm(summary: String, signature: Signature) =
    withContext(Dispatchers.Main) {
      // Nothing is signed behind the person's back: without a screen there is no prompt.
      val activity = front.get() ?: throw Refused(VaultProblem.LOCKED)
      suspendCancellableCoroutine { waiting ->
        val stop = CancellationSignal()
        waiting.invokeOnCancellation { stop.cancel() }
        val refused = { if (waiting.isActive) waiting.resumeWithException(Refused(VaultProblem.CANCELLED)) }
        refuse = {
          stop.cancel()
          refused()
        }
        val answer =
          object : BiometricPrompt.AuthenticationCallback() {
            override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult?) {
              if (waiting.isActive) waiting.resume(Unit)
            }

            override fun onAuthenticationError(code: Int, message: CharSequence?) {
              if (waiting.isActive) waiting.resumeWithException(Refused(problem(code)))
            }
          }
        prompt(activity, summary, refused)
          .authenticate(BiometricPrompt.CryptoObject(signature), stop, activity.mainExecutor, answer)
      }
    }

  private fun prompt(activity: Activity, summary: String, refuse: () -> Unit): BiometricPrompt {
    val builder = BiometricPrompt.Builder(activity).setTitle(activity.getString(R.string.cf_title)).setSubtitle(summary)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
      builder.setAllowedAuthenticators(
        BiometricManager.Authenticators.BIOMETRIC_STRONG or BiometricManager.Authenticators.DEVICE_CREDENTIAL
      )
    } else {
      builder.setNegativeButton(activity.getString(R.string.c_cancel), activity.mainExecutor) { _, _ -> refuse() }
    }
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) builder.setConfirmationRequired(true)
    return builder.build()
  }

  private fun problem(code: Int) =
    when (code) {
      BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT,
      BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT -> VaultProblem.LOCKED
      BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS,
      BiometricPrompt.BIOMETRIC_ERROR_NO_DEVICE_CREDENTIAL -> VaultProblem.NOT_ENROLLED
      BiometricPrompt.BIOMETRIC_ERROR_HW_NOT_PRESENT,
      BiometricPrompt.BIOMETRIC_ERROR_HW_UNAVAILABLE -> VaultProblem.UNAVAILABLE
      else -> VaultProblem.CANCELLED
    }
}
