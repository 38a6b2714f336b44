//! Where directory and policy are read from, at the start and then every few seconds.

use std::path::PathBuf;

use mohur_directory::{Followers, Trouble};
use mohur_policy_bundle::load_agency;
use mohur_wire::{MemberId, Timestamp};

use crate::StartError;
use crate::world::{World, is_entry};

/// What a host's world is made of.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) me: MemberId,
    pub(crate) followers: Followers,
    pub(crate) policy: PathBuf,
}

impl Sources {
    /// Reads everything for a start. The policy must be the one that the directory names. Blocks.
    pub(crate) fn load(&self, at: Timestamp) -> Result<(World, Vec<Trouble>), StartError> {
        let (domains, troubles) = self.followers.start(at)?;
        let world = World::new(domains, load_agency(&self.policy)?);
        world.policy(&self.me).map_err(StartError::Policy)?;
        Ok((world, troubles))
    }

    /// Looks for everything again. What cannot be had keeps its last good value: the directory until it expires and its grace is
    /// over. A policy counts only when the directory names it. With it comes what the operator must know. Blocks.
    pub(crate) fn refresh(&self, last: &World, at: Timestamp) -> (World, Vec<Trouble>) {
        let (domains, troubles) = self.followers.refresh(&last.domains, at);
        let mut agency = last.agency().clone();
        let entry = domains.home().directory.member(&self.me).and_then(|member| member.policy.as_ref());
        if entry.is_some_and(|entry| !is_entry(&agency, entry)) {
            match load_agency(&self.policy) {
                Ok(loaded) => agency = loaded,
                Err(error) => tracing::error!(%error, "the policy folder does not load"),
            }
        }
        let world = World::new(domains, agency);
        if let Err(reason) = world.policy(&self.me) {
            tracing::error!(reason, "queries are refused as policy-unavailable");
        }
        (world, troubles)
    }
}
