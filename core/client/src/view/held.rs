//! After screen 09: the mail that was just sent can still be taken back.

use serde::Serialize;
use smime::UnixTime;

use super::{Arg, Button, Does, Icon, Look, Text};
use crate::outbox::OutboxEntry;

/// What is said of it, under whatever screen is shown then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldMail {
    /// Its number in the outbox: what is taken back.
    pub number: u64,
    /// `co_undo`, with the seconds that are left.
    pub button: Button,
}

/// Of the mail that was written last among those that are held back.
pub fn held_mail(outbox: &[OutboxEntry], now: UnixTime) -> Option<HeldMail> {
    let left = |until: UnixTime| until.secs().checked_sub(now.secs()).filter(|left| *left > 0);
    // A mail with blind copies is held as several, and any of them names it.
    let held = outbox.iter().filter_map(|entry| Some((entry.number, left(entry.held_until?)?)));
    let (number, left) = held.max()?;
    let text = Text::new("co_undo").with("n", Arg::Count(left));
    Some(HeldMail { number, button: Button::new(text, Look::Plain, Does::Undo).icon(Icon::Clock) })
}
