//! The string catalogue of iOS.

use serde_json::{Map, Value, json};

use crate::Entry;

/// `Localizable.xcstrings` with both languages. What is filled in has the numbers of [`Entry::placeholders`]: `{n}` of a
/// plural is `%1$lld`, everything else is an object.
pub fn ios(entries: &[Entry]) -> String {
    let strings: Map<String, Value> = entries
        .iter()
        .map(|entry| {
            let languages = json!({ "en": english(entry), "zh-Hans": chinese(entry) });
            (entry.key.clone(), json!({ "extractionState": "manual", "localizations": languages }))
        })
        .collect();
    let catalogue = json!({ "sourceLanguage": "en", "strings": strings, "version": "1.0" });
    format!("{catalogue:#}\n")
}

fn english(entry: &Entry) -> Value {
    match entry.en.as_slice() {
        [one, other] => {
            json!({ "variations": { "plural": { "one": unit(one, entry), "other": unit(other, entry) } } })
        }
        forms => unit(forms.first().map_or("", String::as_str), entry),
    }
}

fn chinese(entry: &Entry) -> Value {
    let only = unit(&entry.zh, entry);
    if entry.is_plural() { json!({ "variations": { "plural": { "other": only } } }) } else { only }
}

fn unit(text: &str, entry: &Entry) -> Value {
    let is_format = !entry.placeholders.is_empty();
    let mut value = if is_format { text.replace('%', "%%") } else { text.to_owned() };
    for (number, name) in (1..).zip(&entry.placeholders) {
        let kind = if entry.is_plural() && name == "n" { "lld" } else { "@" };
        value = value.replace(&format!("{{{name}}}"), &format!("%{number}${kind}"));
    }
    json!({ "stringUnit": { "state": "translated", "value": value } })
}
