//! A TCP proxy that breaks connections at a chosen point. It sees only TLS records, so the point is told by
//! amounts: how many bytes one side has sent since the other one spoke last (a *turn*). Handshakes and commands
//! take turns of at most a few KiB; the turn that uploads or downloads a mail is longer.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::{At, Result};

/// What the proxy does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Cuts both sides once the server has sent more than so many bytes in one turn: in the middle of a FETCH.
    CutDownload(usize),
    /// Cuts both sides once the client has sent more than so many bytes in one turn: in the middle of DATA.
    CutUpload(usize),
    /// Passes on an upload of more than so many bytes, then cuts instead of passing on the server's answer:
    /// after the final dot of DATA, before its 250.
    DropReply(usize),
    /// Cuts once, at this request of all connections since the fault was set (the first is 1; a TLS handshake has some of its own).
    CutRequest {
        /// Which.
        number: usize,
        /// The request still reaches the server, and the answer is lost; otherwise the server hears nothing of it.
        arrives: bool,
    },
}

/// A listener on its own loopback port; ends with the process.
#[derive(Debug, Clone)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    fault: Mutex<Fault>,
    fired: AtomicUsize,
    connections: AtomicUsize,
    /// Requests since the fault was set: what clients sent after the server's turn.
    requests: AtomicUsize,
    /// A fault that fires once has not fired yet.
    is_armed: AtomicBool,
}

impl Proxy {
    /// Listens on a port of `address` (loopback) and passes everything on to `port` on 127.0.0.1.
    pub fn start(address: IpAddr, port: u16) -> Result<Self> {
        let name = Path::new("loopback proxy");
        let listener = TcpListener::bind((address, 0)).at(name)?;
        let own = listener.local_addr().at(name)?.port();
        let shared = Arc::new(Shared {
            fault: Mutex::new(Fault::None),
            fired: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            is_armed: AtomicBool::new(true),
        });
        let proxy = Self { port: own, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    // A pair that cannot be set up is dropped, which closes it.
                    let _ = pass_on(&shared, &client, &server);
                }
            }
        });
        Ok(proxy)
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets what happens from now on, on open connections too.
    pub fn set(&self, fault: Fault) {
        self.shared.requests.store(0, Ordering::SeqCst);
        self.shared.is_armed.store(true, Ordering::SeqCst);
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How often a fault cut a connection.
    pub fn fired(&self) -> usize {
        self.shared.fired.load(Ordering::SeqCst)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

/// Bytes sent in the current turn by each side.
#[derive(Debug, Default)]
struct Turn {
    up: usize,
    down: usize,
    /// Number of the client's latest request.
    request: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

fn pass_on(shared: &Arc<Shared>, client: &TcpStream, server: &TcpStream) -> std::io::Result<()> {
    let turn = Arc::new(Mutex::new(Turn::default()));
    for (side, from, to) in [(Side::Client, client, server), (Side::Server, server, client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let (shared, turn) = (Arc::clone(shared), Arc::clone(&turn));
        thread::spawn(move || {
            let mut buffer = vec![0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if cut(&shared, &turn, side, count) {
                    break;
                }
                if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
                    break;
                }
            }
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// Counts the bytes and tells whether to cut before passing them on.
fn cut(shared: &Shared, turn: &Mutex<Turn>, side: Side, count: usize) -> bool {
    let fault = *shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
    let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let uploaded = turn.up;
    let is_request = side == Side::Client && turn.up == 0;
    if is_request {
        turn.request = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
    }
    match side {
        Side::Client => (turn.up, turn.down) = (turn.up + count, 0),
        Side::Server => (turn.up, turn.down) = (0, turn.down + count),
    }
    let fires = match (fault, side) {
        (Fault::CutDownload(bytes), Side::Server) => turn.down > bytes,
        (Fault::CutUpload(bytes), Side::Client) => turn.up > bytes,
        (Fault::DropReply(bytes), Side::Server) => uploaded > bytes,
        (Fault::CutRequest { number, arrives: false }, Side::Client) => {
            is_request && turn.request == number && shared.is_armed.swap(false, Ordering::SeqCst)
        }
        (Fault::CutRequest { number, arrives: true }, Side::Server) => {
            turn.request == number && shared.is_armed.swap(false, Ordering::SeqCst)
        }
        _ => false,
    };
    if fires {
        shared.fired.fetch_add(1, Ordering::SeqCst);
    }
    fires
}
