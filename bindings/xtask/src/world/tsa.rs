//! An RFC 3161 authority over HTTP (section 3.4): a listener here, the answers by `openssl ts -reply`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::error::{At, Result};
use crate::run::call;

use super::Pki;

/// Largest request that is read, in bytes; a real one has about 60 to 100.
const MAX_REQUEST: usize = 64 * 1024;

/// The authority; its thread ends with the process.
#[derive(Debug, Clone)]
pub struct Authority {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    port: u16,
    answered: AtomicUsize,
    silent: AtomicBool,
}

impl Authority {
    pub(super) fn start(folder: &Path, pki: &Pki) -> Result<Self> {
        fs::create_dir_all(folder).at(folder)?;
        let config = folder.join("tsa.cnf");
        fs::write(&config, configuration(folder, pki)).at(&config)?;
        let serial = folder.join("serial");
        fs::write(&serial, "1000\n").at(&serial)?;
        let loopback = Path::new("127.0.0.1:0");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).at(loopback)?;
        let port = listener.local_addr().at(loopback)?.port();
        let inner = Arc::new(Inner {
            folder: folder.to_owned(),
            port,
            answered: AtomicUsize::new(0),
            silent: AtomicBool::new(false),
        });
        let authority = Self { inner: Arc::clone(&inner) };
        // One request after the other: `openssl ts` keeps its serial number in a file.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle only loses its own answer.
                let _ = inner.serve(stream);
            }
        });
        Ok(authority)
    }

    /// Where requests are posted.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/tsa", self.inner.port)
    }

    /// How many tokens were given.
    pub fn answered(&self) -> usize {
        self.inner.answered.load(Ordering::SeqCst)
    }

    /// Silent, every request is answered by HTTP 503.
    pub fn set_silent(&self, silent: bool) {
        self.inner.silent.store(silent, Ordering::SeqCst);
    }
}

impl Inner {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut reader = BufReader::new(stream);
        let mut length = 0_usize;
        loop {
            let mut line = String::new();
            if (&mut reader).take(8192).read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length.min(MAX_REQUEST)];
        reader.read_exact(&mut body)?;
        let answer = if self.silent.load(Ordering::SeqCst) { None } else { self.answer(&body).ok() };
        let mut stream = reader.into_inner();
        match answer {
            Some(token) => {
                self.answered.fetch_add(1, Ordering::SeqCst);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n",
                    token.len()
                );
                stream.write_all(head.as_bytes())?;
                stream.write_all(&token)
            }
            None => stream.write_all(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ),
        }
    }

    fn answer(&self, request: &[u8]) -> Result<Vec<u8>> {
        let (query, reply) = (self.folder.join("query.tsq"), self.folder.join("reply.tsr"));
        fs::write(&query, request).at(&query)?;
        call("openssl")
            .within(&self.folder)
            .words("ts -reply -config tsa.cnf -queryfile query.tsq -out reply.tsr")
            .ok()?;
        fs::read(&reply).at(&reply)
    }
}

fn configuration(folder: &Path, pki: &Pki) -> String {
    format!(
        "[tsa]\ndefault_tsa = demo\n[demo]\nserial = {serial}\ncrypto_device = builtin\n\
         signer_cert = {cert}\nsigner_key = {key}\nsigner_digest = sha256\n\
         default_policy = 1.3.6.1.4.1.55555.1\ndigests = sha256, sha384, sha512\n\
         accuracy = secs:1\nordering = no\ntsa_name = yes\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n",
        serial = folder.join("serial").display(),
        cert = pki.tsa.display(),
        key = pki.tsa_key.display(),
    )
}
