use super::*;

const HEAD: &str = "key\ten\tzh\n";

fn faults(lines: &str) -> Vec<(usize, String, Fault)> {
    let mistakes = read(&format!("{HEAD}{lines}")).unwrap_err();
    mistakes.into_iter().map(|mistake| (mistake.line, mistake.key, mistake.fault)).collect()
}

fn entries(lines: &str) -> Vec<Entry> {
    read(&format!("{HEAD}{lines}")).unwrap()
}

#[test]
fn the_project_s_own_table_has_no_mistakes() {
    let entries = read(TABLE).unwrap();
    assert!(entries.len() > 280, "{}", entries.len());
    let inbox = entries.iter().find(|entry| entry.key == "tab_inbox").unwrap();
    assert_eq!((inbox.en.as_slice(), inbox.zh.as_str()), (["Inbox".to_owned()].as_slice(), "收件箱"));
}

#[test]
fn every_mistake_is_named() {
    let a = || "a".to_owned();
    assert_eq!(faults("a\tone\t\n"), [(2, a(), Fault::Missing)]);
    assert_eq!(faults("a\t\t一\n"), [(2, a(), Fault::Missing)]);
    assert_eq!(faults("a\tone\t一\na\ttwo\t二\n"), [(3, a(), Fault::Twice)]);
    assert_eq!(faults("a\tHello {name}\t你好\n"), [(2, a(), Fault::Placeholders)]);
    assert_eq!(faults("a\tHello {name}\t你好{nam}\n"), [(2, a(), Fault::Placeholders)]);
    assert_eq!(faults("a\tone // many\t一\n"), [(2, a(), Fault::Plural)]);
    assert_eq!(faults("a\t{n} a // {n} b // {n} c\t{n}\n"), [(2, a(), Fault::Plural)]);
    assert_eq!(faults("a\t{n} a // {n} b\t{n} // {n}\n"), [(2, a(), Fault::Plural)]);
    assert_eq!(faults("a\t{n} a // b\t{n}\n"), [(2, a(), Fault::Placeholders)]);
    assert_eq!(faults("a\t{n a\t{n}\n"), [(2, a(), Fault::Braces)]);
    assert_eq!(faults("a\t{n}}\t{n}\n"), [(2, a(), Fault::Braces)]);
    assert_eq!(faults("a\tone \t一\n"), [(2, a(), Fault::Space)]);
    assert_eq!(faults("A b\tone\t一\n"), [(2, "A b".to_owned(), Fault::Key)]);
    assert_eq!(faults("a\tone\n"), [(2, a(), Fault::Columns)]);
    assert_eq!(faults("\n"), [(2, String::new(), Fault::Columns)]);
    assert_eq!(read("").unwrap_err().len(), 1);
    assert_eq!(read("a\tone\t一\n").unwrap_err().first().unwrap().fault, Fault::Head);
    assert_eq!(faults("a\tone\t\nb\tone // two\t\n").len(), 3);
}

#[test]
fn android_text_is_escaped_and_its_placeholders_are_numbered() {
    let entries = entries(
        "a\t{b}'s \"5 %\" & <{a}>\\\t{a}、{b}\nn\t{n} day // {n} days\t{n} 天\nq\t?\t@\np\t5 %\t5 %\nc\t{n} of {m}\t{m} 中 {n}\n",
    );
    let english = r#"<?xml version="1.0" encoding="utf-8"?>
<resources>
    <string name="a">%1$s\'s \"5 %%\" &amp; &lt;%2$s&gt;\\</string>
    <plurals name="n">
        <item quantity="one">%1$d day</item>
        <item quantity="other">%1$d days</item>
    </plurals>
    <string name="q">\?</string>
    <string name="p">5 %</string>
    <string name="c">%1$s of %2$s</string>
</resources>
"#;
    let chinese = r#"<?xml version="1.0" encoding="utf-8"?>
<resources>
    <string name="a">%2$s、%1$s</string>
    <plurals name="n">
        <item quantity="other">%1$d 天</item>
    </plurals>
    <string name="q">\@</string>
    <string name="p">5 %</string>
    <string name="c">%2$s 中 %1$s</string>
</resources>
"#;
    assert_eq!(android(&entries, Language::En), english);
    assert_eq!(android(&entries, Language::Zh), chinese);
}

#[test]
fn the_catalogue_of_ios_is_json_with_both_languages() {
    let entries = entries("n\t{n} day // {n} days\t{n} 天\na\t{b} 5 % {a}\t{a}{b}\n");
    let json: serde_json::Value = serde_json::from_str(&ios(&entries)).unwrap();
    let plural = |language: &str, form: &str| {
        json["strings"]["n"]["localizations"][language]["variations"]["plural"][form]["stringUnit"]["value"]
            .clone()
    };
    assert_eq!(plural("en", "one"), "%1$lld day");
    assert_eq!(plural("en", "other"), "%1$lld days");
    assert_eq!(plural("zh-Hans", "other"), "%1$lld 天");
    assert_eq!(plural("zh-Hans", "one"), serde_json::Value::Null);
    let a = &json["strings"]["a"]["localizations"];
    assert_eq!(a["en"]["stringUnit"]["value"], "%1$@ 5 %% %2$@");
    assert_eq!(a["zh-Hans"]["stringUnit"]["value"], "%2$@%1$@");
    assert_eq!(json["sourceLanguage"], "en");
}

#[test]
fn the_rust_form_is_the_table_sorted_by_key() {
    let days = Words::of("ap_left").unwrap();
    assert_eq!(days.en, ["{n} day left", "{n} days left"]);
    assert_eq!((days.zh, days.placeholders), ("还剩 {n} 天", ["n"].as_slice()));
    assert_eq!(Words::of("no_such_key"), None);
    let rust = rust(&entries("b\t\"{x}\"\t“{x}”\na\tone\t一\n"));
    assert_eq!(
        rust,
        "&[\n    Words { key: \"a\", en: &[\"one\"], zh: \"一\", placeholders: &[] },\n    \
         Words { key: \"b\", en: &[\"\\\"{x}\\\"\"], zh: \"“{x}”\", placeholders: &[\"x\"] },\n]\n"
    );
}

#[test]
fn a_file_that_is_right_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let entries = read(TABLE).unwrap();
    let written = write_android(&entries, folder.path()).unwrap();
    assert_eq!(
        written,
        ["values/strings.xml", "values-zh-rCN/strings.xml"].map(|path| folder.path().join(path))
    );
    let before: Vec<_> = written.iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect();
    let first: Vec<_> = written.iter().map(|path| fs::read(path).unwrap()).collect();
    write_android(&read(TABLE).unwrap(), folder.path()).unwrap();
    let after: Vec<_> = written.iter().map(|path| fs::metadata(path).unwrap().modified().unwrap()).collect();
    assert_eq!(before, after);
    assert_eq!(first, written.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>());
    assert!(write_ios(&entries, folder.path()).unwrap().iter().all(|path| path.is_file()));
}
