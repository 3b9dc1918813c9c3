//! Screens 06 to 08.

use super::{Banner, Button, Empty, Icon, Label, MenuRow, MessageStatus, Spoken, Text, Tone, When, record};
use crate::mirror::mirror;

mirror! {
    /// How a step stands.
    StepState = client::view::StepState {
        /// Filled with accent, tick.
        Done,
        /// Accent ring and halo, number.
        Now,
        /// Edge ring, number.
        Waiting,
        /// Danger, cross.
        Rejected,
        /// Dashed ring, number.
        NotNeeded,
    }
}

record! {
    /// One approval.
    ApprovalScreen = client::view::ApprovalScreen {
        /// Id of the request.
        id: String,
        /// `ap_title`.
        title: Text,
        /// Its subject.
        subject: String,
        /// `ap_asks`; absent in one's own.
        asks: Option<Text>,
        /// Result, or that a decision waits to be sent.
        banner: Option<Banner>,
        /// Trust line, or what is wrong with the request.
        status: MessageStatus,
        /// Id of the mail whose details stand behind the trust line; absent when it is not on the device.
        mail: Option<String>,
        /// Deadline, while the request is open.
        deadline: Option<Deadline>,
        /// The route.
        route: Route,
        /// What people said with their decisions, in the order of the route.
        comments: Vec<Remark>,
        /// The requester's words.
        text: String,
        /// `ap_docs`, when there are any.
        documents_title: Option<Text>,
        /// Documents.
        documents: Vec<DocumentRow>,
        /// `ap_informed`.
        informed: Option<Text>,
        /// Reject and Approve; absent when it isn't this account's turn.
        bar: Option<DecisionBar>,
        /// Instead of the bar, when the request ended or the owner has decided.
        buttons: Vec<Button>,
        /// Behind More.
        menu: Vec<MenuRow>,
    }
}

record! {
    /// Somebody's words.
    Remark = client::view::Remark {
        /// Whose.
        who: Label,
        /// The words.
        text: String,
    }
}

record! {
    /// When an answer is asked for.
    Deadline = client::view::Deadline {
        /// Icon.
        icon: Icon,
        /// `ap_by`.
        by: Text,
        /// `ap_left`, `as_due_today` or `ap_overdue`.
        left: Text,
        /// Of both: neutral, caution on the day itself, danger after it.
        tone: Tone,
    }
}

record! {
    /// One document.
    DocumentRow = client::view::DocumentRow {
        /// Place in the request, from 0.
        index: u64,
        /// Icon.
        icon: Icon,
        /// File name.
        name: String,
        /// Octets.
        size: u64,
        /// `ap_opened` or `ap_unopened`.
        state: Text,
        /// Of the state.
        tone: Tone,
        /// SHA-256, hexadecimal: names it for "opened".
        sha256: String,
        /// It can be opened.
        is_enabled: bool,
        /// Said as one element.
        spoken: Spoken,
    }
}

record! {
    /// The bar that is pinned to the bottom.
    DecisionBar = client::view::DecisionBar {
        /// More.
        more: Button,
        /// Reject.
        reject: Button,
        /// Approve: on the right, under the thumb.
        approve: Button,
    }
}

record! {
    /// The lists.
    ApprovalsScreen = client::view::ApprovalsScreen {
        /// `tab_approvals`.
        title: Text,
        /// Waiting for me, I asked, Done.
        segments: Vec<Segment>,
        /// The tab with its badge.
        badge_spoken: Option<Spoken>,
    }
}

record! {
    /// One list.
    Segment = client::view::Segment {
        /// Its name.
        title: Text,
        /// Badge.
        count: Option<u64>,
        /// Groups in order; none is empty.
        groups: Vec<ApprovalGroup>,
        /// Instead of groups.
        empty: Option<Empty>,
    }
}

record! {
    /// Rows under a heading.
    ApprovalGroup = client::view::ApprovalGroup {
        /// Heading.
        title: Text,
        /// Rows.
        rows: Vec<ApprovalRow>,
    }
}

record! {
    /// One approval. There is no button on it that decides.
    ApprovalRow = client::view::ApprovalRow {
        /// Id of the request.
        id: String,
        /// Subject.
        subject: String,
        /// Who asks; absent in one's own.
        who: Option<String>,
        /// `ap_ndocs`, or for whom it waits.
        second: Option<Text>,
        /// `ap_any`, … when the open step is a group.
        rule: Option<Text>,
        /// Bars of the route.
        bars: Vec<StepState>,
        /// The same in words: `in_step` or `as_progress`.
        progress: Text,
        /// Until when.
        due: Option<Due>,
        /// How it ended.
        tag: Option<Tag>,
        /// Nothing but the icon of a warned request.
        warning: Option<Text>,
    }
}

record! {
    /// Until when an answer is asked for.
    Due = client::view::Due {
        /// Icon.
        icon: Icon,
        /// The deadline.
        when: When,
        /// Neutral, caution on the day, danger after it.
        tone: Tone,
        /// `ap_overdue`, when it is.
        overdue: Option<Text>,
    }
}

record! {
    /// A small word on a fill.
    Tag = client::view::Tag {
        /// Word.
        text: Text,
        /// Fill and colour.
        tone: Tone,
        /// Before the word.
        icon: Option<Icon>,
    }
}

record! {
    /// The route.
    Route = client::view::Route {
        /// `ap_route`.
        title: Text,
        /// `in_step`, while a step is open.
        progress: Option<Text>,
        /// In order.
        steps: Vec<Step>,
        /// Too many steps for a row at any size of text.
        is_vertical: bool,
    }
}

record! {
    /// One step.
    Step = client::view::Step {
        /// From 1.
        number: u64,
        /// How it stands.
        state: StepState,
        /// Instead of the number.
        icon: Option<Icon>,
        /// "2 of 3" in the circle of a group: approved, of so many.
        group: Option<Share>,
        /// The person; of a group, how many.
        who: Label,
        /// State; of a group, its rule.
        caption: Text,
        /// Colour of the caption.
        tone: Tone,
        /// Of a group: everybody in it.
        members: Vec<Member>,
        /// Said as one element.
        spoken: Spoken,
    }
}

record! {
    /// So many of so many.
    Share = client::view::Share {
        /// Approved.
        approved: u64,
        /// Needed.
        of: u64,
    }
}

record! {
    /// One approver.
    Member = client::view::Member {
        /// Who.
        who: Option<String>,
        /// Address.
        address: String,
        /// How it stands.
        state: StepState,
        /// State.
        caption: Text,
        /// Colour of the caption.
        tone: Tone,
        /// The person's words.
        comment: Option<String>,
    }
}

record! {
    /// The sheet.
    ConfirmSheet = client::view::ConfirmSheet {
        /// Id of the request.
        id: String,
        /// `cf_title`; the focus starts here.
        title: Text,
        /// `cf_decision`.
        decision_label: Text,
        /// What it is.
        decision: Tag,
        /// `cf_request`.
        request_label: Text,
        /// The subject.
        request: String,
        /// `cf_asked`.
        asked: PersonLine,
        /// `ap_docs`.
        documents_label: Text,
        /// File names.
        documents: Vec<String>,
        /// `cf_unopened`, in caution; told, never in the way.
        unopened: Option<Text>,
        /// `cf_words`.
        words_title: Text,
        /// Six words of the request digest in the language of the screen; none when they could not be computed.
        words: Vec<String>,
        /// `cf_words_hint`.
        words_hint: Text,
        /// The words as one element.
        words_spoken: Spoken,
        /// `cf_as`.
        signer: PersonLine,
        /// `cf_comment` or `cf_reason`.
        comment_label: Text,
        /// Sign waits for a comment.
        needs_comment: bool,
        /// What unlocks the key: by finger.
        hint_finger: Text,
        /// By face.
        hint_face: Text,
        /// `cf_sign` or `cf_sign_no`; enabled once a comment that is needed is there.
        sign: Button,
        /// `c_cancel`.
        cancel: Button,
        /// The request digest, hexadecimal: in Technical details.
        digest: String,
    }
}

record! {
    /// Somebody in the sheet.
    PersonLine = client::view::PersonLine {
        /// What the person is.
        label: Text,
        /// Name, else the address.
        name: String,
        /// Address.
        address: String,
    }
}
