package org.countersign

import java.io.File
import java.util.Base64

/** Looks for what must not lie readable in a folder: texts in the encodings that mail and programs use, and private keys. */
object Plaintext {
  /** Where which of [secrets] (name to text) stands, one line a finding. Only the names of the secrets are told. */
  fun find(folder: File, secrets: Map<String, String>): List<String> {
    val forms = secrets.mapValues { (_, text) -> forms(text.toByteArray()) } + MARKS
    return folder.walk().filter(File::isFile).flatMap { file ->
      val octets = latin(file.readBytes())
      forms.filterValues { all -> all.any { it in octets } }.keys.map { "$it in ${file.relativeTo(folder)}" }
    }.toList()
  }

  private fun latin(octets: ByteArray) = String(octets, Charsets.ISO_8859_1)

  private fun forms(text: ByteArray): List<String> {
    val wide = text.decodeToString()
    val all = listOf(text, wide.toByteArray(Charsets.UTF_16LE), wide.toByteArray(Charsets.UTF_16BE)).map(::latin)
    val hex = text.joinToString("") { "%02x".format(it) }
    return all + hex + hex.uppercase() + (0..2).map { base64(text, it) }.filter { it.length >= SHORTEST }
  }

  /** As it stands in base64 of a longer text, [before] octets into a group of three: only the characters that nothing else touches. */
  private fun base64(text: ByteArray, before: Int): String {
    val first = if (before == 0) 0 else before + 1
    val last = (before + text.size) * 8 / 6
    return Base64.getEncoder().withoutPadding().encodeToString(ByteArray(before) + text).substring(first, maxOf(first, last))
  }

  private fun octets(hex: String) = latin(hex.split(' ').map { it.toInt(16).toByte() }.toByteArray())

  private const val SHORTEST = 6
  private val MARKS =
    mapOf(
      "a private key (PEM)" to listOf("PRIVATE KEY"),
      // RFC 5208: version 0, then id-ecPublicKey or rsaEncryption.
      "a private key (PKCS #8, EC)" to listOf(octets("02 01 00 30 13 06 07 2A 86 48 CE 3D 02 01")),
      "a private key (PKCS #8, RSA)" to listOf(octets("02 01 00 30 0D 06 09 2A 86 48 86 F7 0D 01 01 01")),
      // RFC 5915: version 1, then an octet string of 32.
      "a private key (SEC 1)" to listOf(octets("30 77 02 01 01 04 20"), octets("30 25 02 01 01 04 20")),
    )
}
