//! Text out of HTML.

use mail::part::Message;

/// The text is no longer than what its source can stand for.
pub fn html(octets: &[u8]) {
    let mail = [b"Content-Type: text/html; charset=utf-8\r\n\r\n", octets].concat();
    let Ok(message) = Message::parse(&mail) else { return };
    let Some(text) = message.body_text() else { return };
    // An octet that is no UTF-8 becomes a replacement character of three; a reference at most its own length.
    assert!(text.len() <= octets.len() * 3 + 1, "{} octets of text out of {}", text.len(), octets.len());
}
