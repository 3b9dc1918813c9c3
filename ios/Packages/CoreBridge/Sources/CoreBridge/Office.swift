@_exported import CountersignCore
import Foundation

/// The one way in which the app uses the core: it owns the core, hands its events to one stream, and lets Swift's own
/// cancellation reach the work.
public final class Office: Sendable {
  /// The core itself, for what has no method here.
  public let core: Core

  /// Opens nothing yet; see ``unlock()``.
  public init(home: URL, vault: any Vault, offline: Bool = false, log: (any LogSink)? = nil) throws {
    core = try Core(
      config: CoreConfig(home: home.path, offline: offline), vault: vault, log: log)
  }

  /// Opens the home with the vault's sealing key.
  public func unlock() async throws {
    try await cancellable { try await self.core.unlock(cancel: $0) }
  }

  /// Every event from now on, until the core is closed. One reader.
  public func events() -> AsyncStream<Event> {
    let core = core
    return AsyncStream { continuation in
      let token = CancelToken()
      let reader = Task {
        while let event = try? await core.nextEvent(cancel: token) {
          continuation.yield(event)
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in
        token.cancel()
        reader.cancel()
      }
    }
  }

  /// Releases the home; calls that run end with an error.
  public func close() {
    core.shutdown()
  }
}

/// Runs a call of the core so that cancelling the Swift task stops the work in Rust: letting go of the call alone does not.
public func cancellable<T: Sendable>(
  _ call: @Sendable (CancelToken) async throws -> T
) async throws -> T {
  let token = CancelToken()
  return try await withTaskCancellationHandler {
    try await call(token)
  } onCancel: {
    token.cancel()
  }
}
