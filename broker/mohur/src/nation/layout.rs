//! Founding: keys, certificates, directory, policies and configuration files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use mohur_authority::{Issue, National, create_log_key};
use mohur_client::Caller;
use mohur_crypto::Digest;
use mohur_directory::content::{Anchor, Content, TrustFolder};
use mohur_directory::repository::Periods;
use mohur_directory::{
    BrokerEntry, DefinitionEntry, Directory, HexDigest, HostEntry, LogEntry, MemberEntry, PolicyEntry, SealEntry,
    ServiceEntry, Trial,
};
use mohur_policy_bundle::{definition_digest, load_all, load_definitions};
use mohur_seal::{KeyKind, Passphrase};
use mohur_transparency::LogKey;
use mohur_wire::bundle::Definition;
use mohur_wire::{Clock, MemberId, Timestamp};

use super::cast::{BROKER, Cast, LOG_ORIGIN, OwnerPart, RegisterPart, id};
use super::error::NationError;
use super::files::{self, HostAddresses};
use super::ports::free_ports;

/// The policies of the agencies, as they lie in the repository.
static AGENCIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../policy/agencies");

/// What a throwaway nation has of its own: bundles without the legs that it has no services for, which they say.
static SITE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../policy/sites/demo");

/// What each member may send in a second, unless a test sets another share.
const REQUESTS_PER_SECOND: u32 = 10_000;

/// Nobody signs the online roles anew here: with the grace of 4 hours they count for a day.
const PERIODS: Periods = Periods { timestamp: 20 * 3600, snapshot: 20 * 3600 };

/// A nation, founded and not yet running.
pub struct Nation {
    folder: PathBuf,
    cast: Cast,
    national: National,
    passphrase: Passphrase,
    directory: Directory,
    trial: Option<Trial>,
    clock: Arc<dyn Clock>,
    address: IpAddr,
    registers: BTreeMap<String, SocketAddr>,
    domain: String,
}

impl Nation {
    /// Founds a nation in an empty folder, on 127.0.0.1.
    pub fn found(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, NationError> {
        Self::found_at(folder, clock, Ipv4Addr::LOCALHOST.into())
    }

    /// Founds a nation in an empty folder, on an address of this machine that nobody else takes ports of: free ports are
    /// chosen now and bound later.
    pub fn found_at(folder: &Path, clock: Arc<dyn Clock>, address: IpAddr) -> Result<Self, NationError> {
        Self::found_as("AZ", folder, clock, address)
    }

    /// The same under another instance than `AZ`: the cast's names begin with it. The policies are those of the repository.
    pub fn found_as(domain: &str, folder: &Path, clock: Arc<dyn Clock>, address: IpAddr) -> Result<Self, NationError> {
        Self::found_with(Cast::usual(), domain, folder, clock, address)
    }

    /// The same with another cast.
    pub fn found_with(
        cast: Cast,
        domain: &str,
        folder: &Path,
        clock: Arc<dyn Clock>,
        address: IpAddr,
    ) -> Result<Self, NationError> {
        fs::create_dir_all(folder).map_err(NationError::file(folder))?;
        let folder = folder.canonicalize().map_err(NationError::file(folder))?;
        let passphrase = Passphrase::generate();
        passphrase.write_credential_file(&folder.join(files::PASSPHRASE))?;
        let now = clock.now();
        let national = National::create(&folder.join("national"), domain, &passphrase, now)?;
        let policy = folder.join("policy");
        fs::create_dir_all(&policy).map_err(NationError::file(&policy))?;
        AGENCIES.extract(&policy).map_err(NationError::file(&policy))?;
        SITE.extract(&policy).map_err(NationError::file(&policy))?;
        for agency in SITE.dirs() {
            mohur_policy_bundle::seal(&policy.join(agency.path()), None)?;
        }
        let (directory, registers) = (empty_directory(domain), BTreeMap::new());
        let domain = domain.to_owned();
        let mut nation =
            Self { folder, cast, national, passphrase, directory, trial: None, clock, address, registers, domain };
        nation.settle()?;
        Ok(nation)
    }

    /// Keys, certificates, addresses and files for everyone, and the first directory.
    fn settle(&mut self) -> Result<(), NationError> {
        self.add_broker("broker", BROKER, LOG_ORIGIN)?;
        let Cast { callers, owners } = self.cast.clone();
        let mut ports = free_ports(self.address, 3 * owners.len())?.into_iter();
        let mut next = || ports.next().ok_or_else(|| NationError::Port(std::io::Error::other("too few")));
        for part in &owners {
            let addresses = HostAddresses { listen: next()?, admin: next()?, register: next()? };
            self.settle_owner(part, addresses)?;
        }
        for part in &callers {
            let seal = self.issue(&format!("callers/{}", part.name), &part.member, false)?;
            let entry = self.member(&part.member, seal);
            let config = files::client(&self.folder, &entry.id);
            self.directory.members.push(entry);
            self.write(&format!("callers/{}/client.toml", part.name), &config)?;
        }
        self.publish(|_| {})
    }

    /// Keys, addresses and files for a broker in a folder of its own. The next directory to be published names it.
    pub fn add_broker(&mut self, folder: &str, member: &str, origin: &str) -> Result<(), NationError> {
        let mut ports = free_ports(self.address, 2)?.into_iter();
        let mut next = || ports.next().ok_or_else(|| NationError::Port(std::io::Error::other("too few")));
        let (listen, admin) = (next()?, next()?);
        let (id, origin) = (self.id(member), self.origin(origin));
        let seal = self.issue(folder, member, true)?;
        let log = create_log_key(&self.path(&format!("{folder}/log.key")), &self.passphrase)?;
        let key = LogKey::new(&origin, &log).map_err(|error| NationError::Caller(error.to_string()))?;
        self.write(&format!("{folder}/log.vkey"), &format!("{key}\n"))?;
        let part = files::BrokerPart { member: &id, origin: &origin, listen, admin };
        self.write(&format!("{folder}/broker.toml"), &files::broker(&self.folder, &part))?;
        let log = LogEntry { origin, key: key.to_string(), retired: Vec::new() };
        self.directory.brokers.push(BrokerEntry { id, authority: authority(listen)?, seals: vec![seal], log });
        Ok(())
    }

    /// The id that a member of the cast has in this nation.
    pub fn id(&self, text: &str) -> MemberId {
        id(&text.replacen("AZ/", &format!("{}/", self.domain), 1))
    }

    /// The name that a log of the cast has in this nation.
    pub fn origin(&self, text: &str) -> String {
        text.replacen(".az", &format!(".{}", self.domain.to_lowercase()), 1)
    }

    fn member(&self, text: &str, seal: SealEntry) -> MemberEntry {
        MemberEntry {
            id: self.id(text),
            broker: self.id(BROKER),
            seals: vec![seal],
            host: None,
            services: Vec::new(),
            policy: None,
            requests_per_second: REQUESTS_PER_SECOND,
        }
    }

    fn settle_owner(&mut self, part: &OwnerPart, addresses: HostAddresses) -> Result<(), NationError> {
        let folder = format!("hosts/{}", part.name);
        let seal = self.issue(&folder, &part.member, true)?;
        let entry = |(code, verbs): &(String, Vec<_>)| ServiceEntry {
            code: code.clone(),
            version: "v1".to_owned(),
            verbs: verbs.clone(),
        };
        self.directory.members.push(MemberEntry {
            host: Some(HostEntry { authority: authority(addresses.listen)? }),
            services: part.services.iter().map(entry).collect(),
            ..self.member(&part.member, seal)
        });
        let config = files::host(&self.folder, part, &self.id(&part.member), addresses);
        self.write(&format!("{folder}/host.toml"), &config)?;
        match &part.register {
            RegisterPart::Reference(_) => drop(self.registers.insert(part.name.clone(), addresses.register)),
            RegisterPart::Database { password, mapping, .. } => {
                self.write(&format!("{folder}/{}", files::MAPPING), mapping)?;
                write_secret(&self.path(&format!("{folder}/{}", files::PASSWORD)), password)?;
            }
        }
        Ok(())
    }

    /// A TLS and a seal certificate in a folder of the member's own.
    fn issue(&mut self, folder: &str, member: &str, server: bool) -> Result<SealEntry, NationError> {
        let (folder, member) = (self.folder.join(folder), self.id(member));
        let now = self.clock.now();
        let issue =
            Issue { member: &member, folder: &folder, passphrase: &self.passphrase, key: KeyKind::P256, days: 7, now };
        let hosts = if server { vec![self.address.to_string(), "localhost".to_owned()] } else { Vec::new() };
        self.national.issue_tls(&issue, &hosts)?;
        let seal = self.national.issue_seal(&Issue { days: 365, ..issue })?;
        Ok(SealEntry::new(seal.certificate.der()))
    }

    /// Changes the directory, names the policies and definitions that lie in the folder, and publishes a new version.
    pub fn publish(&mut self, change: impl FnOnce(&mut Directory)) -> Result<(), NationError> {
        change(&mut self.directory);
        self.name_policies()?;
        let (now, trust) = (self.clock.now(), TrustFolder::read(&self.path("national/trust"))?);
        let content = Content {
            directory: self.directory.clone(),
            definitions: self.definitions_by_agency()?,
            authorities: trust.authorities,
            revocation_lists: trust.revocation_lists,
        };
        match &mut self.trial {
            Some(trial) => drop(trial.publish(&content, now)?),
            None => {
                let anchor = Anchor { domain: self.directory.domain.clone(), pki_root: trust.root };
                self.trial = Some(Trial::found(&self.path("directory"), anchor, &content, PERIODS, now)?);
            }
        }
        self.directory.version += 1;
        Ok(())
    }

    /// The directory's repository with all its keys.
    pub const fn trial(&self) -> Option<&Trial> {
        self.trial.as_ref()
    }

    fn definitions_by_agency(&self) -> Result<BTreeMap<String, Vec<DefinitionEntry>>, NationError> {
        let policy = self.path("policy");
        let mut found = BTreeMap::new();
        for folder in fs::read_dir(&policy).map_err(NationError::file(&policy))?.flatten() {
            let (path, name) = (folder.path(), folder.file_name().to_string_lossy().into_owned());
            let definitions = if path.is_dir() { load_definitions(&path)? } else { Vec::new() };
            if !definitions.is_empty() {
                found.insert(name, definitions.iter().map(entry_of).collect());
            }
        }
        Ok(found)
    }

    fn name_policies(&mut self) -> Result<(), NationError> {
        let policy = self.folder.join("policy");
        for agency in load_all(&policy)? {
            let entry = PolicyEntry { version: agency.version(), digest: HexDigest(Digest(agency.digest())) };
            let owners: Vec<&MemberId> = agency.services().map(mohur_wire::ServiceId::owner).collect();
            let members = self.directory.members.iter_mut().filter(|member| owners.contains(&&member.id));
            members.for_each(|member| member.policy = Some(entry.clone()));
        }
        self.directory.definitions = load_definitions(&policy)?.iter().map(entry_of).collect();
        Ok(())
    }

    /// Writes a file, replacing it in one step.
    fn write(&self, name: &str, text: &str) -> Result<(), NationError> {
        let path = self.folder.join(name);
        let next = path.with_extension("next");
        fs::write(&next, text).and_then(|()| fs::rename(&next, &path)).map_err(NationError::file(&path))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The certificate authorities.
    pub const fn national(&mut self) -> &mut National {
        &mut self.national
    }

    /// The directory as it was last published.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The clock that everything reads.
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What opens every key of the nation.
    pub const fn passphrase(&self) -> &Passphrase {
        &self.passphrase
    }

    /// Who takes part.
    pub const fn cast(&self) -> &Cast {
        &self.cast
    }

    /// Where that owner's reference register listens, once it runs.
    pub fn register(&self, owner: &str) -> Option<SocketAddr> {
        self.registers.get(owner).copied()
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One of those who ask.
    pub fn caller(&self, name: &str) -> Result<Caller, NationError> {
        let config = mohur_client::Config::load(&self.path(&format!("callers/{name}/client.toml")))?;
        config.caller(Arc::clone(&self.clock)).map_err(|error| NationError::Caller(error.to_string()))
    }
}

fn entry_of(definition: &Definition) -> DefinitionEntry {
    let digest = HexDigest(definition_digest(definition));
    DefinitionEntry { id: definition.id.clone(), version: definition.version, digest }
}

fn empty_directory(domain: &str) -> Directory {
    Directory {
        version: 0,
        expires: Timestamp::MIN,
        domain: domain.to_owned(),
        brokers: Vec::new(),
        members: Vec::new(),
        foreign: Vec::new(),
        denied: Vec::new(),
        definitions: Vec::new(),
    }
}

/// Writes a file that nobody else may read.
pub(super) fn write_secret(path: &Path, secret: &str) -> Result<(), NationError> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(secret.as_bytes())).map_err(NationError::file(path))
}

fn authority(address: SocketAddr) -> Result<mohur_directory::Authority, NationError> {
    address.to_string().parse().map_err(|error| NationError::Caller(format!("{error}")))
}
