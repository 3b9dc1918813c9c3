//! Addresses that look like other addresses (Unicode TR 39, to the degree that mail needs).
//!
//! No table of all confusable characters: letters of other scripts that are drawn like Latin ones, digits and pairs that
//! are, and characters that are not drawn at all. What Unicode itself says of letters, that they are others with a mark or in
//! another style, is taken from there (NFKD).

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Whether `address` is not `real` but looks like it, or its domain like that of `real`.
pub(super) fn imitates(address: &str, real: &str) -> bool {
    let (Some((local, domain)), Some((real_local, real_domain))) = (parts(address), parts(real)) else {
        return false;
    };
    let is_odd = domain.contains(|c| c != '.' && is_dot(c));
    let (domain, real_domain) = (unicode(domain), unicode(real_domain));
    if domain == real_domain && !is_odd {
        return local.to_lowercase() != real_local.to_lowercase() && skeleton(local) == skeleton(real_local);
    }
    let (domain, real_domain) = (skeleton(&domain), skeleton(&real_domain));
    domain == real_domain || contains(&domain, &real_domain)
}

/// The domain has all of the other one in its name without ending in it: `example-org.com`, `example.org.evil.example`.
/// `example.com.cn` is no imitation of `example.com`: names of that form belong to the same people more often than not.
fn contains(domain: &str, real: &str) -> bool {
    let dashed = |domain: &str| format!("-{}-", domain.replace('.', "-"));
    let ends_in = domain.strip_suffix(real).is_some_and(|before| before.ends_with(['.', '-']));
    let in_country = |rest: &str| rest.len() == 3 && rest.starts_with('.');
    let is_abroad = domain.strip_prefix(real).is_some_and(in_country);
    real.contains('.') && !ends_in && !is_abroad && dashed(domain).contains(&dashed(real))
}

/// Whether a label of the domain, or the local part, mixes Latin with letters that are drawn like Latin ones, or is made
/// of nothing but these.
pub(super) fn looks_foreign(address: &str) -> bool {
    let Some((local, domain)) = parts(address) else { return false };
    local.split(['.', '-', '_', '+']).any(is_disguised) || unicode(domain).split('.').any(is_disguised)
}

/// Characters that show nothing or turn the direction of writing.
pub(super) fn has_invisible(text: &str) -> bool {
    text.chars().any(is_invisible)
}

/// As [`has_invisible`], for a name: there joiners and variation selectors belong to emoji and to scripts that need them, and
/// only between Latin letters they serve no purpose.
pub(super) fn hides_in_name(name: &str) -> bool {
    let mut before = 'a';
    name.chars().any(|c| {
        let hides = is_invisible(c) && (!is_joiner(c) || is_latin(before));
        before = c;
        hides
    })
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

pub(crate) fn is_invisible(c: char) -> bool {
    is_joiner(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// What programs take for the dot of a domain, though only the first is one (RFC 3490 section 3.1).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

fn parts(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@')
}

/// A domain as programs show it, in lower case: A-labels decoded, every kind of dot a dot. A label that is none stays.
fn unicode(domain: &str) -> String {
    let label = |label: &str| {
        let encoded = label.to_lowercase();
        encoded.strip_prefix("xn--").and_then(idna::punycode::decode_to_string).unwrap_or(encoded)
    };
    domain.split(is_dot).map(label).collect::<Vec<_>>().join(".")
}

fn is_disguised(label: &str) -> bool {
    let letters = || label.chars().filter(|c| c.is_alphabetic());
    let drawn_like_latin = |c: char| !c.is_ascii() && (latin(c).is_some() || styled(c).is_some());
    let has_foreign = letters().any(drawn_like_latin);
    has_foreign && letters().all(|c| is_latin(c) || drawn_like_latin(c))
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// The text as a quick eye sees it: no marks, no styles, no case (Unicode TR 39 section 4).
fn skeleton(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(visible);
    for c in decomposed.filter(|c| !is_mark(*c)) {
        match latin(c).or_else(|| stroked(c)) {
            Some(letter) => plain.push(letter),
            None if is_dot(c) => plain.push('.'),
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

/// A mark on a letter, not a letter of its own as in scripts that write vowels as marks.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The letter that a styled form of it stands for: full-width, mathematical, circled. An accented letter is none.
fn styled(c: char) -> Option<char> {
    let mut plain = DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(std::iter::once(c));
    let first = plain.next().filter(|first| *first != c && first.is_ascii_alphanumeric())?;
    plain.next().is_none().then(|| first.to_ascii_lowercase())
}

/// Latin letters that do not decompose, without what is added to them.
pub(crate) fn stroked(c: char) -> Option<char> {
    Some(match c {
        '\u{180}' | '\u{181}' | '\u{253}' => 'b',
        '\u{187}' | '\u{188}' | '\u{23c}' | '\u{255}' => 'c',
        '\u{110}' | '\u{111}' | '\u{189}' | '\u{256}' | '\u{257}' => 'd',
        '\u{191}' | '\u{192}' => 'f',
        '\u{193}' | '\u{1e5}' | '\u{260}' => 'g',
        '\u{126}' | '\u{127}' | '\u{266}' => 'h',
        '\u{197}' | '\u{268}' => 'i',
        '\u{237}' | '\u{249}' => 'j',
        '\u{198}' | '\u{199}' => 'k',
        '\u{141}' | '\u{142}' | '\u{19a}' | '\u{26b}' | '\u{26d}' => 'l',
        '\u{271}' => 'm',
        '\u{14b}' | '\u{19e}' | '\u{272}' | '\u{273}' => 'n',
        '\u{d8}' | '\u{f8}' | '\u{275}' => 'o',
        '\u{1a5}' => 'p',
        '\u{24d}' | '\u{27d}' => 'r',
        '\u{282}' => 's',
        '\u{166}' | '\u{167}' | '\u{1ab}' | '\u{288}' => 't',
        '\u{289}' | '\u{28b}' => 'u',
        '\u{1b4}' | '\u{24f}' => 'y',
        '\u{1b6}' | '\u{225}' | '\u{290}' => 'z',
        _ => return None,
    })
}

/// The Latin letter that a character is drawn like: Cyrillic, Greek, Armenian, small capitals.
fn latin(c: char) -> Option<char> {
    Some(match c {
        '\u{430}' | '\u{410}' | '\u{3b1}' | '\u{391}' | '\u{251}' | '\u{1d00}' => 'a',
        '\u{412}' | '\u{392}' | '\u{44c}' | '\u{299}' | '\u{1d03}' => 'b',
        '\u{441}' | '\u{421}' | '\u{3f2}' | '\u{1d04}' => 'c',
        '\u{501}' | '\u{1d05}' => 'd',
        '\u{435}' | '\u{415}' | '\u{395}' | '\u{451}' | '\u{1d07}' => 'e',
        '\u{581}' | '\u{261}' | '\u{262}' => 'g',
        '\u{4bb}' | '\u{41d}' | '\u{397}' | '\u{570}' | '\u{29c}' => 'h',
        '\u{456}' | '\u{406}' | '\u{399}' | '\u{3b9}' | '\u{131}' | '\u{457}' | '\u{26a}' | '\u{269}' => 'i',
        '\u{458}' | '\u{408}' | '\u{1d0a}' => 'j',
        '\u{43a}' | '\u{41a}' | '\u{39a}' | '\u{3ba}' | '\u{1d0b}' => 'k',
        '\u{4cf}' | '\u{4c0}' | '\u{29f}' | '\u{1d0c}' => 'l',
        '\u{41c}' | '\u{39c}' | '\u{43c}' | '\u{1d0d}' => 'm',
        '\u{39d}' | '\u{578}' | '\u{57c}' | '\u{274}' => 'n',
        '\u{43e}' | '\u{41e}' | '\u{3bf}' | '\u{39f}' | '\u{585}' | '\u{1d0f}' => 'o',
        '\u{440}' | '\u{420}' | '\u{3c1}' | '\u{3a1}' | '\u{1d18}' => 'p',
        '\u{280}' | '\u{433}' => 'r',
        '\u{51b}' | '\u{566}' => 'q',
        '\u{455}' | '\u{405}' | '\u{a731}' => 's',
        '\u{422}' | '\u{442}' | '\u{3a4}' | '\u{1d1b}' => 't',
        '\u{57d}' | '\u{3c5}' | '\u{1d1c}' => 'u',
        '\u{475}' | '\u{3bd}' | '\u{1d20}' => 'v',
        '\u{51d}' | '\u{461}' | '\u{1d21}' => 'w',
        '\u{445}' | '\u{425}' | '\u{3a7}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{423}' | '\u{3b3}' | '\u{4af}' | '\u{28f}' => 'y',
        '\u{396}' | '\u{1d22}' => 'z',
        _ => return None,
    })
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
            "b\u{1d428}b@example.org",
            "boss@examp\u{29f}e.org",
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

    const IMITATIONS: &[&str] = &[
        "boss@examp1e.org",
        "boss@exarnple.org",
        "b0b.miller@example.org",
        "bob.rniller@example.org",
        "boss@ex\u{430}mple.org",
        // Letters with marks, styles, strokes; other dots.
        "boss@ex\u{e1}mple.org",
        "boss@xn--exmple-qta.org",
        "boss@\u{1eb9}xample.org",
        "boss@e\u{323}xample.org",
        "b\u{1ecd}b.miller@example.org",
        "bob.mi\u{142}ler@example.org",
        "boss@examp\u{29f}e.org",
        "b\u{1d428}b.miller@example.org",
        "b\u{24de}b.miller@example.org",
        "bob.miller@example\u{3002}org.evil.example",
        "b0b.miller@example\u{3002}org",
        "bob.miller@example\u{3002}org",
        "bob.miller@example\u{ff0e}org",
        "bob.miller@example\u{ff61}org",
        "bob.mi\u{200d}ller@example.org",
        "boss@exam\u{200c}ple.org",
        // The whole name inside another one.
        "boss@example-org.com",
        "boss@example.org.evil.example",
        "boss@login-example-org.com",
        "boss@mail.examp1e-0rg.com",
    ];

    #[test]
    fn an_address_that_is_nearly_another_is_an_imitation() {
        let own = "bob.miller@example.org";
        for address in IMITATIONS {
            assert!(imitates(address, own), "{address}");
        }
        assert!(imitates("bo\u{1e87}@example.org", "bow@example.org"));
        for address in [
            own,
            "Bob.Miller@EXAMPLE.org",
            "alice@example.org",
            "bob@example.com",
            "bob.miller@other.org",
            "alice@mail.example.org",
            "alice@example.org.uk",
            "alice@my-example.org",
        ] {
            assert!(!imitates(address, own), "{address}");
        }
        assert!(!imitates("a@xn--bcher-kva.example", "b@b\u{fc}cher.example"));
    }

    #[test]
    fn what_shows_nothing_is_noticed_where_it_has_no_purpose() {
        for text in ["b\u{200c}ob", "b\u{200d}ob", "bob\u{fe0f}", "\u{2800}bob", "bo\u{ad}b"] {
            assert!(has_invisible(text) && hides_in_name(text), "{text:?}");
        }
        for name in ["\u{1f468}\u{200d}\u{1f469}", "I \u{2764}\u{fe0f} mail", "\u{646}\u{200c}\u{634}", "Bob"]
        {
            assert!(!hides_in_name(name), "{name:?}");
        }
    }
}
