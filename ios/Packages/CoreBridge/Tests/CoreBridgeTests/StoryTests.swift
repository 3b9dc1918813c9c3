import CoreBridge
import Foundation
import Testing

/// The demo's story on two phones, through the binding, against real servers.
@Suite(.serialized) struct StoryTests {
  @Test(.timeLimit(.minutes(5))) func twoPhonesMeetAskApproveAndReadOffline() async throws {
    let world = try World.running()
    let alice = try await Phone("alice", name: "Alice Ahlborn", in: world)
    let bob = try await Phone("bob", name: "Bob Brandt", in: world)

    // Each scans the other's code, as the camera sees it: grey pixels, not a picture file.
    let ofAlice = try await alice.account.qrExchange().show()
    let ofBob = try await bob.account.qrExchange().show()
    let scanOfBob = try await alice.account.qrExchange().meet(png: ofBob.png)
    guard case .meeting(let address, _, _, _) = scanOfBob else {
      Issue.record("not a meeting: \(scanOfBob)")
      return
    }
    #expect(address == "bob@example.test")
    _ = try await bob.account.qrExchange().meet(png: ofAlice.png)
    try await until("both are met") {
      _ = try await alice.account.sync()
      _ = try await bob.account.sync()
      let trustOfBob = try await alice.account.people().list().first?.trust
      let trustOfAlice = try await bob.account.people().list().first?.trust
      return trustOfBob == .met && trustOfAlice == .met
    }

    // Alice asks; the mail key signs, so nobody is asked for a finger.
    let pdf = Data("%PDF-1.4 offer".utf8)
    let request = try await alice.account.approvals().request(
      request: NewApproval(
        to: ["bob@example.test"], subject: "Laser cutter 激光切割机", text: "Please approve.",
        files: [FileToSend(name: "offer.pdf", contentType: "application/pdf", bytes: pdf)],
        deciding: .inOrder))
    _ = try await alice.account.composer().flush()
    #expect(alice.vault.summaries.isEmpty)

    // Bob sees that it is his turn; a refused finger decides nothing.
    let approvals = bob.account.approvals()
    try await until("the request is here") {
      _ = try await bob.account.sync()
      return try await approvals.list().contains { $0.id == request.id && $0.myTurn }
    }
    bob.vault.refuse(.cancelled)
    await #expect(throws: CoreError.self) {
      _ = try await approvals.decide(id: request.id, word: .approve, comment: "")
    }
    #expect(try await approvals.show(id: request.id).myTurn)
    bob.vault.refuse(nil)
    _ = try await approvals.decide(id: request.id, word: .approve, comment: "同意")
    #expect(bob.vault.summaries.count == 1)
    _ = try await bob.account.composer().flush()

    // Alice's phone sees it with both times and closes the request on its own.
    try await until("the approval is closed") {
      _ = try await alice.account.sync()
      return try await alice.account.approvals().show(id: request.id).state == .approved
    }
    let shown = try await alice.account.approvals().show(id: request.id)
    let decision = try #require(shown.stages.first?.people.first)
    #expect(decision.decision == .approved)
    #expect(decision.comment == "同意")
    #expect(decision.time != nil && decision.claimedTime != nil)
    let evidence = try await alice.account.approvals().evidence(id: request.id)
    #expect(evidence.contains { $0.path == "02-approve.tst" })

    // Offline, from the phone alone.
    bob.office.close()
    let offline = try Office(home: bob.home, vault: bob.vault, offline: true)
    try await offline.unlock()
    let mailboxes = try await offline.core.account(address: nil).mailboxes()
    let line = try #require(try await mailboxes.list(folder: .inbox).first { $0.subject.hasPrefix("Laser") })
    let mail = try await mailboxes.read(id: line.id)
    #expect(mail.verdict.signature.state == .valid)
    guard case .trust(let icon, _, let state, let sentence, _) = mail.status else {
      Issue.record("no trust line: \(mail.status)")
      return
    }
    #expect(icon == .seal && state.key == "st_both" && sentence.key == "tl_met")
    #expect(mail.text?.contains("Please approve.") == true)
    let part = try #require(mail.attachments.first { $0.name == "offer.pdf" })
    #expect(try await mailboxes.attachment(id: line.id, part: part.part) == pdf)
    offline.close()
    alice.office.close()
  }

  @Test(.timeLimit(.minutes(2))) func wrongPasswordAndUnknownHostAreNamed() async throws {
    let world = try World.running()
    let (office, _, _) = try await Phone.empty()
    let ca = try Data(contentsOf: URL(fileURLWithPath: world.serverCa))
    let config = { (anchors: [Data]) in
      AccountConfig(
        address: "carol@example.test", name: "Carol",
        imap: Server(host: "localhost", port: world.imap, security: .tls),
        smtp: Server(host: "localhost", port: world.smtp, security: .tls),
        tlsAnchors: anchors, language: .en)
    }
    await #expect(throws: CoreError.LoginRefused(host: "localhost:\(world.imap)")) {
      _ = try await office.core.addAccount(config: config([ca]), password: "wrong")
    }
    await #expect(
      throws: CoreError.CertificateUntrusted(
        host: "localhost:\(world.imap)", problem: .unknownAuthority)
    ) {
      _ = try await office.core.addAccount(config: config([]), password: "wrong")
    }
    #expect(try await office.core.accounts().isEmpty)
    office.close()
  }
}
