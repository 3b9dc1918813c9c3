//! The words of the apps: one table, `bindings/strings/strings.tsv`, from which the forms of each platform are made. None of
//! them is committed.
//!
//! A line is `key<TAB>en<TAB>zh`. `{name}` is filled in; ` // ` parts the singular from the plural, which Chinese has not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// English: one form, or singular and plural.
    pub en: Vec<String>,
    /// Simplified Chinese.
    pub zh: String,
    /// What is filled in, in the order of the English text.
    pub placeholders: Vec<String>,
}

/// Reads the table. Every mistake is named, not only the first.
///
/// # Errors
/// The mistakes: a missing translation, a key that occurs twice or is no identifier, placeholders that differ between the
/// languages or forms, a plural without `{n}`.
pub fn read(table: &str) -> Result<Vec<Entry>, Vec<String>> {
    let mut entries = Vec::new();
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, line) in table.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [key, en, zh] = columns.as_slice() else {
            mistakes.push(format!("line {}: expected key, en and zh", number + 1));
            continue;
        };
        let mut wrong = |what: &str| mistakes.push(format!("{key}: {what}"));
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            wrong("a key has lower-case letters, digits and _ only");
        }
        if !seen.insert(*key) {
            wrong("the key occurs twice");
        }
        if en.trim().is_empty() || zh.trim().is_empty() {
            wrong("a translation is missing");
        }
        let en: Vec<String> = en.split(" // ").map(str::to_owned).collect();
        let placeholders = placeholders(en.first().map_or("", String::as_str));
        let set = |text: &str| self::placeholders(text).into_iter().collect::<BTreeSet<_>>();
        let expected: BTreeSet<String> = placeholders.iter().cloned().collect();
        if set(zh) != expected || en.iter().any(|form| set(form) != expected) {
            wrong("the placeholders differ between the languages or forms");
        }
        if en.len() > 2 || (en.len() == 2 && !expected.contains("n")) {
            wrong("a plural has two forms and counts {n}");
        }
        if zh.contains(" // ") {
            wrong("Chinese has one form");
        }
        entries.push(Entry { key: (*key).to_owned(), en, zh: (*zh).to_owned(), placeholders });
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

/// Names in braces, in order, each once.
fn placeholders(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split('{').skip(1) {
        if let Some((name, _)) = part.split_once('}')
            && !found.iter().any(|known| known == name)
        {
            found.push(name.to_owned());
        }
    }
    found
}

/// A language of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    En,
    /// Simplified Chinese.
    Zh,
}

/// `res/values/strings.xml` of Android. `{n}` counts as `%1$d` where there are plurals; everything else is text.
pub fn android(entries: &[Entry], language: Language) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<resources>\n");
    for entry in entries {
        if entry.en.len() == 2 {
            let _ = writeln!(xml, "    <plurals name=\"{}\">", entry.key);
            let forms: Vec<(&str, &str)> = match language {
                Language::En => {
                    ["one", "other"].into_iter().zip(entry.en.iter().map(String::as_str)).collect()
                }
                Language::Zh => vec![("other", entry.zh.as_str())],
            };
            for (quantity, form) in forms {
                let text = android_text(form, &entry.placeholders, true);
                let _ = writeln!(xml, "        <item quantity=\"{quantity}\">{text}</item>");
            }
            xml.push_str("    </plurals>\n");
        } else {
            let text = match language {
                Language::En => entry.en.first().map_or("", String::as_str),
                Language::Zh => entry.zh.as_str(),
            };
            let text = android_text(text, &entry.placeholders, false);
            let _ = writeln!(xml, "    <string name=\"{}\">{text}</string>", entry.key);
        }
    }
    xml.push_str("</resources>\n");
    xml
}

fn android_text(text: &str, placeholders: &[String], is_plural: bool) -> String {
    let mut escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\\', "\\\\")
        .replace('\'', "\\'")
        .replace('"', "\\\"");
    if !placeholders.is_empty() {
        escaped = escaped.replace('%', "%%");
    }
    if escaped.starts_with(['@', '?']) {
        escaped.insert(0, '\\');
    }
    for (index, name) in placeholders.iter().enumerate() {
        let kind = if is_plural && name == "n" { 'd' } else { 's' };
        escaped = escaped.replace(&format!("{{{name}}}"), &format!("%{}${kind}", index + 1));
    }
    escaped
}

/// `Localizable.xcstrings` of iOS (Xcode's string catalogue, JSON).
pub fn ios(entries: &[Entry]) -> String {
    let mut strings = serde_json::Map::new();
    for entry in entries {
        let unit = |text: &str, is_plural: bool| serde_json::json!({"stringUnit": {"state": "translated", "value": ios_text(text, &entry.placeholders, is_plural)}});
        let english = match entry.en.as_slice() {
            [one, other] => {
                serde_json::json!({"variations": {"plural": {"one": unit(one, true), "other": unit(other, true)}}})
            }
            _ => unit(entry.en.first().map_or("", String::as_str), false),
        };
        let chinese = match entry.en.len() {
            2 => serde_json::json!({"variations": {"plural": {"other": unit(&entry.zh, true)}}}),
            _ => unit(&entry.zh, false),
        };
        let localizations = serde_json::json!({"en": english, "zh-Hans": chinese});
        strings.insert(
            entry.key.clone(),
            serde_json::json!({"extractionState": "manual", "localizations": localizations}),
        );
    }
    let catalogue = serde_json::json!({"sourceLanguage": "en", "strings": strings, "version": "1.0"});
    format!("{catalogue:#}\n")
}

fn ios_text(text: &str, placeholders: &[String], is_plural: bool) -> String {
    let mut escaped = if placeholders.is_empty() { text.to_owned() } else { text.replace('%', "%%") };
    for (index, name) in placeholders.iter().enumerate() {
        let kind = if is_plural && name == "n" { "lld" } else { "@" };
        escaped = escaped.replace(&format!("{{{name}}}"), &format!("%{}${kind}", index + 1));
    }
    escaped
}

/// For Rust: key → (English forms, Chinese).
pub fn table(entries: &[Entry]) -> BTreeMap<&str, (&[String], &str)> {
    entries.iter().map(|entry| (entry.key.as_str(), (entry.en.as_slice(), entry.zh.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "key\ten\tzh\n";

    fn mistakes(lines: &str) -> Vec<String> {
        read(&format!("{HEAD}{lines}")).unwrap_err()
    }

    #[test]
    fn the_project_s_own_table_has_no_mistakes() {
        let entries = read(include_str!("../../strings/strings.tsv")).unwrap();
        assert!(entries.len() > 280, "{}", entries.len());
        let inbox = entries.iter().find(|entry| entry.key == "tab_inbox").unwrap();
        assert_eq!((inbox.en.as_slice(), inbox.zh.as_str()), (["Inbox".to_owned()].as_slice(), "收件箱"));
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(mistakes("a\tone\t\n"), ["a: a translation is missing"]);
        assert_eq!(mistakes("a\tone\t一\na\ttwo\t二\n"), ["a: the key occurs twice"]);
        assert_eq!(
            mistakes("a\tHello {name}\t你好\n"),
            ["a: the placeholders differ between the languages or forms"]
        );
        assert_eq!(mistakes("a\tone // many\t一\n"), ["a: a plural has two forms and counts {n}"]);
        assert_eq!(mistakes("A b\tone\t一\n").len(), 1);
        assert_eq!(mistakes("a\tone\n"), ["line 2: expected key, en and zh"]);
    }

    #[test]
    fn android_text_is_escaped_and_its_placeholders_are_numbered() {
        let entries = read(&format!(
            "{HEAD}a\t{{b}}'s \"5 %\" & <{{a}}>\t{{a}}、{{b}}\nn\t{{n}} day // {{n}} days\t{{n}} 天\n"
        ))
        .unwrap();
        let xml = android(&entries, Language::En);
        assert!(xml.contains(r#"<string name="a">%1$s\'s \"5 %%\" &amp; &lt;%2$s></string>"#), "{xml}");
        assert!(xml.contains(r#"<item quantity="one">%1$d day</item>"#), "{xml}");
        assert!(xml.contains(r#"<item quantity="other">%1$d days</item>"#), "{xml}");
        let xml = android(&entries, Language::Zh);
        assert!(xml.contains(r#"<string name="a">%2$s、%1$s</string>"#), "{xml}");
        assert!(!xml.contains("quantity=\"one\""), "{xml}");
    }

    #[test]
    fn the_catalogue_of_ios_is_json_with_both_languages() {
        let entries = read(&format!("{HEAD}n\t{{n}} day // {{n}} days\t{{n}} 天\n")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&ios(&entries)).unwrap();
        let plural = |language: &str, form: &str| {
            json["strings"]["n"]["localizations"][language]["variations"]["plural"][form]["stringUnit"]["value"].clone()
        };
        assert_eq!(plural("en", "one"), "%1$lld day");
        assert_eq!(plural("zh-Hans", "other"), "%1$lld 天");
    }
}
