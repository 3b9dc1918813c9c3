//! Against what certificates are judged: `--trust`, `--untrusted`, `--crl`, `--ocsp`, `--default-roots`; and `--at`.

use std::path::PathBuf;

use client::{Material, MaterialError, UnixTime};

use super::files::{read, unreadable};
use crate::args::{StatusArgs, TrustArgs, WhenArgs};
use crate::failure::Failure;

/// When to judge; `None` is now.
pub(super) fn time(arguments: &WhenArgs) -> Result<Option<UnixTime>, Failure> {
    let at = arguments.at.as_deref().map(str::parse).transpose();
    at.map_err(|error| Failure::Argument(format!("--at: {error}")))
}

/// What the signature of a mail or a file is judged against.
pub(super) fn signature_material(arguments: &TrustArgs) -> Result<Material, Failure> {
    material(&arguments.trust, &arguments.untrusted, &arguments.status)
}

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
    paths.iter().try_for_each(|path| {
        let file = read(path)?;
        add(material, &file).map_err(|error| unreadable(path, &file, error))
    })
}
