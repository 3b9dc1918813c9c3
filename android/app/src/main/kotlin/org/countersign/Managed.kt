package org.countersign

import android.content.Context
import android.content.RestrictionsManager
import org.countersign.bridge.AccountConfig
import org.countersign.bridge.Authority
import org.countersign.bridge.Language
import org.countersign.bridge.Server
import org.countersign.bridge.offMain
import org.countersign.bridge.parseServer

/** What the organisation set on this phone (managed configuration); all of it may be absent. */
class Managed(
  val imap: Server?,
  val smtp: Server?,
  private val serverAuthorities: List<ByteArray>,
  private val organisationAuthorities: List<ByteArray>,
  private val authority: Authority?,
) {
  fun account(address: String, name: String, imap: Server, smtp: Server, language: Language) =
    AccountConfig(
      address = address,
      name = name,
      imap = imap,
      smtp = smtp,
      tlsAnchors = serverAuthorities,
      organisationAnchors = organisationAuthorities,
      authority = authority,
      language = language,
    )

  companion object {
    const val IMAP_PORT = 993
    const val SMTP_PORT = 465

    /** Asks the system; not on the main thread. */
    fun read(context: Context): Managed {
      offMain()
      val set = context.getSystemService(RestrictionsManager::class.java).applicationRestrictions
      fun pem(key: String) = listOfNotNull(set.getString(key)?.takeIf(String::isNotBlank)?.toByteArray())
      val url = set.getString("timestamp_url")?.takeIf(String::isNotBlank)
      return Managed(
        imap = set.getString("imap")?.let { parseServer(it, IMAP_PORT) },
        smtp = set.getString("smtp")?.let { parseServer(it, SMTP_PORT) },
        serverAuthorities = pem("server_authorities"),
        organisationAuthorities = pem("organisation_authorities"),
        authority = url?.let { Authority(it, pem("timestamp_authorities")) },
      )
    }
  }
}
