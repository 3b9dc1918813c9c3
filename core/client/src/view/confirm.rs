//! Screen 07: what is signed, before it is signed.

use engine::approval::Word;
use serde::Serialize;

use super::{
    ApprovalCase, Arg, Banner, Button, Does, Icon, Look, Spoken, Tag, Text, Tone, fault_text, shown_name,
};
use crate::approvals::ApprovalState;
use crate::error::{CoreError, NotDecidable, WrongUse};

/// The sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfirmSheet {
    /// Id of the request.
    pub id: String,
    /// `cf_title`; the focus starts here.
    pub title: Text,
    /// `cf_decision`.
    pub decision_label: Text,
    /// What it is.
    pub decision: Tag,
    /// `cf_request`.
    pub request_label: Text,
    /// The subject.
    pub request: String,
    /// `cf_asked`.
    pub asked: PersonLine,
    /// `ap_docs`.
    pub documents_label: Text,
    /// File names.
    pub documents: Vec<String>,
    /// `cf_unopened`, in caution; told, never in the way.
    pub unopened: Option<Text>,
    /// `cf_words`.
    pub words_title: Text,
    /// Six words of the request digest in the language of the screen; none when they could not be computed.
    pub words: Vec<String>,
    /// `cf_words_hint`.
    pub words_hint: Text,
    /// The words as one element.
    pub words_spoken: Spoken,
    /// `cf_as`.
    pub signer: PersonLine,
    /// `cf_comment` or `cf_reason`.
    pub comment_label: Text,
    /// Sign waits for a comment.
    pub needs_comment: bool,
    /// What unlocks the key: by finger.
    pub hint_finger: Text,
    /// By face.
    pub hint_face: Text,
    /// `cf_sign` or `cf_sign_no`; enabled once a comment that is needed is there.
    pub sign: Button,
    /// `c_cancel`.
    pub cancel: Button,
    /// The request digest, hexadecimal: in Technical details.
    pub digest: String,
}

/// Somebody in the sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonLine {
    /// What the person is.
    pub label: Text,
    /// Name, else the address.
    pub name: String,
    /// Address.
    pub address: String,
}

/// Screen 07. `words` are the check words of the request digest.
pub fn confirm_sheet(case: &ApprovalCase, word: Word, words: Vec<String>, opened: &[String]) -> ConfirmSheet {
    let approval = &case.approval;
    let name = case.requester_name();
    let is_opened = |sha256: String| opened.iter().any(|known| known.eq_ignore_ascii_case(&sha256));
    let all = approval.documents.len();
    let unopened = approval.documents.iter().filter(|file| !is_opened(file.sha256.to_hex())).count();
    let (decision, sign, comment) = match word {
        Word::Approve => (
            Tag { text: Text::new("ap_approve"), tone: Tone::Accent, icon: Some(Icon::Tick) },
            "cf_sign",
            "cf_comment",
        ),
        Word::Reject => (
            Tag { text: Text::new("ap_reject"), tone: Tone::Danger, icon: Some(Icon::Close) },
            "cf_sign_no",
            "cf_reason",
        ),
    };
    let needs_comment = word == Word::Reject;
    let spoken = Spoken::new("a_words").value("words", Arg::Text(words.join(" ")));
    ConfirmSheet {
        id: approval.id.clone(),
        title: Text::new("cf_title"),
        decision_label: Text::new("cf_decision"),
        decision,
        request_label: Text::new("cf_request"),
        request: approval.subject.clone(),
        asked: PersonLine {
            label: Text::new("cf_asked"),
            name: name.clone(),
            address: approval.requester.clone(),
        },
        documents_label: Text::new("ap_docs"),
        documents: approval.documents.iter().map(|file| file.name.clone()).collect(),
        unopened: (unopened > 0).then(|| Text::of("cf_unopened", unopened, all)),
        words_title: Text::new("cf_words"),
        words,
        words_hint: Text::named("cf_words_hint", &name),
        words_spoken: spoken,
        signer: PersonLine {
            label: Text::new("cf_as"),
            name: shown_name(Some(&case.me.name)).unwrap_or_else(|| case.me.address.clone()),
            address: case.me.address.clone(),
        },
        comment_label: Text::new(comment),
        needs_comment,
        hint_finger: Text::new("cf_hint"),
        hint_face: Text::new("cf_hint_face"),
        sign: Button::new(Text::new(sign), Look::Primary, Does::Sign)
            .icon(Icon::Finger)
            .enabled(!needs_comment),
        cancel: Button::new(Text::new("c_cancel"), Look::Plain, Does::Leave),
        digest: approval.id.clone(),
    }
}

/// What became of signing. `after` is the approval as it is then; `None` when there is nothing to say (cancelled).
pub fn confirm_result(result: Result<&ApprovalCase, &CoreError>, word: Word) -> Option<Banner> {
    use engine::ports::VaultError;
    let accent = |text| Some(Banner::new(Icon::Seal, Tone::Accent, text));
    match result {
        Ok(case) if case.approval.decision_waiting => accent(Text::new("cf_queued")),
        Ok(case) if word == Word::Reject => accent(Text::named("cf_rejected", &case.requester_name())),
        Ok(case) => match (case.approval.state, case.next()) {
            (ApprovalState::Open | ApprovalState::Incomplete, Some(next)) => {
                accent(Text::named("cf_done", &next))
            }
            _ => accent(Text::new("cf_done_last")),
        },
        Err(CoreError::Cancelled | CoreError::Vault(VaultError::Cancelled)) => None,
        Err(CoreError::Vault(VaultError::Locked)) => {
            Some(Banner::new(Icon::Warn, Tone::Caution, Text::new("cf_fail")))
        }
        Err(CoreError::WrongUse(WrongUse::NotDecidable(why))) => {
            let key = match why {
                NotDecidable::Ended => "cf_ended",
                NotDecidable::Decided => "cf_decided",
                NotDecidable::NotYourTurn | NotDecidable::ChangedMeanwhile => "cf_changed",
                NotDecidable::UnknownRequester | NotDecidable::Undecidable | NotDecidable::Doubtful => {
                    "cf_unfit"
                }
            };
            Some(Banner::new(Icon::Warn, Tone::Caution, Text::new(key)))
        }
        Err(error) => fault_text(error).map(|text| Banner::new(Icon::Warn, Tone::Caution, text)),
    }
}
