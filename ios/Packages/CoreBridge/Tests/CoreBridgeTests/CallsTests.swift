import CoreBridge
import Foundation
import Testing

/// Every call of the interface that the story does not make. A test of the binding looks for each of its names here or there.
@Suite(.serialized) struct CallsTests {
  let clock = Clock(now: Int64(Date().timeIntervalSince1970), utcOffset: 0)

  @Test(.timeLimit(.minutes(5))) func twoPeopleUseEveryCall() async throws {
    let world = try World.running()
    let carol = try await Phone("carol", name: "Carol Cho", in: world)
    let dave = try await Phone("dave", name: "Dave Diaz", in: world)
    #expect(try await carol.account.summary().name == "Carol Cho")
    #expect(Set(try await carol.account.keys().map(\.role)) == [.root, .approval, .mail, .encryption])
    try await cards(carol.account, dave.account)
    try await meeting(carol.account, dave.account)
    try await mail(carol.account, dave.account)
    try await approval(carol.account, dave.account)
    carol.office.close()
    dave.office.close()
  }

  func cards(_ carol: Account, _ dave: Account) async throws {
    let exchange = carol.qrExchange()
    let card = try await dave.qrExchange().card()
    #expect(card.validFor == 0)
    let dark = CameraFrame(width: 64, height: 64, rowStride: 64, luma: Data(count: 64 * 64))
    #expect(try await exchange.scanCardFrame(frame: dark) == nil)
    let scan = try #require(try await exchange.scanCardFrame(frame: frame(card)))
    #expect(scan == .card(address: "dave@example.test", name: "Dave Diaz", differs: false))
    #expect(try await exchange.scanCard(png: card.png) == scan)
    #expect(try await exchange.scanScreen(scan: scan).title.key == "sr_wait_1")
    #expect(try await carol.people().screen().rows.map(\.state.text.key) == ["ct_card"])
    #expect(try await exchange.personScreen(address: "dave@example.test")?.title.key == "sr_wait_1")
    #expect(try await exchange.personScreen(address: "nobody@example.test") == nil)
    #expect(try await carol.composer().recipients(people: ["dave@example.test"]).map(\.canEncrypt) == [true])
    try await carol.people().forget(address: "dave@example.test")
    #expect(try await carol.people().list().isEmpty)
    await #expect(throws: CoreError.NotFound(thing: .contact)) {
      _ = try await carol.people().show(address: "dave@example.test")
    }
    #expect(try await exchange.screen(camera: .denied).aim.key == "qr_nocam")
    let seen = try await exchange.screen(camera: .ready, seen: .Unreadable(what: .foreignQrCode))
    #expect(seen.banner?.text.key == "qr_foreign")
    #expect(try await exchange.keysScreen(isPending: false).title?.key == "kr_title")
  }

  /// One scans, the other one compares the number.
  func meeting(_ carol: Account, _ dave: Account) async throws {
    let (scanning, showing) = (carol.qrExchange(), dave.qrExchange())
    let scan = try #require(try await scanning.meetFrame(frame: frame(try await showing.show())))
    guard case .meeting(_, _, let number, _) = scan else {
      Issue.record("not a meeting: \(scan)")
      return
    }
    #expect(try await scanning.status().map(\.stage) == [.scanned])
    #expect(try await scanning.scanScreen(scan: scan).number == number)
    try await until("the other phone asks") {
      _ = try await carol.sync()
      _ = try await dave.sync()
      return try await showing.meetingScreens().contains { $0.number == number }
    }
    await #expect(throws: CoreError.self) { try await showing.agree(address: "carol@example.test") }
    await #expect(throws: CoreError.self) {
      try await showing.confirmNumber(
        address: "carol@example.test", number: number == "0000" ? "0001" : "0000")
    }
    try await showing.confirmNumber(address: "carol@example.test", number: number)
    try await until("both are met") {
      _ = try await dave.sync()
      _ = try await carol.sync()
      let (ofCarol, ofDave) = (try await carol.people().list(), try await dave.people().list())
      return ofCarol.map(\.trust) == [.met] && ofDave.map(\.trust) == [.met]
    }
  }

  func mail(_ carol: Account, _ dave: Account) async throws {
    let composer = carol.composer()
    let written = { (person: String) in
      WrittenMail(
        asksApproval: false, to: [person], cc: [], subject: "Lunch", deciding: .inOrder, deadline: nil,
        allowsPlain: true)
    }
    #expect(try await composer.screen(mail: written("dave@example.test")).footer.main.text.key == "co_send")
    let nobody = try await composer.screen(mail: written("nobody@example.test"))
    #expect(nobody.footer.plain?.text.key == "co_plain")
    let lunch = NewMail(to: ["dave@example.test"], subject: "Lunch", text: "Noodles?")
    let first = try await composer.send(mail: lunch)
    #expect(try await composer.outbox().first { $0.number == first }?.state == .waiting)
    await #expect(throws: CoreError.WrongUse(problem: .nothingToRetry)) {
      try await composer.retry(number: first)
    }
    try await composer.discard(number: first)
    #expect(try await composer.outbox().allSatisfy { $0.number != first })
    try await secondThoughts(composer, lunch)
    _ = try await composer.send(mail: lunch)
    #expect(try await composer.flush().sent == 1)

    let mailboxes = dave.mailboxes()
    try await until("the mail is here") {
      _ = try await dave.sync()
      return try await mailboxes.list(folder: .inbox).contains { $0.subject == "Lunch" }
    }
    let inbox = try await mailboxes.screen(connection: .online, clock: clock)
    let row = try #require(inbox.days.flatMap(\.rows).first { $0.subject == .plain(plain: "Lunch") })
    #expect(row.name == "Carol Cho" && row.state.text.key == "st_both")
    #expect(try await mailboxes.readScreen(id: row.id).text?.contains("Noodles?") == true)
    let raw = String(decoding: try await mailboxes.export(id: row.id), as: UTF8.self)
    #expect(raw.contains("application/pkcs7-mime") && !raw.contains("Noodles"))
    try await mailboxes.act(ids: [row.id], action: .star)
    #expect(try await mailboxes.list(folder: .inbox).first { $0.id == row.id }?.flagged == true)
  }

  /// What is held back becomes a draft again, as it was written.
  func secondThoughts(_ composer: Composer, _ lunch: NewMail) async throws {
    let hold: UInt64 = 3000
    let held = try await composer.sendAfter(mail: lunch, seconds: hold)
    _ = try await composer.flush()
    let until = try await composer.outbox().first { $0.number == held }?.heldUntil
    #expect(try #require(until) > clock.now)
    let shown = try #require(try await composer.held(clock: clock))
    #expect(shown.number == held && shown.button.does == .undo && shown.button.text.key == "co_undo")
    let draft = try await composer.takeBack(number: held)
    #expect(try await composer.held(clock: clock) == nil)
    #expect(try await composer.draft(number: draft) == lunch)
    let soup = NewMail(to: lunch.to, subject: lunch.subject, text: "Soup?")
    #expect(try await composer.saveDraft(number: draft, mail: soup) == draft)
    #expect(try await composer.drafts().map(\.subject) == ["Lunch"])
    let again = try await composer.takeBack(
      number: try await composer.sendDraftAfter(number: draft, seconds: hold))
    #expect(try await composer.draft(number: again).text == "Soup?")
    try await composer.discardDraft(number: again)
    #expect(try await composer.drafts().isEmpty)
    #expect(try await composer.outbox().allSatisfy { $0.subject != "Lunch" })
  }

  func approval(_ carol: Account, _ dave: Account) async throws {
    let offer = Data("%PDF-1.4 offer".utf8)
    let request = try await carol.approvals().request(
      request: NewApproval(
        to: ["dave@example.test"], subject: "Chairs", text: "Twelve.",
        files: [FileToSend(name: "offer.pdf", contentType: "application/pdf", bytes: offer)],
        deciding: .inOrder))
    _ = try await carol.composer().flush()
    let approvals = dave.approvals()
    try await until("the request is here") {
      _ = try await dave.sync()
      let mine = try await approvals.screen(clock: clock).segments.first
      return mine?.groups.flatMap(\.rows).contains { $0.id == request.id } == true
    }
    let screen = try await approvals.showScreen(id: request.id, opened: [], clock: clock)
    #expect(screen.documents.map(\.state.key) == ["ap_unopened"])
    #expect(try await approvals.document(id: request.id, index: 0) == offer)
    await #expect(throws: CoreError.NotFound(thing: .part)) {
      _ = try await approvals.document(id: request.id, index: 1)
    }
    let opened = screen.documents.map(\.sha256)
    let read = try await approvals.showScreen(id: request.id, opened: opened, clock: clock)
    #expect(read.documents.map(\.state.key) == ["ap_opened"])

    let sheet = try await approvals.confirmScreen(
      id: request.id, word: .reject, language: .zh, opened: opened)
    #expect(sheet.words.count == 6 && sheet.needsComment && sheet.unopened == nil)
    _ = try await approvals.decide(id: request.id, word: .reject, comment: "Too many.")
    #expect(try await approvals.decidedBanner(id: request.id, word: .reject)?.text.key == "cf_queued")
    let ended = CoreError.WrongUse(problem: .notDecidable(why: .ended))
    await #expect(throws: ended) {
      _ = try await approvals.decide(id: request.id, word: .approve, comment: "")
    }
    #expect(undecidedBanner(error: ended, word: .approve)?.text.key == "cf_ended")
    _ = try await dave.composer().flush()
  }

  @Test func screensThatNeedNoAccount() {
    #expect(!addressScreen(address: "", isSearching: false, error: nil).go.isEnabled)
    let bad = addressScreen(address: "x", isSearching: false, error: .Unreadable(what: .address))
    #expect(bad.error?.text.key == "ob_bad")
    let wrong = CoreError.LoginRefused(host: "mail.example.test:993")
    let password = passwordScreen(
      address: "a@example.test", server: "mail.example.test", isWorking: false, error: wrong)
    #expect(password.error?.text.key == "pw_wrong")
    #expect(keysProgressScreen(step: .makingKeys).step?.text.key == "kr_step1")
    #expect(keysFailedScreen(error: wrong)?.error?.text.key == "pw_wrong")
    #expect(faultText(error: .Vault(problem: .notEnrolled))?.key == "er_no_lock")
    #expect(faultText(error: .Vault(problem: .cancelled)) == nil)
    let states = sampleScreens()
    #expect(Set(states.map(\.name)).count == states.count && !states.isEmpty)
  }

  @Test func aTokenKnowsThatItWasCancelled() {
    let token = CancelToken()
    #expect(!token.isCancelled())
    token.cancel()
    #expect(token.isCancelled())
  }

  /// The code as a camera sees it: grey, four octets a module, in a light border.
  func frame(_ code: CodeView) -> CameraFrame {
    let (scale, border, modules) = (4, 4, Int(code.size))
    let side = (modules + 2 * border) * scale
    var luma = Data(repeating: 235, count: side * side)
    for row in 0..<modules * scale {
      for column in 0..<modules * scale where code.modules[row / scale * modules + column / scale] == 1 {
        luma[(row + border * scale) * side + column + border * scale] = 20
      }
    }
    return CameraFrame(
      width: UInt32(side), height: UInt32(side), rowStride: UInt32(side), luma: luma)
  }
}
