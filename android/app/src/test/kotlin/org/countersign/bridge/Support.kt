package org.countersign.bridge

import java.io.File
import java.nio.file.Files
import java.util.concurrent.CopyOnWriteArrayList
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import org.countersign.core.Account
import org.countersign.core.AccountConfig
import org.countersign.core.Authority
import org.countersign.core.KeyAlgorithm
import org.countersign.core.KeyInfo
import org.countersign.core.KeyRole
import org.countersign.core.Language
import org.countersign.core.Security
import org.countersign.core.Server
import org.countersign.core.SignPurpose
import org.countersign.core.SignatureAlgorithm
import org.countersign.core.Vault
import org.countersign.core.VaultException
import org.countersign.core.VaultProblem
import org.countersign.core.openPassphraseVault

/** The demo's servers, as `cargo xtask android test` started them: one variable each. */
object World {
  private fun variable(name: String): String =
    checkNotNull(System.getenv("COUNTERSIGN_$name")) { "run by `cargo xtask android test`" }

  val imap = variable("IMAP").toInt().toUShort()
  val smtp = variable("SMTP").toInt().toUShort()
  val authority = variable("TSA_URL")
  val serverCa: ByteArray get() = File(variable("SERVER_CA")).readBytes()
  val organisationCa: ByteArray get() = File(variable("ORGANISATION_CA")).readBytes()
  val authorityCa: ByteArray get() = File(variable("TSA_CA")).readBytes()
  val fingerprint = variable("FINGERPRINT")

  fun password(person: String) = variable("PASSWORD_${person.uppercase()}")
}

/**
 * A vault in Kotlin: the app's side of the async foreign trait. It hands everything on to the passphrase vault, notes what a
 * person would confirm, and can be told to refuse.
 */
class NotingVault(folder: File) : Vault {
  private val inner: Vault

  val confirmed = CopyOnWriteArrayList<String>()
  @Volatile var refusing: VaultProblem? = null

  init {
    folder.mkdirs()
    inner = openPassphraseVault(File(folder, "vault").path, "correct horse battery staple")
  }

  override suspend fun create(account: String, role: KeyRole, algorithm: KeyAlgorithm): KeyInfo =
    inner.create(account, role, algorithm)

  override suspend fun list(): List<KeyInfo> = inner.list()

  override suspend fun delete(key: String) = inner.delete(key)

  override suspend fun sign(
    key: String,
    algorithm: SignatureAlgorithm,
    message: ByteArray,
    purpose: SignPurpose,
  ): ByteArray {
    refusing?.let { throw VaultException.Refused(it) }
    if (purpose is SignPurpose.Approval) confirmed.add(purpose.summary)
    return inner.sign(key, algorithm, message, purpose)
  }

  override suspend fun wrap(key: String, context: ByteArray, secret: ByteArray): ByteArray =
    inner.wrap(key, context, secret)

  override suspend fun unwrap(key: String, context: ByteArray, sealed: ByteArray): ByteArray =
    inner.unwrap(key, context, sealed)
}

/** A fresh home. */
fun home(): File = Files.createTempDirectory("countersign-phone").toFile()

/** A phone without an account. */
class Phone(val home: File = home()) {
  val vault = NotingVault(home)
  val office = Office(home, vault)

  suspend fun add(person: String, name: String): Account {
    office.unlock()
    return office.core.addAccount(config(person, name, listOf(World.serverCa)), World.password(person))
  }
}

fun config(person: String, name: String, anchors: List<ByteArray>) =
  AccountConfig(
    address = "$person@example.test",
    name = name,
    imap = Server("localhost", World.imap, Security.TLS),
    smtp = Server("localhost", World.smtp, Security.TLS),
    tlsAnchors = anchors,
    organisationAnchors = listOf(World.organisationCa),
    authority = Authority(World.authority, listOf(World.authorityCa)),
    language = Language.EN,
  )

/** Waits for a condition with a deadline. */
suspend fun until(what: String, condition: suspend () -> Boolean) {
  try {
    withTimeout(60_000) { while (!condition()) delay(100) }
  } catch (_: kotlinx.coroutines.TimeoutCancellationException) {
    throw AssertionError("not in time: $what")
  }
}
