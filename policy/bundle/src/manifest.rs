//! `manifest.toml`: whose folder it is, which version, and the digest of the files that decide.

use std::fmt;
use std::str::FromStr;

use mohur_crypto::Digest;
use mohur_crypto::digest::sha256_parts;
use mohur_policy::{AgencyId, Problem};

use crate::errors::{problems_of, whole};
use crate::files::{Files, GOVERNANCE, MANIFEST};

/// Whose folder it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An agency's.
    Agency(AgencyId),
    /// The rules above all agencies.
    Governance,
}

/// What a manifest says.
pub(crate) struct Manifest {
    pub(crate) owner: Owner,
    pub(crate) version: u64,
    pub(crate) digest: Option<HexDigest>,
    /// The line of the digest, or that of the file.
    pub(crate) line: usize,
}

/// A digest in 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct HexDigest(pub(crate) Digest);

/// A text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("write 64 lower-case hexadecimal digits, or let `mohur policy seal` write it")]
pub(crate) struct NotDigest;

impl FromStr for HexDigest {
    type Err = NotDigest;

    fn from_str(text: &str) -> Result<Self, NotDigest> {
        Digest::from_hex(text).map(Self).ok_or(NotDigest)
    }
}

impl FromStr for Owner {
    type Err = mohur_wire::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == GOVERNANCE { Ok(Self::Governance) } else { text.parse().map(Self::Agency) }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => agency.fmt(f),
            Self::Governance => f.write_str(GOVERNANCE),
        }
    }
}

impl Manifest {
    /// Reads the manifest; what is wrong goes to `problems`.
    pub(crate) fn read(files: &Files, problems: &mut Vec<Problem>) -> Option<Self> {
        let path = files.path(MANIFEST);
        let Some(text) = files.texts.get(MANIFEST) else {
            problems
                .push(whole(&path, "is missing; write agency = \"…\" and version = 1, then run `mohur policy seal`"));
            return None;
        };
        let read = mohur_config::parse(&path, text, |table| {
            let owner = table.required::<Owner>("agency");
            let version = table.required_number("version", 1..=u64::from(u32::MAX));
            let digest = table.optional::<HexDigest>("digest");
            let line = table.line_of("digest");
            if let Some(owner) = &owner
                && (*owner == Owner::Governance) != (files.name == GOVERNANCE)
            {
                table.error(
                    "agency",
                    format!("the folder is named {}", files.name),
                    "the governance rules, and nothing else, lie in the folder GOVERNANCE",
                );
            }
            Some(Self { owner: owner?, version: version?, digest, line })
        });
        read.map_err(|errors| problems.extend(problems_of(&errors))).ok()
    }

    /// Compares the digest with the files'.
    pub(crate) fn check(&self, files: &Files, problems: &mut Vec<Problem>) {
        if self.digest.is_none_or(|digest| digest.0 != self.files_digest(files)) {
            let path = files.path(MANIFEST).display().to_string();
            let what = format!(
                "digest: the files are not the ones that were sealed; look at what changed, then run `mohur policy seal {}`",
                files.folder.display()
            );
            problems.push(Problem::new(path, self.line, what));
        }
    }

    /// The digest over owner, version and every deciding file.
    pub(crate) fn files_digest(&self, files: &Files) -> Digest {
        let head = format!("mohur policy files v1\n{}\n{}\n", self.owner, self.version);
        let mut parts = vec![head.into_bytes()];
        for (name, text) in files.deciding() {
            parts.push(format!("{name}\n{}\n", text.len()).into_bytes());
            parts.push(text.clone().into_bytes());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        sha256_parts(&parts)
    }

    /// The file's text.
    pub(crate) fn text(&self, files: &Files) -> String {
        format!(
            "# `mohur policy seal` writes this file. The digest covers the owner, the version and every file that decides.\n\
             agency = \"{}\"\nversion = {}\ndigest = \"{}\"\n",
            self.owner,
            self.version,
            self.files_digest(files)
        )
    }
}
