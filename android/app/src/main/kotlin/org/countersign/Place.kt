package org.countersign

/** Where a person is. Kept as text, so that it survives rotation and the death of the process. */
data class Place(val kind: Kind, val argument: String = "") {
  enum class Kind { ADDRESS, PASSWORD, READY, INBOX, APPROVALS, CONTACTS, SETTINGS, MESSAGE, APPROVAL, COMPOSE, EXCHANGE, SCANNED }

  /** The four tabs. */
  val isTab get() = kind in TABS

  override fun toString() = "${kind.name} $argument"

  companion object {
    val TABS = listOf(Kind.INBOX, Kind.APPROVALS, Kind.CONTACTS, Kind.SETTINGS)

    fun parse(text: String): Place = Place(Kind.valueOf(text.substringBefore(' ')), text.substringAfter(' '))
  }
}
