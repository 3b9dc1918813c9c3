//! Signed and unsigned attributes (RFC 5652 section 5.3).

use const_oid::ObjectIdentifier;

use super::{MAX_ATTRIBUTES, SignedDataError};
use crate::ber::{self, Element, write};

/// A set of attributes: its octets and where the values stand.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    /// The attributes as received, under the tag of SET OF and a definite length.
    set: Vec<u8>,
    attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
struct Attribute {
    /// Content octets of the type: an identifier of unusual length must not spoil the rest.
    kind: Vec<u8>,
    values: Vec<Vec<u8>>,
    /// The whole attribute, as received.
    raw: Vec<u8>,
}

/// An attribute that may be there once, with one value, is there more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotSingle;

impl Attributes {
    /// Reads `[n] IMPLICIT SET OF Attribute`.
    pub(super) fn read(element: &Element<'_>) -> Result<Self, SignedDataError> {
        let mut members = element.reader()?;
        let mut attributes = Vec::new();
        while !members.is_empty() {
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(SignedDataError::Limit("64 attributes of a signer"));
            }
            let attribute = members.expect(ber::SEQUENCE)?;
            let mut fields = attribute.reader()?;
            let kind = fields.expect(ber::OBJECT_IDENTIFIER)?.content().to_vec();
            let mut set = fields.set()?;
            fields.finish()?;
            let mut values = Vec::new();
            while !set.is_empty() {
                values.push(set.any()?.raw().to_vec());
            }
            attributes.push(Attribute { kind, values, raw: attribute.raw().to_vec() });
        }
        Ok(Attributes { set: write::tlv(0x31, element.content()), attributes })
    }

    /// SET OF, in the order received.
    pub(super) fn set(&self) -> &[u8] {
        &self.set
    }

    /// SET OF, sorted as DER wants it, when that is something else than [`Attributes::set`].
    pub(super) fn sorted_set(&self) -> Option<Vec<u8>> {
        let sorted = write::set_of(self.attributes.iter().map(|attribute| attribute.raw.clone()).collect());
        (sorted != self.set).then_some(sorted)
    }

    /// All values of all attributes of this type.
    pub(super) fn values(&self, kind: &ObjectIdentifier) -> impl Iterator<Item = &[u8]> {
        let kind = *kind;
        self.attributes
            .iter()
            .filter(move |attribute| attribute.kind == kind.as_bytes())
            .flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    /// The value of an attribute that must not be there twice nor have several values.
    pub(super) fn single(&self, kind: &ObjectIdentifier) -> Result<Option<&[u8]>, NotSingle> {
        let mut found = self.attributes.iter().filter(|attribute| attribute.kind == kind.as_bytes());
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(attribute), None) => match attribute.values.as_slice() {
                [value] => Ok(Some(value)),
                _ => Err(NotSingle),
            },
            (Some(_), Some(_)) => Err(NotSingle),
        }
    }
}
