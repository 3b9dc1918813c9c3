//! Every charset that mail uses, under every name that it uses, against CPython's codecs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::process::Command;

use mail::part::{Defect, Message};
use serde_json::Value;
use support::available;

/// Reads a text in 8bit (binary, so that any octet may stand in it).
fn text_of(label: &str, octets: &[u8]) -> (String, Vec<Defect>) {
    let head =
        format!("Content-Type: text/plain; charset=\"{label}\"\r\nContent-Transfer-Encoding: binary\r\n\r\n");
    let message = Message::parse(&[head.as_bytes(), octets].concat()).unwrap();
    (message.text(message.root()), message.root().defects.clone())
}

fn python(program: &str, arguments: &[String]) -> Vec<Value> {
    let output = Command::new("python3").arg("-c").arg(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// For each label: CPython's codec, and the octets of a text in it. Single-byte codes: all their octets that are characters.
const ENCODE: &str = r#"
import json, sys
western, greek, cyrillic, hebrew, arabic, thai = 'Grüße à', 'Ελλάς', 'Привет', 'שלום', 'سلام', 'ไทย'
simplified, traditional, japanese, korean = '申请审批', '中文郵件', '日本語 カタカナ 漢字', '한국어 메일'
TABLE = [
    ('utf_8', japanese, 'utf-8 utf8 unicode-1-1-utf-8 utf8mb4 UTF_8'),
    ('utf_16_be', 'a' + japanese, 'utf-16be utf16be'), ('utf_16_le', 'a' + korean, 'utf-16le utf16le'), ('utf_16', 'x' + greek, 'utf-16 utf16'),
    ('utf_7', '+ ' + simplified + western + '-a~\\', 'utf-7 utf7 unicode-1-1-utf-7 UTF_7'),
    ('gbk', simplified, 'gb2312 gbk cp936 ms936 x-gbk euc-cn gb_2312-80 csgb2312 GB_2312'), ('gb18030', simplified + '\U00020000', 'gb18030 gb-18030'),
    ('hz', 'a~' + simplified + ' b', 'hz-gb-2312 hz'), ('big5', traditional, 'big5 cp950 ms950 big5-hkscs x-x-big5 cn-big5'),
    ('shift_jis', japanese, 'shift_jis sjis x-sjis windows-31j cp932 ms932 Shift-JIS ms_kanji'), ('euc_jp', japanese, 'euc-jp eucjp ujis x-euc-jp'),
    ('iso2022_jp', japanese.replace(' ', ''), 'iso-2022-jp csiso2022jp'), ('iso2022_jp_1', japanese + '\u4e02', 'iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ext'),
    ('euc_kr', korean, 'euc-kr ks_c_5601-1987 ks_c_5601 ksc5601 korean cseuckr cp51949'), ('cp949', korean + '\uac02', 'cp949 uhc ms949 windows-949'),
    ('iso2022_kr', 'a ' + korean + ' b', 'iso-2022-kr csiso2022kr'),
    ('koi8_r', cyrillic, 'koi8-r koi8 cskoi8r koi8r'), ('koi8_u', cyrillic + 'ї', 'koi8-u'), ('mac_cyrillic', cyrillic, 'x-mac-cyrillic'),
    ('mac_roman', western, 'macintosh x-mac-roman mac macroman'), ('tis_620', thai, 'tis-620 windows-874 iso-8859-11 cp874'),
    ('iso8859_15', western + '€', 'iso-8859-15 latin-9 iso8859-15 iso_8859-15 latin9'), ('cp1252', western + '€', 'iso-8859-1 latin1 latin-1 iso8859_1 windows-1252 cp1252 iso_8859-1:1987 x-cp1252 windows1252 iso88591 l1'),
    ('cp1251', cyrillic, 'windows-1251 cp1251 win-1251 windows1251 x-cp1251'), ('cp1253', greek, 'windows-1253 cp1253'), ('iso8859_7', greek, 'iso-8859-7 greek'),
    ('cp1255', hebrew, 'windows-1255'), ('iso8859_8', hebrew, 'iso-8859-8-i iso-8859-8 hebrew'), ('cp1256', arabic, 'windows-1256'), ('iso8859_6', arabic, 'iso-8859-6 arabic'),
    ('cp1250', 'Żółć', 'windows-1250'), ('iso8859_2', 'Żółć', 'iso-8859-2 latin2'), ('cp1254', 'ığüş', 'windows-1254 iso-8859-9'), ('cp1257', 'ąčę', 'windows-1257'),
    ('iso8859_4', 'āčē', 'iso-8859-4'), ('iso8859_10', 'Þŋ', 'iso-8859-10'), ('iso8859_13', 'ąčę', 'iso-8859-13'), ('iso8859_16', 'Țș', 'iso-8859-16'), ('cp1258', 'ăâđ', 'windows-1258'),
    ('cp866', cyrillic, 'ibm866 cp866 866'),
]
def whole(codec):
    return ''.join(c for c in (bytes([o]).decode(codec, 'ignore') for o in range(128, 256)))
for codec, labels in [('cp437', 'cp437 ibm437 437'), ('cp850', 'cp850 ibm850 850 cp-850'), ('cp852', 'cp852 ibm852'), ('cp855', 'cp855'), ('cp858', 'cp858 cp00858'),
                      ('cp860', 'cp860'), ('cp863', 'ibm863'), ('cp865', 'ibm865'), ('mac_latin2', 'x-mac-ce mac-latin2')]:
    TABLE.append((codec, whole(codec), labels))
for codec, text, labels in TABLE:
    for label in labels.split():
        print(json.dumps([label, text.encode(codec).hex(), text]))
"#;

#[test]
fn every_name_of_every_charset_decodes_as_cpython_encodes() {
    if !available("python3") {
        return;
    }
    let rows = python(ENCODE, &[]);
    assert!(rows.len() > 130, "{}", rows.len());
    for row in rows {
        let [label, hex, expected] = [0, 1, 2].map(|index| row[index].as_str().unwrap().to_owned());
        let octets = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        for label in [label.clone(), label.to_uppercase()] {
            let (text, defects) = text_of(&label, &octets);
            assert_eq!((text.as_str(), defects.as_slice()), (expected.as_str(), &[][..]), "{label}");
        }
        // In a header field, and in a parameter.
        let word = data_encoding::BASE64.encode(&octets);
        let field = Message::parse(format!("Subject: =?{label}?B?{word}?=\r\n\r\n").as_bytes()).unwrap();
        let expected = expected.replace(|c: char| c.is_control(), " ");
        assert_eq!(field.root().headers.subject.as_deref(), Some(expected.trim_matches(' ')), "{label}");
    }
}

/// Random texts in UTF-7, and random octets that may be none: text and verdict of CPython.
const UTF7: &str = r##"
import json, random
random.seed(2152)
alphabet = "aZ09 '(),-./:?+=!\"#$%&*;<>@[]^_`{|}~\\\t\n" + 'äß中文審한\u00a0\ud7ff\ue000\U0001f58b\U0010ffff'
for _ in range(400):
    text = ''.join(random.choices(alphabet, k=random.randrange(20)))
    print(json.dumps([text.encode('utf-7').hex(), text]))
for _ in range(1500):
    octets = bytes(random.choices(b'++-+AaZz09/-& \x80AAAD2APDQ', k=random.randrange(16)))
    try:
        text = octets.decode('utf-7')
        # CPython lets lone surrogates through; they are no text.
        text.encode('utf-8')
        print(json.dumps([octets.hex(), text]))
    except UnicodeError:
        print(json.dumps([octets.hex(), None]))
"##;

#[test]
fn utf_7_is_read_as_cpython_reads_it() {
    if !available("python3") {
        return;
    }
    let (mut good, mut bad) = (0, 0);
    for row in python(UTF7, &[]) {
        let octets = data_encoding::HEXLOWER.decode(row[0].as_str().unwrap().as_bytes()).unwrap();
        let (text, defects) = text_of("utf-7", &octets);
        let shown = String::from_utf8_lossy(&octets);
        match row[1].as_str() {
            Some(expected) => {
                good += 1;
                assert_eq!(text, expected.replace("\r\n", "\n"), "{shown}");
                assert!(defects.is_empty(), "{shown}");
            }
            None => {
                bad += 1;
                assert_eq!(defects, [Defect::BadCharset], "{shown}");
            }
        }
    }
    assert!(good > 400 && bad > 300, "{good} {bad}");
}

/// RFC 2152 section "UTF-7 Definition", its examples.
#[test]
fn examples_of_rfc_2152() {
    for (octets, expected) in [
        ("A+ImIDkQ.", "A\u{2262}\u{391}."),
        ("Hi Mom -+Jjo--!", "Hi Mom -\u{263a}-!"),
        ("+ZeVnLIqe-", "日本語"),
    ] {
        assert_eq!(text_of("utf-7", octets.as_bytes()), (expected.to_owned(), vec![]));
    }
}

#[test]
fn what_is_not_in_the_charset_is_said_and_never_lost() {
    let cases: [(&str, &[u8], &str, Defect); 9] = [
        ("klingon", b"text", "text", Defect::UnknownCharset),
        ("x-unknown", "Grüße".as_bytes(), "Grüße", Defect::UnknownCharset),
        ("us-ascii", b"Gr\xfc\xdfe", "Grüße", Defect::GuessedCharset),
        ("utf-8", b"a\xffb", "a\u{fffd}b", Defect::BadCharset),
        ("utf-8", b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}", Defect::BadCharset),
        ("hz-gb-2312", b"a~b", "a~b", Defect::BadCharset),
        ("iso-2022-kr", b"a\xff", "a\u{fffd}", Defect::BadCharset),
        ("iso-2022-jp-1", b"\x1b$B$", "\u{fffd}", Defect::BadCharset),
        ("utf-16be", b"\0a\xd8\0", "a\u{fffd}", Defect::BadCharset),
    ];
    for (label, octets, text, defect) in cases {
        assert_eq!(text_of(label, octets), (text.to_owned(), vec![defect]), "{label}");
    }
}
