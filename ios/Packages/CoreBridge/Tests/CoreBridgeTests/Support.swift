import CoreBridge
import Foundation
import Testing

/// The demo's servers, as `cargo xtask ios test` started them.
struct World: Decodable {
  let imap: UInt16
  let smtp: UInt16
  let authority: String
  let serverCa: String
  let organisationCa: String
  let authorityCa: String
  let passwords: [String: String]

  static func running() throws -> World {
    let path = try #require(ProcessInfo.processInfo.environment["COUNTERSIGN_WORLD"])
    return try JSONDecoder().decode(World.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

/// A vault in Swift: the app's side of the async foreign trait. It hands everything on to the passphrase vault, counts the
/// signatures that a person would confirm, and can be told to refuse.
final class CountingVault: Vault, @unchecked Sendable {
  private let inner: any Vault
  private let lock = NSLock()
  private var confirmed: [String] = []
  private var refusing: VaultProblem?

  init(_ folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    inner = try openPassphraseVault(
      path: folder.appendingPathComponent("vault").path, passphrase: "correct horse battery staple")
  }

  var summaries: [String] { lock.withLock { confirmed } }

  func refuse(_ problem: VaultProblem?) { lock.withLock { refusing = problem } }

  private func check() throws {
    if let problem = lock.withLock({ refusing }) { throw VaultError.Refused(problem: problem) }
  }

  func create(account: String, role: KeyRole, algorithm: KeyAlgorithm) async throws -> KeyInfo {
    try await inner.create(account: account, role: role, algorithm: algorithm)
  }

  func list() async throws -> [KeyInfo] { try await inner.list() }

  func delete(key: String) async throws { try await inner.delete(key: key) }

  func sign(key: String, algorithm: SignatureAlgorithm, message: Data, purpose: SignPurpose)
    async throws -> Data
  {
    try check()
    if case .approval(let summary) = purpose { lock.withLock { confirmed.append(summary) } }
    return try await inner.sign(key: key, algorithm: algorithm, message: message, purpose: purpose)
  }

  func wrap(key: String, context: Data, secret: Data) async throws -> Data {
    try await inner.wrap(key: key, context: context, secret: secret)
  }

  func unwrap(key: String, context: Data, sealed: Data) async throws -> Data {
    try await inner.unwrap(key: key, context: context, sealed: sealed)
  }
}

/// A person with a phone of their own.
struct Phone {
  let office: Office
  let vault: CountingVault
  let account: Account
  let home: URL

  static func folder() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("countersign-\(UUID())")
  }

  /// Opens a fresh home without an account.
  static func empty() async throws -> (Office, CountingVault, URL) {
    let home = folder()
    let vault = try CountingVault(home)
    let office = try Office(home: home, vault: vault)
    try await office.unlock()
    return (office, vault, home)
  }

  init(_ person: String, name: String, in world: World) async throws {
    let (office, vault, home) = try await Phone.empty()
    let read = { (path: String) in try Data(contentsOf: URL(fileURLWithPath: path)) }
    let config = AccountConfig(
      address: "\(person)@example.test", name: name,
      imap: Server(host: "localhost", port: world.imap, security: .tls),
      smtp: Server(host: "localhost", port: world.smtp, security: .tls),
      tlsAnchors: [try read(world.serverCa)],
      organisationAnchors: [try read(world.organisationCa)],
      authority: Authority(url: world.authority, anchors: [try read(world.authorityCa)]),
      language: .en)
    account = try await office.core.addAccount(
      config: config, password: world.passwords[person] ?? "", cancel: nil)
    (self.office, self.vault, self.home) = (office, vault, home)
  }
}

/// Waits for a condition with a deadline.
func until(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = Date().addingTimeInterval(60)
  while Date() < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(100))
  }
  throw Late(what: what)
}

struct Late: Error { let what: String }
