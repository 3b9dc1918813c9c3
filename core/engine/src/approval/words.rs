//! Check words (rule 17): two people compare six words to know that they hold the same request.

use argon2::{Algorithm, Argon2, Params, Version};

use super::ids::RequestDigest;
use super::text::Language;

/// Memory of one computation, in KiB.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
const SALT: &[u8] = b"countersign check words 1";
/// 66 bits need 9 octets.
const OUTPUT_OCTETS: usize = 9;
const BITS_PER_WORD: usize = 11;

const ENGLISH: &str = include_str!("words/en.txt");
const CHINESE: &str = include_str!("words/zh.txt");

/// Six BIP-39 words from the first 66 bits of Argon2id(digest, fixed salt, 64 MiB, t = 3, p = 1), most significant
/// bit first. Takes 64 MiB of memory and a noticeable time, so that an attacker can't search for a request with the
/// same words. The indexes are the same in both languages. `None` only when the computation is refused.
pub fn check_words(digest: &RequestDigest, language: Language) -> Option<[&'static str; 6]> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_OCTETS)).ok()?;
    let mut output = [0u8; OUTPUT_OCTETS];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(digest.0.as_bytes(), SALT, &mut output)
        .ok()?;
    let bits = output.iter().fold(0u128, |bits, octet| bits << 8 | u128::from(*octet));
    let unused = OUTPUT_OCTETS * 8 - 6 * BITS_PER_WORD;
    let list = match language {
        Language::English => ENGLISH,
        Language::Chinese => CHINESE,
    };
    let mut words = [""; 6];
    for (place, word) in words.iter_mut().enumerate() {
        let index = bits >> (unused + (5 - place) * BITS_PER_WORD) & 0x7FF;
        *word = list.lines().nth(usize::try_from(index).ok()?)?;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smime::Fingerprint;

    #[test]
    fn the_lists_are_those_of_bip_39() {
        // SHA-256 of english.txt and chinese_simplified.txt in bitcoin/bips, bip-0039.
        let known = [
            (ENGLISH, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"),
            (CHINESE, "5c5942792bd8340cb8b27cd592f1015edf56a8c5b26276ee18a482428e7c5726"),
        ];
        for (list, sha256) in known {
            assert_eq!(Fingerprint::of(list.as_bytes()).to_hex(), sha256);
            assert_eq!(list.lines().count(), 2048);
        }
    }

    #[test]
    fn rule_17_six_words_from_the_first_66_bits_of_argon2id() {
        // Computed with argon2-cffi 25.1 (the reference implementation): hash_secret_raw(SHA-256("abc"), SALT, 3, 65536, 1, 9, ID).
        let digest = RequestDigest::of(b"abc");
        let english = ["benefit", "crowd", "notable", "drum", "train", "feature"];
        assert_eq!(check_words(&digest, Language::English), Some(english));
        assert_eq!(check_words(&digest, Language::Chinese), Some(["公", "支", "纺", "破", "焰", "环"]));
    }
}
