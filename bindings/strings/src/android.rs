//! String resources of Android.

use std::fmt::Write;

use crate::{Entry, Language};

/// `strings.xml` of one language. What is filled in has the numbers of [`Entry::placeholders`]: `{n}` of a plural is
/// `%1$d`, everything else is text.
pub fn android(entries: &[Entry], language: Language) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<resources>\n");
    for entry in entries {
        let forms: Vec<&str> = match language {
            Language::En => entry.en.iter().map(String::as_str).collect(),
            Language::Zh => vec![&entry.zh],
        };
        if entry.is_plural() {
            let _ = writeln!(xml, "    <plurals name=\"{}\">", entry.key);
            // The last form is that of everything else, in each language.
            for (quantity, form) in ["other", "one"].into_iter().zip(forms.iter().rev()).rev() {
                let text = escaped(form, entry);
                let _ = writeln!(xml, "        <item quantity=\"{quantity}\">{text}</item>");
            }
            xml.push_str("    </plurals>\n");
        } else {
            for form in forms {
                let _ = writeln!(xml, "    <string name=\"{}\">{}</string>", entry.key, escaped(form, entry));
            }
        }
    }
    xml.push_str("</resources>\n");
    xml
}

/// First the escapes of aapt2, then those of XML; per cent signs are doubled where the text is a format.
fn escaped(text: &str, entry: &Entry) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, letter) in text.chars().enumerate() {
        match letter {
            '\\' | '\'' | '"' => escaped.extend(['\\', letter]),
            '@' | '?' if index == 0 => escaped.extend(['\\', letter]),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '%' if !entry.placeholders.is_empty() => escaped.push_str("%%"),
            _ => escaped.push(letter),
        }
    }
    for (number, name) in (1..).zip(&entry.placeholders) {
        let kind = if entry.is_plural() && name == "n" { 'd' } else { 's' };
        escaped = escaped.replace(&format!("{{{name}}}"), &format!("%{number}${kind}"));
    }
    escaped
}
