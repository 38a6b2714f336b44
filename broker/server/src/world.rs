//! Reads what messages are judged by: trust, directory, policies and definitions, all of it or nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use mohur_chain::{Trust, TrustFiles};
use mohur_crypto::Digest;
use mohur_directory::{RollbackGuard, Snapshot};
use mohur_exchange::World;
use mohur_policy::{AgencyPolicy, PolicySet};
use mohur_policy_bundle::{definition_digest, load_all, load_definitions};
use mohur_wire::bundle::Definition;
use mohur_wire::{MessageId, Timestamp};

use crate::config::Config;

/// Where it all stands.
pub(crate) struct Sources {
    trust: TrustFiles,
    directory: PathBuf,
    guard: RollbackGuard,
    policy: PathBuf,
}

/// Why it cannot be judged by. What was judged by before stays in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorldError {
    #[error("trust: {0}")]
    Trust(#[from] mohur_chain::TrustError),
    #[error("directory: {0}")]
    Directory(#[from] mohur_directory::DirectoryError),
    #[error("policy: {0}")]
    Policy(#[from] mohur_policy_bundle::PolicyErrors),
    #[error("policy: {0}")]
    Unpublished(String),
}

impl Sources {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            trust: config.trust.clone(),
            directory: config.directory.file.clone(),
            guard: RollbackGuard::new(&config.directory.state),
            policy: config.policy.clone(),
        }
    }

    /// Reads everything. Blocks.
    pub(crate) fn load(&self, now: Timestamp) -> Result<World, WorldError> {
        let trust = Arc::new(Trust::load(&self.trust)?);
        let directory = Snapshot::load(&self.directory, &trust, now, &self.guard)?;
        let policies = load_all(&self.policy)?;
        policies.iter().try_for_each(|policy| published_policy(&directory, policy))?;
        let mut definitions = BTreeMap::new();
        for definition in load_definitions(&self.policy)? {
            published_definition(&directory, &definition)?;
            definitions.insert(definition.id.clone(), definition);
        }
        let policy = Arc::new(PolicySet::of(policies));
        Ok(World { directory, trust, policy, definitions: Arc::new(definitions) })
    }
}

/// A policy counts only in the version that the signed directory names for its agency's services.
fn published_policy(directory: &Snapshot, policy: &AgencyPolicy) -> Result<(), WorldError> {
    for service in policy.services() {
        let Some(member) = directory.member(service.owner()) else { continue };
        let named = member.policy.as_ref().map(|entry| (entry.version, entry.digest.0));
        if named != Some((policy.version(), Digest(policy.digest()))) {
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
