package org.countersign.screen

import android.content.ActivityNotFoundException
import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.provider.OpenableColumns
import android.widget.Toast
import java.io.ByteArrayOutputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.countersign.R
import org.countersign.bridge.CoreException
import org.countersign.bridge.FileToSend
import org.countersign.ui.why

/**
 * Attachments for other programs. The app never writes an opened file into its own folder: the person chooses where it goes, and it is
 * written there.
 */
class Files(
  private val host: Host,
  private val scope: CoroutineScope,
  private val written: (digest: String) -> Unit = {},
  private val read: suspend (part: String) -> ByteArray,
) {
  private var chosen: String? = null
  private var digest = ""

  /** Asks where to save the part. [digest] is handed on when it lies there. */
  fun open(part: String, name: String, type: String, digest: String = "") {
    chosen = part
    this.digest = digest
    val intent = Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType(type)
    try {
      host.ask(intent.putExtra(Intent.EXTRA_TITLE, name))
    } catch (_: ActivityNotFoundException) {
      chosen = null
      tell(host.activity.getString(R.string.er_other))
    }
  }

  /** The place was chosen. */
  fun write(to: Uri) {
    val part = chosen ?: return
    val digest = digest
    chosen = null
    scope.launch {
      try {
        val octets = read(part)
        // A phone that is turned now would leave half a file.
        withContext(Dispatchers.IO + NonCancellable) { host.activity.contentResolver.write(to, octets) }
        written(digest)
      } catch (error: CoreException) {
        tell(host.activity.why(error))
      } catch (_: Unusable) {
        tell(host.activity.getString(R.string.er_write))
      }
    }
  }

  /** The question where to save it may outlast this screen. */
  fun save(state: Bundle) {
    chosen?.let { state.putStringArray(CHOSEN, arrayOf(it, digest)) }
  }

  fun restore(state: Bundle) {
    val (part, digest) = state.getStringArray(CHOSEN) ?: return
    chosen = part
    this.digest = digest
  }

  private fun tell(words: String) = Toast.makeText(host.activity.applicationContext, words, Toast.LENGTH_LONG).show()

  private companion object {
    const val CHOSEN = "chosen"
  }
}

/** A document of another app can't be read or written. */
private class Unusable : Exception()

/** The other app's provider answers with whatever exception it likes. */
private fun <T> guarded(use: () -> T): T =
  try {
    use()
  } catch (_: IOException) {
    throw Unusable()
  } catch (_: SecurityException) {
    throw Unusable()
  } catch (_: IllegalArgumentException) {
    throw Unusable()
  } catch (_: IllegalStateException) {
    throw Unusable()
  } catch (_: UnsupportedOperationException) {
    throw Unusable()
  }

/** What was there before does not stay behind the new octets. */
private fun ContentResolver.write(to: Uri, octets: ByteArray) = guarded {
  val stream = openOutputStream(to, "wt") ?: throw FileNotFoundException()
  stream.use { it.write(octets) }
}

/** A file that a person picked. */
sealed interface Picked {
  class Taken(val file: FileToSend) : Picked

  /** [why] in the phone's language: a text of the table. */
  class Refused(val why: Int) : Picked
}

/** It is read for sending, unless it is too large for that: nothing here holds what no mail can carry. */
suspend fun Host.pickedFile(uri: Uri): Picked =
  withContext(Dispatchers.IO) {
    try {
      guarded { activity.contentResolver.read(uri) }
    } catch (_: Unusable) {
      Picked.Refused(R.string.er_file)
    }
  }

private fun ContentResolver.read(uri: Uri): Picked {
  val (name, size) = describe(uri)
  if (size > MOST) return Picked.Refused(R.string.er_too_large)
  val octets = openInputStream(uri)?.use { it.readUpTo(MOST) } ?: return Picked.Refused(R.string.er_file)
  // The other app may have told nothing, or less than there is.
  if (octets.size > MOST) return Picked.Refused(R.string.er_too_large)
  return Picked.Taken(FileToSend(name, getType(uri) ?: "application/octet-stream", octets))
}

/** Name and size, as the other app tells them. */
private fun ContentResolver.describe(uri: Uri): Pair<String, Long> {
  val columns = arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
  query(uri, columns, null, null, null)?.use { row ->
    if (row.moveToFirst()) {
      val (name, size) = columns.map(row::getColumnIndex)
      val told = if (name < 0) null else row.getString(name)
      return (told ?: NAMELESS) to (if (size < 0) 0L else row.getLong(size))
    }
  }
  return NAMELESS to 0L
}

/** One octet more than [most] when there are more. */
private fun InputStream.readUpTo(most: Int): ByteArray {
  val all = ByteArrayOutputStream()
  val piece = ByteArray(PIECE)
  while (all.size() <= most) {
    val count = read(piece, 0, minOf(piece.size, most + 1 - all.size()))
    if (count < 0) break
    all.write(piece, 0, count)
  }
  return all.toByteArray()
}

private const val NAMELESS = "file"
private const val PIECE = 64 * 1024

/** In octets: more than any mail carries. */
private const val MOST = 40 * 1024 * 1024
