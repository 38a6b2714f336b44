//! A verified directory, indexed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mohur_chain::{Certificate, Profile, SealIdentity, Trust};
use mohur_crypto::Digest;
use mohur_wire::{MemberId, MessageId, ServiceId, Timestamp, Verb};

use crate::document::{
    Authority, BrokerEntry, DefinitionEntry, Directory, ForeignDomain, LogEntry, MemberEntry, SealEntry,
};
use crate::error::{DirectoryError, SealLookupError};

/// A directory whose signatures and consistency were checked. Cheap to clone, immutable.
#[derive(Clone)]
pub struct Snapshot(Arc<Index>);

struct Index {
    grace: Duration,
    directory: Directory,
    digest: Digest,
    brokers: HashMap<MemberId, usize>,
    members: HashMap<MemberId, usize>,
    services: HashMap<ServiceId, ServiceRoute>,
    seals: HashMap<Digest, (MemberId, Certificate)>,
    seals_of: HashMap<MemberId, Vec<Digest>>,
    logs: HashMap<String, usize>,
    denied: HashSet<Digest>,
    definitions: HashMap<MessageId, usize>,
    foreign: HashMap<String, usize>,
}

/// Where a service is, and who owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRoute {
    /// Who owns it.
    pub owner: MemberId,
    /// The broker that is home to the owner.
    pub broker: MemberId,
    /// Where its host listens.
    pub host: Authority,
    /// What may be asked of it.
    pub verbs: Vec<Verb>,
}

impl Snapshot {
    /// Indexes content that was verified, and refuses what contradicts itself. It counts for the grace beyond its expiry.
    pub(crate) fn of(directory: Directory, digest: Digest, grace: Duration) -> Result<Self, DirectoryError> {
        Ok(Self(Arc::new(Index { grace, ..Index::build(directory, digest)? })))
    }

    /// Content that nobody signed.
    #[cfg(feature = "testing")]
    pub fn unsigned(directory: Directory) -> Result<Self, DirectoryError> {
        let digest = mohur_crypto::sha256(&serde_json::to_vec(&directory)?);
        Self::of(directory, digest, Duration::ZERO)
    }

    /// Its version.
    pub fn version(&self) -> u64 {
        self.0.directory.version
    }

    /// SHA-256 of the signed content.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The whole content.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Whether it still holds at that time: until it expires, and for the grace after that.
    pub fn is_current(&self, at: Timestamp) -> bool {
        at < self.0.directory.expires.saturating_add(self.0.grace).unwrap_or(Timestamp::MAX)
    }

    /// Whether it expired, and holds, if it does, by the grace alone: an alarm.
    pub fn is_overdue(&self, at: Timestamp) -> bool {
        at >= self.0.directory.expires
    }

    /// When it expires.
    pub fn expires(&self) -> Timestamp {
        self.0.directory.expires
    }

    /// The member of that id.
    pub fn member(&self, id: &MemberId) -> Option<&MemberEntry> {
        self.0.members.get(id).and_then(|at| self.0.directory.members.get(*at))
    }

    /// The broker of that id.
    pub fn broker(&self, id: &MemberId) -> Option<&BrokerEntry> {
        self.0.brokers.get(id).and_then(|at| self.0.directory.brokers.get(*at))
    }

    /// The broker that is home to the member.
    pub fn broker_of(&self, member: &MemberId) -> Option<&BrokerEntry> {
        self.broker(&self.member(member)?.broker)
    }

    /// Where the service is.
    pub fn service(&self, id: &ServiceId) -> Option<&ServiceRoute> {
        self.0.services.get(id)
    }

    /// The seal with that fingerprint, of a member or of a broker; never a denied one. Whether it is valid at a time says
    /// [`Snapshot::validate_seal`].
    pub fn seal(&self, key_id: &Digest) -> Option<(&MemberId, &Certificate)> {
        let (member, certificate) = self.0.seals.get(key_id)?;
        (!self.is_denied(key_id)).then_some((member, certificate))
    }

    /// Every seal that is listed for a member or a broker, denied ones too: what a signature can name, not what it may
    /// be made with.
    pub fn seals_of(&self, id: &MemberId) -> impl Iterator<Item = &Certificate> {
        let listed = self.0.seals_of.get(id).into_iter().flatten();
        listed.filter_map(|key_id| self.0.seals.get(key_id)).map(|(_, certificate)| certificate)
    }

    /// Proves that the seal with that fingerprint is in the directory, not denied, and good at that time.
    pub fn validate_seal(
        &self,
        key_id: &Digest,
        trust: &Trust,
        at: Timestamp,
    ) -> Result<SealIdentity, SealLookupError> {
        let (_, certificate) = self.0.seals.get(key_id).ok_or(SealLookupError::Unknown(*key_id))?;
        if self.is_denied(key_id) {
            return Err(SealLookupError::Denied(*key_id));
        }
        Ok(trust.validate_seal(certificate, at)?)
    }

    /// Whether a certificate, seal or TLS, is denied.
    pub fn is_denied(&self, fingerprint: &Digest) -> bool {
        self.0.denied.contains(fingerprint)
    }

    /// The broker and the key of the log with that origin.
    pub fn log(&self, origin: &str) -> Option<(&MemberId, &LogEntry)> {
        let broker = self.0.logs.get(origin).and_then(|at| self.0.directory.brokers.get(*at))?;
        Some((&broker.id, &broker.log))
    }

    /// The published bundle definition of that name.
    pub fn definition(&self, id: &MessageId) -> Option<&DefinitionEntry> {
        self.0.definitions.get(id).and_then(|at| self.0.directory.definitions.get(*at))
    }

    /// The instance that all its identifiers begin with.
    pub fn domain(&self) -> &str {
        &self.0.directory.domain
    }

    /// What another domain is trusted with, if it is.
    pub fn foreign(&self, domain: &str) -> Option<&ForeignDomain> {
        self.0.foreign.get(domain).and_then(|at| self.0.directory.foreign.get(*at))
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({} version {})", self.0.directory.domain, self.0.directory.version)
    }
}

fn inconsistent(what: impl Into<String>) -> DirectoryError {
    DirectoryError::Inconsistent(what.into())
}

impl Index {
    fn build(directory: Directory, digest: Digest) -> Result<Self, DirectoryError> {
        let mut index = Self {
            grace: Duration::ZERO,
            digest,
            brokers: HashMap::new(),
            members: HashMap::new(),
            services: HashMap::new(),
            seals: HashMap::new(),
            seals_of: HashMap::new(),
            logs: HashMap::new(),
            denied: directory.denied.iter().map(|denied| denied.0).collect(),
            definitions: HashMap::new(),
            foreign: HashMap::new(),
            directory: Directory { brokers: Vec::new(), members: Vec::new(), definitions: Vec::new(), ..directory },
        };
        index.check_foreign()?;
        directory.brokers.into_iter().try_for_each(|broker| index.add_broker(broker))?;
        directory.members.into_iter().try_for_each(|member| index.add_member(member))?;
        directory.definitions.into_iter().try_for_each(|definition| index.add_definition(definition))?;
        Ok(index)
    }

    fn add_broker(&mut self, broker: BrokerEntry) -> Result<(), DirectoryError> {
        self.check_domain(&broker.id)?;
        self.add_seals(&broker.id, &broker.seals)?;
        let at = self.directory.brokers.len();
        if self.brokers.insert(broker.id.clone(), at).is_some() {
            return Err(inconsistent(format!("the broker {} stands twice", broker.id)));
        }
        if self.logs.insert(broker.log.origin.clone(), at).is_some() {
            return Err(inconsistent(format!("two brokers have a log with the origin {}", broker.log.origin)));
        }
        self.directory.brokers.push(broker);
        Ok(())
    }

    fn add_member(&mut self, member: MemberEntry) -> Result<(), DirectoryError> {
        self.check_domain(&member.id)?;
        self.add_seals(&member.id, &member.seals)?;
        if !self.brokers.contains_key(&member.broker) {
            return Err(inconsistent(format!("{}: its broker {} is not listed", member.id, member.broker)));
        }
        if self.members.insert(member.id.clone(), self.directory.members.len()).is_some() {
            return Err(inconsistent(format!("the member {} stands twice", member.id)));
        }
        for service in &member.services {
            let id = member
                .service_id(service)
                .ok_or_else(|| inconsistent(format!("{}: a service without code or version", member.id)))?;
            let host =
                member.host.as_ref().ok_or_else(|| inconsistent(format!("{id}: its owner has no host to ask")))?;
            let route = ServiceRoute {
                owner: member.id.clone(),
                broker: member.broker.clone(),
                host: host.authority.clone(),
                verbs: service.verbs.clone(),
            };
            if self.services.insert(id.clone(), route).is_some() {
                return Err(inconsistent(format!("the service {id} stands twice")));
            }
        }
        self.directory.members.push(member);
        Ok(())
    }

    /// Another domain is trusted for its own names only, and only with services that are ours or its own to be asked.
    fn check_foreign(&mut self) -> Result<(), DirectoryError> {
        let own = &self.directory.domain;
        for (at, foreign) in self.directory.foreign.iter().enumerate() {
            let domain = &foreign.domain;
            if domain == own || self.foreign.insert(domain.clone(), at).is_some() {
                return Err(inconsistent(format!("the foreign domain {domain} stands twice, or is our own")));
            }
            if let Some(service) = foreign.may_ask.iter().find(|service| service.owner().instance() != own) {
                return Err(inconsistent(format!("{domain} may ask {service}, which is not a service of {own}")));
            }
            if let Some(service) = foreign.may_answer.iter().find(|service| service.owner().instance() != domain) {
                return Err(inconsistent(format!("{domain} may answer for {service}, which is not a service of its")));
            }
        }
        Ok(())
    }

    fn add_definition(&mut self, definition: DefinitionEntry) -> Result<(), DirectoryError> {
        if self.definitions.insert(definition.id.clone(), self.directory.definitions.len()).is_some() {
            return Err(inconsistent(format!("the definition {} stands twice", definition.id)));
        }
        self.directory.definitions.push(definition);
        Ok(())
    }

    /// A seal belongs to whom its certificate names, and to no one else.
    fn add_seals(&mut self, id: &MemberId, seals: &[SealEntry]) -> Result<(), DirectoryError> {
        for seal in seals {
            let certificate = seal.parse().map_err(|source| DirectoryError::Seal { member: id.clone(), source })?;
            if certificate.profile() != Profile::Seal || certificate.member() != Some(id) {
                return Err(inconsistent(format!("{id}: a certificate that is not a seal of this member")));
            }
            self.seals_of.entry(id.clone()).or_default().push(certificate.fingerprint());
            self.seals.insert(certificate.fingerprint(), (id.clone(), certificate));
        }
        Ok(())
    }

    fn check_domain(&self, id: &MemberId) -> Result<(), DirectoryError> {
        if id.instance() == self.directory.domain {
            Ok(())
        } else {
            Err(inconsistent(format!("{id} is not of the domain {}", self.directory.domain)))
        }
    }
}
