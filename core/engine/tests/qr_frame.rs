//! Codes in camera frames, and the modules of a code for callers that draw it themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use engine::qr::{Frame, MAX_PIXELS, Modules, PictureError, read_frame};
use qrcode::{Color, EcLevel, QrCode};

const TEXT: &str = "COUNTERSIGN:1/NOT A REAL CODE";
/// Pixels a module.
const SCALE: usize = 5;
/// What stands between the rows of a frame.
const PADDING: u8 = 0x55;

/// A luma plane as a camera gives it: grey paper, dark grey ink, padded rows.
fn plane(text: &str, padding: usize) -> (usize, usize, Vec<u8>) {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 8) * SCALE;
    let mut luma = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let at = |at: usize| (at / SCALE).checked_sub(4).filter(|&at| at < modules);
            let dark = matches!((at(x), at(y)), (Some(x), Some(y)) if colors[y * modules + x] == Color::Dark);
            luma.push(if dark { 40 } else { 200 });
        }
        luma.extend(std::iter::repeat_n(PADDING, padding));
    }
    (side, side + padding, luma)
}

fn frame(width: usize, height: usize, stride: usize, luma: &[u8]) -> Frame<'_> {
    let number = |value: usize| u32::try_from(value).unwrap();
    Frame { width: number(width), height: number(height), row_stride: number(stride), luma }
}

#[test]
fn a_frame_is_read_whatever_its_row_stride() {
    for padding in [0, 1, 64] {
        let (side, stride, luma) = plane(TEXT, padding);
        assert_eq!(read_frame(&frame(side, side, stride, &luma)).as_deref(), Ok(TEXT));
        // Android's planes end after the last row's pixels.
        let short = &luma[..luma.len() - padding];
        assert_eq!(read_frame(&frame(side, side, stride, short)).as_deref(), Ok(TEXT));
    }
}

#[test]
fn an_empty_scene_holds_no_code() {
    let grey = vec![128; 640 * 480];
    assert_eq!(read_frame(&frame(640, 480, 640, &grey)), Err(PictureError::NoCode));
    assert_eq!(read_frame(&frame(1, 1, 1, &grey)), Err(PictureError::NoCode));
}

#[test]
fn sizes_that_lie_are_refused() {
    let (side, stride, luma) = plane(TEXT, 3);
    let lies = [
        (side, side + 1, stride, luma.len()),
        (side, side, side - 1, luma.len()),
        (side, side, stride, luma.len() - 4),
        (side, side, stride, 0),
        (side + 1000, side, stride, luma.len()),
        (0, side, stride, luma.len()),
        (side, 0, stride, luma.len()),
        (side, side, 0, luma.len()),
    ];
    for (width, height, stride, octets) in lies {
        let lie = frame(width, height, stride, &luma[..octets]);
        assert_eq!(read_frame(&lie), Err(PictureError::NotAFrame), "{width} {height} {stride} {octets}");
    }
    let huge = Frame { width: u32::MAX, height: u32::MAX, row_stride: u32::MAX, luma: &luma };
    assert_eq!(read_frame(&huge), Err(PictureError::TooLarge));
    let bomb = Frame { width: 5_001, height: 5_000, row_stride: 5_001, luma: &[] };
    assert!(u64::from(bomb.width) * u64::from(bomb.height) > MAX_PIXELS);
    assert_eq!(read_frame(&bomb), Err(PictureError::TooLarge));
    let wide = Frame { width: 21, height: 21, row_stride: u32::MAX, luma: &luma };
    assert_eq!(read_frame(&wide), Err(PictureError::NotAFrame));
}

#[test]
fn the_modules_are_those_of_the_code() {
    let code = QrCode::with_error_correction_level(TEXT, EcLevel::M).unwrap();
    let modules = Modules::of(TEXT).unwrap();
    assert_eq!(modules.width, code.width());
    let dark: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    assert_eq!(modules.dark, dark);
    assert_eq!(Modules::of(&"A".repeat(5_000)), Err(PictureError::TextTooLong));
}
