package org.countersign

import java.io.File
import java.nio.file.Files
import java.time.Duration
import jdk.jfr.Recording
import jdk.jfr.consumer.RecordedEvent
import jdk.jfr.consumer.RecordingFile

/**
 * Whatever the app's classes read or write, files or sockets, on the thread that made this watch (the main thread of the tests), as
 * the JVM's own recorder sees it. What the core does is not Java's and is watched in bridge.ContractTest.
 */
class MainThreadWatch(private val isWatched: (String) -> Boolean = ::isOfTheApp) {
  private val recording = Recording()
  private val main = Thread.currentThread().id

  fun start() {
    for (event in EVENTS) recording.enable(event).withThreshold(Duration.ZERO).withStackTrace()
    recording.start()
  }

  /** What was seen, one line each. */
  fun stop(): List<String> {
    recording.stop()
    val file = Files.createTempFile("main-thread", ".jfr")
    try {
      recording.dump(file)
      return RecordingFile.readAllEvents(file).filter { it.thread?.javaThreadId == main }.mapNotNull(::offence).distinct()
    } finally {
      recording.close()
      Files.delete(file)
    }
  }

  private fun offence(event: RecordedEvent): String? {
    for (frame in event.stackTrace?.frames.orEmpty()) {
      val type = frame.method.type.name
      // Loading a class or a resource of the app is not the app's doing.
      if (LOADERS.any(type::startsWith)) return null
      if (isWatched(type)) return "${event.eventType.name} in $type.${frame.method.name}:${frame.lineNumber}"
    }
    return null
  }

  private companion object {
    val EVENTS = listOf("jdk.FileRead", "jdk.FileWrite", "jdk.FileForce", "jdk.SocketRead", "jdk.SocketWrite")
    val LOADERS = listOf("java.lang.ClassLoader", "java.util.zip.", "jdk.internal.loader.", "org.robolectric.", "android.content.res.")
  }
}

private fun isOfTheApp(type: String) = File(System.getProperty("countersign.classes"), type.replace('.', '/') + ".class").isFile
