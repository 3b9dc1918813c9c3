//! Records in the store: CBOR by serde.

use engine::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CoreError;

/// CBOR of a record.
pub(crate) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, CoreError> {
    let mut octets = Vec::new();
    ciborium::into_writer(record, &mut octets)
        .map_err(|_| CoreError::Store(StoreError::Damaged("record")))?;
    Ok(octets)
}

/// A record from its CBOR.
pub(crate) fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, CoreError> {
    ciborium::from_reader(octets).map_err(|_| CoreError::Store(StoreError::Damaged("record")))
}
