//! Screen 09.

use super::{Banner, Button, Spoken, StateLine, Text, record};

record! {
    /// The screen.
    ComposeScreen = client::view::ComposeScreen {
        /// `co_title` or `co_switch`.
        title: Text,
        /// `co_switch`.
        switch: Text,
        /// `co_switch_sub`.
        switch_second: Text,
        /// It is on.
        is_approval: bool,
        /// To, or the route.
        to: RecipientField,
        /// Cc, or who is informed.
        cc: RecipientField,
        /// In order, Everyone, Any one. Only for approvals.
        order: Vec<Choice>,
        /// `co_by`; only for approvals.
        by: Option<Text>,
        /// The deadline.
        deadline: Option<i64>,
        /// `co_subject`.
        subject_label: Text,
        /// Subject.
        subject: String,
        /// Above the keyboard.
        footer: Footer,
    }
}

record! {
    /// One of several.
    Choice = client::view::Choice {
        /// Which.
        text: Text,
        /// It is the chosen one.
        is_chosen: bool,
    }
}

record! {
    /// To or Cc.
    RecipientField = client::view::RecipientField {
        /// Its name.
        label: Text,
        /// People.
        people: Vec<Recipient>,
        /// They have numbers and can be moved.
        is_ordered: bool,
    }
}

record! {
    /// Somebody the mail goes to.
    Recipient = client::view::Recipient {
        /// Place in the route, from 1.
        number: Option<u64>,
        /// Name, else the address.
        name: String,
        /// Address.
        address: String,
        /// Mail can be encrypted, or not.
        state: StateLine,
        /// Said as one element.
        spoken: Spoken,
        /// `a_remove`.
        remove: Text,
    }
}

record! {
    /// What stands over the keyboard.
    Footer = client::view::Footer {
        /// All can read it; with nobody in it, nothing.
        state: Option<StateLine>,
        /// Somebody can't.
        banner: Option<Banner>,
        /// Asks for a certificate, or sends.
        main: Button,
        /// Sends without encryption; asks to confirm.
        plain: Option<Button>,
    }
}

record! {
    /// What is said after sending, as long as the mail can be taken back.
    HeldMail = client::view::HeldMail {
        /// Its number in the outbox: what is taken back.
        number: u64,
        /// `co_undo`, with the seconds that are left.
        button: Button,
    }
}
