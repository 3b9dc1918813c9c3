//! QR codes: their texts and their pictures.

use engine::qr::{Code, Frame, read_frame, read_png};

/// A code is written as it was read. Pictures are small, so that one takes little time.
pub fn qr(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets)
        && let Ok(code) = Code::parse(text)
    {
        assert_eq!(code.encode(), text, "a code has one form");
    }
    let _ = read_png(octets);
    // A frame: its width, then its pixels.
    let Some((width, luma)) = octets.split_first() else { return };
    let width = u32::from(*width);
    let height = u32::try_from(luma.len()).unwrap_or(0).checked_div(width).unwrap_or(0).min(256);
    let _ = read_frame(&Frame { width, height, row_stride: width, luma });
}
