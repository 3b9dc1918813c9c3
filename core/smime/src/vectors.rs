//! What unit tests share: the Wycheproof vectors, and randomness that is the same each time.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use serde_json::Value;

/// Blinding and salts need no good randomness in tests.
pub(crate) struct Counter(pub u64);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.0 ^ self.0 >> 29)
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets {
            *octet = self.try_next_u64()? as u8;
        }
        Ok(())
    }
}
impl rand_core::TryCryptoRng for Counter {}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    HEX.decode(text.as_bytes()).unwrap()
}

pub(crate) fn octets(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

pub(crate) fn tests(group: &Value) -> &[Value] {
    group["tests"].as_array().unwrap()
}

/// The unpacked archive.
pub(crate) struct Wycheproof(tempfile::TempDir);

impl Wycheproof {
    /// `None` after saying so when the corpus is absent.
    pub(crate) fn open() -> Option<Self> {
        let shared = std::env::var_os("COUNTERSIGN_SHARED")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
        let archive = shared.join("corpora/wycheproof/wycheproof-share.tar.gz");
        if !archive.is_file() {
            println!("SKIPPED: ../shared/corpora/wycheproof is absent");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let unpack =
            std::process::Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(folder.path()).status();
        assert!(unpack.unwrap().success());
        Some(Wycheproof(folder))
    }

    pub(crate) fn groups(&self, file: &str) -> Vec<Value> {
        let json = std::fs::read(self.0.path().join("wycheproof").join(file)).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        json["testGroups"].as_array().unwrap().clone()
    }

    /// The tests of a file with their group.
    pub(crate) fn cases(&self, file: &str) -> Vec<(Value, Value)> {
        let with_group = |group: Value| {
            let tests = tests(&group).to_vec();
            tests.into_iter().map(move |test| (group.clone(), test))
        };
        self.groups(file).into_iter().flat_map(with_group).collect()
    }
}
