package org.countersign.bridge

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import java.security.GeneralSecurityException
import java.security.InvalidAlgorithmParameterException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.PrivateKey
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.util.UUID
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.countersign.core.KeyAlgorithm
import org.countersign.core.KeyInfo
import org.countersign.core.KeyRole
import org.countersign.core.SignPurpose
import org.countersign.core.SignatureAlgorithm
import org.countersign.core.Vault
import org.countersign.core.VaultException
import org.countersign.core.VaultProblem

/** Asks the person to confirm one signature with finger, face or PIN. */
interface Gate {
  /** Returns when [signature] may be used once. Throws [Refused]. */
  suspend fun confirm(summary: String, signature: Signature)
}

/** What a [Gate] throws. */
class Refused(val problem: VaultProblem) : Exception()

/**
 * The vault over the phone's Keystore. Three kinds of keys: *approval* keys ask for the person at each use, *mail* keys sign
 * without asking, *sealing* keys seal what the core stores and work in the background. None can be exported. A key's alias says
 * whose and what it is; [space] parts several vaults of one app (its tests).
 */
class KeystoreVault(private val gate: Gate, private val space: String = "phone") : Vault {
  private val store by lazy { KeyStore.getInstance(STORE).apply { load(null) } }

  override suspend fun create(account: String, role: KeyRole, algorithm: KeyAlgorithm): KeyInfo = guarded {
    val owner = if (role == KeyRole.SEALING) "" else account
    val alias = listOf(space, role.name, owner.toByteArray().toHex(), UUID.randomUUID()).joinToString("/")
    if (role == KeyRole.SEALING) {
      sealingKey(alias)
    } else {
      if (algorithm != KeyAlgorithm.P256) refuse(VaultProblem.UNAVAILABLE)
      signingKey(alias, role)
    }
    info(alias)
  }

  override suspend fun list(): List<KeyInfo> = guarded {
    store.aliases().toList().filter { it.startsWith("$space/") }.map(::info)
  }

  override suspend fun delete(key: String) = guarded {
    known(key)
    store.deleteEntry(key)
  }

  override suspend fun sign(
    key: String,
    algorithm: SignatureAlgorithm,
    message: ByteArray,
    purpose: SignPurpose,
  ): ByteArray {
    val signature = guarded {
      if (algorithm != SignatureAlgorithm.ECDSA_P256_SHA256) refuse(VaultProblem.UNAVAILABLE)
      val private = known(key) as? PrivateKey ?: refuse(VaultProblem.NO_SUCH_KEY)
      // Decisions are signed by the key that asks, and by nothing else; it signs nothing else.
      if ((role(key) == KeyRole.APPROVAL) != (purpose is SignPurpose.Approval)) refuse(VaultProblem.NO_SUCH_KEY)
      Signature.getInstance("SHA256withECDSA").apply { initSign(private) }
    }
    if (purpose is SignPurpose.Approval) {
      try {
        gate.confirm(purpose.summary, signature)
      } catch (refused: Refused) {
        refuse(refused.problem)
      }
    }
    return guarded {
      signature.update(message)
      signature.sign()
    }
  }

  override suspend fun wrap(key: String, context: ByteArray, secret: ByteArray): ByteArray = guarded {
    val cipher = Cipher.getInstance(SEAL)
    cipher.init(Cipher.ENCRYPT_MODE, sealing(key))
    cipher.updateAAD(context)
    // The Keystore chooses the nonce: NONCE octets, in front of the ciphertext.
    check(cipher.iv.size == NONCE)
    cipher.iv + cipher.doFinal(secret)
  }

  override suspend fun unwrap(key: String, context: ByteArray, sealed: ByteArray): ByteArray = guarded {
    if (sealed.size < NONCE + TAG_BITS / 8) refuse(VaultProblem.DAMAGED)
    val cipher = Cipher.getInstance(SEAL)
    cipher.init(Cipher.DECRYPT_MODE, sealing(key), GCMParameterSpec(TAG_BITS, sealed, 0, NONCE))
    cipher.updateAAD(context)
    cipher.doFinal(sealed, NONCE, sealed.size - NONCE)
  }

  private fun signingKey(alias: String, role: KeyRole) {
    val spec = {
      KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_SIGN)
        .setAlgorithmParameterSpec(ECGenParameterSpec("secp256r1"))
        .setDigests(KeyProperties.DIGEST_SHA256)
        .apply { if (role == KeyRole.APPROVAL) askAtEachUse() }
    }
    inStrongBoxIfThere(spec) {
      KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE).apply { initialize(it) }.generateKeyPair()
    }
  }

  private fun KeyGenParameterSpec.Builder.askAtEachUse() {
    setUserAuthenticationRequired(true)
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
      setUserAuthenticationParameters(0, KeyProperties.AUTH_BIOMETRIC_STRONG or KeyProperties.AUTH_DEVICE_CREDENTIAL)
    }
    // Before API 30 the default is the same: no validity, a strong biometric at each use.
  }

  private fun sealingKey(alias: String) {
    val spec = {
      KeyGenParameterSpec.Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
        .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
        .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        .setKeySize(256)
    }
    // Not in StrongBox: it opens every record of the store, and StrongBox is slow.
    KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, STORE).apply { init(spec().build()) }.generateKey()
  }

  private fun inStrongBoxIfThere(spec: () -> KeyGenParameterSpec.Builder, make: (KeyGenParameterSpec) -> Unit) {
    try {
      make(spec().setIsStrongBoxBacked(true).build())
    } catch (_: StrongBoxUnavailableException) {
      make(spec().build())
    }
  }

  private fun info(alias: String): KeyInfo {
    val (_, name, account) = alias.split('/')
    val role = KeyRole.valueOf(name)
    val public = if (role == KeyRole.SEALING) ByteArray(0) else store.getCertificate(alias).publicKey.encoded
    val algorithm = if (role == KeyRole.SEALING) null else KeyAlgorithm.P256
    return KeyInfo(alias, account.fromHex().decodeToString(), role, algorithm, public)
  }

  private fun role(alias: String) = KeyRole.valueOf(alias.split('/')[1])

  private fun known(key: String) =
    (if (key.startsWith("$space/")) store.getKey(key, null) else null) ?: refuse(VaultProblem.NO_SUCH_KEY)

  private fun sealing(key: String) = known(key) as? SecretKey ?: refuse(VaultProblem.NO_SUCH_KEY)

  /** Off the caller's thread, with the Keystore's exceptions by their names. */
  private suspend fun <T> guarded(work: () -> T): T =
    withContext(Dispatchers.IO) {
      offMain()
      try {
        work()
      } catch (_: KeyPermanentlyInvalidatedException) {
        refuse(VaultProblem.KEY_INVALIDATED)
      } catch (_: UserNotAuthenticatedException) {
        refuse(VaultProblem.LOCKED)
      } catch (_: AEADBadTagException) {
        refuse(VaultProblem.DAMAGED)
      } catch (_: InvalidAlgorithmParameterException) {
        // An approval key on a phone without finger, face or PIN.
        refuse(VaultProblem.NOT_ENROLLED)
      } catch (error: GeneralSecurityException) {
        // The Keystore hides the reason of a failed use in the cause.
        val cause = error.cause
        refuse(if (cause is UserNotAuthenticatedException) VaultProblem.LOCKED else VaultProblem.UNAVAILABLE)
      } catch (error: IllegalStateException) {
        if (error.cause is InvalidAlgorithmParameterException) refuse(VaultProblem.NOT_ENROLLED)
        refuse(VaultProblem.UNAVAILABLE)
      }
    }

  private fun refuse(problem: VaultProblem): Nothing = throw VaultException.Refused(problem)

  private companion object {
    const val STORE = "AndroidKeyStore"
    const val SEAL = "AES/GCM/NoPadding"
    const val NONCE = 12
    const val TAG_BITS = 128
  }
}

private fun ByteArray.toHex() = joinToString("") { "%02x".format(it) }

private fun String.fromHex() = ByteArray(length / 2) { substring(2 * it, 2 * it + 2).toInt(16).toByte() }
