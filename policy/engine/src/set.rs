//! Loaded policies, sliced so that a decision looks only at the rules that can speak of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{Entities, EntityUid};
use mohur_wire::{FieldName, MemberId, Operation, Purpose, ServiceId, Verb};

use crate::memory::Memory;
use crate::model::{PurposeRule, ServiceRelease};
use crate::{AgencyId, Effect, Mask, Obligation};

/// The policies of one or many agencies, ready to decide. Cheap to clone.
#[derive(Clone, Default)]
pub struct PolicySet {
    services: HashMap<ServiceId, Arc<Slice>>,
}

/// One agency's policy, checked and compiled.
#[derive(Clone)]
pub struct AgencyPolicy {
    pub(crate) agency: Arc<Agency>,
    pub(crate) slices: Vec<(ServiceId, Arc<Slice>)>,
    pub(crate) rules: Vec<Arc<Rule>>,
    pub(crate) schema: String,
}

/// A rule of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// File and line, e.g. `MOH/vitals.cedar:9`.
    pub place: Arc<str>,
    /// Its `@id`.
    pub id: Arc<str>,
    /// What it does.
    pub effect: Effect,
    /// Its `@note`, or else its `@law`.
    pub text: Arc<str>,
    /// What it demands.
    pub obligations: BTreeSet<Obligation>,
    /// Its masks.
    pub masks: Vec<(FieldName, Mask)>,
    /// Whether it is one of the rules above all agencies.
    pub governance: bool,
}

/// What all services of an agency share.
pub(crate) struct Agency {
    pub(crate) id: AgencyId,
    pub(crate) version: u64,
    pub(crate) digest: [u8; 32],
    pub(crate) purposes: HashMap<Purpose, (PurposeRule, EntityUid)>,
    pub(crate) members: HashMap<MemberId, EntityUid>,
    pub(crate) entities: Entities,
}

/// The rules that can speak of one service.
pub(crate) struct Slice {
    pub(crate) agency: Arc<Agency>,
    pub(crate) resource: EntityUid,
    pub(crate) release: ServiceRelease,
    pub(crate) actions: Vec<Action>,
    pub(crate) by_field: HashMap<Verb, HashMap<FieldName, usize>>,
    pub(crate) by_operation: HashMap<Operation, usize>,
    /// By Cedar's policy id.
    pub(crate) rules: HashMap<String, Arc<Rule>>,
}

/// One verb on one group of fields, or one operation.
pub(crate) struct Action {
    pub(crate) name: Arc<str>,
    pub(crate) uid: EntityUid,
    pub(crate) fields: BTreeSet<FieldName>,
    /// For each caller the rules whose scope it fits; the others are false without being evaluated.
    pub(crate) rules: HashMap<MemberId, cedar_policy::PolicySet>,
    /// What Cedar said before.
    pub(crate) memory: Memory,
}

impl PolicySet {
    /// The policies of these agencies.
    pub fn of(agencies: impl IntoIterator<Item = AgencyPolicy>) -> Self {
        let mut set = Self::default();
        for agency in agencies {
            set.replace(agency);
        }
        set
    }

    /// Puts an agency's policy in the place of its former one, whole.
    pub fn replace(&mut self, policy: AgencyPolicy) {
        self.services.retain(|_, slice| slice.agency.id != policy.agency.id);
        self.services.extend(policy.slices);
    }

    /// The services of this set whose policy is the one wanted, by its version and digest; those of `other` where it is not.
    /// What neither has as wanted is not covered, so it is refused.
    #[must_use]
    pub fn chosen(&self, other: &Self, wanted: impl Fn(&ServiceId, u64, &[u8; 32]) -> bool) -> Self {
        let is_wanted =
            |(service, slice): &(&ServiceId, &Arc<Slice>)| wanted(service, slice.agency.version, &slice.agency.digest);
        let both = other.services.iter().chain(&self.services).filter(is_wanted);
        Self { services: both.map(|(service, slice)| (service.clone(), Arc::clone(slice))).collect() }
    }

    /// The services that are covered.
    pub fn services(&self) -> impl Iterator<Item = &ServiceId> {
        self.services.keys()
    }

    /// Version and digest of the policy that decides on a service.
    pub fn version_of(&self, service: &ServiceId) -> Option<(u64, [u8; 32])> {
        self.slice(service).map(|slice| (slice.agency.version, slice.agency.digest))
    }

    pub(crate) fn slice(&self, service: &ServiceId) -> Option<&Arc<Slice>> {
        self.services.get(service)
    }
}

impl AgencyPolicy {
    /// Whose it is.
    pub fn agency(&self) -> &AgencyId {
        &self.agency.id
    }

    /// The version that the manifest and the directory name.
    pub fn version(&self) -> u64 {
        self.agency.version
    }

    /// The digest that the directory names: over the agency's deciding files and the governance rules above them.
    pub fn digest(&self) -> [u8; 32] {
        self.agency.digest
    }

    /// The services it decides on.
    pub fn services(&self) -> impl Iterator<Item = &ServiceId> {
        self.slices.iter().map(|(service, _)| service)
    }

    /// Whether it answers for a purpose of that name.
    pub fn declares(&self, purpose: &str) -> bool {
        self.agency.purposes.keys().any(|name| name.as_str() == purpose)
    }

    /// Every rule that can take part in a decision, the governance rules included.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The Cedar schema generated for it: for an editor.
    pub fn schema(&self) -> &str {
        &self.schema
    }
}

impl std::fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.services.keys()).finish()
    }
}

impl std::fmt::Debug for AgencyPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgencyPolicy({} v{}, {} rules)", self.agency.id, self.agency.version, self.rules.len())
    }
}
