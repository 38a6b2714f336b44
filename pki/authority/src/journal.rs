//! The journal of an authority: what was issued, approved, refused and revoked, each entry with the digest of the one
//! before it. It lies in the register's file, and an entry is on disk together with what it tells.

use mohur_chain::OfficerIdentity;
use mohur_crypto::sha256;
use mohur_wire::{MemberId, OfficerId, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::office::{Application, Enrols};
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
    /// A member was invited.
    Invited {
        /// Which invitation.
        invitation: String,
        /// Whom.
        member: MemberId,
        /// For what.
        profiles: Vec<Enrols>,
        /// Names of its server.
        hosts: Vec<String>,
        /// Until when.
        expires: Timestamp,
    },
    /// An invitation was taken back.
    Withdrawn {
        /// Which.
        invitation: String,
    },
    /// A member applied for a seal.
    Applied {
        /// Which application.
        application: String,
        /// Who.
        member: MemberId,
        /// SHA-256 of the public key.
        key: String,
        /// By what right.
        grounds: Grounds,
    },
    /// An officer approved a seal.
    Approved {
        /// Which application.
        application: String,
        /// For whom.
        member: MemberId,
        /// SHA-256 of the public key.
        key: String,
        /// Who.
        officer: OfficerId,
        /// What the officer signed.
        statement: String,
    },
    /// An officer said no.
    Rejected {
        /// Which application.
        application: String,
        /// For whom.
        member: MemberId,
        /// SHA-256 of the public key.
        key: String,
        /// Who.
        officer: OfficerId,
        /// What the officer signed.
        statement: String,
    },
    /// Somebody was refused.
    Refused {
        /// What was asked.
        what: String,
        /// Why, as a code.
        code: String,
        /// From where, or by whom.
        from: String,
    },
}

impl Event {
    pub(crate) fn approved(application: &Application, officer: &OfficerIdentity, statement: &str) -> Self {
        Self::Approved {
            application: application.id.clone(),
            member: application.member.clone(),
            key: application.key.clone(),
            officer: officer.officer().clone(),
            statement: statement.to_owned(),
        }
    }

    pub(crate) fn rejected(application: &Application, officer: &OfficerIdentity, statement: &str) -> Self {
        Self::Rejected {
            application: application.id.clone(),
            member: application.member.clone(),
            key: application.key.clone(),
            officer: officer.officer().clone(),
            statement: statement.to_owned(),
        }
    }
}

/// On what grounds something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "kind")]
pub enum Grounds {
    /// The authority's operator did it, at the machine.
    Operator,
    /// The member was invited.
    Invitation {
        /// By which invitation.
        invitation: String,
    },
    /// The member has a certificate already.
    Renewal {
        /// The fingerprint of the one that it showed.
        with: String,
    },
    /// Officers approved.
    Approvals {
        /// Which application.
        application: String,
        /// Who.
        officers: Vec<OfficerId>,
    },
    /// Its holder asked for it.
    Holder {
        /// The fingerprint of the certificate that it showed.
        with: String,
    },
    /// An officer asked for it.
    Officer {
        /// Who.
        officer: OfficerId,
    },
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
