//! File names of attachments: as they are shown, and as they are saved.

/// Longest file name that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;
/// Longest file name that is saved, in octets of UTF-8: what file systems take.
const MAX_SAVED_OCTETS: usize = 200;
/// Longest ending (`.docx`) that survives when a name is cut, in octets.
const MAX_ENDING_OCTETS: usize = 16;
/// What an attachment without a usable name is saved as.
const NAMELESS: &str = "attachment";

/// A name to be shown: its last component without folders, without control characters and characters that turn the
/// direction of writing (`exe.pdf`). `None` when nothing is left.
pub(super) fn shown(raw: &str) -> Option<String> {
    let base = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String =
        base.chars().filter(|c| !c.is_control() && !turns_direction(*c)).take(MAX_NAME_CHARS).collect();
    let clean = clean.trim();
    (!clean.is_empty() && clean != "." && clean != "..").then(|| clean.to_owned())
}

/// The name under which an attachment may be saved in a folder that its receiver chose, on any system: never a path, a
/// device, a hidden file or a stream of another file. Whatever a sender names a file, it becomes a file of a plain name.
///
/// ```
/// # use mail::part::safe_file_name;
/// assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
/// assert_eq!(safe_file_name("CON.txt"), "_CON.txt");
/// assert_eq!(safe_file_name(".bashrc"), "_bashrc");
/// ```
pub fn safe_file_name(name: &str) -> String {
    let name = shown(name).unwrap_or_default();
    // What Windows refuses; the colon names a stream of a file there, and a folder on old Macintosh systems.
    let plain: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c })
        .collect();
    // Windows drops dots and spaces at the end: `a.exe.` would be `a.exe`.
    let plain = cut(plain.trim_end_matches(['.', ' ']));
    let plain = plain.trim_end_matches(['.', ' ']);
    match plain.strip_prefix(['.', '~']) {
        _ if plain.is_empty() => NAMELESS.to_owned(),
        Some(rest) => format!("_{rest}"),
        None if is_device(plain) => format!("_{plain}"),
        None => plain.to_owned(),
    }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Makes two names look the same. The joiners stay: emoji and Persian words need them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Names of devices on Windows, with any ending (`CON`, `com1.txt`).
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$") {
        return true;
    }
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    port.is_some_and(|number| {
        matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    })
}

/// Cut to what a file system takes; a short ending stays.
fn cut(name: &str) -> String {
    if name.len() <= MAX_SAVED_OCTETS {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .filter(|ending| ending.len() <= MAX_ENDING_OCTETS)
        .unwrap_or_default();
    let room = MAX_SAVED_OCTETS - ending.len();
    let end = (0..=room).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    format!("{}{ending}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_name_is_a_plain_name_whatever_was_sent() {
        let cases = [
            ("report.pdf", "report.pdf"),
            ("审批 单.pdf", "审批 单.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system.ini", "system.ini"),
            ("/", "attachment"),
            ("..", "attachment"),
            ("a/..", "attachment"),
            ("", "attachment"),
            ("...", "attachment"),
            (".bashrc", "_bashrc"),
            ("~root", "_root"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\u{200b}b\u{feff}.txt", "ab.txt"),
            ("a\0b\r\nc.txt", "abc.txt"),
            ("a.exe. . .", "a.exe"),
            ("a.txt:evil.exe", "a.txt_evil.exe"),
            ("what?*|\"<>.txt", "what______.txt"),
            ("CON", "_CON"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("LPT1 .txt", "_LPT1 .txt"),
            ("com¹", "_com¹"),
            ("COM10", "COM10"),
            ("console.txt", "console.txt"),
        ];
        for (sent, saved) in cases {
            assert_eq!(safe_file_name(sent), saved, "{sent:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending_and_whole_characters() {
        let long = safe_file_name(&format!("{}.docx", "审".repeat(200)));
        assert!(long.len() <= MAX_SAVED_OCTETS && long.ends_with("审.docx"), "{long}");
        assert_eq!(safe_file_name(&"x".repeat(300)).len(), MAX_SAVED_OCTETS);
        assert!(safe_file_name(&format!("x.{}", "y".repeat(300))).len() <= MAX_SAVED_OCTETS);
    }
}
