//! Every state of every screen, for the tests of the platforms.

use client::view;

use super::{
    AddressScreen, ApprovalScreen, ApprovalsScreen, Banner, ComposeScreen, ConfirmSheet, ContactsScreen,
    ExchangeScreen, HeldMail, InboxScreen, KeysScreen, MessageScreen, PasswordScreen, ScanScreen,
};
use crate::mirror::Convert;

/// One state of a screen.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ScreenState {
    /// Number and state, like `06-overdue`: the name of its picture.
    pub name: String,
    /// What it shows.
    pub screen: Screen,
}

/// Any screen.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[allow(clippy::large_enum_variant, reason = "each is made once, to be shown")]
pub enum Screen {
    /// 01.
    Address {
        /// It.
        shown: AddressScreen,
    },
    /// 02.
    Password {
        /// It.
        shown: PasswordScreen,
    },
    /// 03.
    Keys {
        /// It.
        shown: KeysScreen,
    },
    /// 04.
    Inbox {
        /// It.
        shown: InboxScreen,
    },
    /// 05 and 14.
    Message {
        /// It.
        shown: MessageScreen,
    },
    /// 06.
    Approval {
        /// It.
        shown: ApprovalScreen,
    },
    /// 07.
    Confirm {
        /// It.
        shown: ConfirmSheet,
    },
    /// 07b: what is said after signing.
    Said {
        /// It.
        shown: Banner,
    },
    /// 08.
    Approvals {
        /// It.
        shown: ApprovalsScreen,
    },
    /// 09.
    Compose {
        /// It.
        shown: ComposeScreen,
    },
    /// 09c: what is said after sending.
    Held {
        /// It.
        shown: HeldMail,
    },
    /// 10.
    Contacts {
        /// It.
        shown: ContactsScreen,
    },
    /// 11.
    Exchange {
        /// It.
        shown: ExchangeScreen,
    },
    /// 12.
    Scan {
        /// It.
        shown: ScanScreen,
    },
}

/// All of them, with sample people, in the order of the screens: made by what makes them in the app.
#[uniffi::export]
pub fn sample_screens() -> Vec<ScreenState> {
    view::states().convert()
}

impl Convert<ScreenState> for view::ScreenState {
    fn convert(self) -> ScreenState {
        ScreenState { name: self.name.to_owned(), screen: self.screen.convert() }
    }
}

impl Convert<Screen> for view::Screen {
    fn convert(self) -> Screen {
        match self {
            view::Screen::Address(shown) => Screen::Address { shown: shown.convert() },
            view::Screen::Password(shown) => Screen::Password { shown: shown.convert() },
            view::Screen::Keys(shown) => Screen::Keys { shown: shown.convert() },
            view::Screen::Inbox(shown) => Screen::Inbox { shown: shown.convert() },
            view::Screen::Message(shown) => Screen::Message { shown: shown.convert() },
            view::Screen::Approval(shown) => Screen::Approval { shown: shown.convert() },
            view::Screen::Confirm(shown) => Screen::Confirm { shown: shown.convert() },
            view::Screen::Said(shown) => Screen::Said { shown: shown.convert() },
            view::Screen::Approvals(shown) => Screen::Approvals { shown: shown.convert() },
            view::Screen::Compose(shown) => Screen::Compose { shown: shown.convert() },
            view::Screen::Held(shown) => Screen::Held { shown: shown.convert() },
            view::Screen::Contacts(shown) => Screen::Contacts { shown: shown.convert() },
            view::Screen::Exchange(shown) => Screen::Exchange { shown: shown.convert() },
            view::Screen::Scan(shown) => Screen::Scan { shown: shown.convert() },
        }
    }
}
