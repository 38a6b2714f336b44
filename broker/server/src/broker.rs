//! A running broker: everything that was read, bound and started, and its orderly end.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_crypto::XmlMethod;
use mohur_directory::Trouble;
use mohur_enrol::Outlook;
use mohur_exchange::bundle::{KeptError, Settlements};
use mohur_exchange::pipeline::Parties;
use mohur_exchange::{Exchange, World};
use mohur_http::{Client, Server};
use mohur_journal::{Journal, JournalError};
use mohur_revocation::Revocation;
use mohur_seal::{CurrentSeal, Passphrase, Seal};
use mohur_store::Store;
use mohur_transport::{Peers, TlsMaterial, client_config, server_config};
use mohur_wire::{Clock, Timestamp};
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::config::Config;
use crate::door::Door;
use crate::log::open_log;
use crate::metrics::Metrics;
use crate::neighbours::Neighbours;
use crate::provider::HttpProvider;
use crate::rate::Rates;
use crate::renewing::{self, Shown};
use crate::stamper::Stamper;
use crate::standing::{self, Seals};
use crate::watch::Watch;
use crate::world::Sources;

/// Why a broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Keys or the passphrase.
    #[error(transparent)]
    Seal(#[from] mohur_seal::SealError),
    /// The TLS certificate.
    #[error(transparent)]
    Material(#[from] mohur_transport::MaterialError),
    /// Trust, directory or policy.
    #[error("{0}")]
    World(String),
    /// The log.
    #[error(transparent)]
    Log(#[from] mohur_journal::OpenError),
    /// The log, when it was read or written for the first time.
    #[error("the log: {0}")]
    Journal(String),
    /// What is kept of bundles that are not settled.
    #[error("{path}: {reason}")]
    Settlements {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An address.
    #[error(transparent)]
    Bind(#[from] mohur_http::BindError),
    /// TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The configuration and the directory speak of different brokers.
    #[error("{0}")]
    Identity(String),
    /// The clock is behind what the log has seen.
    #[error(
        "the log's last entry is of {last}, and the clock says {now}: set the clock; if it was wrong when that entry was \
         written and is right now, start once with --clock-was-wrong"
    )]
    Clock {
        /// The time of the last entry.
        last: Timestamp,
        /// The time now.
        now: Timestamp,
    },
}

/// How long a start waits for the file of a process that it replaces.
const OPEN_TRIES: u32 = 50;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

/// Starts brokers.
pub struct Broker;

/// A broker that runs. Dropping it does not stop it: call [`RunningBroker::shutdown`].
pub struct RunningBroker {
    address: SocketAddr,
    admin: SocketAddr,
    journal: Journal,
    exchange: Arc<Exchange<HttpProvider>>,
    stop: Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// What goes on for ever beside the serving: ended last.
    watchers: Vec<JoinHandle<()>>,
    patience: Duration,
}

impl Broker {
    /// Reads what the configuration names, recovers the log, and opens the door.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<RunningBroker, StartError> {
        let passphrase = Passphrase::from_credential_file(&config.passphrase)?;
        let material = TlsMaterial::load(&config.tls.certificate, &config.tls.key, &passphrase)?;
        let revocation = Revocation::new(config.revocation.clone());
        let sources = Arc::new(Sources::of(&config, &revocation, &clock));
        let (world, troubles) = read_world(&sources, clock.now()).await?;
        let seal = open_seal(&config, &passphrase, &material, &world)?;
        let (journal, claims) = open_log(&config, &passphrase, &world, &*clock).await?;
        let seals = Seals::seeing(revocation, &config.log.folder, &world, clock.now());
        let peers = Arc::new(Peers::of(world.domains.clone()));
        let tls = |error| StartError::Tls(format!("{error}"));
        let server_tls = server_config(&material, &peers, Arc::clone(&clock)).map_err(tls)?;
        let client_tls = client_config(&material, &peers, Arc::clone(&clock)).map_err(tls)?;
        let client = Client::https(client_tls, Arc::<Peers>::clone(&peers), Arc::clone(&clock), config.hosts);
        let parties = Parties {
            me: config.member.clone(),
            seal: seal.clone(),
            journal: journal.clone(),
            provider: HttpProvider::new(client.clone(), Neighbours::new(config.brokers)),
            clock: Arc::clone(&clock),
            settlements: open_settlements(&config.log.settlements, &passphrase).await?,
        };
        let (rates, metrics) = (Rates::new(config.brokers.requests_per_second), Metrics::new());
        rates.follow(&world.domains);
        metrics.directory_is(world.directory().version());
        metrics.directory_looked_for(world.directory(), troubles.is_empty(), clock.now());
        let exchange = started(Exchange::new(parties, world, claims, config.exchange.clone()), &config).await?;
        let door = Arc::new(Door { exchange: Arc::clone(&exchange), rates, metrics });
        let stamper = config.log.time_stamp.clone().map(|set| Stamper::new(set, journal.clone(), Arc::clone(&door)));
        let stamper = stamper.transpose().map_err(|error| StartError::World(format!("log.time-stamp: {error}")))?;
        let checks = Arc::clone(&peers);
        let server = Server::bind(config.listen, config.limits, Arc::clone(&clock)).await?.with_tls(server_tls, checks);
        let admin = Server::bind(config.admin, config.limits, Arc::clone(&clock)).await?;
        let (stop, stopping) = channel(false);
        let (address, admin_address) = (server.local_addr(), admin.local_addr());
        let outlook = Outlook::of(&material);
        let admin_pages = Admin { door: Arc::clone(&door), journal: journal.clone(), outlook: Arc::clone(&outlook) };
        let tasks = vec![
            tokio::spawn(server.serve(Arc::clone(&door), stopped(stopping.clone()))),
            tokio::spawn(admin.serve(Arc::new(admin_pages), stopped(stopping))),
        ];
        let shown = Shown::new(&material, &config, (client, &peers), &clock);
        let keeper = renewing::keep(&config, &shown, &exchange, seal, outlook);
        let asking = seals.watcher(Arc::clone(&clock)).map(|watcher| standing::follow(watcher, Arc::clone(&exchange)));
        let watch = Watch { sources, door, peers, journal: journal.clone(), clock, me: config.member, shown, seals };
        let mut watchers = vec![tokio::spawn(watch.follow(config.directory.poll))];
        watchers.extend(keeper);
        watchers.extend(stamper.map(|stamper| tokio::spawn(stamper.follow())));
        watchers.extend(asking.map(tokio::spawn));
        Ok(RunningBroker {
            address,
            admin: admin_address,
            journal,
            exchange,
            stop,
            tasks,
            watchers,
            patience: config.limits.drain_timeout,
        })
    }
}

impl RunningBroker {
    /// The address of the door.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of health and metrics.
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The log.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Resolves when the log has failed: the process must then end, and recover at its next start.
    pub async fn failed(&self) -> JournalError {
        self.journal.failed().await
    }

    /// Finishes what was accepted, settles what was reserved, and closes the log.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the broker ended badly");
            }
        }
        self.exchange.bundles_settled(self.patience).await;
        self.exchange.stop_repairing(self.patience).await;
        self.watchers.iter().for_each(JoinHandle::abort);
        self.journal.close().await;
    }
}

/// The seal, as the directory lists it, in the hands of the broker that it names.
fn open_seal(
    config: &Config,
    passphrase: &Passphrase,
    material: &TlsMaterial,
    world: &World,
) -> Result<CurrentSeal, StartError> {
    let pinned = |key: &_| world.directory().seal(key).map(|(_, listed)| listed.public_key().algorithm());
    let seal = config.seal.open(passphrase, pinned)?;
    check_identity(config, material, &*seal, world)?;
    Ok(CurrentSeal::new(seal))
}

/// Opens what is kept of bundles that are not settled. A process that is being replaced may still hold it for a moment.
async fn open_settlements(path: &Path, passphrase: &Passphrase) -> Result<Settlements, StartError> {
    let wrong = |error: &dyn Display| StartError::Settlements { path: path.to_owned(), reason: error.to_string() };
    let mut tries = 0;
    let store = loop {
        match Store::open(path) {
            Ok(store) => break store,
            Err(error) if tries >= OPEN_TRIES => return Err(wrong(&error)),
            Err(_) => tokio::time::sleep(OPEN_PAUSE).await,
        }
        tries += 1;
    };
    Settlements::open(Arc::new(store), passphrase).await.map_err(|error| wrong(&error))
}

/// The exchange, which takes up what an earlier life of this broker reserved and did not settle.
async fn started(exchange: Exchange<HttpProvider>, config: &Config) -> Result<Arc<Exchange<HttpProvider>>, StartError> {
    let (exchange, path) = (Arc::new(exchange), &config.log.settlements);
    let wrong = |error: KeptError| StartError::Settlements { path: path.clone(), reason: error.to_string() };
    exchange.repair().await.map_err(wrong)?;
    Ok(exchange)
}

async fn stopped(mut stopping: Receiver<bool>) {
    // A sender that is gone means the same: nobody holds the broker any more.
    let _gone = stopping.wait_for(|stop| *stop).await;
}

/// Reads everything for a start, on a thread that may block.
async fn read_world(sources: &Arc<Sources>, now: Timestamp) -> Result<(World, Vec<Trouble>), StartError> {
    let reading = Arc::clone(sources);
    let read = tokio::task::spawn_blocking(move || reading.load(now)).await;
    let read = read.map_err(|error| StartError::World(error.to_string()))?;
    let (world, troubles) = read.map_err(|error| StartError::World(error.to_string()))?;
    troubles.iter().for_each(|trouble| tracing::error!(%trouble, "directory"));
    Ok((world, troubles))
}

/// The configuration, the certificates and the directory must speak of one broker.
fn check_identity(config: &Config, tls: &TlsMaterial, seal: &dyn Seal, world: &World) -> Result<(), StartError> {
    let me = &config.member;
    let wrong = |what: String| Err(StartError::Identity(what));
    let Some(entry) = world.directory().broker(me) else {
        return wrong(format!("the directory knows no broker {me}; have it published"));
    };
    if tls.member().as_ref() != Some(me) {
        return wrong(format!("the TLS certificate is not {me}'s; set tls.certificate to its own"));
    }
    if world.directory().seal(&seal.key_id()).is_none_or(|(member, _)| member != me) {
        return wrong(format!("the seal certificate is not in the directory under {me}; have it published"));
    }
    if XmlMethod::of(seal.algorithm()).is_none() {
        // Otherwise owners would be asked for SOAP callers to whom nothing of it can be told.
        return wrong(
            "the seal's key signs no XML, and so answers no SOAP; take a seal of ECDSA P-256 or RSA".to_owned(),
        );
    }
    if entry.log.origin != config.log.origin {
        return wrong(format!(
            "the directory names the log {}, the configuration {}",
            entry.log.origin, config.log.origin
        ));
    }
    Ok(())
}
