package org.countersign

import android.Manifest
import android.view.View
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.countersign.bridge.FileToSend
import org.countersign.bridge.Folder
import org.countersign.bridge.Language
import org.countersign.bridge.World
import org.countersign.screen.ComposeScreen
import org.countersign.screen.Draft
import org.countersign.screen.InboxScreen
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowToast

/** Taking a mail back, and drafts, on a phone with an account. */
class SecondThoughtsTest : UiTest() {
  private lateinit var phone: Hand

  private suspend fun composer() = phone.session.account()!!.composer()

  @Before
  fun account() {
    shadowOf(app).denyPermissions(Manifest.permission.POST_NOTIFICATIONS)
    phone = hand("dave")
    await {
      val set = withContext(Dispatchers.IO) { Managed.read(app) }
      phone.session.add(set.account("dave@example.test", "Dave Dorn", set.imap!!, set.smtp!!, Language.EN), World.password("dave"))
    }
    phone.start()
    phone.on<InboxScreen>()
  }

  @Test
  fun whatIsTakenBackStandsThereAsItWasWrittenAndWasNotSent() {
    send(write("Taken back"))
    tap(undo())
    val again = phone.on<ComposeScreen>()
    isAsWritten(again, "Taken back")
    val words = phone.activity.window.decorView.words()
    assertTrue("nothing is offered beside a mail that is being written: $words", words.none { it == KEPT || it.startsWith(HELD) })
    assertEquals(0, await { composer().outbox().size })
    await { phone.session.sync() }
    assertEquals(0, arrived("Taken back"))
    // It was a mistake to take it back.
    send(again)
    leaves("Taken back")
    assertTrue(await { composer().drafts() }.isEmpty())
  }

  @Test
  fun whatNobodyTakesBackIsSentOnce() {
    send(write("Sent once"))
    undo()
    leaves("Sent once")
    waitUntil("it can't be taken back any more") { phone.activity.window.decorView.words().none { it.startsWith(HELD) } }
    await { phone.session.sync() }
    assertEquals(1, arrived("Sent once"))
  }

  @Test
  fun whatIsHeldBackLeavesAlsoWhenTheProcessEndedMeanwhile() {
    send(write("Survives"))
    undo()
    val state = phone.end()
    phone.start(state = state)
    phone.on<InboxScreen>()
    leaves("Survives")
    await { phone.session.sync() }
    assertEquals(1, arrived("Survives"))
  }

  @Test
  fun anAnswerThatIsTakenBackIsStillAnAnswer() {
    send(write("A question"))
    leaves("A question")
    val id = await { phone.session.account()!!.mailboxes().list(Folder.INBOX) }.first { it.subject == "A question" }.id
    phone.activity.go(Place(Place.Kind.COMPOSE, Draft(listOf("dave@example.test"), subject = "Re: A question", answers = id).write()))
    val reply = phone.on<ComposeScreen>()
    reply.body.setText("An answer.")
    send(reply)
    tap(undo())
    assertEquals("An answer.", phone.on<ComposeScreen>().body.text.toString())
    val draft = await { composer().drafts().single().number }
    // The copy among sent mail has the same Message-ID.
    assertNotNull(await { composer().draft(draft).answers })
    phone.activity.back()
    phone.on<InboxScreen>()
  }

  @Test
  fun aDraftOutlivesTheProcessAndIsOffered() {
    write("Half a thought")
    phone.activity.back()
    phone.on<InboxScreen>()
    assertEquals(KEPT, ShadowToast.getTextOfLatestToast())
    assertEquals(emptyList<String>(), Plaintext.find(phone.home, mapOf("the subject" to "Half a thought", "the text" to TEXT)))
    val state = phone.end()
    phone.start(state = state)
    tap(phone.on<InboxScreen>().write)
    val blank = phone.on<ComposeScreen>()
    assertTrue("${blank.view.words()}", blank.view.words().containsAll(listOf("Half a thought", KEPT)))
    tap(blank.view.touching("Half a thought"))
    waitUntil("it is open") { phone.activity.screen !== blank }
    val draft = phone.on<ComposeScreen>()
    isAsWritten(draft, "Half a thought")
    draft.subject.setText("A whole thought")
    send(draft)
    leaves("A whole thought")
    assertTrue(await { composer().drafts() }.isEmpty())
    assertEquals(0, arrived("Half a thought"))
  }

  /** The system ends the process of an app that nobody looks at. */
  @Test
  fun whatIsWrittenIsKeptWithItsFilesWhenTheAppGoesToTheBackground() {
    write("In the background")
    val state = phone.end { waitUntil("it is kept") { await { composer().drafts() }.map { it.subject } == listOf("In the background") } }
    phone.start(state = state)
    isAsWritten(phone.on(), "In the background")
    phone.activity.back()
    phone.on<InboxScreen>()
    assertEquals("one draft, not two", 1, await { composer().drafts() }.size)
  }

  @Test
  fun whatIsEmptiedIsNoDraftAnyMore() {
    write("Emptied")
    phone.activity.back()
    tap(phone.on<InboxScreen>().write)
    tap(phone.on<ComposeScreen>().view.touching("Emptied"))
    waitUntil("it is open") { (phone.activity.screen as? ComposeScreen)?.subject?.text?.toString() == "Emptied" }
    val draft = phone.on<ComposeScreen>()
    draft.view.all().first { it.contentDescription?.plain() == "Remove $FILE" }.performClick()
    draft.to.set(emptyList())
    draft.subject.setText("")
    draft.body.setText("")
    phone.activity.back()
    phone.on<InboxScreen>()
    waitUntil("nothing is left of it") { await { composer().drafts() }.isEmpty() }
  }

  private fun write(subject: String): ComposeScreen {
    tap(phone.on<InboxScreen>().write)
    val compose = phone.on<ComposeScreen>()
    compose.to.input.setText("dave@example.test")
    tap(compose.to.add)
    compose.subject.setText(subject)
    compose.body.setText(TEXT)
    compose.attach(FileToSend(FILE, "application/pdf", OCTETS))
    return compose
  }

  private fun isAsWritten(compose: ComposeScreen, subject: String) {
    assertEquals(listOf("dave@example.test"), compose.to.addresses)
    assertEquals(listOf(subject, TEXT), listOf(compose.subject, compose.body).map { it.text.toString() })
    assertTrue("${compose.view.words()}", FILE in compose.view.words())
  }

  private fun send(compose: ComposeScreen) {
    waitUntil("it can be sent") { compose.isReady && compose.send.isEnabled && "Encrypted for everyone" in compose.view.words() }
    compose.send.performClick()
    waitUntil("it is in the outbox") { phone.activity.screen !== compose }
    assertFalse(phone.activity.screen is ComposeScreen)
  }

  /** What takes the mail back, once it is offered. */
  private fun undo(): View {
    val window = phone.activity.window.decorView
    waitUntil("it can be taken back") { window.words().any { it.startsWith(HELD) } }
    return window.touching(window.words().first { it.startsWith(HELD) })
  }

  private fun leaves(subject: String) =
    waitUntil("it arrives") {
      await { phone.session.sync() }
      await { composer().outbox() }.isEmpty() && arrived(subject) > 0
    }

  private fun arrived(subject: String) = await { phone.session.account()!!.mailboxes().list(Folder.INBOX) }.count { it.subject == subject }

  private companion object {
    const val HELD = "Sending in "
    const val KEPT = "Draft saved, encrypted"
    const val TEXT = "Two gaskets.\n备件"
    const val FILE = "offer.pdf"
    val OCTETS = "%PDF-1.4 offer".toByteArray()
  }
}
