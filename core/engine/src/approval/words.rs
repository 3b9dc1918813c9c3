//! Check words (rule 17).

use super::ids::RequestDigest;
use super::text::Language;

/// Six BIP-39 words from the first 66 bits of Argon2id(digest). Takes 64 MiB of memory and about a second; both
/// languages have the same indexes. `None` when the memory is not there.
pub fn check_words(digest: &RequestDigest, language: Language) -> Option<[&'static str; 6]> {
    let _ = (digest, language);
    todo!()
}
