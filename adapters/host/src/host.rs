//! Starts and stops a host.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_chain::{Certificate, CertificateError};
use mohur_contract::{Registry, service_name};
use mohur_enrol::Outlook;
use mohur_http::{Limits, Server, followers};
use mohur_revocation::{Revocation, keep_in};
use mohur_seal::{CurrentSeal, Passphrase, Seal};
use mohur_store::Store;
use mohur_transport::{Peers, Renewal, TlsMaterial, server_config};
use mohur_wire::{Clock, MemberId, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::config::HostConfig;
use crate::door::Door;
use crate::guard::Guarded;
use crate::metrics::Metrics;
use crate::pipeline::House;
use crate::renewing;
use crate::sources::Sources;
use crate::start_error::StartError;
use crate::watch::Watch;
use crate::world::World;

/// Starts hosts.
#[derive(Debug)]
pub struct Host;

/// A host that serves. Dropped, it stops at once; [`RunningHost::shutdown`] finishes what was accepted.
pub struct RunningHost {
    address: SocketAddr,
    admin: SocketAddr,
    watch: Arc<Watch>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Renews certificates, for ever.
    keeper: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts a host before `registry`. It serves when this returns; it does not start with anything amiss: another
    /// member's keys, a seal or services that the directory does not list, a policy that it does not name.
    pub async fn start(
        config: HostConfig,
        registry: Arc<dyn Registry>,
        clock: Arc<dyn Clock>,
    ) -> Result<RunningHost, StartError> {
        let now = clock.now();
        std::fs::create_dir_all(&config.state).map_err(|error| StartError::io(&config.state, &error))?;
        let revocation = Revocation::new(config.revocation.clone());
        let sources = Arc::new(sources(&config, &revocation, &clock));
        let reading = Arc::clone(&sources);
        let read = tokio::task::spawn_blocking(move || reading.load(now)).await;
        let (world, troubles) = read.map_err(|error| StartError::Interrupted(error.to_string()))??;
        troubles.iter().for_each(|trouble| tracing::error!(%trouble, "directory"));
        let world = Arc::new(world);
        let passphrase = Passphrase::from_credential_file(&config.passphrase)?;
        let seal = config
            .seal
            .open(&passphrase, |key| world.directory().seal(key).map(|(_, listed)| listed.public_key().algorithm()))?;
        check_seal(&*seal, &config.member, &world, now)?;
        check_services(&*registry, &config.member, &world)?;
        let material = TlsMaterial::load(&config.tls.certificate, &config.tls.key, &passphrase)?;
        if material.member().as_ref() != Some(&config.member) {
            return Err(StartError::OtherMember { what: "TLS certificate", member: config.member });
        }
        let peers = Arc::new(Peers::of(world.domains.clone()));
        let tls = server_config(&material, &peers, Arc::clone(&clock)).map_err(|e| StartError::Tls(e.to_string()))?;
        let metrics = Arc::new(Metrics::new());
        metrics.directory_is(world.directory().version());
        metrics.directory_looked_for(world.directory(), troubles.is_empty(), now);
        let house = Arc::new(House {
            me: config.member.clone(),
            seal: CurrentSeal::new(seal),
            times: config.times,
            world: ArcSwap::new(world),
            claims: Arc::new(Store::open(&config.claims())?),
            guard: Guarded::new(registry, config.register, Arc::clone(&metrics)),
            metrics,
        });
        let door = Server::bind(config.listen, config.limits, Arc::clone(&clock)).await?;
        let door = door.with_tls(tls, Arc::clone(&peers));
        let admin = Server::bind(config.admin, Limits::default(), Arc::clone(&clock)).await?;
        let outlook = Outlook::of(&material);
        let files = (config.tls.certificate.clone(), config.tls.key.clone(), config.passphrase.clone());
        let watch = Arc::new(Watch {
            house: Arc::clone(&house),
            sources,
            peers,
            renewal: Renewal::new(material.clone(), files.0, files.1, files.2),
            poll: config.directory.poll,
            clock: Arc::clone(&clock),
            revocation,
            keep: keep_in(config.state.join("revocation")),
        });
        let keeper = renewing::keep(&config, material, &watch, &outlook);
        Ok(serve(Admin { house, outlook }, door, admin, watch, keeper))
    }
}

fn sources(config: &HostConfig, revocation: &Revocation, clock: &Arc<dyn Clock>) -> Sources {
    Sources {
        me: config.member.clone(),
        followers: followers(&config.directory, &config.foreign, clock).judged_by(revocation.standing()),
        policy: config.policy.clone(),
    }
}

fn serve(pages: Admin, door: Server, admin: Server, watch: Arc<Watch>, keeper: Option<JoinHandle<()>>) -> RunningHost {
    let house = Arc::clone(&pages.house);
    let (stop, stopping) = watch::channel(false);
    let (address, admin_address) = (door.local_addr(), admin.local_addr());
    tracing::info!(member = %house.me, %address, admin = %admin_address, "the host serves");
    let stopped = |mut stopping: watch::Receiver<bool>| async move {
        // An error means that the sender is gone: that stops as well.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let mut tasks = vec![
        tokio::spawn(door.serve(Arc::new(Door(Arc::clone(&house))), stopped(stopping.clone()))),
        tokio::spawn(admin.serve(Arc::new(pages), stopped(stopping.clone()))),
        tokio::spawn(Arc::clone(&watch).follow(stopped(stopping.clone()))),
    ];
    let asking = watch.asking().map(|asking| abandoned(asking, stopped(stopping)));
    tasks.extend(asking.map(tokio::spawn));
    RunningHost { address, admin: admin_address, watch, stop, tasks, keeper }
}

/// Does `work` until `stopped`.
async fn abandoned(work: impl Future<Output = ()>, stopped: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = stopped => {}
    }
}

/// The seal is this member's, good now, and listed: an answer under any other is worth nothing to the caller.
fn check_seal(seal: &dyn Seal, me: &MemberId, world: &World, now: Timestamp) -> Result<(), StartError> {
    let certificate = Certificate::parse(seal.certificate())?;
    if certificate.member() != Some(me) {
        return Err(StartError::OtherMember { what: "seal certificate", member: me.clone() });
    }
    match world.directory().seal(&seal.key_id()) {
        Some((member, listed)) if member == me => {
            let _: mohur_chain::SealIdentity = world.domains.home().trust.validate_seal(listed, now)?;
            if listed.public_key().algorithm() == seal.algorithm() {
                Ok(())
            } else {
                Err(StartError::Certificate(CertificateError::WrongAlgorithm))
            }
        }
        Some(_) | None => Err(StartError::UnlistedSeal { member: me.clone(), seal: seal.key_id() }),
    }
}

/// What the directory promises, the adapter must offer.
fn check_services(registry: &dyn Registry, me: &MemberId, world: &World) -> Result<(), StartError> {
    let entry = world.directory().member(me).ok_or_else(|| StartError::UnlistedMember(me.clone()))?;
    let offered = registry.services();
    let missing: Vec<String> = entry
        .services
        .iter()
        .filter_map(|service| entry.service_id(service))
        .filter(|service| !offered.contains(&service_name(service)))
        .map(|service| service.to_string())
        .collect();
    if entry.services.is_empty() || !missing.is_empty() {
        return Err(StartError::Services { member: me.clone(), missing });
    }
    Ok(())
}

impl RunningHost {
    /// Where brokers ask.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are.
    pub const fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// Reads trust, directory and policy again now, instead of at the next poll.
    pub async fn reload(&self) {
        self.watch.once().await;
    }

    /// Accepts nothing more, finishes what was accepted, and returns.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            if task.await.is_err() {
                tracing::error!("a task of the host did not end by itself");
            }
        }
    }
}

impl Drop for RunningHost {
    fn drop(&mut self) {
        for task in self.tasks.iter().chain(&self.keeper) {
            task.abort();
        }
    }
}

impl std::fmt::Debug for RunningHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunningHost({})", self.address)
    }
}
