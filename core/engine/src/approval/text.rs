//! The human text of events, rebuilt from their fields: what a person signs must be what the fields say.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::event::{Body, Common, Document, Participant, Program, Request, Rule, Word};
use super::ids::Code;
use super::{MAX_LINE_OCTETS, MAX_TEXT_OCTETS};

/// A language of human texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh")]
    Chinese,
}

/// The fixed words of a language. Where the screens have a word for the same thing, it is the same word.
struct Words {
    request: &'static str,
    asked_by: &'static str,
    approvers: &'static str,
    all: &'static str,
    any: &'static str,
    at_least: (&'static str, &'static str),
    informed: &'static str,
    answer_by: (&'static str, &'static str),
    documents: &'static str,
    octets: &'static str,
    how_to_answer: &'static str,
    code: &'static str,
    approved: &'static str,
    rejected: &'static str,
    comment: &'static str,
    relay: &'static str,
    relay_note: &'static str,
    result: &'static str,
    other: &'static str,
    colon: &'static str,
    between: &'static str,
}

const ENGLISH: Words = Words {
    request: "Approval request",
    asked_by: "Asked by",
    approvers: "Approvers",
    all: "All must approve",
    any: "One is enough",
    at_least: ("At least ", " must approve"),
    informed: "Informed",
    answer_by: ("Answer by ", ""),
    documents: "Documents",
    octets: "bytes",
    how_to_answer: "To decide with any S/MIME program: send a signed reply whose first line is Approve or Reject, \
                    and keep the quoted text below it.",
    code: "Code",
    approved: "Approved",
    rejected: "Rejected",
    comment: "Comment",
    relay: "Records",
    relay_note: "This mail carries records of the approval. Nothing needs to be done.",
    result: "Result",
    other: "Approval event",
    colon: ": ",
    between: "; ",
};

const CHINESE: Words = Words {
    request: "审批请求",
    asked_by: "发起人",
    approvers: "审批人",
    all: "会签（须全部同意）",
    any: "或签（一人同意即可）",
    at_least: ("至少 ", " 人同意"),
    informed: "抄送",
    answer_by: ("", " 前答复"),
    documents: "文件",
    octets: "字节",
    how_to_answer: "使用其他 S/MIME 邮件程序审批：请签名回复，首行只写“同意”或“不同意”，并保留下方引用的原文。",
    code: "代码",
    approved: "同意",
    rejected: "拒绝",
    comment: "意见",
    relay: "记录",
    relay_note: "本邮件传递审批记录，无需处理。",
    result: "结果",
    other: "审批事件",
    colon: "：",
    between: "；",
};

fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

/// LF line ends, no white space at line ends, no empty lines at the beginning and the end.
pub(super) fn canonical(text: &str) -> String {
    let unified = text.replace("\r\n", "\n");
    let lines: Vec<&str> = unified.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The line that stands last in every text.
pub(super) fn code_line(language: Language, code: &Code) -> String {
    let words = words(language);
    format!("{}{}{code}", words.code, words.colon)
}

/// A text in canonical form without its code line; `None` when that line isn't the last one.
pub(super) fn without_code_line(text: &str, language: Language, code: &Code) -> Option<String> {
    let text = canonical(text);
    text.strip_suffix(&code_line(language, code))?.strip_suffix('\n').map(canonical)
}

/// The text of an event without its code line, in canonical form.
pub(super) fn of_event(common: &Common, body: &Body, request: &Request) -> String {
    let words = words(common.language);
    let author = request.participant(common.author).map(person).unwrap_or_default();
    let title = title(common, body, request);
    match body {
        Body::Request(request) => of_request(common, request, words, &title, &author),
        Body::Decision { comment, .. } | Body::Comment { comment } => {
            let documents = documents(&common.documents, words);
            canonical(&format!("{title}\n{author}\n\n{comment}\n\n{documents}"))
        }
        Body::Relay(_) => canonical(&format!("{title}\n{author}\n\n{}", words.relay_note)),
        Body::Result(result) => canonical(&format!("{title}\n{author}\n\n{}", word(result.outcome, words))),
        Body::Unsupported => canonical(&format!("{title}\n{author}")),
    }
}

/// The first line of the text, and the mail's subject of events other than requests.
pub(super) fn title(common: &Common, body: &Body, request: &Request) -> String {
    let words = words(common.language);
    let what = match body {
        Body::Request(_) => words.request,
        Body::Decision { word: decided, .. } => word(*decided, words),
        Body::Comment { .. } => words.comment,
        Body::Relay(_) => words.relay,
        Body::Result(_) => words.result,
        Body::Unsupported => words.other,
    };
    format!("{what}{}{}", words.colon, request.subject)
}

fn of_request(common: &Common, request: &Request, words: &Words, title: &str, author: &str) -> String {
    let mut text =
        format!("{title}\n{}{}{author}\n\n{}{}\n", words.asked_by, words.colon, words.approvers, words.colon);
    let people = |numbers: &[u32]| {
        let names: Vec<String> = numbers.iter().filter_map(|n| request.participant(*n)).map(person).collect();
        names.join(words.between)
    };
    for (index, stage) in request.route.iter().enumerate() {
        let rule = match stage.rule {
            _ if stage.approvers.len() == 1 => String::new(),
            Rule::All => format!("{}{}", words.all, words.colon),
            Rule::Any => format!("{}{}", words.any, words.colon),
            Rule::AtLeast { n } => format!("{}{n}{}{}", words.at_least.0, words.at_least.1, words.colon),
        };
        let _ = writeln!(text, "{}. {rule}{}", index.saturating_add(1), people(&stage.approvers));
    }
    if !request.informed.is_empty() {
        let _ = writeln!(text, "{}{}{}", words.informed, words.colon, people(&request.informed));
    }
    if let Some(deadline) = &request.deadline {
        let _ = writeln!(text, "{}{}{}", words.answer_by.0, deadline.as_str(), words.answer_by.1);
    }
    text.push_str(&documents(&common.documents, words));
    if !request.message.is_empty() {
        let _ = writeln!(text, "\n{}", request.message);
    }
    let approver = |p: &&Participant| request.stage_of(p.number).is_some();
    if request.participants.iter().filter(approver).any(|p| p.program == Program::Other) {
        let _ = writeln!(text, "\n{}", words.how_to_answer);
    }
    canonical(&text)
}

fn documents(documents: &[Document], words: &Words) -> String {
    let mut text = String::new();
    if !documents.is_empty() {
        let _ = writeln!(text, "{}{}", words.documents, words.colon.trim_end());
    }
    for document in documents {
        let _ = writeln!(
            text,
            "- {} ({}, {} {}, SHA-256 {})",
            document.name, document.content_type, document.size, words.octets, document.sha256
        );
    }
    text
}

fn word(word: Word, words: &Words) -> &'static str {
    match word {
        Word::Approve => words.approved,
        Word::Reject => words.rejected,
    }
}

fn person(participant: &Participant) -> String {
    if participant.name.is_empty() {
        participant.address.to_string()
    } else {
        format!("{} <{}>", participant.name, participant.address)
    }
}

/// Characters that could make a text look different from what it says: controls, and the explicit bidirectional
/// embeddings, overrides and isolates.
fn deceives(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Foreign text without what could make it look different from what it says.
pub(super) fn harmless(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !deceives(*c)).collect()
}

/// One line: a subject.
pub(super) fn check_line(line: &str) -> Result<(), ()> {
    if line.is_empty() { Err(()) } else { check_optional_line(line) }
}

/// One line, or nothing: a name.
pub(super) fn check_optional_line(line: &str) -> Result<(), ()> {
    let right = line.len() <= MAX_LINE_OCTETS
        && line.trim() == line
        && !line.chars().any(deceives)
        && Code::all_in(line, 1).is_empty();
    if right { Ok(()) } else { Err(()) }
}

/// A file name: one line without path separators.
pub(super) fn check_file_name(name: &str) -> Result<(), ()> {
    if name.contains(['/', '\\']) { Err(()) } else { check_line(name) }
}

/// Free text in canonical form. It must not hold a code: a reply that quotes it would name another request.
pub(super) fn check_text(text: &str) -> Result<(), ()> {
    let right = text.len() <= MAX_TEXT_OCTETS
        && canonical(text) == text
        && !text.chars().any(|c| c != '\n' && c != '\t' && deceives(c))
        && Code::all_in(text, 1).is_empty();
    if right { Ok(()) } else { Err(()) }
}
