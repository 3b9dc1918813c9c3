//! QR codes, cards and meetings.

use std::sync::Arc;

use crate::calls::{Calls, Cancel};
use crate::error::{CoreError, address};
use crate::mirror::{Convert, all, mirror};
use crate::view::{CameraState, ExchangeScreen, KeysScreen, ScanScreen};

mirror! {
    /// State of a meeting.
    MeetingStage = client::MeetingStage {
        /// We scanned; the address is not yet confirmed.
        Scanned,
        /// They scanned; our confirmation (scan or number) is missing.
        AwaitingConfirmation,
        /// We confirmed; their last mail is missing.
        AwaitingAnswer,
        /// Another anchor is known; `agree` is missing.
        AwaitingAgreement,
        /// Met.
        Met,
        /// Two people answered one code.
        Burnt,
        /// Declined by the user.
        Declined,
    }
}

/// A code to be shown.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CodeView {
    /// Modules on a side, without the light border of 4 modules that belongs around them.
    pub size: u32,
    /// One octet a module, row by row from the top left: 1 dark, 0 light; `size * size` octets.
    pub modules: Vec<u8>,
    /// The same as a PNG picture with its border, 8 pixels a module: for print and sharing.
    pub png: Vec<u8>,
    /// Seconds for which it can start a meeting; 0 for a card.
    pub valid_for: u64,
}

/// One 8-bit luma plane of a camera: the Y plane of YUV_420_888 (Android) or of 420f (iOS), as it is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CameraFrame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows. `width * height` is at most 25 million.
    pub height: u32,
    /// Octets from the begin of a row to the begin of the next one; not less than `width`.
    pub row_stride: u32,
    /// The plane, one octet a pixel; its last row may end after `width` octets.
    pub luma: Vec<u8>,
}

/// What a scan led to.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ScanView {
    /// A card was pinned (or the person is known already with the same anchor).
    Card {
        /// Whose.
        address: String,
        /// As the card says; show it only with the address.
        name: String,
        /// Another anchor is known; nothing was changed.
        differs: bool,
    },
    /// A meeting began or went on.
    Meeting {
        /// With whom.
        address: String,
        /// As the code says; show it only with the address.
        name: String,
        /// To be compared when the other phone asks.
        number: String,
        /// Met already: the other side's mail had come before.
        met: bool,
    },
}

/// Where a meeting stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MeetingView {
    /// With whom.
    pub address: String,
    /// Display name; show it only with the address.
    pub name: Option<String>,
    /// State.
    pub stage: MeetingStage,
    /// To compare; none once it is not needed.
    pub number: Option<String>,
}

/// QR codes and meetings of one account.
#[derive(uniffi::Object)]
pub struct QrExchange {
    calls: Arc<Calls>,
    exchange: client::QrExchange,
}

#[uniffi::export]
impl QrExchange {
    /// The meeting code to show now.
    #[uniffi::method(default(cancel = None))]
    pub async fn show(&self, cancel: Cancel) -> Result<CodeView, CoreError> {
        let exchange = self.exchange.clone();
        self.calls.read("qr_exchange.show", cancel, move || exchange.show()).await.map(Into::into)
    }

    /// The card, for print.
    #[uniffi::method(default(cancel = None))]
    pub async fn card(&self, cancel: Cancel) -> Result<CodeView, CoreError> {
        let exchange = self.exchange.clone();
        self.calls.read("qr_exchange.card", cancel, move || exchange.card()).await.map(Into::into)
    }

    /// Screen 11. `seen` is why the code in the last picture was of no use.
    #[uniffi::method(default(seen = None, cancel = None))]
    pub async fn screen(
        &self,
        camera: CameraState,
        seen: Option<CoreError>,
        cancel: Cancel,
    ) -> Result<ExchangeScreen, CoreError> {
        let exchange = self.exchange.clone();
        let seen = seen.and_then(|error| error.as_client());
        let work = move || exchange.screen(camera.into(), seen.as_ref());
        self.calls.read("qr_exchange.screen", cancel, work).await.map(Convert::convert)
    }

    /// Screen 12 after a scan.
    #[uniffi::method(default(cancel = None))]
    pub async fn scan_screen(&self, scan: ScanView, cancel: Cancel) -> Result<ScanScreen, CoreError> {
        let exchange = self.exchange.clone();
        let start = |scan| self.calls.core().spawn_blocking(move || exchange.scan_screen(&scan));
        self.calls
            .run_with("qr_exchange.scan_screen", cancel, scan.try_into(), start)
            .await
            .map(Convert::convert)
    }

    /// Screen 12 of one person as things stand now, also after the app was closed since the scan; nothing for somebody who is
    /// not known.
    #[uniffi::method(default(cancel = None))]
    pub async fn person_screen(
        &self,
        address: String,
        cancel: Cancel,
    ) -> Result<Option<ScanScreen>, CoreError> {
        let exchange = self.exchange.clone();
        let start = |who| self.calls.core().spawn_blocking(move || exchange.person_screen(&who));
        let screen = self.calls.run_with("qr_exchange.person_screen", cancel, self::address(&address), start);
        screen.await.map(Convert::convert)
    }

    /// Screen 12 of each meeting that waits for something.
    #[uniffi::method(default(cancel = None))]
    pub async fn meeting_screens(&self, cancel: Cancel) -> Result<Vec<ScanScreen>, CoreError> {
        let exchange = self.exchange.clone();
        let work = move || exchange.meeting_screens();
        self.calls.read("qr_exchange.meeting_screens", cancel, work).await.map(Convert::convert)
    }

    /// Screen 03, once the keys are there. `is_pending`: the organisation's certificate has not come yet.
    #[uniffi::method(default(cancel = None))]
    pub async fn keys_screen(&self, is_pending: bool, cancel: Cancel) -> Result<KeysScreen, CoreError> {
        let exchange = self.exchange.clone();
        let work = move || exchange.keys_screen(is_pending);
        self.calls.read("qr_exchange.keys_screen", cancel, work).await.map(Convert::convert)
    }

    /// Reads a PNG picture of somebody's meeting code and begins or confirms the meeting.
    #[uniffi::method(default(cancel = None))]
    pub async fn meet(&self, png: Vec<u8>, cancel: Cancel) -> Result<ScanView, CoreError> {
        self.calls.run("qr_exchange.meet", cancel, || self.exchange.meet(png)).await.map(Into::into)
    }

    /// As [`meet`](Self::meet), from a camera; nothing when no code can be read in this frame. One frame at a time.
    #[uniffi::method(default(cancel = None))]
    pub async fn meet_frame(
        &self,
        frame: CameraFrame,
        cancel: Cancel,
    ) -> Result<Option<ScanView>, CoreError> {
        let start = || self.exchange.meet_frame(frame.into());
        Ok(self.calls.run("qr_exchange.meet_frame", cancel, start).await?.map(Into::into))
    }

    /// Reads a PNG picture of somebody's card and pins it; a meeting code is taken as a card.
    #[uniffi::method(default(cancel = None))]
    pub async fn scan_card(&self, png: Vec<u8>, cancel: Cancel) -> Result<ScanView, CoreError> {
        self.calls.run("qr_exchange.scan_card", cancel, || self.exchange.scan_card(png)).await.map(Into::into)
    }

    /// As [`scan_card`](Self::scan_card), from a camera; nothing when no code can be read in this frame.
    #[uniffi::method(default(cancel = None))]
    pub async fn scan_card_frame(
        &self,
        frame: CameraFrame,
        cancel: Cancel,
    ) -> Result<Option<ScanView>, CoreError> {
        let start = || self.exchange.scan_card_frame(frame.into());
        Ok(self.calls.run("qr_exchange.scan_card_frame", cancel, start).await?.map(Into::into))
    }

    /// The user compared the number that is shown of the meeting with this person: the same.
    #[uniffi::method(default(cancel = None))]
    pub async fn confirm_number(
        &self,
        address: String,
        number: String,
        cancel: Cancel,
    ) -> Result<(), CoreError> {
        let start = |who| self.exchange.confirm_number(who, Some(number));
        self.calls.run_with("qr_exchange.confirm_number", cancel, self::address(&address), start).await
    }

    /// The user agrees that this person's known anchor is replaced.
    #[uniffi::method(default(cancel = None))]
    pub async fn agree(&self, address: String, cancel: Cancel) -> Result<(), CoreError> {
        let start = |who| self.exchange.agree(who);
        self.calls.run_with("qr_exchange.agree", cancel, self::address(&address), start).await
    }

    /// All meetings.
    #[uniffi::method(default(cancel = None))]
    pub async fn status(&self, cancel: Cancel) -> Result<Vec<MeetingView>, CoreError> {
        let exchange = self.exchange.clone();
        self.calls.read("qr_exchange.status", cancel, move || exchange.status()).await.map(all)
    }
}

impl QrExchange {
    pub(crate) fn new(calls: &Arc<Calls>, exchange: client::QrExchange) -> Arc<Self> {
        Arc::new(QrExchange { calls: Arc::clone(calls), exchange })
    }
}

impl From<CameraFrame> for client::CameraFrame {
    fn from(frame: CameraFrame) -> Self {
        client::CameraFrame {
            width: frame.width,
            height: frame.height,
            row_stride: frame.row_stride,
            luma: frame.luma,
        }
    }
}

impl From<client::CodeView> for CodeView {
    fn from(code: client::CodeView) -> Self {
        CodeView {
            size: code.size,
            modules: code.dark.into_iter().map(u8::from).collect(),
            png: code.png,
            valid_for: code.valid_for,
        }
    }
}

impl From<client::ScanView> for ScanView {
    fn from(scan: client::ScanView) -> Self {
        match scan {
            client::ScanView::Card { address, name, differs } => {
                ScanView::Card { address: address.to_string(), name, differs }
            }
            client::ScanView::Meeting { address, name, number, met } => {
                ScanView::Meeting { address: address.to_string(), name, number, met }
            }
        }
    }
}

impl TryFrom<ScanView> for client::ScanView {
    type Error = CoreError;

    fn try_from(scan: ScanView) -> Result<Self, CoreError> {
        Ok(match scan {
            ScanView::Card { address, name, differs } => {
                client::ScanView::Card { address: self::address(&address)?, name, differs }
            }
            ScanView::Meeting { address, name, number, met } => {
                client::ScanView::Meeting { address: self::address(&address)?, name, number, met }
            }
        })
    }
}

impl From<client::MeetingStatus> for MeetingView {
    fn from(status: client::MeetingStatus) -> Self {
        MeetingView {
            address: status.person.address.to_string(),
            name: status.person.name,
            stage: status.stage.into(),
            number: status.number.map(|number| number.to_string()),
        }
    }
}
