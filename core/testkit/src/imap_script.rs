//! An IMAP server that follows a script, however hostile, over plain TCP on a loopback port. Whoever tests takes the TCP stream for
//! the inside of TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest time that it waits for the other side.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes an answer of all that was heard so far.
pub type Reply = Arc<dyn Fn(&[String]) -> Vec<u8> + Send + Sync>;

/// One turn of the script.
#[derive(Clone)]
pub enum Turn {
    /// Writes; `TAG` becomes the tag of the command heard last.
    Say(Vec<u8>),
    /// As `Say`, with what depends on what was heard.
    Reply(Reply),
    /// Reads a line that begins with these words behind its tag (a line without a tag: with the words).
    Hear(String),
    /// Reads so many octets: a literal.
    HearOctets(usize),
    /// Writes the same again and again, so many times or until nobody reads any more.
    Repeat(Vec<u8>, usize),
    /// Closes the connection.
    Cut,
}

/// `Turn::Say` with a line, whose end is added.
pub fn say(line: &str) -> Turn {
    Turn::Say(format!("{line}\r\n").into_bytes())
}

/// `Turn::Hear`.
pub fn hear(words: &str) -> Turn {
    Turn::Hear(words.to_owned())
}

/// A server that plays one script to one client.
#[derive(Debug)]
pub struct ImapScript {
    port: u16,
    thread: JoinHandle<Result<Vec<String>, String>>,
}

impl ImapScript {
    /// Listens and plays. After the last turn it reads until the client goes away.
    ///
    /// # Errors
    /// No port.
    pub fn play(turns: Vec<Turn>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().map_err(|error| error.to_string())?;
            serve(stream, turns)
        });
        Ok(ImapScript { port, thread })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it heard, line by line without tags, once the client has gone.
    ///
    /// # Errors
    /// What it heard instead of what the script says.
    pub fn heard(self) -> Result<Vec<String>, String> {
        self.thread.join().map_err(|_| "the server of the script panicked".to_owned())?
    }
}

fn serve(mut stream: TcpStream, turns: Vec<Turn>) -> Result<Vec<String>, String> {
    let said = |error: io::Error| error.to_string();
    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(said)?;
    let mut lines = BufReader::new(stream.try_clone().map_err(said)?);
    let (mut tag, mut heard) = ("*".to_owned(), Vec::new());
    for turn in turns {
        let turn = if let Turn::Reply(reply) = turn { Turn::Say(reply(&heard)) } else { turn };
        match turn {
            Turn::Say(octets) => {
                // Whoever does not listen any more is heard no more either.
                if stream.write_all(&with_tag(&octets, &tag)).is_err() {
                    return Ok(heard);
                }
            }
            Turn::Hear(words) => {
                let Some(line) = line(&mut lines) else { return Ok(heard) };
                let rest = match line.split_once(' ') {
                    Some((first, rest)) if is_tag(first) => {
                        first.clone_into(&mut tag);
                        rest.to_owned()
                    }
                    _ => line,
                };
                heard.push(rest.clone());
                if !rest.starts_with(&words) {
                    return Err(format!("expected `{words}`, heard `{rest}` after {heard:?}"));
                }
            }
            Turn::HearOctets(count) => {
                let mut octets = vec![0; count];
                if lines.read_exact(&mut octets).is_err() {
                    return Ok(heard);
                }
                heard.push(String::from_utf8_lossy(&octets).into_owned());
            }
            Turn::Repeat(octets, times) => {
                for _ in 0..times {
                    if stream.write_all(&octets).is_err() {
                        break;
                    }
                }
            }
            Turn::Reply(_) | Turn::Cut => return Ok(heard),
        }
    }
    while let Some(line) = line(&mut lines) {
        heard.push(line);
    }
    Ok(heard)
}

fn line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let count = lines.read_until(b'\n', &mut line).ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// A letter and a number.
fn is_tag(word: &str) -> bool {
    let mut characters = word.chars();
    characters.next().is_some_and(|c| c.is_ascii_uppercase())
        && word.len() > 1
        && characters.all(|c| c.is_ascii_digit())
}

fn with_tag(octets: &[u8], tag: &str) -> Vec<u8> {
    let mut written = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"TAG") {
            written.extend_from_slice(tag.as_bytes());
            rest = after;
        } else {
            written.push(*first);
            rest = after;
        }
    }
    written
}
