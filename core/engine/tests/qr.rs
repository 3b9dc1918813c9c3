//! QR codes: strict texts, pictures that others read, pictures of others that we read, and hostile pictures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

use std::process::Command;

use engine::people::Anchor;
use engine::qr::{
    Card, CardCode, Code, CodeError, MAX_CODE_CHARACTERS, MeetCode, MeetingSecret, NameMark, PictureError,
    name_marks, qr_png, qr_terminal, read_png,
};
use proptest::prelude::*;
use smime::Fingerprint;

/// A text that is not secret, from the frozen vectors.
fn alices_code() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/meeting/vectors-1.json");
    let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["vectors"][0]["meet_code"].as_str().unwrap().to_owned()
}

fn card(name: &str) -> Card {
    Card::new("alice@example.org".parse().unwrap(), name, Anchor(Fingerprint::of(b"root")), GENERATOR)
}

/// The generator of P-256 (SEC 2 section 2.4.2), compressed.
const GENERATOR: [u8; 33] = [
    0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
];

/// A code text over any octets, made without the code under test's CBOR.
fn code_of(octets: &[u8]) -> String {
    format!("COUNTERSIGN:1/{}", base45::encode(octets))
}

fn alices_octets() -> Vec<u8> {
    base45::decode(alices_code().strip_prefix("COUNTERSIGN:1/").unwrap()).unwrap()
}

#[test]
fn other_codes_are_named_as_such() {
    for text in
        ["", "https://example.org/", "countersign:1/AB", "COUNTERSIGN", "HC1:6BF", " COUNTERSIGN:1/", "测试"]
    {
        assert_eq!(Code::parse(text), Err(CodeError::NotOurs), "{text:?}");
    }
    for text in ["COUNTERSIGN:2/ABC", "COUNTERSIGN:10/", "COUNTERSIGN:999999999999999999999999/"] {
        assert_eq!(Code::parse(text), Err(CodeError::NewerVersion), "{text:?}");
    }
    for text in [
        "COUNTERSIGN:",
        "COUNTERSIGN:1",
        "COUNTERSIGN:1/",
        "COUNTERSIGN:01/AB",
        "COUNTERSIGN:x/AB",
        "COUNTERSIGN:1/::::",
        "COUNTERSIGN:1/ü",
    ] {
        assert_eq!(Code::parse(text), Err(CodeError::Malformed), "{text:?}");
    }
    let long = format!("COUNTERSIGN:1/{}", "0".repeat(MAX_CODE_CHARACTERS));
    assert_eq!(Code::parse(&long), Err(CodeError::TooLong));
}

#[test]
fn truncated_padded_and_altered_codes_are_refused() {
    let octets = alices_octets();
    assert!(Code::parse(&code_of(&octets)).is_ok());
    for len in 0..octets.len() {
        assert_eq!(Code::parse(&code_of(&octets[..len])), Err(CodeError::Malformed), "{len}");
    }
    assert_eq!(Code::parse(&code_of(&[&octets[..], &[0]].concat())), Err(CodeError::Malformed));
    let text = alices_code();
    for altered in [text.to_lowercase(), format!("{text} "), format!("{text}\n"), text.replace(":1/", ":1//")]
    {
        assert!(Code::parse(&altered).is_err(), "{altered}");
    }
}

#[test]
fn a_second_form_of_the_same_code_is_refused() {
    let octets = alices_octets();
    // Indefinite array, longer integer, longer string head: all the same value for a lenient reader.
    let mut indefinite = octets.clone();
    indefinite[0] = 0x9f;
    indefinite.push(0xff);
    let mut long_version = octets.clone();
    long_version.splice(1..2, [0x18, 0x01]);
    let mut long_text = octets.clone();
    long_text.splice(2..3, [0x78, 0x04]);
    for other in [indefinite, long_version, long_text] {
        assert_eq!(Code::parse(&code_of(&other)), Err(CodeError::Malformed), "{other:02x?}");
    }
}

#[test]
fn fields_out_of_bounds_are_refused() {
    let cbor = |items: Vec<ciborium::Value>| {
        let mut out = Vec::new();
        ciborium::into_writer(&ciborium::Value::Array(items), &mut out).unwrap();
        code_of(&out)
    };
    let good = || -> Vec<ciborium::Value> {
        vec![
            1.into(),
            "meet".into(),
            "alice@example.org".into(),
            "Alice".into(),
            ciborium::Value::Bytes(vec![7; 32]),
            ciborium::Value::Bytes(GENERATOR.to_vec()),
            ciborium::Value::Bytes(vec![9; 16]),
            29_926_560u32.into(),
        ]
    };
    assert!(Code::parse(&cbor(good())).is_ok(), "the rest of this test starts from a good code");
    let bytes = |octet: u8, len: usize| ciborium::Value::Bytes(vec![octet; len]);
    let bad: Vec<(usize, ciborium::Value)> = vec![
        (0, 2.into()),
        (0, (-1).into()),
        (1, "card".into()),
        (1, "Meet".into()),
        (2, "alice".into()),
        (2, "alice@example.org>, <mallory@example.org".into()),
        (2, "alice@EXAMPLE.org".into()),
        (2, format!("{}@example.org", "a".repeat(65)).into()),
        (3, "N".repeat(65).into()),
        (3, "Alice\nBcc".into()),
        (3, " Alice".into()),
        (3, ciborium::Value::Null),
        (4, bytes(7, 31)),
        (4, bytes(7, 33)),
        (5, bytes(2, 32)),
        (5, bytes(4, 33)),
        // No point of the curve has this x coordinate.
        (5, ciborium::Value::Bytes([vec![2; 1], vec![0; 31], vec![1; 1]].concat())),
        (6, bytes(9, 15)),
        (6, bytes(9, 17)),
        (7, (u64::from(u32::MAX) + 1).into()),
        (7, 1.5.into()),
    ];
    for (at, value) in bad {
        let mut items = good();
        items[at] = value.clone();
        assert_eq!(Code::parse(&cbor(items)), Err(CodeError::Malformed), "{at}: {value:?}");
    }
    for items in [good()[..7].to_vec(), [good(), vec![0.into()]].concat()] {
        assert_eq!(Code::parse(&cbor(items)), Err(CodeError::Malformed));
    }
}

#[test]
fn deeply_nested_arrays_are_refused_at_once() {
    assert_eq!(Code::parse(&code_of(&[0x81; 600])), Err(CodeError::Malformed));
    assert_eq!(
        Code::parse(&code_of(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        Err(CodeError::Malformed)
    );
}

#[test]
fn names_are_cut_and_cleaned_and_what_deceives_is_marked() {
    assert_eq!(card(&"李".repeat(40)).name, "李".repeat(21));
    assert_eq!(card(" A\r\nB\u{7} ").name, "AB");
    let marks = |name: &str| name_marks(name, &"alice@example.org".parse().unwrap());
    assert_eq!(marks("李伟 Li Wei"), []);
    assert_eq!(marks("Дмитрий Ivanov"), []);
    assert_eq!(marks("alice@example.org"), []);
    assert_eq!(marks("ecila\u{202e}"), [NameMark::Invisible]);
    assert_eq!(marks("bob@example.org"), [NameMark::OtherAddress]);
    assert_eq!(marks("Аlice"), [NameMark::MixedScripts]);
    assert_eq!(name_marks("Alice", &"аlice@example.org".parse().unwrap()), [NameMark::MixedScripts]);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,80}", tail in "[0-9A-Z $%*+./:-]{0,200}") {
        let _ = Code::parse(&text);
        let _ = Code::parse(&format!("COUNTERSIGN:1/{tail}"));
    }

    #[test]
    fn what_is_accepted_is_written_the_same(at in 0..150usize, octet in any::<u8>()) {
        let mut octets = alices_octets();
        let at = at % octets.len();
        octets[at] = octet;
        let text = code_of(&octets);
        if let Ok(code) = Code::parse(&text) {
            prop_assert_eq!(code.encode(), text);
        }
    }

    #[test]
    fn codes_come_back(name in "\\PC{0,30}", t in any::<[u8; 16]>(), minutes in any::<u32>()) {
        let meet = Code::Meet(MeetCode { card: card(&name), t: MeetingSecret::from_bytes(t), minutes });
        prop_assert_eq!(Code::parse(&meet.encode()), Ok(meet));
        let card = Code::Card(CardCode { card: card(&name), minutes });
        prop_assert_eq!(Code::parse(&card.encode()), Ok(card));
    }

    #[test]
    fn a_damaged_picture_is_answered(at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut png = qr_png(&alices_code(), 2).unwrap();
        let at = at.index(png.len());
        png[at] = octet;
        png.truncate(cut.index(png.len()) + 1);
        let _ = read_png(&png);
    }
}

/// Pictures that look like codes to a reader, but hold anything: finder patterns kept, everything else random, so that
/// format, version, lengths and error correction are an attacker's.
fn forged_code(version: usize, scale: usize, seed: u32, random_rows: (usize, usize)) -> Vec<u8> {
    let text = "A".repeat([10, 40, 200, 700, 1_500, 3_000][version % 6]);
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::L).unwrap();
    let modules = code.width();
    let mut dark: Vec<bool> = code.to_colors().iter().map(|&color| color == qrcode::Color::Dark).collect();
    let mut state = seed;
    for y in 0..modules {
        for x in 0..modules {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let finder = (y < 8 && (x < 8 || x >= modules - 8)) || (y >= modules - 8 && x < 8);
            let timing = x == 6 || y == 6;
            let chosen = y >= random_rows.0 % modules && y <= random_rows.1 % modules;
            if !finder && !timing && chosen {
                dark[y * modules + x] = state >> 20 & 1 == 1;
            }
        }
    }
    let side = (modules + 8) * scale;
    let is_dark = |x: usize, y: usize| {
        let at = |at: usize| (at / scale).checked_sub(4).filter(|&at| at < modules);
        matches!((at(x), at(y)), (Some(x), Some(y)) if dark[y * modules + x])
    };
    let pixels: Vec<u8> =
        (0..side * side).map(|at| if is_dark(at % side, at / side) { 0 } else { 255 }).collect();
    write_png(side, side, png::ColorType::Grayscale, png::BitDepth::Eight, &pixels)
}

#[test]
fn forged_codes_and_noise_are_answered() {
    let cases = if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 2_000 } else { 24 };
    for case in 0..cases {
        let rows = (case as usize * 7 % 200, case as usize * 13 % 200);
        let rows = if case % 3 == 0 { (0, 199) } else { rows };
        let _ = read_png(&forged_code(case as usize, 2 + case as usize % 2, case, rows));
        let mut state = case;
        let side = 21 + case as usize % 100;
        let noise: Vec<u8> = (0..side * side)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state >> 24 > 100 { 255 } else { 0 }
            })
            .collect();
        let _ = read_png(&write_png(side, side, png::ColorType::Grayscale, png::BitDepth::Eight, &noise));
    }
}

#[test]
fn our_pictures_are_read_back_at_every_scale() {
    for scale in [2, 3, 4, 8, 16] {
        assert_eq!(
            read_png(&qr_png(&alices_code(), scale).unwrap()).as_deref(),
            Ok(alices_code().as_str()),
            "{scale}"
        );
    }
}

/// `zbarimg` is an independent reader. Returns what it read.
fn zbarimg(png: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.png");
    std::fs::write(&file, png).unwrap();
    let output = match Command::new("zbarimg")
        .args(["--raw", "-q", "-Sdisable", "-Sqrcode.enable"])
        .arg(&file)
        .output()
    {
        Ok(output) => output,
        Err(_) => {
            eprintln!("SKIPPED: zbarimg is not installed (package zbar-tools)");
            return None;
        }
    };
    Some(String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned())
}

#[test]
fn zbar_reads_our_pictures() {
    let long = CardCode { card: card(&"李".repeat(21)), minutes: u32::MAX }.encode();
    for text in [alices_code(), long] {
        if let Some(read) = zbarimg(&qr_png(&text, 4).unwrap()) {
            assert_eq!(read, text);
        }
    }
}

/// The terminal picture, as pixels, read by zbar.
#[test]
fn zbar_reads_the_terminal_picture() {
    let terminal = qr_terminal(&alices_code()).unwrap();
    let lines: Vec<Vec<char>> = terminal.lines().map(|line| line.chars().collect()).collect();
    let width = lines[0].len();
    assert!(lines.iter().all(|line| line.len() == width));
    let scale = 4;
    let mut pixels = Vec::new();
    for y in 0..lines.len() * 2 * scale {
        for x in 0..width * scale {
            let upper = (y / scale).is_multiple_of(2);
            let lit = match lines[y / scale / 2][x / scale] {
                '█' => true,
                '▀' => upper,
                '▄' => !upper,
                ' ' => false,
                other => panic!("{other:?}"),
            };
            pixels.push(if lit { 255 } else { 0 });
        }
    }
    let png = write_png(
        width * scale,
        lines.len() * 2 * scale,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &pixels,
    );
    if let Some(read) = zbarimg(&png) {
        assert_eq!(read, alices_code());
    }
    assert_eq!(read_png(&png), Ok(alices_code()));
}

fn write_png(
    width: usize,
    height: usize,
    color: png::ColorType,
    depth: png::BitDepth,
    pixels: &[u8],
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width.try_into().unwrap(), height.try_into().unwrap());
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![20, 30, 40, 250, 240, 230]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    file
}

/// Grey values of a picture of alice's code, with its width.
fn grey() -> (usize, Vec<u8>) {
    let png = qr_png(&alices_code(), 4).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width as usize, pixels)
}

#[test]
fn every_kind_of_png_is_read() {
    use png::{BitDepth, ColorType};
    let (width, grey) = grey();
    let each = |make: &dyn Fn(u8) -> Vec<u8>| grey.iter().flat_map(|&value| make(value)).collect::<Vec<u8>>();
    let bits = |per_pixel: usize| {
        let per_byte = 8 / per_pixel;
        let one = |value: u8| if value > 0 { (1u16 << per_pixel) as u8 - 1 } else { 0 };
        let rows = grey.chunks(width).flat_map(|row| row.chunks(per_byte));
        let pack = |pixels: &[u8]| {
            let packed =
                pixels.iter().fold(0u8, |byte, &value| (u16::from(byte) << per_pixel) as u8 | one(value));
            let missing = (per_byte - pixels.len()) * per_pixel;
            (u16::from(packed) << missing) as u8
        };
        rows.map(pack).collect::<Vec<u8>>()
    };
    let kinds: Vec<(ColorType, BitDepth, Vec<u8>)> = vec![
        (ColorType::Grayscale, BitDepth::One, bits(1)),
        (ColorType::Grayscale, BitDepth::Two, bits(2)),
        (ColorType::Grayscale, BitDepth::Four, bits(4)),
        (ColorType::Grayscale, BitDepth::Sixteen, each(&|v| vec![v, v])),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, each(&|v| vec![v, 255])),
        // Light modules are wholly transparent black: over white they are light.
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen, each(&|v| vec![0, 0, 255 - v, 255 - v])),
        (ColorType::Rgb, BitDepth::Eight, each(&|v| vec![v, v / 2 + 100, v])),
        (ColorType::Rgb, BitDepth::Sixteen, each(&|v| vec![v, v, v, v, v, v])),
        (ColorType::Rgba, BitDepth::Eight, each(&|v| vec![0, 0, 0, 255 - v])),
        (ColorType::Indexed, BitDepth::One, bits(1)),
        (ColorType::Indexed, BitDepth::Eight, each(&|v| vec![v & 1])),
    ];
    for (color, depth, pixels) in kinds {
        let png = write_png(width, width, color, depth, &pixels);
        assert_eq!(read_png(&png), Ok(alices_code()), "{color:?} {depth:?}");
    }
}

/// Turned, skewed, shaded and noisy, as a phone sees a screen.
#[test]
fn photographs_of_a_screen_are_read() {
    let (width, grey) = grey();
    let side = width * 2;
    for (degrees, skew, light, noise) in [
        (0.0f64, 0.0, 255.0, 0),
        (90.0, 0.0, 255.0, 0),
        (180.0, 0.0, 255.0, 0),
        (17.0, 0.1, 220.0, 20),
        (-33.0, 0.15, 120.0, 15),
    ] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mut state = 12_345u32;
        let mut pixels = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                let (dx, dy) = (x as f64 - side as f64 / 2.0, y as f64 - side as f64 / 2.0);
                let from_x = cos * dx + sin * dy + skew * dy + width as f64 / 2.0;
                let from_y = cos * dy - sin * dx + width as f64 / 2.0;
                let inside = |at: f64| (at >= 0.0 && at < width as f64).then_some(at as usize);
                let value = match (inside(from_x), inside(from_y)) {
                    (Some(x), Some(y)) => grey[y * width + x],
                    _ => 230,
                };
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let shade = light * (0.7 + 0.3 * x as f64 / side as f64) / 255.0;
                let noisy =
                    f64::from(value) * shade + f64::from(state >> 16 & 0xff) / 255.0 * f64::from(noise);
                pixels.push(noisy.clamp(0.0, 255.0) as u8);
            }
        }
        let png = write_png(side, side, png::ColorType::Grayscale, png::BitDepth::Eight, &pixels);
        assert_eq!(
            read_png(&png),
            Ok(alices_code()),
            "{degrees} degrees, skew {skew}, light {light}, noise {noise}"
        );
    }
}

#[test]
fn our_code_is_found_beside_another_one() {
    let other = qr_png("https://example.org/a-poster-on-the-wall", 4).unwrap();
    let decode = |png: Vec<u8>| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        (frame.width as usize, pixels)
    };
    let ((left_width, left), (right_width, right)) = (decode(other), grey());
    let mut pixels = Vec::new();
    for y in 0..right_width {
        let row = |from: &[u8], width: usize| {
            from.get(y * width..(y + 1) * width).map_or(vec![255; width], <[u8]>::to_vec)
        };
        pixels.extend(row(&left, left_width));
        pixels.extend(row(&right, right_width));
    }
    let png = write_png(
        left_width + right_width,
        right_width,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &pixels,
    );
    assert_eq!(read_png(&png), Ok(alices_code()));
}

#[test]
fn what_is_no_picture_or_holds_no_code_is_named() {
    assert_eq!(read_png(b""), Err(PictureError::NotAPng));
    assert_eq!(read_png(b"\x89PNG\r\n\x1a\n"), Err(PictureError::NotAPng));
    assert_eq!(read_png(b"\xff\xd8\xff\xe0 a photograph in another format"), Err(PictureError::NotAPng));
    let blank = write_png(200, 200, png::ColorType::Grayscale, png::BitDepth::Eight, &[255; 40_000]);
    assert_eq!(read_png(&blank), Err(PictureError::NoCode));
    for (width, height) in [(1, 1), (1, 500), (500, 1), (3, 3)] {
        let tiny = write_png(
            width,
            height,
            png::ColorType::Grayscale,
            png::BitDepth::Eight,
            &vec![0; width * height],
        );
        assert_eq!(read_png(&tiny), Err(PictureError::NoCode), "{width}x{height}");
    }
    assert_eq!(qr_png(&"A".repeat(5_000), 4), Err(PictureError::TextTooLong));
    assert_eq!(qr_terminal(&"A".repeat(5_000)), Err(PictureError::TextTooLong));
}

/// A PNG file whose header claims any size.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut png = write_png(1, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[0]);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = u32::MAX;
    for &octet in &png[12..29] {
        crc ^= u32::from(octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    png[29..33].copy_from_slice(&(!crc).to_be_bytes());
    png
}

/// A wall of finder patterns: readers that compare all of them with each other don't end.
#[test]
fn a_picture_tiled_with_finder_patterns_is_answered() {
    let side = 1_601;
    let pixels: Vec<u8> = (0..side * side)
        .map(|at| {
            let (x, y) = ((at % side) % 8, (at / side) % 8);
            let ring = x.min(y) == 1 || x.max(y) == 7;
            let dark = x > 0 && y > 0 && (ring || ((3..=5).contains(&x) && (3..=5).contains(&y)));
            if dark { 0 } else { 255 }
        })
        .collect();
    let png = write_png(side, side, png::ColorType::Grayscale, png::BitDepth::Eight, &pixels);
    assert_eq!(read_png(&png), Err(PictureError::NoCode));
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    for (width, height) in [(5_001, 5_000), (30_000, 30_000), (0x7fff_ffff, 0x7fff_ffff), (0x7fff_ffff, 1)] {
        assert_eq!(read_png(&claims(width, height)), Err(PictureError::TooLarge), "{width}x{height}");
    }
    assert_eq!(read_png(&claims(0, 5)), Err(PictureError::NotAPng));
    assert_eq!(read_png(&claims(4_000, 4_000)), Err(PictureError::NotAPng), "a header without the pixels");
    assert_eq!(read_png(&vec![0x89; 33 << 20]), Err(PictureError::TooLarge));
}
