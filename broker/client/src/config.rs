//! A caller's configuration file. `docs/samples/client.toml` shows every setting.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_chain::{Trust, TrustFiles};
use mohur_config::{ConfigErrors, Table};
use mohur_directory::{Domain, ForeignFiles, RollbackGuard, Snapshot};
use mohur_enrol::EnrolmentSettings;
use mohur_http::{Client, ClientLimits, foreign_files, seal_source};
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
    /// `trust.folder`: root, issuing CAs and their revocation lists.
    pub trust: PathBuf,
    /// `tls.certificate`, `tls.key`
    pub tls: (PathBuf, PathBuf),
    /// `[seal]`
    pub seal: SealSource,
    /// `directory.file`: the signed directory; `directory.state`: the highest version seen, against rollback.
    pub directory: (PathBuf, PathBuf),
    /// `[foreign.<domain>]`: the domains whose answers count, where our own directory trusts them.
    pub foreign: Vec<ForeignFiles>,
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
        let trust = top.table("trust").and_then(|mut trust| trust.path("folder"));
        let mut pair = |table: &str, one: &str, other: &str| {
            let mut table = top.table(table)?;
            let (one, other) = (table.path(one), table.path(other));
            Some((one?, other?))
        };
        let tls = pair("tls", "certificate", "key");
        let directory = pair("directory", "file", "state");
        let seal = top.table("seal").and_then(|mut seal| seal_source(&mut seal));
        let patience = top.duration("patience").unwrap_or(Duration::from_secs(30));
        let limits = top
            .optional_table("limits")
            .map_or_else(ClientLimits::default, |mut t| ClientLimits::default().read(&mut t));
        let foreign = foreign_files(top);
        let enrolment = EnrolmentSettings::read(top);
        Some(Self {
            member: member?,
            passphrase: passphrase?,
            trust: trust?,
            tls: tls?,
            seal: seal?,
            directory: directory?,
            foreign: foreign?,
            patience,
            limits,
            enrolment: enrolment?,
        })
    }

    /// Reads keys, trust and directory, and gets ready to ask.
    pub fn caller(&self, clock: Arc<dyn Clock>) -> Result<Caller, AskError> {
        let setup = |error: &dyn std::fmt::Display| AskError::Setup(error.to_string());
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(|error| setup(&error))?;
        let trust = Trust::load(&TrustFiles::in_folder(&self.trust)).map_err(|error| setup(&error))?;
        let guard = RollbackGuard::new(&self.directory.1);
        let directory =
            Snapshot::load(&self.directory.0, &trust, clock.now(), &guard).map_err(|error| setup(&error))?;
        let pinned = |key: &_| directory.seal(key).map(|(_, listed)| listed.public_key().algorithm());
        let seal = self.seal.open(&passphrase, pinned).map_err(|error| setup(&error))?;
        let material = TlsMaterial::load(&self.tls.0, &self.tls.1, &passphrase).map_err(|error| setup(&error))?;
        let home = Domain { directory, trust: Arc::new(trust) };
        let (domains, unread) = ForeignFiles::load_all(&self.foreign, home, None, clock.now());
        unread.iter().for_each(|error| tracing::warn!(%error, "no answer of that domain counts"));
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
