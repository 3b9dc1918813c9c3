//! View records: what the screens show. Words are keys of the strings table with what is filled in.

mod approval;
mod calls;
mod compose;
mod mail;
mod onboarding;
mod parts;
mod people;
mod samples;
mod texts;

pub use approval::{
    ApprovalGroup, ApprovalRow, ApprovalScreen, ApprovalsScreen, ConfirmSheet, Deadline, DecisionBar,
    DocumentRow, Due, Member, PersonLine, Remark, Route, Segment, Share, Step, StepState, Tag,
};
pub use calls::{
    CameraState, Clock, Connection, WrittenMail, address_screen, keys_failed_screen, keys_progress_screen,
    password_screen, undecided_banner,
};
pub use compose::{Choice, ComposeScreen, Footer, HeldMail, Recipient, RecipientField};
pub use mail::{
    Day, Detail, FileRow, InboxScreen, MailRow, MessageScreen, MessageStatus, PinnedRow, Sender, Waiting,
    When,
};
pub use onboarding::{AddressScreen, FoundServer, KeysProgress, KeysScreen, PasswordScreen};
pub use parts::{Banner, Button, Does, Empty, Icon, Look, MenuRow, StateLine, Tone};
pub use people::{ContactRow, ContactsScreen, ExchangeScreen, KnownOrNew, OwnCode, ScanScreen, ScanStep};
pub use samples::{Screen, ScreenState, sample_screens};
pub use texts::{Label, Said, Spoken, SpokenArg, Text, TextArg, TextValue};

/// `record! { Name = client::Name { field: Type, … } }` makes a record and the conversion from the client's, which has
/// fields of the same names; one that is missing on either side does not compile.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident = $($source:ident)::+ { $($(#[$note:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
        pub struct $name {
            $($(#[$note])* pub $field: $type),+
        }

        impl crate::mirror::Convert<$name> for $($source)::+ {
            fn convert(self) -> $name {
                let $($source)::+ { $($field),+ } = self;
                $name { $($field: crate::mirror::Convert::convert($field)),+ }
            }
        }
    };
}

use record;
