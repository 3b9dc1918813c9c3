//! One function per parser: it takes any octets, and asserts what must hold for all of them.
//!
//! `cargo xtask fuzz` drives these with libFuzzer (`libfuzzer/`, which needs a nightly compiler); the normal tests replay the
//! seeds in `fixtures/fuzz`. A crash becomes a seed with the name of what was wrong.

mod approval;
mod autoconfig;
mod ber;
mod cms;
mod containers;
mod html;
mod imap;
mod mime;
mod open;
mod qr;
mod tsp;
mod x509;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("approval", approval::approval),
    ("autoconfig", autoconfig::autoconfig),
    ("ber", ber::ber),
    ("csr", containers::csr),
    ("decrypt", cms::decrypt),
    ("html", html::html),
    ("imap", imap::imap),
    ("mime", mime::mime),
    ("open", open::open),
    ("pkcs12", containers::pkcs12),
    ("protect", mime::protect),
    ("qr", qr::qr),
    ("signed", cms::signed),
    ("tsp", tsp::tsp),
    ("x509", x509::x509),
];

/// Calls the target of this name.
///
/// # Panics
/// Something does not hold that must hold; or there is no such target.
pub fn run(name: &str, octets: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    assert!(target.is_some(), "there is no target {name}");
    if let Some((_, call)) = target {
        call(octets);
    }
}

/// Whether `inner` lies inside `outer` in memory.
fn lies_in(inner: &[u8], outer: &[u8]) -> bool {
    let (inner, outer) = (inner.as_ptr_range(), outer.as_ptr_range());
    outer.start <= inner.start && inner.end <= outer.end
}
