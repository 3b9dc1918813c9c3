package org.countersign

import java.util.concurrent.ConcurrentHashMap

/**
 * What is being written and is too long for the saved state of an activity: that is small and leaves the process. It lasts as long as
 * the process, in the saved state only its name stands for it; after that there is what the core keeps
 * ([SealedDraft][org.countersign.screen.SealedDraft]).
 */
class Drafts {
  private val held = ConcurrentHashMap<String, String>()

  /** What is saved for a draft: the draft itself or, when it is long, its [name]. */
  fun hold(name: String, draft: String): String {
    if (draft.length <= MOST) return draft
    held[name] = draft
    return HELD + name
  }

  /** The draft that [hold] gave [saved] for; nothing when the process ended meanwhile. */
  fun read(saved: String): String = name(saved)?.let { held[it].orEmpty() } ?: saved

  fun name(saved: String): String? = if (saved.startsWith(HELD)) saved.removePrefix(HELD) else null

  /** It was sent. */
  fun drop(name: String) {
    held.remove(name)
  }

  private companion object {
    /** In characters. A draft is saved twice, in the place and as what stands there, and one more may lie above it: 50,000 in all. */
    const val MOST = 12_500

    /** No draft begins so: they are JSON. */
    const val HELD = "held:"
  }
}
