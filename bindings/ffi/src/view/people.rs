//! Screens 10 to 12.

use super::{Banner, Button, Empty, Icon, Label, MenuRow, Spoken, StateLine, StepState, Text, Tone, record};

record! {
    /// The contacts.
    ContactsScreen = client::view::ContactsScreen {
        /// `tab_contacts`.
        title: Text,
        /// In the search field.
        search: Text,
        /// Opens the exchange.
        exchange: MenuRow,
        /// By name; those whose certificate changed are not moved.
        rows: Vec<ContactRow>,
        /// Instead of rows.
        empty: Option<Empty>,
    }
}

record! {
    /// One person.
    ContactRow = client::view::ContactRow {
        /// In the circle.
        initials: String,
        /// Name, else the address.
        name: String,
        /// Address.
        address: String,
        /// How the person is known.
        state: StateLine,
        /// Said as one element.
        spoken: Spoken,
    }
}

record! {
    /// The screen.
    ExchangeScreen = client::view::ExchangeScreen {
        /// `qr_title`.
        title: Text,
        /// The own code.
        code: OwnCode,
        /// `qr_both`.
        help: Text,
        /// In the camera: `qr_aim`, or that it is not allowed.
        aim: Text,
        /// The camera as one element.
        camera_spoken: Option<Text>,
        /// `qr_allow`, when the camera is not allowed.
        allow: Option<Button>,
        /// Light, Face to face, From a picture.
        actions: Vec<MenuRow>,
        /// Over the camera: what is wrong with the code that it saw.
        banner: Option<Banner>,
    }
}

record! {
    /// The own code; always dark on white, with 4 light modules around it.
    OwnCode = client::view::OwnCode {
        /// Name.
        name: String,
        /// Address.
        address: String,
        /// `qr_mine`.
        caption: Text,
        /// Modules on a side.
        size: u32,
        /// The modules row by row from the top left: 1 dark, 0 light.
        dark: Vec<u8>,
        /// Seconds until another one must be shown.
        valid_for: u64,
        /// The picture as one element.
        spoken: Text,
    }
}

record! {
    /// The result. It always names the other person with the address, never "this device".
    ScanScreen = client::view::ScanScreen {
        /// In the circle.
        icon: Icon,
        /// Its fill.
        tone: Tone,
        /// Heading.
        title: Text,
        /// What it means.
        text: Option<Text>,
        /// The other person.
        person: ContactRow,
        /// The own code is to be shown, for the other phone.
        code: Option<OwnCode>,
        /// Who has whose certificate.
        steps: Vec<ScanStep>,
        /// Four digits that both phones show, in large type.
        number: Option<String>,
        /// The known certificate and the new one.
        anchors: Vec<KnownOrNew>,
        /// The first one is primary.
        buttons: Vec<Button>,
        /// Said when the screen comes: `a_scanned`.
        spoken: Text,
    }
}

record! {
    /// One of the two halves of a meeting.
    ScanStep = client::view::ScanStep {
        /// From 1.
        number: u64,
        /// Done, or now.
        state: StepState,
        /// Which half.
        text: Text,
    }
}

record! {
    /// One of two certificates.
    KnownOrNew = client::view::KnownOrNew {
        /// `sr_known` or `sr_new`.
        title: StateLine,
        /// How and when it came.
        line: Label,
    }
}
