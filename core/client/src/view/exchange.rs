//! Screen 11: the own code and the camera.

use serde::Serialize;

use super::{Banner, Button, Does, Icon, Look, MenuRow, Text, Tone, scan_fault, shown_name};
use crate::error::CoreError;
use crate::exchange::CodeView;

/// The screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExchangeScreen {
    /// `qr_title`.
    pub title: Text,
    /// The own code.
    pub code: OwnCode,
    /// `qr_both`.
    pub help: Text,
    /// In the camera: `qr_aim`, or that it is not allowed.
    pub aim: Text,
    /// The camera as one element.
    pub camera_spoken: Option<Text>,
    /// `qr_allow`, when the camera is not allowed.
    pub allow: Option<Button>,
    /// Light, Face to face, From a picture.
    pub actions: Vec<MenuRow>,
    /// Over the camera: what is wrong with the code that it saw.
    pub banner: Option<Banner>,
}

/// The own code; always dark on white, with 4 light modules around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnCode {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// `qr_mine`.
    pub caption: Text,
    /// Modules on a side.
    pub size: u32,
    /// The modules row by row from the top left; dark ones are `true`.
    #[serde(skip)]
    pub dark: Vec<bool>,
    /// Seconds until another one must be shown.
    pub valid_for: u64,
    /// The picture as one element.
    pub spoken: Text,
}

/// What the camera may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraState {
    /// It runs.
    Ready,
    /// It is not allowed; the own code still works.
    Denied,
}

/// Screen 11. `seen` is why the code in the last picture was of no use.
pub fn exchange_screen(
    code: &CodeView,
    name: &str,
    address: &str,
    camera: CameraState,
    seen: Option<&CoreError>,
) -> ExchangeScreen {
    let is_ready = camera == CameraState::Ready;
    let row = |icon, key, second: Option<&'static str>, does| MenuRow {
        icon,
        text: Text::new(key),
        second: second.map(Text::new),
        does,
    };
    let mut actions = Vec::new();
    if is_ready {
        actions.push(row(Icon::Light, "qr_light", None, Does::Light));
        actions.push(row(Icon::Person, "qr_front", Some("a_front"), Does::FrontCamera));
    }
    actions.push(row(Icon::Image, "qr_picture", Some("qr_picture_sub"), Does::Picture));
    let banner = |text| Banner::new(Icon::Warn, Tone::Caution, text);
    ExchangeScreen {
        title: Text::new("qr_title"),
        code: own_code(code, name, address),
        help: Text::new("qr_both"),
        aim: Text::new(if is_ready { "qr_aim" } else { "qr_nocam" }),
        camera_spoken: is_ready.then(|| Text::new("a_camera")),
        allow: (!is_ready).then(|| Button::new(Text::new("qr_allow"), Look::Primary, Does::AllowCamera)),
        actions,
        banner: seen.and_then(scan_fault).map(banner),
    }
}

pub(crate) fn own_code(code: &CodeView, name: &str, address: &str) -> OwnCode {
    let name = shown_name(Some(name)).unwrap_or_else(|| address.to_owned());
    OwnCode {
        spoken: Text::named("a_qr", &name),
        name,
        address: address.to_owned(),
        caption: Text::new("qr_mine"),
        size: code.size,
        dark: code.dark.clone(),
        valid_for: code.valid_for,
    }
}
