//! Strict JSON.
use super::event::{Event, EventError};
pub(super) fn event(json: &[u8]) -> Result<Event, EventError> {
    let _ = json;
    todo!()
}
pub(super) fn write(event: &Event) -> Vec<u8> {
    let _ = event;
    todo!()
}
