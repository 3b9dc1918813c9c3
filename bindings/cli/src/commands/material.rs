//! Files against which certificates are judged: `--trust`, `--untrusted`, `--crl`, `--ocsp`, `--default-roots`.

use std::path::PathBuf;

use client::{Material, MaterialError};

use super::files::{read, unreadable};
use crate::args::StatusArgs;
use crate::failure::Failure;

/// Reads all of them; the first that can't be read is named.
pub(super) fn material(
    trust: &[PathBuf],
    untrusted: &[PathBuf],
    status: &StatusArgs,
) -> Result<Material, Failure> {
    let mut material = Material::default();
    add(&mut material, trust, Material::add_trusted)?;
    add(&mut material, untrusted, Material::add_untrusted)?;
    add(&mut material, &status.crl, Material::add_lists)?;
    add(&mut material, &status.ocsp, Material::add_ocsp)?;
    if status.default_roots {
        material.add_default_roots();
    }
    Ok(material)
}

fn add(
    material: &mut Material,
    paths: &[PathBuf],
    add: fn(&mut Material, &[u8]) -> Result<(), MaterialError>,
) -> Result<(), Failure> {
    paths.iter().try_for_each(|path| add(material, &read(path)?).map_err(|error| unreadable(path, error)))
}
