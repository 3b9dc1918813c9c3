package org.countersign.screen

import org.countersign.bridge.All
import org.countersign.bridge.AnyOne
import org.countersign.bridge.Deciding
import org.countersign.bridge.InOrder
import org.json.JSONArray
import org.json.JSONObject

/** What stands in the compose screen; as text it is part of the place, so that it survives the process. */
data class Draft(
  val to: List<String> = emptyList(),
  val cc: List<String> = emptyList(),
  val subject: String = "",
  val text: String = "",
  val isApproval: Boolean = false,
  /** Seconds since 1970. */
  val deadline: Long? = null,
  /** One of [ORDERS]. */
  val deciding: Deciding = InOrder,
  /** Id of the mail that this answers. */
  val answers: String? = null,
  /** Where the core keeps it: what is missing here is there. */
  val number: ULong? = null,
) {
  /** What a mail holds of it. */
  val words
    get() = Draft(to, cc, subject, text)

  fun write(): String =
    JSONObject()
      .put("to", JSONArray(to))
      .put("cc", JSONArray(cc))
      .put("subject", subject)
      .put("text", text)
      .put("approval", isApproval)
      .putOpt("deadline", deadline)
      .put("deciding", ORDERS.indexOf(deciding))
      .putOpt("answers", answers)
      .putOpt("number", number?.toLong())
      .toString()

  companion object {
    /** In the order in which they are offered. */
    val ORDERS: List<Deciding> = listOf(InOrder, All, AnyOne)

    fun read(text: String): Draft {
      if (text.isBlank()) return Draft()
      val json = JSONObject(text)
      fun list(name: String) = json.getJSONArray(name).let { all -> List(all.length()) { all.getString(it) } }
      val deadline = if (json.has("deadline")) json.getLong("deadline") else null
      val answers = if (json.has("answers")) json.getString("answers") else null
      val number = if (json.has("number")) json.getLong("number").toULong() else null
      return Draft(
        list("to"), list("cc"), json.getString("subject"), json.getString("text"), json.getBoolean("approval"), deadline,
        ORDERS[json.getInt("deciding")], answers, number,
      )
    }
  }
}
