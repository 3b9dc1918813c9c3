//! Screen 10: contacts.

use serde::Serialize;
use smime::path::Trust;

use super::{Arg, Does, Empty, Icon, MenuRow, Spoken, StateLine, Text, Tone, initials, shown_name};
use crate::people::ContactView;

/// The contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactsScreen {
    /// `tab_contacts`.
    pub title: Text,
    /// In the search field.
    pub search: Text,
    /// Opens the exchange.
    pub exchange: MenuRow,
    /// By name; those whose certificate changed are not moved.
    pub rows: Vec<ContactRow>,
    /// Instead of rows.
    pub empty: Option<Empty>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactRow {
    /// In the circle.
    pub initials: String,
    /// Name, else the address.
    pub name: String,
    /// Address.
    pub address: String,
    /// How the person is known.
    pub state: StateLine,
    /// Said as one element.
    pub spoken: Spoken,
}

/// Screen 10.
pub fn contacts_screen(contacts: &[ContactView]) -> ContactsScreen {
    let mut rows: Vec<ContactRow> = contacts.iter().map(contact_row).collect();
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.address.clone()));
    ContactsScreen {
        title: Text::new("tab_contacts"),
        search: Text::new("ct_search"),
        exchange: MenuRow {
            icon: Icon::Qr,
            text: Text::new("ct_scan"),
            second: Some(Text::new("ct_scan_sub")),
            does: Does::Exchange,
        },
        empty: rows.is_empty().then(|| Empty {
            icon: Icon::Person,
            heading: Text::new("ct_empty"),
            line: Text::new("ct_empty_sub"),
        }),
        rows,
    }
}

/// The row of one person.
pub fn contact_row(contact: &ContactView) -> ContactRow {
    let address = contact.address.to_string();
    let name = shown_name(contact.name.as_deref()).unwrap_or_else(|| address.clone());
    person_row(name, address, known(contact))
}

pub(super) fn person_row(name: String, address: String, state: StateLine) -> ContactRow {
    let spoken = Spoken::new("a_person")
        .value("name", Arg::Name(name.clone()))
        .value("address", Arg::Address(address.clone()))
        .text("state", state.text.clone());
    ContactRow { initials: initials(&name), name, address, state, spoken }
}

/// How a person is known; a changed certificate goes first.
pub(super) fn known(contact: &ContactView) -> StateLine {
    if contact.changed_anchor {
        return StateLine::new(Icon::Warn, Tone::Caution, Text::new("ct_changed"));
    }
    if contact.trust == Trust::Met {
        let met = Text::new("ct_met").with("date", Arg::Time(contact.since));
        return StateLine::new(Icon::Seal, Tone::Accent, met);
    }
    let card = |key| StateLine::new(Icon::Card, Tone::Info, Text::new(key));
    match contact.trust {
        Trust::Organisation if contact.can_encrypt => card("ct_org"),
        Trust::PublicCa if contact.can_encrypt => card("ct_public"),
        Trust::Met | Trust::Pinned if contact.can_encrypt => card("ct_card"),
        _ => StateLine::new(Icon::LockOpen, Tone::Neutral, Text::new("ct_none")),
    }
}
