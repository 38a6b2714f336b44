//! Reads what messages are judged by: the directory, policies and definitions. At the start all of it or nothing; later
//! what is good counts at once, so that an agency's slip in a policy does not keep a revocation from taking effect.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_directory::{Followers, Snapshot, Trouble};
use mohur_exchange::World;
use mohur_http::followers;
use mohur_policy::{AgencyPolicy, PolicySet};
use mohur_policy_bundle::{definition_digest, load_all, load_definitions};
use mohur_revocation::Revocation;
use mohur_wire::bundle::Definition;
use mohur_wire::{Clock, MemberId, MessageId, Timestamp};

use crate::config::Config;

/// Where it all stands.
pub(crate) struct Sources {
    followers: Followers,
    policy: PathBuf,
}

/// Why it cannot be judged by. What was judged by before stays in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorldError {
    #[error("directory: {0}")]
    Directory(#[from] mohur_directory::DirectoryError),
    #[error("policy: {0}")]
    Policy(#[from] mohur_policy_bundle::PolicyErrors),
    #[error("policy: {0}")]
    Unpublished(String),
}

impl Sources {
    pub(crate) fn of(config: &Config, revocation: &Revocation, clock: &Arc<dyn Clock>) -> Self {
        let followers = followers(&config.directory, &config.foreign, clock).judged_by(revocation.standing());
        Self { followers, policy: config.policy.clone() }
    }

    /// Looks for everything again. Blocks. What cannot be had keeps its last good value: the directory until it expires and its
    /// grace is over. A policy or definition counts only as the directory in force names it. With it comes what the operator
    /// must know.
    pub(crate) fn refresh(&self, last: &World, now: Timestamp) -> (World, Vec<Trouble>) {
        let (domains, troubles) = self.followers.refresh(&last.domains, now);
        let directory = &domains.home().directory;
        let loaded = good("policy", load_all(&self.policy)).unwrap_or_default();
        for error in loaded.iter().filter_map(|policy| published_policy(directory, policy).err()) {
            tracing::error!(%error, "this policy is not activated");
        }
        let policy = PolicySet::of(loaded).chosen(&last.policy, |service, version, digest| {
            is_named(directory, service.owner(), version, Digest(*digest))
        });
        let mut definitions = BTreeMap::clone(&last.definitions);
        for definition in good("bundles", load_definitions(&self.policy)).unwrap_or_default() {
            match published_definition(directory, &definition) {
                Ok(()) => drop(definitions.insert(definition.id.clone(), definition)),
                Err(error) => tracing::error!(%error, "this definition is not activated"),
            }
        }
        definitions.retain(|_, definition| published_definition(directory, definition).is_ok());
        (World::new(domains, Arc::new(policy), Arc::new(definitions)), troubles)
    }

    /// Reads everything for a start. Blocks.
    pub(crate) fn load(&self, now: Timestamp) -> Result<(World, Vec<Trouble>), WorldError> {
        let (domains, troubles) = self.followers.start(now)?;
        let directory = &domains.home().directory;
        let policies = load_all(&self.policy)?;
        policies.iter().try_for_each(|policy| published_policy(directory, policy))?;
        let mut definitions = BTreeMap::new();
        for definition in load_definitions(&self.policy)? {
            published_definition(directory, &definition)?;
            definitions.insert(definition.id.clone(), definition);
        }
        let policy = Arc::new(PolicySet::of(policies));
        Ok((World::new(domains, policy, Arc::new(definitions)), troubles))
    }
}

/// What was read, if it is good; otherwise the operator is told.
fn good<T, E: std::fmt::Display>(what: &str, read: Result<T, E>) -> Option<T> {
    read.map_err(|error| tracing::error!(%error, what, "what was read again is not good; the last good one counts"))
        .ok()
}

/// Whether that policy is the one that the directory names for its owner.
fn is_named(directory: &Snapshot, owner: &MemberId, version: u64, digest: Digest) -> bool {
    let named = directory.member(owner).and_then(|member| member.policy.as_ref());
    named.is_some_and(|entry| entry.version == version && entry.digest.0 == digest)
}

/// A policy counts only in the version that the signed directory names for its agency's services.
fn published_policy(directory: &Snapshot, policy: &AgencyPolicy) -> Result<(), WorldError> {
    for service in policy.services() {
        let is_listed = directory.member(service.owner()).is_some();
        if is_listed && !is_named(directory, service.owner(), policy.version(), Digest(policy.digest())) {
            return Err(WorldError::Unpublished(format!(
                "{}: version {} with digest {} is not the one that the directory names for {}; publish it, or restore the folder",
                policy.agency(),
                policy.version(),
                Digest(policy.digest()),
                service.owner(),
            )));
        }
    }
    Ok(())
}

fn published_definition(directory: &Snapshot, definition: &Definition) -> Result<(), WorldError> {
    let id: &MessageId = &definition.id;
    match directory.definition(id) {
        Some(entry) if entry.version == definition.version && entry.digest.0 == definition_digest(definition) => Ok(()),
        _ => Err(WorldError::Unpublished(format!(
            "bundle {id}@{} is not the one that the directory names; publish it, or restore the file",
            definition.version
        ))),
    }
}
