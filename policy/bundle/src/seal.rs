//! Writing what is derived: the schema for the editor, version and digest in the manifest.

use std::path::Path;

use mohur_crypto::Digest;
use mohur_policy::agency_schema;

use crate::PolicyErrors;
use crate::errors::whole;
use crate::files::{Files, MANIFEST, SCHEMA};
use crate::load::model;
use crate::manifest::{Manifest, Owner};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Whose folder it is.
    pub owner: Owner,
    /// The version, one higher than before if anything that decides changed.
    pub version: u64,
    /// The digest of the folder's files.
    pub digest: Digest,
    /// Whether anything changed.
    pub changed: bool,
}

/// Writes the manifest's digest and the schema of a folder. The version rises if a deciding file changed since the
/// last time, or becomes `version`.
pub fn seal(folder: &Path, version: Option<u64>) -> Result<Sealed, PolicyErrors> {
    let mut problems = Vec::new();
    let files = Files::read(folder, &mut problems);
    let manifest = Manifest::read(&files, &mut problems);
    let mut schema = None;
    if let Some(Manifest { owner: Owner::Agency(agency), .. }) = &manifest
        && let Some(manifest) = &manifest
    {
        let model = model(&files, manifest, agency, Digest([0; 32]), &mut problems);
        schema = (!model.services.is_empty()).then(|| agency_schema(&model));
    }
    let mut manifest = PolicyErrors::or(manifest, problems, folder)?;
    let changed = manifest.digest.map(|digest| digest.0) != Some(manifest.files_digest(&files));
    let first = manifest.digest.is_none();
    manifest.version = version.unwrap_or(manifest.version + u64::from(changed && !first));
    write(&files, MANIFEST, &manifest.text(&files))?;
    if let Some(schema) = schema {
        write(&files, SCHEMA, &schema)?;
    }
    let digest = manifest.files_digest(&files);
    Ok(Sealed { owner: manifest.owner, version: manifest.version, digest, changed })
}

fn write(files: &Files, name: &str, text: &str) -> Result<(), PolicyErrors> {
    let path = files.path(name);
    if files.texts.get(name).is_some_and(|old| old == text) {
        return Ok(());
    }
    std::fs::write(&path, text)
        .map_err(|error| vec![whole(&path, format!("cannot be written: {error}; check the folder's rights"))].into())
}
