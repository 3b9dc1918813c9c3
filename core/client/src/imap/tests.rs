//! The connection before servers that follow a script, hostile ones most of all.

mod commands;
mod dovecot;
mod hostile;
mod login;
mod perform;
mod scram;
mod start_tls;

use std::net::Ipv4Addr;

use engine::imap::Command;
use engine::sync::Capabilities;
use testkit::imap_script::{ImapScript, Turn};
use tokio::net::TcpStream;

use super::connection::Connection;
use super::news::News;
use super::place::Place;
use crate::error::CoreError;

pub(super) type Line = Connection<TcpStream>;

/// Has a connection to a server that plays `turns`; returns what came of it and what the server heard.
#[track_caller]
fn with<T>(turns: Vec<Turn>, work: impl AsyncFnOnce(Line) -> T) -> (T, Vec<String>) {
    let (done, heard) = with_odd(turns, work);
    (done, heard.unwrap_or_else(|error| panic!("{error}")))
}

/// The same for a server that may hear something else.
fn with_odd<T>(turns: Vec<Turn>, work: impl AsyncFnOnce(Line) -> T) -> (T, Result<Vec<String>, String>) {
    let server = ImapScript::play(turns).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).await.unwrap();
        work(Connection::new(stream, Place::new("mail.example.test", 993))).await
    });
    drop(runtime);
    (done, server.heard())
}

impl Line {
    /// Asks for news.
    async fn noop(&mut self) -> Result<Vec<News>, CoreError> {
        self.run_ok(&Command::new("NOOP"), Some).await?;
        Ok(self.take_news())
    }
}

/// As after a log-in to a server with these capabilities.
fn able(line: &mut Line, words: &str) {
    line.capabilities = Capabilities::parse(words.split(' '));
}
