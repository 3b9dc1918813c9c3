//! Padding: the length of a ciphertext tells less about what is inside.

/// Largest step that is used, in octets; a larger one is lowered to this, so that the padded header section stays well
/// below what readers take.
pub const MAX_PADDING_STEP: usize = 64 * 1024;

const NAME: &[u8] = b"X-Padding: ";
/// The field with one octet of value and its CRLF.
const SHORTEST: usize = NAME.len() + 3;
/// A whole line of 76 octets and its CRLF.
const LONGEST: usize = 78;

/// Pads a MIME entity that will be encrypted to a multiple of `step` octets, by `X-Padding` fields at the end of its
/// header section. Every MIME reader ignores unknown fields; the entity's body, and whatever is signed inside it, stays as it
/// is. `entity` is the wrapper around an opaque signature (`application/pkcs7-mime; smime-type=signed-data`), not a payload
/// that is itself signed. An entity without an empty line after its header section, and a step of 0, change nothing.
pub fn pad_entity(mut entity: Vec<u8>, step: usize) -> Vec<u8> {
    let step = step.min(MAX_PADDING_STEP);
    let Some(separator) = entity.windows(4).position(|window| window == b"\r\n\r\n") else { return entity };
    let Some(missing) = entity.len().checked_next_multiple_of(step).map(|padded| padded - entity.len())
    else {
        return entity;
    };
    if missing == 0 {
        return entity;
    }
    let mut needed = missing;
    while needed < SHORTEST {
        needed += step;
    }
    let at = separator + 2;
    entity.splice(at..at, fields(needed));
    entity
}

/// Padding fields of exactly `needed` octets (at least [`SHORTEST`]).
fn fields(mut needed: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(needed);
    while needed > 0 {
        // Never leave a rest that is too short for a field.
        let length = if needed > LONGEST { LONGEST.min(needed - SHORTEST) } else { needed };
        out.extend_from_slice(NAME);
        out.resize(out.len() + length - NAME.len() - 2, b'x');
        out.extend_from_slice(b"\r\n");
        needed -= length;
    }
    out
}
