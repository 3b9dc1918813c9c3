//! QR codes as PNG pictures, on a terminal, and read from PNG pictures.

use std::ops::Range;

use qrcode::{Color, EcLevel, QrCode};

use super::finders::{Bitmap, is_harmless};

/// Largest PNG file that is read, in octets.
pub const MAX_PICTURE_BYTES: usize = 32 << 20;
/// Largest picture that is read, in pixels: every phone camera, but no decompression bomb.
pub const MAX_PIXELS: u64 = 25_000_000;
/// Light border that readers need, in modules (ISO/IEC 18004 section 6.3.8).
const QUIET_ZONE: usize = 4;
/// Modules on a side of a version 1 code; no smaller picture holds one.
const SMALLEST_CODE: usize = 21;
/// A white pixel of a prepared picture in rqrr.
const WHITE: u8 = 0;
/// Largest picture that is searched, in pixels; a larger one is halved first.
const MAX_SEARCHED_PIXELS: usize = 4_000_000;
/// Pixels a module has at most in [`qr_png`].
const MAX_SCALE: u32 = 32;
/// Memory that the PNG decoder may use beside the picture, in octets.
const DECODER_BYTES: usize = 64 << 20;

/// Why there is no picture, or no code in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The text does not fit into a QR code.
    #[error("the text is too long for a QR code")]
    TextTooLong,
    /// The file is no PNG, or is damaged.
    #[error("the picture is not a readable PNG file")]
    NotAPng,
    /// More than [`MAX_PIXELS`] or [`MAX_PICTURE_BYTES`].
    #[error("the picture exceeds the limit of 25 million pixels or 32 MiB")]
    TooLarge,
    /// Width, height and row stride of a frame do not fit its octets.
    #[error("the size of the camera frame does not fit its data")]
    NotAFrame,
    /// A picture, but no QR code can be read in it.
    #[error("no QR code can be read in the picture")]
    NoCode,
}

/// The modules of a QR code, for callers that draw it themselves, with a light border of 4 modules around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modules {
    /// Modules on a side, without the border.
    pub width: usize,
    /// Row by row from the top left; dark modules are `true`.
    pub dark: Vec<bool>,
}

/// One 8-bit luma plane of a camera (the Y of YUV_420_888 or of 420f).
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Octets from the begin of a row to the begin of the next one; not less than `width`.
    pub row_stride: u32,
    /// The plane; its last row may end after `width` octets.
    pub luma: &'a [u8],
}

impl Modules {
    /// The code of `text`, error correction level M.
    ///
    /// # Errors
    /// [`PictureError::TextTooLong`].
    pub fn of(text: &str) -> Result<Self, PictureError> {
        let code =
            QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| PictureError::TextTooLong)?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Modules { width: code.width(), dark })
    }

    /// Width with the quiet zone on both sides.
    fn full_width(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    /// The module at a position counted with the quiet zone; everything outside is light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|&at| at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark.get(y * self.width + x).copied().unwrap_or(false),
            _ => false,
        }
    }
}

/// A PNG picture of `text` with error correction level M and a quiet zone; `scale` pixels a module (1 to 32).
///
/// # Errors
/// [`PictureError::TextTooLong`].
pub fn qr_png(text: &str, scale: u32) -> Result<Vec<u8>, PictureError> {
    let modules = Modules::of(text)?;
    let scale = scale.clamp(1, MAX_SCALE) as usize;
    let width = modules.full_width() * scale;
    let mut pixels = Vec::with_capacity(width * width);
    for y in 0..width {
        pixels.extend((0..width).map(|x| if modules.is_dark(x / scale, y / scale) { 0u8 } else { 255 }));
    }
    let side = u32::try_from(width).map_err(|_| PictureError::TextTooLong)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    // Writing into memory fails for no reason but a picture that PNG can't hold.
    let mut writer = encoder.write_header().map_err(|_| PictureError::TextTooLong)?;
    writer.write_image_data(&pixels).map_err(|_| PictureError::TextTooLong)?;
    writer.finish().map_err(|_| PictureError::TextTooLong)?;
    Ok(file)
}

/// `text` as a QR code in half blocks, two rows of modules a line, lines ended by `\n`.
///
/// Light modules are drawn and dark ones left blank, so that it reads on a terminal with light letters on a dark
/// background; elsewhere set white on black.
///
/// # Errors
/// [`PictureError::TextTooLong`].
pub fn qr_terminal(text: &str) -> Result<String, PictureError> {
    let modules = Modules::of(text)?;
    let width = modules.full_width();
    let mut out = String::new();
    for y in (0..width).step_by(2) {
        for x in 0..width {
            let lower_is_light = y + 1 < width && !modules.is_dark(x, y + 1);
            out.push(match (!modules.is_dark(x, y), lower_is_light) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        out.push('\n');
    }
    Ok(out)
}

/// The text of the first QR code that can be read in a PNG picture; codes of ours come before others.
///
/// The picture is tried as it is, smoothed, and at half and quarter size: noise of a dark room, and the fine grid of a
/// photographed screen, hide a code at full size.
///
/// # Errors
/// [`PictureError::NotAPng`], [`PictureError::TooLarge`] before the pixels are decoded, [`PictureError::NoCode`].
pub fn read_png(bytes: &[u8]) -> Result<String, PictureError> {
    search(luma(bytes)?)
}

/// As [`read_png`], from a camera.
///
/// # Errors
/// [`PictureError::TooLarge`], [`PictureError::NotAFrame`], [`PictureError::NoCode`].
pub fn read_frame(frame: &Frame<'_>) -> Result<String, PictureError> {
    if u64::from(frame.width) * u64::from(frame.height) > MAX_PIXELS {
        return Err(PictureError::TooLarge);
    }
    let (width, height, stride) = (frame.width as usize, frame.height as usize, frame.row_stride as usize);
    if width == 0 || height == 0 || stride < width {
        return Err(PictureError::NotAFrame);
    }
    let mut pixels = Vec::with_capacity(width * height);
    for row in frame.luma.chunks(stride).take(height) {
        pixels.extend_from_slice(row.get(..width).ok_or(PictureError::NotAFrame)?);
    }
    if pixels.len() != width * height {
        return Err(PictureError::NotAFrame);
    }
    search(Luma { width, height, pixels })
}

fn search(mut picture: Luma) -> Result<String, PictureError> {
    while picture.pixels.len() > MAX_SEARCHED_PIXELS {
        picture = picture.halved();
    }
    let mut other = None;
    let mut try_one = |picture: &Luma| {
        let mut texts = picture.codes();
        let ours = texts.iter().position(|text| text.starts_with(super::SCHEME));
        let found = ours.map(|at| texts.swap_remove(at));
        other = other.take().or(texts.into_iter().next());
        found
    };
    if let Some(text) = try_one(&picture).or_else(|| try_one(&picture.smoothed())) {
        return Ok(text);
    }
    let half = picture.halved();
    let smaller = try_one(&half).or_else(|| try_one(&half.halved()));
    smaller.or(other).ok_or(PictureError::NoCode)
}

struct Luma {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Luma {
    fn at(&self, x: usize, y: usize) -> u8 {
        self.pixels.get(y * self.width + x).copied().unwrap_or(255)
    }

    /// The texts of all codes that can be read.
    fn codes(&self) -> Vec<String> {
        if self.width.min(self.height) < SMALLEST_CODE {
            return Vec::new();
        }
        // rqrr asserts on lengths that it takes from the picture; a hostile picture must not end the program.
        let found = std::panic::catch_unwind(|| {
            let mut prepared =
                rqrr::PreparedImage::prepare_from_greyscale(self.width, self.height, |x, y| self.at(x, y));
            let is_black =
                |at: usize| u8::from(prepared.get_pixel_at(at % self.width, at / self.width)) != WHITE;
            let black = (0..self.width * self.height).map(is_black).collect();
            if !is_harmless(&Bitmap { width: self.width, black }) {
                return Vec::new();
            }
            let grids = prepared.detect_grids();
            grids.into_iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
        });
        found.unwrap_or_default()
    }

    /// Each pixel the mean of its 3×3 neighbourhood.
    fn smoothed(&self) -> Luma {
        self.reduced(self.width, self.height, |x, y| {
            (x.saturating_sub(1)..(x + 2).min(self.width), y.saturating_sub(1)..(y + 2).min(self.height))
        })
    }

    /// Each pixel the mean of 2×2.
    fn halved(&self) -> Luma {
        self.reduced(self.width / 2, self.height / 2, |x, y| (2 * x..2 * x + 2, 2 * y..2 * y + 2))
    }

    fn reduced(
        &self,
        width: usize,
        height: usize,
        from: impl Fn(usize, usize) -> (Range<usize>, Range<usize>),
    ) -> Luma {
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (columns, rows) = from(x, y);
                let count = columns.len() * rows.len();
                let sum: usize =
                    rows.map(|y| columns.clone().map(|x| usize::from(self.at(x, y))).sum::<usize>()).sum();
                pixels.push(u8::try_from(sum / count.max(1)).unwrap_or(255));
            }
        }
        Luma { width, height, pixels }
    }
}

/// Decodes to 8-bit grey, transparent pixels over white.
fn luma(bytes: &[u8]) -> Result<Luma, PictureError> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(PictureError::TooLarge);
    }
    let limits = png::Limits { bytes: DECODER_BYTES };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(|_| PictureError::NotAPng)?;
    if u64::from(info.width) * u64::from(info.height) > MAX_PIXELS {
        return Err(PictureError::TooLarge);
    }
    let mut reader = decoder.read_info().map_err(|_| PictureError::NotAPng)?;
    let size = reader.output_buffer_size().ok_or(PictureError::TooLarge)?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples).map_err(|_| PictureError::NotAPng)?;
    let over_white = |grey: u32, alpha: u32| (grey * alpha + 255 * (255 - alpha)) / 255;
    // ITU-R BT.601 weights.
    let grey = |r: u8, g: u8, b: u8| (299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000;
    let channels = frame.color_type.samples();
    let pixels = samples
        .chunks_exact(channels)
        .map(|sample| {
            let value = match *sample {
                [grey] => grey.into(),
                [grey, alpha] => over_white(grey.into(), alpha.into()),
                [r, g, b] => grey(r, g, b),
                [r, g, b, alpha] => over_white(grey(r, g, b), alpha.into()),
                _ => 255,
            };
            u8::try_from(value).unwrap_or(255)
        })
        .collect();
    Ok(Luma { width: frame.width as usize, height: frame.height as usize, pixels })
}
