//! The JSON of approvals.

use engine::approval::{Event, event_of, foreign_codes};
use mail::part::Message;

/// An event is read again as it was written, also as a mail.
pub fn approval(octets: &[u8]) {
    if let Ok(event) = Event::parse(octets) {
        let written = event.to_json();
        assert_eq!(Event::parse(&written).as_ref(), Ok(&event), "written otherwise than read");
    }
    if let Ok(message) = Message::parse(octets) {
        if let Some(Ok(event)) = event_of(&message) {
            assert_eq!(Event::parse(&event.to_json()).as_ref(), Ok(&event));
        }
        let _ = foreign_codes(&message);
    }
}
