//! The order of the files in an evidence pack.

use serde::Serialize;
use smime::{Fingerprint, UnixTime};

use super::analysis::analyse;
use super::event::Kind;
use super::ids::EventId;
use super::payload;
use super::raw::EventSet;
use super::view::{Context, EventView, RequestView};

/// One verified event for the evidence pack (`NN-kind.p7m`, `.sig`, `.tst`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceItem {
    /// From 1, in the order of rule 5.
    pub number: u32,
    /// What it is.
    pub kind: EvidenceKind,
    /// Its id.
    pub id: EventId,
    /// Who signed it.
    pub author: u32,
    /// It counts for the outcome.
    pub counted: bool,
    /// The copy to export: valid, with the earliest token where one is inside.
    pub raw: super::RawEvent,
    /// Octets of SignerInfo.signature: what the token stamps.
    pub signature: Vec<u8>,
    /// The token that gives its time, inside the copy or relayed.
    pub token: Option<Vec<u8>>,
    /// genTime of that token.
    pub time: Option<UnixTime>,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// An event of this kind.
    Event(Kind),
    /// A signed reply from another program.
    Reply,
}

impl EvidenceKind {
    /// For file names: `request`, `approve`, …, `reply`.
    pub fn name(&self) -> &'static str {
        match self {
            EvidenceKind::Reply => "reply",
            EvidenceKind::Event(kind) => match kind {
                Kind::Request => "request",
                Kind::Approve => "approve",
                Kind::Reject => "reject",
                Kind::Comment => "comment",
                Kind::Relay => "relay",
                Kind::Result => "result",
                Kind::Return => "return",
                Kind::Delegate => "delegate",
                Kind::AddApprover => "add_approver",
                Kind::Withdraw => "withdraw",
                Kind::Remind => "remind",
                Kind::Release => "release",
                // A name chosen by somebody else does not become a file name.
                Kind::Unknown(_) => "unknown",
            },
        }
    }
}

/// The octets of a document of the request, `index` from 0 in the order of [`RequestView::documents`]; `None` when the request
/// is not here or holds something else than it lists.
pub fn request_document(
    set: &EventSet,
    view: &RequestView,
    context: &Context<'_>,
    index: usize,
) -> Option<Vec<u8>> {
    let listed = view.documents.get(index)?;
    let analysis = analyse(set, context);
    let copy = analysis.copies.get(&view.request?)?;
    let octets = payload::document(&copy.payload, u32::try_from(index).ok()?)?;
    (Fingerprint::of(&octets) == listed.sha256).then_some(octets)
}

/// All verified events in the order of rule 5.
pub fn evidence_order(set: &EventSet, view: &RequestView, context: &Context<'_>) -> Vec<EvidenceItem> {
    let analysis = analyse(set, context);
    let item = |(number, shown): (u32, &EventView)| {
        let copy = analysis.copies.get(&shown.id)?;
        Some(EvidenceItem {
            number,
            kind: analysis.kind(shown.id).cloned().map_or(EvidenceKind::Reply, EvidenceKind::Event),
            id: shown.id,
            author: shown.author,
            counted: shown.counted,
            raw: copy.raw.clone(),
            signature: copy.signer()?.signature().to_vec(),
            token: shown.token.as_ref().and_then(|token| analysis.tokens.get(&token.id)).cloned(),
            time: shown.token.as_ref().map(|token| token.time),
        })
    };
    (1..).zip(&view.events).filter_map(item).collect()
}
