//! How a repository stands: what is live, what is staged, and whose signatures are missing.

use mohur_tuf::{Envelope, Role};
use mohur_wire::Timestamp;
use serde::Serialize;

use super::signing::May;
use super::{ONLINE, Repository, RepositoryError};

/// How a role stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleStatus {
    /// Its name.
    pub role: String,
    /// The published version.
    pub version: Option<u64>,
    /// When that expires.
    pub expires: Option<Timestamp>,
    /// How many must sign.
    pub threshold: u64,
    /// The ids of those who may.
    pub keys: Vec<String>,
    /// What is staged.
    pub staged: Option<StagedStatus>,
}

/// How a staged version stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StagedStatus {
    /// Its version.
    pub version: u64,
    /// When it expires.
    pub expires: Timestamp,
    /// The ids of those who signed it.
    pub signed: Vec<String>,
    /// How many more must sign; for a new root, of the old keys or of the new, whichever lacks more.
    pub missing: u64,
}

impl Repository {
    /// How every role stands: the top-level ones, then the others.
    pub fn status(&self) -> Result<Vec<RoleStatus>, RepositoryError> {
        let roles = self.roles()?;
        let mut names: Vec<&str> = vec!["root", "targets", "snapshot", "timestamp"];
        names.extend(roles.keys().map(String::as_str).filter(|name| !super::TOP.contains(name)));
        names.into_iter().map(|name| self.status_of(name)).collect()
    }

    fn status_of(&self, role: &str) -> Result<RoleStatus, RepositoryError> {
        let may = self.may_sign(role)?;
        let live = self.live()?;
        let (published, staged) = match role {
            "root" => (self.root()?.as_ref().map(times), self.staged_root()?.map(|root| staged(&root, &may))),
            "snapshot" => (live.as_ref().map(|live| times(&live.snapshot)), None),
            "timestamp" => (live.as_ref().map(|live| times(&live.timestamp)), None),
            other => (
                self.published(other)?.as_ref().map(times),
                self.staged(other)?.map(|metadata| staged(&metadata, &may)),
            ),
        };
        let (threshold, keys) =
            may.groups.last().map(|(role, _)| (role.threshold, role.keyids.clone())).unwrap_or_default();
        debug_assert!(staged.is_none() || !ONLINE.contains(&role), "what a server signs is never staged");
        Ok(RoleStatus {
            role: role.to_owned(),
            version: published.map(|(version, _)| version),
            expires: published.map(|(_, expires)| expires),
            threshold,
            keys,
            staged,
        })
    }
}

fn times<T: Role>(metadata: &Envelope<T>) -> (u64, Timestamp) {
    (metadata.signed().version(), metadata.signed().expires())
}

fn staged<T: Role>(metadata: &Envelope<T>, may: &May) -> StagedStatus {
    let mut signed: Vec<String> = Vec::new();
    let mut missing = 0;
    for (role, keys) in &may.groups {
        let found = metadata.signers(role, keys);
        missing = missing.max(role.threshold.saturating_sub(found.len() as u64));
        signed.extend(found);
    }
    signed.sort();
    signed.dedup();
    StagedStatus { version: metadata.signed().version(), expires: metadata.signed().expires(), signed, missing }
}
