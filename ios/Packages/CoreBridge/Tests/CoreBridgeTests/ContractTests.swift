import CoreBridge
import Foundation
import Testing

/// What the binding promises, whatever the core does.
@Suite(.serialized) struct ContractTests {
  @Test func appAndCoreBelongTogether() {
    #expect(fingerprint() == ProcessInfo.processInfo.environment["COUNTERSIGN_FINGERPRINT"])
  }

  @Test func aLockedCoreSaysSo() async throws {
    let home = Phone.folder()
    let office = try Office(home: home, vault: try CountingVault(home))
    await #expect(throws: CoreError.self) { _ = try await office.core.accounts() }
    office.close()
  }

  @Test(.timeLimit(.minutes(1))) func cancellingTheSwiftTaskStopsTheWork() async throws {
    let (office, _, _) = try await Phone.empty()
    let waiting = Task { try await cancellable { try await office.core.nextEvent(cancel: $0) } }
    try await Task.sleep(for: .milliseconds(50))
    waiting.cancel()
    await #expect(throws: CoreError.Stopped(reason: .cancelled)) { _ = try await waiting.value }
    office.close()
  }

  @Test(.timeLimit(.minutes(1))) func closingEndsTheStreamAndLaterCalls() async throws {
    let (office, _, _) = try await Phone.empty()
    let reader = Task {
      var seen = 0
      for await _ in office.events() { seen += 1 }
      return seen
    }
    try await Task.sleep(for: .milliseconds(50))
    office.close()
    _ = await reader.value
    await #expect(throws: CoreError.Stopped(reason: .closed)) {
      _ = try await office.core.accounts()
    }
  }

  @Test(.timeLimit(.minutes(1))) func twoHundredCallsAtOnceAllAnswer() async throws {
    let (office, _, _) = try await Phone.empty()
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<200 { group.addTask { try await office.core.accounts().count } }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(answers.count == 200)
    #expect(answers.allSatisfy { $0 == 0 })
    office.close()
  }

  @Test func aPanicInsideIsAnErrorAndTheCoreLives() async throws {
    let (office, _, _) = try await Phone.empty()
    await #expect(throws: (any Error).self) { try await office.core.panicForTest() }
    #expect(try await office.core.accounts().isEmpty)
    office.close()
  }

  @Test func aForeignPictureIsNoCode() async throws {
    #expect(!isAddress(text: "not an address"))
    #expect(isAddress(text: "li.wei@example.test"))
    #expect(parseServer(text: "mail.example.test:587", defaultPort: 465)?.security == .startTls)
  }

  @Test(.timeLimit(.minutes(2))) func closedCoresLeaveNoFilesAndNoThreadsBehind() async throws {
    let home = Phone.folder()
    let openAndClose = {
      let office = try Office(home: home, vault: try CountingVault(home))
      try await office.unlock()
      #expect(try await office.core.accounts().isEmpty)
      office.close()
    }
    for _ in 0..<3 { try await openAndClose() }
    let before = try held()
    for _ in 0..<20 { try await openAndClose() }
    // Threads end a moment after the core.
    try await until("as much is held as before") {
      let now = try held()
      return now.files <= before.files && now.threads <= before.threads
    }
  }

  func held() throws -> (files: Int, threads: Int) {
    let count = { (name: String) in
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(name)").count
    }
    return (try count("fd"), try count("task"))
  }
}
