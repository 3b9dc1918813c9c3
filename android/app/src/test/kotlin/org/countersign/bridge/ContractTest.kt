package org.countersign.bridge

import java.io.File
import java.util.concurrent.Executors
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.countersign.core.CancelToken
import org.countersign.core.CoreException
import org.countersign.core.Misuse
import org.countersign.core.NewMail
import org.countersign.core.Security
import org.countersign.core.StopReason
import org.countersign.core.fingerprint
import org.countersign.core.isAddress
import org.countersign.core.parseServer
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** What the binding promises, whatever the core does. */
class ContractTest {
  @Test
  fun appAndCoreBelongTogether() {
    assertEquals(World.fingerprint, fingerprint())
  }

  @Test
  fun aLockedCoreSaysSo(): Unit = runBlocking {
    Phone().office.use { office ->
      val locked = assertThrows(CoreException.WrongUse::class.java) { runBlocking { office.core.accounts() } }
      assertEquals(Misuse.Locked, locked.problem)
    }
  }

  @Test
  fun aTokenStopsTheWork(): Unit = runBlocking {
    Phone().office.use { office ->
      office.unlock()
      val token = CancelToken()
      val waiting = async(Dispatchers.IO) { runCatching { office.core.nextEvent(token) } }
      delay(50)
      token.cancel()
      val stopped = withTimeout(10_000) { waiting.await() }.exceptionOrNull()
      assertEquals(StopReason.Cancelled, (stopped as CoreException.Stopped).reason)
    }
  }

  @Test
  fun aCancelledCoroutineLetsGo(): Unit = runBlocking {
    Phone().office.use { office ->
      office.unlock()
      val waiting = launch(Dispatchers.IO) { cancellable { office.core.nextEvent(it) } }
      delay(50)
      withTimeout(10_000) { waiting.cancelAndJoin() }
      assertTrue(office.core.accounts().isEmpty())
    }
  }

  @Test
  fun closingEndsTheEventsAndLaterCalls(): Unit = runBlocking {
    val office = Phone().office
    office.unlock()
    val events = async(Dispatchers.IO) { office.events().toList() }
    delay(50)
    office.core.shutdown()
    withTimeout(10_000) { events.await() }
    val closed =
      assertThrows(CoreException.Stopped::class.java) { runBlocking { office.core.accounts() } }
    assertEquals(StopReason.Closed, closed.reason)
    office.close()
  }

  @Test
  fun twoHundredCallsAtOnceAllAnswer(): Unit = runBlocking {
    Phone().office.use { office ->
      office.unlock()
      val answers = (0 until 200).map { async(Dispatchers.IO) { office.core.accounts().size } }.awaitAll()
      assertEquals(List(200) { 0 }, answers)
    }
  }

  @Test
  fun aPanicInsideIsAnErrorAndTheCoreLives(): Unit = runBlocking {
    Phone().office.use { office ->
      office.unlock()
      val stopped = assertThrows(CoreException.Stopped::class.java) { runBlocking { office.core.panicForTest() } }
      assertTrue("${stopped.reason}", stopped.reason is StopReason.Defect)
      assertTrue(office.core.accounts().isEmpty())
    }
  }

  @Test
  fun addressesAndServersAreReadAsPeopleWriteThem() {
    assertFalse(isAddress("not an address"))
    assertTrue(isAddress("li.wei@example.test"))
    assertEquals(Security.START_TLS, parseServer("mail.example.test:587", 465.toUShort())?.security)
  }

  /** A call is polled on the caller's thread, in the app the main one: what reads and writes must be another. */
  @Test
  fun theCallersThreadDoesNoIo(): Unit = runBlocking {
    val phone = Phone()
    val account = phone.add("alice", "Alice Ahlborn")
    Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { caller ->
      val work: suspend () -> Unit = {
        repeat(CALLS) {
          val note = NewMail(to = listOf("dave@example.test"), subject = "Note $it", text = "Nothing.", signedOnly = true)
          account.composer().send(note)
          account.mailboxes().list(null)
        }
      }
      val (own, all) = withContext(caller) {
        work()
        val (ownBefore, allBefore) = calls("thread-self") to calls("self")
        work()
        calls("thread-self") - ownBefore to calls("self") - allBefore
      }
      assertTrue("the work does read or write: $all", all >= CALLS)
      // Looking at the counters is the thread's own doing.
      assertTrue("the caller's thread: $own of $all", own < CALLS)
      val seen = withContext(caller) {
        val before = calls("thread-self")
        repeat(CALLS) { File(phone.home, "note").writeText("Nothing.") }
        calls("thread-self") - before
      }
      assertTrue("what the thread does itself is counted: $seen", seen >= CALLS)
    }
    phone.office.close()
  }

  /** Reads and writes of a thread or the process so far, as the kernel counts them. */
  private fun calls(who: String) =
    File("/proc/$who/io").readLines().filter { it.startsWith("syscr") || it.startsWith("syscw") }.sumOf { it.substringAfter(' ').toLong() }

  @Test
  fun closedCoresLeaveNoFilesAndNoThreadsBehind(): Unit = runBlocking {
    suspend fun openAndClose(home: File) =
      Office(home, NotingVault(home)).use {
        it.unlock()
        assertTrue(it.core.accounts().isEmpty())
      }
    until("what earlier tests closed is gone") { held().second == 0 }
    val home = home()
    repeat(3) { openAndClose(home) }
    val before = held()
    assertTrue("$before", Office(home, NotingVault(home)).use { it.unlock(); held().second > before.second })
    repeat(20) { openAndClose(home) }
    // Threads end a moment after the core.
    until("as much is held as before") { held().let { it.first <= before.first && it.second <= before.second } }
  }

  /** Open files, threads of Rust: those of the coroutines stay for a minute. */
  private fun held(): Pair<Int, Int> {
    val names = File("/proc/self/task").listFiles().orEmpty().mapNotNull { runCatching { File(it, "comm").readText() }.getOrNull() }
    return File("/proc/self/fd").list().orEmpty().size to names.count { it.startsWith("countersign") }
  }

  private companion object {
    const val CALLS = 20
  }
}
