//! Screen 09: writing a mail, or asking for approval.

use serde::Serialize;
use smime::UnixTime;

use super::{Arg, Banner, Button, Does, Icon, Look, Spoken, StateLine, Text, Tone, shown_name};
use crate::approvals::Deciding;
use crate::composer::RecipientView;

/// What is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeDraft {
    /// The switch is on.
    pub asks_approval: bool,
    /// To, or the route in order.
    pub to: Vec<RecipientView>,
    /// Cc, or who is informed.
    pub cc: Vec<RecipientView>,
    /// Subject.
    pub subject: String,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// Deadline.
    pub deadline: Option<UnixTime>,
    /// Sending without encryption is allowed here.
    pub allows_plain: bool,
}

/// The screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComposeScreen {
    /// `co_title` or `co_switch`.
    pub title: Text,
    /// `co_switch`.
    pub switch: Text,
    /// `co_switch_sub`.
    pub switch_second: Text,
    /// It is on.
    pub is_approval: bool,
    /// To, or the route.
    pub to: RecipientField,
    /// Cc, or who is informed.
    pub cc: RecipientField,
    /// In order, Everyone, Any one. Only for approvals.
    pub order: Vec<Choice>,
    /// `co_by`; only for approvals.
    pub by: Option<Text>,
    /// The deadline.
    pub deadline: Option<UnixTime>,
    /// `co_subject`.
    pub subject_label: Text,
    /// Subject.
    pub subject: String,
    /// Above the keyboard.
    pub footer: Footer,
}

/// One of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Which.
    pub text: Text,
    /// It is the chosen one.
    pub is_chosen: bool,
}

/// To or Cc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientField {
    /// Its name.
    pub label: Text,
    /// People.
    pub people: Vec<Recipient>,
    /// They have numbers and can be moved.
    pub is_ordered: bool,
}

/// Somebody the mail goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// Place in the route, from 1.
    pub number: Option<u64>,
    /// Name, else the address.
    pub name: String,
    /// Address.
    pub address: String,
    /// Mail can be encrypted, or not.
    pub state: StateLine,
    /// Said as one element.
    pub spoken: Spoken,
    /// `a_remove`.
    pub remove: Text,
}

/// What stands over the keyboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Footer {
    /// All can read it; with nobody in it, nothing.
    pub state: Option<StateLine>,
    /// Somebody can't.
    pub banner: Option<Banner>,
    /// Asks for a certificate, or sends.
    pub main: Button,
    /// Sends without encryption; asks to confirm.
    pub plain: Option<Button>,
}

/// Screen 09.
pub fn compose_screen(draft: &ComposeDraft) -> ComposeScreen {
    let is_approval = draft.asks_approval;
    let is_in_order = is_approval && draft.deciding == Deciding::InOrder;
    let (title, to, cc) = match is_approval {
        true => ("co_switch", "co_route", "co_informed"),
        false => ("co_title", "co_to", "co_cc"),
    };
    ComposeScreen {
        title: Text::new(title),
        switch: Text::new("co_switch"),
        switch_second: Text::new("co_switch_sub"),
        is_approval,
        to: field(to, &draft.to, is_in_order),
        cc: field(cc, &draft.cc, false),
        order: if is_approval { order(draft.deciding) } else { Vec::new() },
        by: is_approval.then(|| Text::new("co_by")),
        deadline: draft.deadline.filter(|_| is_approval),
        subject_label: Text::new("co_subject"),
        subject: draft.subject.clone(),
        footer: footer(draft),
    }
}

fn order(deciding: Deciding) -> Vec<Choice> {
    [("co_order", Deciding::InOrder), ("co_all", Deciding::All), ("co_any", Deciding::Any)]
        .into_iter()
        .map(|(key, choice)| Choice { text: Text::new(key), is_chosen: choice == deciding })
        .collect()
}

fn field(label: &'static str, people: &[RecipientView], is_ordered: bool) -> RecipientField {
    let recipient = |(number, person): (u64, &RecipientView)| {
        let address = person.address.to_string();
        let name = name(person);
        let state = match person.can_encrypt {
            true => StateLine::new(Icon::Lock, Tone::Accent, Text::new("co_can")),
            false => StateLine::new(Icon::LockOpen, Tone::Caution, Text::new("co_none")),
        };
        Recipient {
            number: is_ordered.then_some(number),
            spoken: Spoken::new("a_person")
                .value("name", Arg::Name(name.clone()))
                .value("address", Arg::Address(address.clone()))
                .text("state", state.text.clone()),
            remove: Text::named("a_remove", &name),
            name,
            address,
            state,
        }
    };
    RecipientField { label: Text::new(label), people: (1..).zip(people).map(recipient).collect(), is_ordered }
}

fn name(person: &RecipientView) -> String {
    shown_name(person.name.as_deref()).unwrap_or_else(|| person.address.to_string())
}

fn footer(draft: &ComposeDraft) -> Footer {
    let without = draft.to.iter().chain(&draft.cc).find(|person| !person.can_encrypt);
    if let Some(person) = without {
        let name = name(person);
        let does = Does::Write(Some(person.address.to_string()));
        let plain = Button::new(Text::new("co_plain"), Look::Plain, Does::SendPlain);
        return Footer {
            state: None,
            banner: Some(Banner::new(Icon::LockOpen, Tone::Caution, Text::named("co_warn", &name))),
            main: Button::new(Text::named("co_invite", &name), Look::Primary, does).icon(Icon::Mail),
            // An approval is never sent in the clear.
            plain: (!draft.asks_approval && draft.allows_plain).then_some(plain),
        };
    }
    let (key, icon) = if draft.asks_approval { ("co_send_ap", Some(Icon::Stamp)) } else { ("co_send", None) };
    let has_subject = !draft.asks_approval || !draft.subject.trim().is_empty();
    let is_ready = !draft.to.is_empty() && has_subject;
    let lock = StateLine::new(Icon::Lock, Tone::Accent, Text::new("co_all_ok"));
    Footer {
        state: (!draft.to.is_empty()).then_some(lock),
        banner: None,
        main: Button { icon, ..Button::new(Text::new(key), Look::Primary, Does::Send).enabled(is_ready) },
        plain: None,
    }
}
