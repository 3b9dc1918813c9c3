//! From events as received to verified ones.
use super::raw::EventSet;
use super::view::{Context, RequestView};

pub(super) fn evaluate(set: &EventSet, context: &Context<'_>) -> RequestView {
    let _ = (set, context);
    todo!()
}
