//! The journal of an authority: what was issued, approved, refused and revoked, each entry with the digest of the one
//! before it. It lies in the register's file, and an entry is on disk together with what it tells.

use mohur_crypto::sha256;
use mohur_wire::Timestamp;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::register::Record;

/// Running number to entry.
pub(crate) const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// 1, 2, 3, …
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the entry before, as it is stored; zeros for the first.
    pub previous: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "event")]
pub enum Event {
    /// A certificate was issued.
    Issued {
        /// Which.
        certificate: Record,
        /// On what grounds.
        grounds: Grounds,
    },
    /// A certificate was revoked.
    Revoked {
        /// Which, and why.
        certificate: Record,
        /// On whose word.
        grounds: Grounds,
    },
}

/// On what grounds something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind")]
pub enum Grounds {
    /// The authority's operator did it, at the machine.
    Operator,
}

/// The row that follows `last`.
pub(crate) fn next(
    last: Option<(u64, &[u8])>,
    event: Event,
    at: Timestamp,
) -> Result<(u64, Vec<u8>), serde_json::Error> {
    let number = last.map_or(1, |(number, _)| number.saturating_add(1));
    let entry = Entry { number, at, previous: digest(last.map(|(_, row)| row)), event };
    Ok((number, serde_json::to_vec(&entry)?))
}

/// The entries of these rows; each must name the one before it.
pub(crate) fn verified(rows: &[Vec<u8>]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::with_capacity(rows.len());
    let mut last: Option<&[u8]> = None;
    for (row, number) in rows.iter().zip(1..) {
        let entry: Entry =
            serde_json::from_slice(row).map_err(|error| format!("entry {number} of the journal: {error}"))?;
        if entry.number != number || entry.previous != digest(last) {
            return Err(format!("entry {number} of the journal does not follow from the one before it"));
        }
        last = Some(row);
        entries.push(entry);
    }
    Ok(entries)
}

fn digest(row: Option<&[u8]>) -> String {
    row.map_or_else(|| "0".repeat(64), |row| sha256(row).to_string())
}
