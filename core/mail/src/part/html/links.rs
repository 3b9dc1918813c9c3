//! Links whose text names another place than the one they lead to.

use super::Link;
use super::dom::{Dom, Kind, Visit};

/// Longest text of a link that is looked at, in characters: no name of a place is longer.
const MAX_TEXT: usize = 300;
/// Most such links that are named.
const MAX_LINKS: usize = 100;

/// The deceptive links of a document.
pub(super) fn deceptive(dom: &Dom) -> Vec<Link> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    dom.walk(&mut |visit| {
        match &visit {
            Visit::Enter(Kind::Element { name, .. }) if &*name.local == "a" => {
                open = visit.attribute("href").map(|target| (target.trim().to_owned(), String::new()));
            }
            Visit::Leave(Kind::Element { name, .. }) if &*name.local == "a" => {
                found.extend(open.take().and_then(|(target, shown)| compare(&shown, &target)));
            }
            Visit::Enter(Kind::Text(text)) => {
                if let Some((_, shown)) = open.as_mut().filter(|(_, shown)| shown.len() < MAX_TEXT) {
                    shown.extend(text.chars().take(MAX_TEXT));
                }
            }
            _ => {}
        }
        found.len() < MAX_LINKS
    });
    found
}

/// A link whose text is an address of one place and whose target is another.
fn compare(shown: &str, target: &str) -> Option<Link> {
    let shown = shown.trim();
    let named = place(shown)?;
    let real = place(target).unwrap_or_default();
    let is_same = named == real
        || real.strip_suffix(&named).is_some_and(|before| before.ends_with('.'))
        || named.strip_prefix("www.") == Some(&real);
    (!is_same).then(|| Link { shown: shown.to_owned(), target: target.to_owned() })
}

/// The host, or the mail address, that a text names; `None` when it names none.
fn place(text: &str) -> Option<String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return None;
    }
    let text = text.to_lowercase();
    if let Some(address) = text.strip_prefix("mailto:") {
        return Some(address.split('?').next().unwrap_or_default().to_owned());
    }
    let (is_url, rest) = match text.split_once("://") {
        Some(("http" | "https", rest)) => (true, rest),
        Some(_) => return None,
        None => (false, text.as_str()),
    };
    // Browsers take a backslash for a slash.
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if !is_url && authority.contains('@') {
        return Some(authority.to_owned());
    }
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.');
    let top = host.rsplit('.').next().unwrap_or_default();
    let is_name = host.contains('.') && top.len() > 1 && top.chars().all(char::is_alphabetic);
    (is_url || is_name).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_names_another_place_is_noticed() {
        for (shown, target) in [
            ("https://bank.example/login", "https://evil.example/login"),
            ("bank.example", "http://bank.example@evil.example/"),
            ("www.bank.example", "https://bank.example.evil.net/"),
            ("https://bank.example", "https:\\\\evil.example\\bank.example"),
            ("boss@example.org", "mailto:eve@example.net"),
            ("bank.example", "javascript:alert(1)"),
        ] {
            assert!(compare(shown, target).is_some(), "{shown} -> {target}");
        }
        for (shown, target) in [
            ("https://bank.example/login", "https://bank.example/other"),
            ("bank.example", "https://www.bank.example/"),
            ("www.bank.example", "https://bank.example/"),
            ("Click here", "https://evil.example/"),
            ("figures.", "https://evil.example/"),
            ("boss@example.org", "mailto:boss@example.org?subject=x"),
            ("1.2", "https://evil.example/"),
        ] {
            assert!(compare(shown, target).is_none(), "{shown} -> {target}");
        }
    }
}
