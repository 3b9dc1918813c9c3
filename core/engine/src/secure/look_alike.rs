//! Addresses that look like other addresses (Unicode TR 39, to the degree that mail needs).
//!
//! No table of all confusable characters: letters of other scripts that are drawn like Latin ones, digits and pairs that
//! are, and characters that are not drawn at all.

/// Whether `address` is not `own` but looks like it, or its domain like that of `own`.
pub(super) fn imitates(address: &str, own: &str) -> bool {
    let (Some((local, domain)), Some((own_local, own_domain))) = (parts(address), parts(own)) else {
        return false;
    };
    if domain.eq_ignore_ascii_case(own_domain) {
        return !local.eq_ignore_ascii_case(own_local) && skeleton(local) == skeleton(own_local);
    }
    skeleton(&unicode(domain)) == skeleton(&unicode(own_domain))
}

/// Whether a label of the domain, or the local part, mixes Latin with letters that are drawn like Latin ones, or is made
/// of nothing but these.
pub(super) fn looks_foreign(address: &str) -> bool {
    let Some((local, domain)) = parts(address) else { return false };
    local.split(['.', '-', '_', '+']).any(is_disguised) || unicode(domain).split('.').any(is_disguised)
}

/// Characters that show nothing or turn the direction of writing.
pub(super) fn has_invisible(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}')
    })
}

fn parts(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@')
}

/// A-labels as what programs show for them; a label that is none stays.
fn unicode(domain: &str) -> String {
    let label = |label: &str| {
        let encoded = label.to_ascii_lowercase();
        match encoded.strip_prefix("xn--").and_then(idna::punycode::decode_to_string) {
            Some(decoded) => decoded,
            None => label.to_owned(),
        }
    };
    domain.split('.').map(label).collect::<Vec<_>>().join(".")
}

fn is_disguised(label: &str) -> bool {
    let letters = || label.chars().filter(|c| c.is_alphabetic());
    let drawn_like_latin = |c: char| !c.is_ascii() && latin(c).is_some();
    let has_foreign = letters().any(drawn_like_latin);
    has_foreign && letters().all(|c| is_latin(c) || drawn_like_latin(c))
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// The text as a quick eye sees it.
fn skeleton(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !has_invisible(c.encode_utf8(&mut [0; 4]))) {
        match latin(c) {
            Some(letter) => plain.push(letter),
            None => plain.extend(c.to_lowercase()),
        }
    }
    let plain: String = plain
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | '|' => 'l',
            '5' => 's',
            _ => c,
        })
        .collect();
    plain.replace("rn", "m").replace("vv", "w").replace("cl", "d")
}

/// The Latin letter that a character is drawn like: Cyrillic, Greek, Armenian, full-width, and Latin with marks.
fn latin(c: char) -> Option<char> {
    let fullwidth = || {
        let offset = u32::from(c).checked_sub(0xfee0)?;
        char::from_u32(offset).filter(char::is_ascii_graphic).map(|c| c.to_ascii_lowercase())
    };
    let letter = match c {
        '\u{430}' | '\u{410}' | '\u{3b1}' | '\u{391}' | '\u{251}' => 'a',
        '\u{412}' | '\u{392}' | '\u{44c}' => 'b',
        '\u{441}' | '\u{421}' | '\u{3f2}' => 'c',
        '\u{501}' => 'd',
        '\u{435}' | '\u{415}' | '\u{395}' | '\u{451}' => 'e',
        '\u{581}' => 'g',
        '\u{4bb}' | '\u{41d}' | '\u{397}' | '\u{570}' => 'h',
        '\u{456}' | '\u{406}' | '\u{399}' | '\u{3b9}' | '\u{131}' | '\u{457}' => 'i',
        '\u{458}' | '\u{408}' => 'j',
        '\u{43a}' | '\u{41a}' | '\u{39a}' | '\u{3ba}' => 'k',
        '\u{4cf}' | '\u{4c0}' => 'l',
        '\u{41c}' | '\u{39c}' | '\u{43c}' => 'm',
        '\u{39d}' | '\u{578}' | '\u{57c}' => 'n',
        '\u{43e}' | '\u{41e}' | '\u{3bf}' | '\u{39f}' | '\u{585}' => 'o',
        '\u{440}' | '\u{420}' | '\u{3c1}' | '\u{3a1}' => 'p',
        '\u{51b}' | '\u{566}' => 'q',
        '\u{455}' | '\u{405}' => 's',
        '\u{422}' | '\u{442}' | '\u{3a4}' => 't',
        '\u{57d}' | '\u{3c5}' => 'u',
        '\u{475}' | '\u{3bd}' => 'v',
        '\u{51d}' | '\u{461}' => 'w',
        '\u{445}' | '\u{425}' | '\u{3a7}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{423}' | '\u{3b3}' | '\u{4af}' => 'y',
        '\u{396}' => 'z',
        _ => return fullwidth(),
    };
    Some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_scripts_in_a_latin_word_are_noticed() {
        for address in [
            "boss@ex\u{430}mple.org",
            "b\u{43e}ss@example.org",
            // "apple" in Cyrillic, as servers send it.
            "ceo@xn--80ak6aa92e.com",
            "ceo@\u{ff45}xample.org",
        ] {
            assert!(looks_foreign(address), "{address}");
        }
        for address in [
            "alice@example.org",
            "m\u{fc}ller@b\u{fc}cher.example",
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{4e2d}\u{56fd}",
            "\u{43f}\u{43e}\u{447}\u{442}\u{430}@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
            "a@xn--bcher-kva.example",
        ] {
            assert!(!looks_foreign(address), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_nearly_ones_own_is_an_imitation() {
        let own = "alice.miller@example.org";
        for address in [
            "boss@examp1e.org",
            "boss@exarnple.org",
            "a1ice.miller@example.org",
            "alice.rniller@example.org",
            "boss@ex\u{430}mple.org",
        ] {
            assert!(imitates(address, own), "{address}");
        }
        for address in
            [own, "Alice.Miller@EXAMPLE.org", "bob@example.org", "bob@example.com", "alice.miller@other.org"]
        {
            assert!(!imitates(address, own), "{address}");
        }
    }
}
