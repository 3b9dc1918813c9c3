//! Screens 01 to 03.

use super::{Banner, Button, Icon, OwnCode, StateLine, Text, record};

record! {
    /// Screen 01. A certificate from a file is not taken in this version: no button for it.
    AddressScreen = client::view::AddressScreen {
        /// `ob_title`.
        title: Text,
        /// `ob_lead`.
        lead: Text,
        /// `ob_label`.
        label: Text,
        /// What was typed.
        address: String,
        /// `ob_privacy`.
        promise: StateLine,
        /// Under the field, while the server is looked for.
        progress: Option<Text>,
        /// Under the field; announced.
        error: Option<StateLine>,
        /// Goes on.
        go: Button,
    }
}

record! {
    /// Screen 02. There is no way on over a connection that is not secure.
    PasswordScreen = client::view::PasswordScreen {
        /// `pw_title`.
        title: Text,
        /// The address.
        address: String,
        /// The server.
        found: Option<FoundServer>,
        /// `pw_label`.
        label: Text,
        /// `pw_help`.
        help: Text,
        /// Under the field; announced. What was typed stays.
        error: Option<StateLine>,
        /// Signs in.
        go: Button,
        /// `pw_manual`.
        servers: Button,
    }
}

record! {
    /// A server that answered over TLS.
    FoundServer = client::view::FoundServer {
        /// `pw_found`.
        text: Text,
        /// `pw_secure`.
        second: Text,
    }
}

record! {
    /// How far the keys are.
    KeysProgress = client::view::KeysProgress {
        /// From 1, of 3.
        number: u64,
        /// What is being done.
        text: Text,
    }
}

record! {
    /// Screen 03.
    KeysScreen = client::view::KeysScreen {
        /// In the circle.
        icon: Icon,
        /// While working.
        step: Option<KeysProgress>,
        /// `kr_title`, once they are there.
        title: Option<Text>,
        /// `kr_lead`.
        lead: Option<Text>,
        /// The organisation's certificate is pending; the own code works.
        wait: Option<Text>,
        /// The own code.
        code: Option<OwnCode>,
        /// `kr_scan`.
        scan: Option<Text>,
        /// `kr_backup_why`. A backup is not made in this version: no button for it.
        backup: Option<Text>,
        /// What went wrong; one can try again.
        error: Option<Banner>,
        /// Opens the inbox.
        go: Option<Button>,
    }
}
