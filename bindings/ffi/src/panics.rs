//! Where the last panic happened. What a panic says may hold personal data; its place in the source does not.

use std::panic;
use std::sync::{Mutex, Once, PoisonError};

static INSTALLED: Once = Once::new();
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Remembers places from now on, besides what was done before on a panic.
pub(crate) fn watch() {
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = place;
            before(info);
        }));
    });
}

/// The last one, once. With two panics at the same time it may be the other's.
pub(crate) fn take() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
