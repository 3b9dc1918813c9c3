//! An IMAP server from which an attacker has stripped STARTTLS; it notes what it hears.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Server {
    port: u16,
    heard: Arc<Mutex<String>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(String::new()));
        let notes = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let notes = Arc::clone(&notes);
                thread::spawn(move || serve(stream, &notes));
            }
        });
        Self { port, heard }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

/// Ends when the client goes away.
fn serve(mut stream: TcpStream, notes: &Mutex<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    if stream.write_all(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n").is_err() {
        return;
    }
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
        notes.lock().unwrap().push_str(&line);
        let tag = line.split_whitespace().next().unwrap_or("*").to_owned();
        let answer = match line.split_whitespace().nth(1).unwrap_or_default().to_uppercase().as_str() {
            "CAPABILITY" => format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"),
            "STARTTLS" => format!("{tag} BAD unknown command\r\n"),
            "LOGOUT" => format!("* BYE\r\n{tag} OK done\r\n"),
            _ => format!("{tag} OK done\r\n"),
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}
