//! A caller's configuration file. `docs/samples/client.toml` shows every setting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};
use mohur_directory::{DirectorySettings, Domains, Followers, ForeignDirectory};
use mohur_enrol::{EnrolmentSettings, Keeper, Outlook, Pair};
use mohur_http::{Client, ClientLimits, directory_settings, followers, foreign_directories, seal_source};
use mohur_seal::{Passphrase, SealSource};
use mohur_transport::{Peers, TlsMaterial, client_config};
use mohur_wire::{Clock, MemberId};

use crate::Caller;
use crate::error::AskError;

/// What a caller is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// `member`: who asks.
    pub member: MemberId,
    /// `passphrase`: the credential file that opens the keys.
    pub passphrase: PathBuf,
    /// `tls.certificate`, `tls.key`
    pub tls: (PathBuf, PathBuf),
    /// `[seal]`
    pub seal: SealSource,
    /// `[directory]`
    pub directory: DirectorySettings,
    /// `[foreign.<domain>]`: the domains whose answers count, where our own directory trusts them.
    pub foreign: Vec<ForeignDirectory>,
    /// `patience`: how long to wait for an answer. 30 s.
    pub patience: Duration,
    /// `[limits]`
    pub limits: ClientLimits,
    /// `[enrolment]`: where certificates are renewed.
    pub enrolment: Option<EnrolmentSettings>,
}

impl Config {
    /// Reads the file; every error at once, with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, Self::read)
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, Self::read)
    }

    /// Reads the settings from the top level of a file, which may have others beside them.
    pub fn read(top: &mut Table) -> Option<Self> {
        // Every table is read before the first `?`, so that all errors are found.
        let (member, passphrase) = (top.required("member"), top.path("passphrase"));
        let mut pair = |table: &str, one: &str, other: &str| {
            let mut table = top.table(table)?;
            let (one, other) = (table.path(one), table.path(other));
            Some((one?, other?))
        };
        let tls = pair("tls", "certificate", "key");
        let directory = top.table("directory").and_then(|mut directory| directory_settings(&mut directory, None));
        let seal = top.table("seal").and_then(|mut seal| seal_source(&mut seal));
        let patience = top.duration("patience").unwrap_or(Duration::from_secs(30));
        let limits = top
            .optional_table("limits")
            .map_or_else(ClientLimits::default, |mut t| ClientLimits::default().read(&mut t));
        let foreign = foreign_directories(top);
        let enrolment = EnrolmentSettings::read(top);
        Some(Self {
            member: member?,
            passphrase: passphrase?,
            tls: tls?,
            seal: seal?,
            directory: directory?,
            foreign: foreign?,
            patience,
            limits,
            enrolment: enrolment?,
        })
    }

    /// What keeps the certificates current, where `[enrolment]` says that this process does.
    pub fn keeper(&self, clock: Arc<dyn Clock>) -> Result<Option<Keeper>, AskError> {
        let Some(settings) = self.enrolment.clone() else { return Ok(None) };
        let setup = |error: &dyn std::fmt::Display| AskError::Setup(error.to_string());
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(|error| setup(&error))?;
        let material = TlsMaterial::load(&self.tls.0, &self.tls.1, &passphrase).map_err(|error| setup(&error))?;
        Ok(Some(Keeper {
            settings,
            member: self.member.clone(),
            passphrase: self.passphrase.clone(),
            tls: Pair { certificate: self.tls.0.clone(), key: self.tls.1.clone() },
            material,
            seal: Pair::of_seal(&self.seal),
            clock,
            outlook: Arc::new(Outlook::default()),
        }))
    }

    /// Reads keys and directory, and gets ready to ask. Blocks.
    pub fn caller(&self, clock: Arc<dyn Clock>) -> Result<Caller, AskError> {
        let found = self.followers(&clock).start(clock.now());
        let (domains, troubles) = found.map_err(|error| AskError::Setup(error.to_string()))?;
        troubles.iter().for_each(|trouble| tracing::warn!(%trouble, "directory"));
        self.caller_in(domains, clock)
    }

    /// What follows our own directory and those of other domains.
    pub fn followers(&self, clock: &Arc<dyn Clock>) -> Followers {
        followers(&self.directory, &self.foreign, clock)
    }

    /// Reads keys, and gets ready to ask in these domains.
    pub fn caller_in(&self, domains: Domains, clock: Arc<dyn Clock>) -> Result<Caller, AskError> {
        let setup = |error: &dyn std::fmt::Display| AskError::Setup(error.to_string());
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(|error| setup(&error))?;
        let pinned = |key: &_| domains.home().directory.seal(key).map(|(_, listed)| listed.public_key().algorithm());
        let seal = self.seal.open(&passphrase, pinned).map_err(|error| setup(&error))?;
        let material = TlsMaterial::load(&self.tls.0, &self.tls.1, &passphrase).map_err(|error| setup(&error))?;
        let peers = Arc::new(Peers::of(domains.clone()));
        let tls = client_config(&material, &peers, Arc::clone(&clock)).map_err(|error| setup(&error))?;
        Ok(Caller {
            me: self.member.clone(),
            seal,
            http: Client::https(tls, peers, Arc::clone(&clock), self.limits),
            domains,
            clock,
            patience: self.patience,
        })
    }
}
