package org.countersign

import android.os.Looper
import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.InvalidKeyException
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStoreSpi
import java.security.PrivateKey
import java.security.Provider
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.Signature
import java.security.SignatureException
import java.security.SignatureSpi
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.ECGenParameterSpec
import java.util.Collections
import java.util.Date
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

/**
 * "AndroidKeyStore" where there is none, as a security provider: keys by alias, private keys that can't be exported and only sign here,
 * keys with user authentication that sign once for each [finger]. Any use on the main thread fails. It shows which calls the app makes,
 * not that a phone's hardware keeps its promises.
 */
object FakeKeystore {
  private class Entry(val key: Key, val public: PublicKey?)

  private val entries = ConcurrentHashMap<String, Entry>()
  private val fingers = AtomicInteger()

  /** Signatures by keys that ask. */
  val confirmed = AtomicInteger()

  /** How each key was made. */
  val specs = ConcurrentHashMap<String, KeyGenParameterSpec>()

  fun install() {
    Security.removeProvider(NAME)
    entries.clear()
    specs.clear()
    fingers.set(0)
    confirmed.set(0)
    Security.addProvider(Fake())
  }

  fun remove() = Security.removeProvider(NAME)

  /** The right finger was put down: one signature. */
  fun finger() {
    fingers.incrementAndGet()
  }

  private fun offMain() = check(Looper.myLooper() != Looper.getMainLooper()) { "the Keystore was used on the main thread" }

  private class Fake : Provider(NAME, "1.0", "for tests") {
    init {
      serve("KeyStore", NAME) { Store() }
      serve("KeyGenerator", "AES") { SecretKeys() }
      serve("KeyPairGenerator", "EC") { KeyPairs() }
      serve("Signature", "SHA256withECDSA") { Signing() }
    }

    /** Made by hand: a provider outside of Robolectric's class loader can't load classes by name. */
    private fun serve(type: String, algorithm: String, make: () -> Any) =
      putService(
        object : Service(this, type, algorithm, "org.countersign.Fake", null, null) {
          override fun newInstance(parameter: Any?) = make()

          override fun supportsParameter(parameter: Any?) = parameter is Guarded
        }
      )
  }

  private class Guarded(val inner: PrivateKey, val asks: Boolean) : PrivateKey {
    override fun getAlgorithm() = "EC"

    override fun getFormat(): String? = null

    override fun getEncoded(): ByteArray? = null
  }

  private class Public(private val key: PublicKey) : Certificate("X.509") {
    override fun getPublicKey() = key

    override fun getEncoded() = ByteArray(0)

    override fun verify(key: PublicKey) = Unit

    override fun verify(key: PublicKey, provider: String) = Unit

    override fun toString() = "certificate of a test key"
  }

  private class SecretKeys : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun engineInit(random: SecureRandom?) = error("needs a KeyGenParameterSpec")

    override fun engineInit(size: Int, random: SecureRandom?) = error("needs a KeyGenParameterSpec")

    override fun engineInit(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
      spec = parameters as KeyGenParameterSpec
    }

    override fun engineGenerateKey(): SecretKey {
      offMain()
      val key = KeyGenerator.getInstance("AES").apply { init(spec.keySize) }.generateKey()
      specs[spec.keystoreAlias] = spec
      entries[spec.keystoreAlias] = Entry(key, null)
      return key
    }
  }

  private class KeyPairs : KeyPairGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun initialize(size: Int, random: SecureRandom?) = error("needs a KeyGenParameterSpec")

    override fun initialize(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
      spec = parameters as KeyGenParameterSpec
    }

    override fun generateKeyPair(): KeyPair {
      offMain()
      val real = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()
      val guarded = Guarded(real.private, spec.isUserAuthenticationRequired)
      specs[spec.keystoreAlias] = spec
      entries[spec.keystoreAlias] = Entry(guarded, real.public)
      return KeyPair(real.public, guarded)
    }
  }

  private class Signing : SignatureSpi() {
    private val real = Signature.getInstance("SHA256withECDSA", "SunEC")
    private var asks = false

    override fun engineInitSign(key: PrivateKey) {
      offMain()
      if (key !is Guarded) throw InvalidKeyException("not a key of this store")
      asks = key.asks
      real.initSign(key.inner)
    }

    override fun engineUpdate(octet: Byte) = real.update(octet)

    override fun engineUpdate(octets: ByteArray, from: Int, count: Int) = real.update(octets, from, count)

    override fun engineSign(): ByteArray {
      offMain()
      if (asks) {
        if (fingers.getAndUpdate { maxOf(0, it - 1) } == 0) throw SignatureException("nobody confirmed")
        confirmed.incrementAndGet()
      }
      return real.sign()
    }

    override fun engineInitVerify(key: PublicKey?) = error("signs only")

    override fun engineVerify(signature: ByteArray?) = error("signs only")

    @Deprecated("as in the superclass")
    override fun engineSetParameter(name: String?, value: Any?) = error("has none")

    @Deprecated("as in the superclass")
    override fun engineGetParameter(name: String?): Any? = null
  }

  private class Store : KeyStoreSpi() {
    override fun engineGetKey(alias: String, password: CharArray?): Key? {
      offMain()
      return entries[alias]?.key
    }

    override fun engineGetCertificate(alias: String): Certificate? = entries[alias]?.public?.let(::Public)

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

    override fun engineGetCreationDate(alias: String) = Date(0)

    override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<Certificate>?) = error("made here only")

    override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<Certificate>?) = error("made here only")

    override fun engineSetCertificateEntry(alias: String, certificate: Certificate?) = error("made here only")

    override fun engineDeleteEntry(alias: String) {
      entries.remove(alias)
    }

    override fun engineAliases() = Collections.enumeration(entries.keys.toList())

    override fun engineContainsAlias(alias: String) = entries.containsKey(alias)

    override fun engineSize() = entries.size

    override fun engineIsKeyEntry(alias: String) = entries.containsKey(alias)

    override fun engineIsCertificateEntry(alias: String) = false

    override fun engineGetCertificateAlias(certificate: Certificate?): String? = null

    override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit
  }

  private const val NAME = "AndroidKeyStore"
}
