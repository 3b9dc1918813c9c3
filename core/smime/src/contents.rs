//! Content types without keys: data, digested-data (RFC 5652 sections 4 and 7), compressed-data (RFC 3274). Read only:
//! none of them proves or hides anything, and compressed mail invites bombs.

use std::io::Read;

use const_oid::ObjectIdentifier;
use flate2::read::ZlibDecoder;

use crate::ber::{self, BerError, Reader, Tag};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm};
use crate::oid;

/// Most octets that come out of one compressed octet, once more than [`FREE_OCTETS`] came out. Text is seldom packed
/// twenty times; zlib could do a thousand.
pub const MAX_RATIO: usize = 100;

/// Octets that come out whatever went in.
pub const FREE_OCTETS: usize = 64 * 1024;

/// Why the content was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Not BER, not ContentInfo, no zlib stream, or the structure is broken.
    #[error("the content is malformed")]
    Malformed,
    /// ContentInfo of another type.
    #[error("not a content of this type")]
    OtherType,
    /// The digest or the compression is not known here.
    #[error("the content uses an unsupported algorithm")]
    Unsupported,
    /// More octets than were allowed, or more than [`MAX_RATIO`] times what was sent.
    #[error("the content is too long when it is decompressed")]
    TooLong,
}

impl From<BerError> for ContentError {
    fn from(_: BerError) -> Self {
        ContentError::Malformed
    }
}

/// A content and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The octets, constructed strings joined.
    pub octets: Vec<u8>,
    /// eContentType.
    pub content_type: ObjectIdentifier,
}

/// The content of a DigestedData.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digested {
    /// The content.
    pub content: Content,
    /// The digest over it.
    pub algorithm: DigestAlgorithm,
    /// The digest is that of the content. It proves nothing: whoever changes the content computes it anew.
    pub is_right: bool,
}

/// The octets of a ContentInfo of type data.
pub fn read_data(ber: &[u8]) -> Result<Vec<u8>, ContentError> {
    let mut explicit = enter(ber, &oid::DATA)?;
    let content = explicit.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    explicit.finish()?;
    Ok(content)
}

/// A DigestedData with its content inside.
pub fn read_digested(ber: &[u8]) -> Result<Digested, ContentError> {
    let mut explicit = enter(ber, &oid::DIGESTED_DATA)?;
    let mut fields = explicit.sequence()?;
    explicit.finish()?;
    fields.expect(ber::INTEGER)?;
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let content = encapsulated(fields.sequence()?)?;
    let digest = fields.expect(ber::OCTET_STRING)?.octets()?;
    fields.finish()?;
    let algorithm = DigestAlgorithm::from_oid(&algorithm.oid()).ok_or(ContentError::Unsupported)?;
    let is_right = algorithm.digest(&content.octets) == digest.as_ref();
    Ok(Digested { content, algorithm, is_right })
}

/// The content of a CompressedData, at most `limit` octets of it.
pub fn decompress(ber: &[u8], limit: usize) -> Result<Content, ContentError> {
    let mut explicit = enter(ber, &oid::COMPRESSED_DATA)?;
    let mut fields = explicit.sequence()?;
    explicit.finish()?;
    fields.expect(ber::INTEGER)?;
    let algorithm = AlgorithmIdentifier::read(&mut fields)?;
    let packed = encapsulated(fields.sequence()?)?;
    fields.finish()?;
    if algorithm.oid() != oid::ZLIB_COMPRESS {
        return Err(ContentError::Unsupported);
    }
    let limit = limit.min(packed.octets.len().saturating_mul(MAX_RATIO).max(FREE_OCTETS));
    let mut octets = Vec::new();
    let mut decoder = ZlibDecoder::new(packed.octets.as_slice()).take(limit as u64 + 1);
    decoder.read_to_end(&mut octets).map_err(|_| ContentError::Malformed)?;
    if octets.len() > limit {
        return Err(ContentError::TooLong);
    }
    let decoder = decoder.into_inner();
    if decoder.total_in() != packed.octets.len() as u64 {
        return Err(ContentError::Malformed);
    }
    Ok(Content { octets, content_type: packed.content_type })
}

/// What stands in a ContentInfo of this type.
fn enter<'a>(ber: &'a [u8], wanted: &ObjectIdentifier) -> Result<Reader<'a>, ContentError> {
    let mut content_info = ber::sequence(ber)?;
    if content_info.oid()? != *wanted {
        return Err(ContentError::OtherType);
    }
    let explicit = content_info.expect(Tag::context(0))?.reader()?;
    content_info.finish()?;
    Ok(explicit)
}

/// EncapsulatedContentInfo with its content.
fn encapsulated(mut fields: Reader<'_>) -> Result<Content, ContentError> {
    let content_type = fields.oid()?;
    let mut explicit = fields.expect(Tag::context(0))?.reader()?;
    let octets = explicit.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    explicit.finish()?;
    fields.finish()?;
    Ok(Content { octets, content_type })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::ber::write;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn message(compression: &[u8], packed: &[u8]) -> Vec<u8> {
        let inside =
            write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(packed)])]);
        let structure = write::sequence(&[&write::small(0), compression, &inside]);
        write::sequence(&[&write::oid(&oid::COMPRESSED_DATA), &write::context(0, &[&structure])])
    }

    fn zlib() -> Vec<u8> {
        write::algorithm(&oid::ZLIB_COMPRESS, &[])
    }

    #[test]
    fn a_bomb_ends_at_the_ratio_and_at_the_limit() {
        let bomb = packed(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(decompress(&message(&zlib(), &bomb), usize::MAX), Err(ContentError::TooLong));
        let small = vec![0; FREE_OCTETS];
        let fits = message(&zlib(), &packed(&small));
        assert_eq!(decompress(&fits, usize::MAX).unwrap().octets, small);
        assert_eq!(decompress(&fits, small.len()).unwrap().octets.len(), small.len());
        assert_eq!(decompress(&fits, small.len() - 1), Err(ContentError::TooLong));
    }

    #[test]
    fn truncated_damaged_and_foreign_contents_are_refused() {
        let whole = packed(b"a content that is long enough to be cut anywhere");
        for length in 0..whole.len() {
            let cut = message(&zlib(), &whole[..length]);
            assert_eq!(decompress(&cut, 1000), Err(ContentError::Malformed), "{length}");
        }
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(decompress(&message(&zlib(), &damaged), 1000), Err(ContentError::Malformed));
        let followed = [&whole[..], b"more"].concat();
        assert_eq!(decompress(&message(&zlib(), &followed), 1000), Err(ContentError::Malformed));
        let other = write::algorithm(&oid::SHA256, &[]);
        assert_eq!(decompress(&message(&other, &whole), 1000), Err(ContentError::Unsupported));
        assert_eq!(read_data(&message(&zlib(), &whole)), Err(ContentError::OtherType));
        assert_eq!(read_digested(b"no BER"), Err(ContentError::Malformed));
    }
}
