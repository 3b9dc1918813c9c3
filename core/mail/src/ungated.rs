//! HTML and pictures of a message, whether or not they may be shown.
//!
//! What came out of an encryption without integrity is never shown as HTML: whoever changed it on the way would get the
//! text back through a link or picture (EFAIL; Poddebniak et al. 2018). A message does not know where it came from, so
//! `engine::secure` alone calls this, behind `Opened::html` and `Opened::inline_picture`; a lint refuses it elsewhere.

pub use crate::part::html::{html, inline_picture};
