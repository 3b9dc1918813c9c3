package org.countersign.screen

import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.widget.Toast
import java.io.IOException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
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
class Files(private val host: Host, private val scope: CoroutineScope, private val read: suspend (String) -> ByteArray) {
  private var chosen: String? = null

  /** Asks where to save the part. */
  fun open(part: String, name: String, type: String) {
    chosen = part
    val intent = Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType(type)
    try {
      host.ask(intent.putExtra(Intent.EXTRA_TITLE, name))
    } catch (_: ActivityNotFoundException) {
      chosen = null
    }
  }

  /** The place was chosen. */
  fun save(to: Uri) {
    val part = chosen ?: return
    chosen = null
    scope.launch {
      try {
        val octets = read(part)
        withContext(Dispatchers.IO) { host.activity.contentResolver.openOutputStream(to)?.use { it.write(octets) } }
      } catch (error: CoreException) {
        tell(host.activity.why(error))
      } catch (_: IOException) {
        tell(host.activity.getString(R.string.er_write))
      }
    }
  }

  private fun tell(words: String) = Toast.makeText(host.activity, words, Toast.LENGTH_LONG).show()
}

/** A file that a person picked, read for sending. */
suspend fun Host.pickedFile(uri: Uri): FileToSend? =
  withContext(Dispatchers.IO) {
    val resolver = activity.contentResolver
    val name = resolver.query(uri, arrayOf(android.provider.OpenableColumns.DISPLAY_NAME), null, null, null)?.use {
      if (it.moveToFirst()) it.getString(0) else null
    }
    val octets =
      try {
        resolver.openInputStream(uri)?.use { it.readBytes() }
      } catch (_: IOException) {
        null
      } ?: return@withContext null
    FileToSend(name ?: "file", resolver.getType(uri) ?: "application/octet-stream", octets)
  }
