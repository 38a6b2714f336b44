//! Where trust, directory and policy are read from, at the start and then every few seconds.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_chain::{Trust, TrustFiles};
use mohur_directory::{Domain, Domains, ForeignFiles, RollbackGuard, Snapshot};
use mohur_policy_bundle::load_agency;
use mohur_wire::{MemberId, Timestamp};

use crate::StartError;
use crate::world::{World, is_entry};

/// The files of a host's world.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) me: MemberId,
    pub(crate) trust: TrustFiles,
    pub(crate) directory: PathBuf,
    pub(crate) policy: PathBuf,
    pub(crate) rollback: RollbackGuard,
    pub(crate) foreign: Vec<ForeignFiles>,
}

impl Sources {
    /// Reads everything for a start. The policy must be the one that the directory names.
    pub(crate) fn load(&self, at: Timestamp) -> Result<World, StartError> {
        let trust = Arc::new(Trust::load(&self.trust)?);
        let directory = Snapshot::load(&self.directory, &trust, at, &self.rollback)?;
        let world = World::new(self.domains(Domain { directory, trust }, None, at), load_agency(&self.policy)?);
        world.policy(&self.me).map_err(StartError::Policy)?;
        Ok(world)
    }

    /// Reads everything again. What cannot be read or verified keeps its last good value: the directory until it expires,
    /// the revocation lists until they are stale. A policy counts only when the directory names it.
    pub(crate) fn refresh(&self, last: &World, at: Timestamp) -> World {
        let trust = match Trust::load(&self.trust) {
            Ok(trust) => Arc::new(trust),
            Err(error) => {
                tracing::warn!(%error, "the trust anchors were not loaded again; the last good ones count");
                Arc::clone(&last.domains.home().trust)
            }
        };
        let directory = match Snapshot::load(&self.directory, &trust, at, &self.rollback) {
            Ok(directory) => directory,
            Err(error) => {
                tracing::warn!(%error, "the directory was not loaded again; the last good one counts until it expires");
                last.directory().clone()
            }
        };
        let mut agency = last.agency().clone();
        let entry = directory.member(&self.me).and_then(|member| member.policy.as_ref());
        if entry.is_some_and(|entry| !is_entry(&agency, entry)) {
            match load_agency(&self.policy) {
                Ok(loaded) => agency = loaded,
                Err(error) => tracing::error!(%error, "the policy folder does not load"),
            }
        }
        let domains = self.domains(Domain { directory, trust }, Some(&last.domains), at);
        let world = World::new(domains, agency);
        if let Err(reason) = world.policy(&self.me) {
            tracing::error!(reason, "queries are refused as policy-unavailable");
        }
        world
    }

    /// Our own domain and the foreign ones. One that cannot be read, or is not trusted, keeps nobody else from working.
    fn domains(&self, home: Domain, last: Option<&Domains>, at: Timestamp) -> Domains {
        let (domains, unread) = ForeignFiles::load_all(&self.foreign, home, last, at);
        unread.iter().for_each(|error| tracing::error!(%error, "a foreign domain is not what it must be"));
        domains
    }
}
