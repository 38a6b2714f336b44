//! What an agency declares in `manifest.toml`, `purposes.toml` and `release.toml`, parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use mohur_wire::{FieldName, MemberId, Operation, ParseError, Purpose, ServiceId, Timestamp, Verb};

use crate::Mask;

/// An agency: the first three parts of its members' ids, e.g. `AZ/GOV/MOH`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgencyId(String);

/// Everything that an agency declares.
#[derive(Clone, Debug)]
pub struct AgencyModel {
    /// Whose it is.
    pub agency: AgencyId,
    /// The version: only rises.
    pub version: u64,
    /// What the directory names: the digest over the agency's files and the governance rules.
    pub digest: [u8; 32],
    /// The purposes for which it answers.
    pub purposes: BTreeMap<Purpose, PurposeRule>,
    /// Its services.
    pub services: BTreeMap<ServiceId, ServiceRelease>,
}

/// One purpose.
#[derive(Clone, Debug)]
pub struct PurposeRule {
    /// Its stable address.
    pub uri: String,
    /// The article of law it rests on.
    pub law: String,
    /// The purpose in the Data Privacy Vocabulary, e.g. `dpv:IdentityVerification`.
    pub dpv: String,
    /// Who may claim it.
    pub claimants: BTreeSet<MemberId>,
    /// For whom the claimants may act.
    pub acts_for: BTreeSet<MemberId>,
    /// How long the caller may keep the answer.
    pub retention_days: u32,
    /// Whether a query must carry a case reference.
    pub case_required: bool,
    /// From when on it is no longer granted.
    pub valid_until: Option<Timestamp>,
    /// Where it is declared, e.g. `MOH/purposes.toml:3`.
    pub place: String,
}

/// What a service may release, in groups.
#[derive(Clone, Debug)]
pub struct ServiceRelease {
    /// Whether a denied and an absent `read` look alike.
    pub conceal_absent: bool,
    /// The groups of its fields.
    pub groups: Vec<FieldGroup>,
    /// Masks that always apply to a `read`.
    pub masks: BTreeMap<FieldName, Mask>,
    /// The changes that it knows.
    pub changes: Vec<Change>,
}

/// Fields that are permitted together.
#[derive(Clone, Debug)]
pub struct FieldGroup {
    /// Its name, e.g. `blood-group`.
    pub name: String,
    /// The verbs that may touch it: each is an action `<verb>:<name>`.
    pub verbs: Vec<Verb>,
    /// The fields.
    pub fields: BTreeSet<FieldName>,
}

/// A change and what it answers with.
#[derive(Clone, Debug)]
pub struct Change {
    /// The operation: the action `change:<operation>`.
    pub operation: Operation,
    /// The fields of its answer.
    pub fields: BTreeSet<FieldName>,
}

/// A file of rules.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as it was opened, for problems.
    pub path: String,
    /// The name in reasons, the same on every machine, e.g. `MOH/vitals.cedar`.
    pub name: String,
    /// The rules.
    pub text: String,
}

impl AgencyId {
    /// The agency of a member.
    pub fn of(member: &MemberId) -> Self {
        Self(format!("{}/{}/{}", member.instance(), member.member_class(), member.member_code()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The class, e.g. `AZ/GOV`.
    pub fn class(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(class, _)| class)
    }

    /// Whether a service is this agency's own.
    pub fn owns(&self, service: &ServiceId) -> bool {
        Self::of(service.owner()) == *self
    }
}

impl FromStr for AgencyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError { what: "agency", expected: "instance/class/agency of letters, digits, - _ ." };
        let member: MemberId = format!("{text}/any").parse().map_err(|_| EXPECTED)?;
        Ok(Self::of(&member))
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an operation in an action.
pub(crate) const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Reserve => "reserve",
        Operation::Consume => "consume",
        Operation::Release => "release",
    }
}

impl ServiceRelease {
    /// Every action of the service: its name, its verb and the fields it releases.
    pub(crate) fn actions(&self) -> Vec<(String, Verb, &BTreeSet<FieldName>)> {
        let groups = self.groups.iter().flat_map(|group| {
            group.verbs.iter().map(move |verb| (format!("{verb}:{}", group.name), *verb, &group.fields))
        });
        let changes = self.changes.iter().map(|change| {
            (format!("{}:{}", Verb::Change, operation_name(change.operation)), Verb::Change, &change.fields)
        });
        groups.chain(changes).collect()
    }
}
