//! Screen 12: what a scan led to, and how the meeting stands.

use engine::meeting::{Stage, Status};
use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;

use super::contacts::{known, person_row};
use super::{
    Arg, Button, ContactRow, Does, Icon, Label, Look, OwnCode, StateLine, StepState, Text, Tone, contact_row,
    shown_name,
};
use crate::exchange::ScanView;
use crate::people::ContactView;

/// The result. It always names the other person with the address, never "this device".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanScreen {
    /// In the circle.
    pub icon: Icon,
    /// Its fill.
    pub tone: Tone,
    /// Heading.
    pub title: Text,
    /// What it means.
    pub text: Option<Text>,
    /// The other person.
    pub person: ContactRow,
    /// The own code is to be shown, for the other phone.
    pub code: Option<OwnCode>,
    /// Who has whose certificate.
    pub steps: Vec<ScanStep>,
    /// Four digits that both phones show, in large type.
    pub number: Option<String>,
    /// The known certificate and the new one.
    pub anchors: Vec<KnownOrNew>,
    /// The first one is primary.
    pub buttons: Vec<Button>,
    /// Said when the screen comes: `a_scanned`.
    pub spoken: Text,
}

/// One of the two halves of a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanStep {
    /// From 1.
    pub number: u64,
    /// Done, or now.
    pub state: StepState,
    /// Which half.
    pub text: Text,
}

/// One of two certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownOrNew {
    /// `sr_known` or `sr_new`.
    pub title: StateLine,
    /// How and when it came.
    pub line: Label,
}

/// The other person as a code or a mail names him.
struct Other<'a> {
    name: String,
    address: String,
    contact: Option<&'a ContactView>,
}

/// Screen 12 right after a scan. `contact` is the stored person with this address, `meeting` the meeting that the scan
/// began or went on with, `own` the code to show for the way back.
pub fn scan_screen(
    scan: &ScanView,
    contact: Option<&ContactView>,
    meeting: Option<&Status>,
    own: Option<OwnCode>,
    now: UnixTime,
) -> ScanScreen {
    match scan {
        ScanView::Card { address, name, differs } => {
            let other = Other::new(name, address.to_string(), contact);
            if *differs { other.changed(now, false) } else { other.card() }
        }
        ScanView::Meeting { address, name, number, met } => {
            let other = Other::new(name, address.to_string(), contact);
            match meeting {
                _ if *met => other.met(now),
                Some(status) if other.differs(status) => other.changed(now, false),
                Some(_) | None => other.waiting(own, Some(number.clone())),
            }
        }
    }
}

/// Screen 12 of a meeting that goes on: what its last mail led to. `None` when there is nothing to show or to ask.
pub fn meeting_screen(
    status: &Status,
    contact: Option<&ContactView>,
    own: Option<OwnCode>,
    now: UnixTime,
) -> Option<ScanScreen> {
    let name = status.person.name.as_deref().unwrap_or_default();
    let other = Other::new(name, status.person.address.to_string(), contact);
    let number = status.number.map(|number| number.to_string());
    match status.stage {
        Stage::Scanned if other.differs(status) => Some(other.changed(now, false)),
        Stage::Scanned => Some(other.waiting(own, number)),
        Stage::AwaitingConfirmation => Some(match number {
            Some(number) => other.asked(number),
            None => other.scan_back(),
        }),
        Stage::AwaitingAnswer => Some(other.waiting(None, None)),
        Stage::AwaitingAgreement => Some(other.changed(now, true)),
        Stage::Met => Some(other.met(now)),
        Stage::Burnt => Some(other.burnt()),
        Stage::Declined => None,
    }
}

/// Screen 12 of one person as things stand: what goes on with a meeting, else how the person is known. `None` for somebody
/// who is not known and with whom nothing goes on.
pub fn person_screen(
    meeting: Option<&Status>,
    contact: Option<&ContactView>,
    own: Option<OwnCode>,
    now: UnixTime,
) -> Option<ScanScreen> {
    let open = meeting.filter(|status| status.stage != Stage::Met);
    if let Some(screen) = open.and_then(|status| meeting_screen(status, contact, own, now)) {
        return Some(screen);
    }
    let contact = contact?;
    let other =
        Other::new(contact.name.as_deref().unwrap_or_default(), contact.address.to_string(), Some(contact));
    Some(match contact.trust {
        _ if contact.changed_anchor => other.changed(now, false),
        Trust::Met => other.met(now),
        Trust::Organisation | Trust::PublicCa | Trust::Pinned | Trust::None => other.card(),
    })
}

impl<'a> Other<'a> {
    /// The stored name goes first: a code says whatever its maker likes.
    fn new(name: &str, address: String, contact: Option<&'a ContactView>) -> Self {
        let stored = contact.and_then(|contact| shown_name(contact.name.as_deref()));
        let name = stored.or_else(|| shown_name(Some(name))).unwrap_or_else(|| address.clone());
        Other { name, address, contact }
    }

    /// Another anchor than that of the meeting is stored.
    fn differs(&self, status: &Status) -> bool {
        let stored = self.contact.and_then(|contact| contact.anchor.as_ref());
        stored.is_some_and(|anchor| *anchor != status.person.anchor.0.to_hex())
    }

    fn text(&self, key: &'static str) -> Text {
        Text::named(key, &self.name)
    }

    fn screen(&self, icon: Icon, tone: Tone, title: Text, state: StateLine) -> ScanScreen {
        ScanScreen {
            icon,
            tone,
            title,
            text: None,
            person: person_row(self.name.clone(), self.address.clone(), state),
            code: None,
            steps: Vec::new(),
            number: None,
            anchors: Vec::new(),
            buttons: Vec::new(),
            spoken: self.text("a_scanned"),
        }
    }

    fn state(&self) -> StateLine {
        let nobody = || StateLine::new(Icon::LockOpen, Tone::Neutral, Text::new("ct_none"));
        self.contact.map_or_else(nobody, known)
    }

    fn met(&self, now: UnixTime) -> ScanScreen {
        let is_stored = |contact: &&ContactView| contact.trust == smime::path::Trust::Met;
        let state = match self.contact.filter(is_stored) {
            Some(contact) => contact_row(contact).state,
            None => {
                StateLine::new(Icon::Seal, Tone::Accent, Text::new("ct_met").with("date", Arg::Time(now)))
            }
        };
        ScanScreen {
            text: Some(Text::new("sr_both_sub")),
            buttons: vec![
                Button::new(self.text("sr_write"), Look::Primary, Does::Write(Some(self.address.clone()))),
                done(Look::Plain),
            ],
            ..self.screen(Icon::Seal, Tone::Accent, self.text("sr_both"), state)
        }
    }

    fn waiting(&self, own: Option<OwnCode>, number: Option<String>) -> ScanScreen {
        let title = if own.is_some() { "sr_wait" } else { "sr_wait_1" };
        ScanScreen {
            text: Some(Text::new("sr_wait_sub")),
            code: own,
            steps: vec![
                ScanStep { number: 1, state: StepState::Done, text: self.text("sr_wait_1") },
                ScanStep { number: 2, state: StepState::Now, text: self.text("sr_wait_2") },
            ],
            number,
            buttons: vec![done(Look::Outline)],
            ..self.screen(Icon::Qr, Tone::Neutral, self.text(title), self.state())
        }
    }

    /// Their phone scanned ours: the number, or a scan, is our half.
    fn asked(&self, number: String) -> ScanScreen {
        ScanScreen {
            text: Some(Text::new("sr_number_sub")),
            number: Some(number),
            buttons: vec![
                Button::new(Text::new("sr_number_yes"), Look::Primary, Does::SameNumber),
                Button::new(Text::new("ct_again"), Look::Outline, Does::Exchange).icon(Icon::Scan),
                Button::new(Text::new("c_not_now"), Look::Plain, Does::Leave),
            ],
            ..self.screen(Icon::Phone, Tone::Info, self.text("sr_number"), self.state())
        }
    }

    fn scan_back(&self) -> ScanScreen {
        ScanScreen {
            text: Some(Text::new("sr_back_sub")),
            buttons: vec![
                Button::new(Text::new("ct_scan"), Look::Primary, Does::Exchange).icon(Icon::Scan),
                Button::new(Text::new("c_not_now"), Look::Plain, Does::Leave),
            ],
            ..self.screen(Icon::Scan, Tone::Info, self.text("sr_back"), self.state())
        }
    }

    fn card(&self) -> ScanScreen {
        ScanScreen {
            text: Some(Text::new("qr_picture_sub")),
            buttons: vec![
                Button::new(self.text("sr_write"), Look::Primary, Does::Write(Some(self.address.clone()))),
                done(Look::Plain),
            ],
            ..self.screen(Icon::Card, Tone::Info, self.text("sr_wait_1"), self.state())
        }
    }

    /// Another certificate is known. Only who was met again can replace it (`can_agree`).
    fn changed(&self, now: UnixTime, can_agree: bool) -> ScanScreen {
        let line = |icon, tone, key| StateLine::new(icon, tone, Text::new(key));
        let before =
            self.contact.map(|contact| known(&ContactView { changed_anchor: false, ..contact.clone() }));
        let known = KnownOrNew {
            title: line(Icon::Seal, Tone::Accent, "sr_known"),
            line: Label::Text(before.map_or_else(|| Text::new("ct_card"), |state| state.text)),
        };
        let new = KnownOrNew { title: line(Icon::Warn, Tone::Caution, "sr_new"), line: Label::Time(now) };
        let first = match can_agree {
            true => Button::new(Text::new("sr_take"), Look::Outline, Does::TakeNew),
            false => Button::new(self.text("sr_again"), Look::Primary, Does::Exchange).icon(Icon::Scan),
        };
        ScanScreen {
            text: Some(self.text("sr_changed_sub")),
            anchors: vec![known, new],
            buttons: vec![first, Button::new(Text::new("sr_keep"), Look::Plain, Does::KeepKnown)],
            ..self.screen(
                Icon::Warn,
                Tone::Caution,
                self.text("sr_changed"),
                line(Icon::Warn, Tone::Caution, "ct_changed"),
            )
        }
    }

    fn burnt(&self) -> ScanScreen {
        ScanScreen {
            text: Some(Text::new("sr_burnt_sub")),
            buttons: vec![
                Button::new(self.text("sr_again"), Look::Primary, Does::Exchange).icon(Icon::Scan),
                done(Look::Plain),
            ],
            ..self.screen(Icon::Stop, Tone::Danger, Text::new("sr_burnt"), self.state())
        }
    }
}

fn done(look: Look) -> Button {
    Button::new(Text::new("c_done"), look, Does::Leave)
}
