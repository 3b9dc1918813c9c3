//! Sending commands: tags, literals, and what a server may send back for them.

use engine::imap::{Command, Piece, Response};
use engine::sync::Capability;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use super::RESPONSE_OCTETS;
use super::connection::{Connection, Step};
use super::news::News;
use crate::error::CoreError;

/// Largest literal that LITERAL- sends without waiting, in octets (RFC 7888).
const SMALL_LITERAL: usize = 4096;

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Lets the server send so many octets, besides [`RESPONSE_OCTETS`], until this is called again.
    pub(super) fn grant(&mut self, octets: u64, literal: u64) {
        self.budget.refill(octets.saturating_add(RESPONSE_OCTETS));
        self.wire.allow(usize::try_from(literal).unwrap_or(usize::MAX));
    }

    /// Sends a command whose answers may hold `octets` octets in literals of at most `literal`. What is left of the one before,
    /// when its caller went away, is read first.
    pub(super) async fn begin(
        &mut self,
        command: &Command,
        octets: u64,
        literal: u64,
    ) -> Result<(), CoreError> {
        self.settle().await?;
        self.grant(octets, literal);
        self.last_tag = self.last_tag.wrapping_add(1);
        let tag = format!("C{}", self.last_tag);
        self.is_broken = true;
        self.running = Some(tag.clone());
        let mut line = Zeroizing::new(format!("{tag} ").into_bytes());
        for piece in command.pieces() {
            match piece {
                Piece::Text(text) => line.extend_from_slice(text),
                Piece::Literal(octets) => {
                    let at_once = self.capabilities.has(Capability::LiteralPlus)
                        || (self.capabilities.has(Capability::LiteralMinus) && octets.len() <= SMALL_LITERAL);
                    let plus = if at_once { "+" } else { "" };
                    line.extend_from_slice(format!("{{{}{plus}}}\r\n", octets.len()).as_bytes());
                    self.write(&line).await?;
                    if !at_once && !self.may_go_on().await? {
                        self.is_broken = false;
                        return Ok(());
                    }
                    self.write(octets).await?;
                    line.clear();
                }
            }
        }
        line.extend_from_slice(b"\r\n");
        self.write(&line).await?;
        self.flush().await?;
        self.is_broken = false;
        Ok(())
    }

    /// Waits for `+`; false when the command ended instead.
    pub(super) async fn may_go_on(&mut self) -> Result<bool, CoreError> {
        self.flush().await?;
        loop {
            match self.next().await? {
                Step::Data(Response::Continue(_)) => return Ok(true),
                Step::Data(response) => self.note(response),
                Step::Garbled(_) => self.news.keep(News::Dropped),
                Step::End(status) => {
                    self.ended = Some(status);
                    return Ok(false);
                }
            }
        }
    }

    /// A line within a command, without its end.
    pub(super) async fn line(&mut self, octets: &[u8]) -> Result<(), CoreError> {
        self.is_broken = true;
        let mut line = Zeroizing::new(Vec::with_capacity(octets.len().saturating_add(2)));
        line.extend_from_slice(octets);
        line.extend_from_slice(b"\r\n");
        self.write(&line).await?;
        self.flush().await?;
        self.is_broken = false;
        Ok(())
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), CoreError> {
        let place = self.place.clone();
        place.bounded(self.wire.write(octets)).await?.map_err(|error| place.io(&error))
    }

    async fn flush(&mut self) -> Result<(), CoreError> {
        let place = self.place.clone();
        place.bounded(self.wire.flush()).await?.map_err(|error| place.io(&error))
    }
}
