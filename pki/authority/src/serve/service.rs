//! Starting and stopping the authority online.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use mohur_http::{BindError, Limits, Server};
use mohur_seal::{Passphrase, SealError};
use mohur_transport::{ServiceError, ServiceMaterial, service_server};
use mohur_wire::{Clock, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::ServeConfig;
use super::control::{self, ControlFile};
use super::desk::Desk;
use super::rates::Rates;
use super::responders::{Lender, Responders};
use super::routes::{Routes, answer};
use super::stats::Stats;
use super::status::{lists, ocsp};
use crate::AuthorityError;
use crate::layout::Layout;
use crate::national::National;
use crate::office::Office;

/// Why the authority does not go online.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The root's key lies there.
    #[error("{}: the root's key does not belong online; take it away, or set allow-root-key for a trial", path.display())]
    RootKey {
        /// Where.
        path: std::path::PathBuf,
    },
    /// The authorities cannot be opened.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The passphrase cannot be read.
    #[error(transparent)]
    Passphrase(#[from] SealError),
    /// The service's own TLS.
    #[error(transparent)]
    Tls(#[from] ServiceError),
    /// An address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The control file.
    #[error("the control file: {0}")]
    Control(std::io::Error),
}

/// Starts it.
#[derive(Debug)]
pub struct Service;

/// The authority, online. Dropped, it stops at once; [`RunningService::shutdown`] finishes what was accepted.
pub struct RunningService {
    address: SocketAddr,
    admin: SocketAddr,
    public: Option<SocketAddr>,
    layout: Layout,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    upkeep: JoinHandle<()>,
}

impl Service {
    /// Opens the authorities and goes online. `public` makes the pages of the plain listener.
    pub async fn start(
        config: ServeConfig,
        clock: Arc<dyn Clock>,
        public: impl FnOnce(&Arc<RwLock<Office>>) -> Routes,
    ) -> Result<RunningService, StartError> {
        let passphrase = Passphrase::from_credential_file(&config.passphrase)?;
        let national = National::open(&config.pki, &passphrase)?;
        if national.has_root() && !config.allow_root_key {
            return Err(StartError::RootKey { path: config.pki.join("authority/root.key") });
        }
        let layout = national.layout().clone();
        let office = Office::new(national, config.rules.clone());
        let now = clock.now();
        let (chain, key) = office.own_server(&config.hosts, config.own_life, now)?;
        let material = ServiceMaterial::new(chain, &key)?;
        let tls = service_server(Arc::clone(&material), Arc::clone(&clock))?;
        let office = Arc::new(RwLock::new(office));
        let stats = Arc::new(Stats::default());
        let desk =
            Desk { office: Arc::clone(&office), rates: Rates::new(config.per_minute), stats: Arc::clone(&stats) };
        let bind = |address, limits| Server::bind(address, limits, Arc::clone(&clock));
        let door = bind(config.listen, config.limits).await?.with_service_tls(tls);
        let admin_limits = Limits { handler_timeout: Duration::from_secs(120), ..Limits::default() };
        let admin = bind(config.admin, admin_limits).await?;
        let public_server = match config.public {
            Some(address) => Some(bind(address, config.limits).await?),
            None => None,
        };
        let control = ControlFile::make(&layout, admin.local_addr(), &config.url).map_err(StartError::Control)?;
        let own = Own { material, life: config.own_life, hosts: config.hosts, until: AtomicI64::new(0) };
        own.is_until(now);
        let responders = Arc::new(Responders::new(config.freshness));
        let (every, answering) = (config.lists_every, public_server.as_ref().map(|_| Arc::clone(&responders)));
        let upkeep = Upkeep { office: Arc::clone(&office), own, every, answering, clock: Arc::clone(&clock) };
        let upkeep = Arc::new(upkeep);
        let (stop, stopping) = watch::channel(false);
        let (address, admin_address) = (door.local_addr(), admin.local_addr());
        let public_address = public_server.as_ref().map(Server::local_addr);
        tracing::info!(%address, admin = %admin_address, url = config.url, "the authority is online");
        let admin_pages = admin_pages(&office, &stats, &upkeep, &control);
        let mut tasks = vec![
            tokio::spawn(door.serve(Arc::new(Arc::new(desk).routes()), stopped(stopping.clone()))),
            tokio::spawn(admin.serve(Arc::new(admin_pages), stopped(stopping.clone()))),
        ];
        if let Some(server) = public_server {
            tasks.push(tokio::spawn(
                server.serve(Arc::new(status_pages(public(&office), &office, responders, &layout)), stopped(stopping)),
            ));
        }
        let upkeep = tokio::spawn(upkeep.follow());
        Ok(RunningService { address, admin: admin_address, public: public_address, layout, stop, tasks, upkeep })
    }
}

/// What everybody may ask in clear: OCSP and the revocation lists.
fn status_pages(pages: Routes, office: &Arc<RwLock<Office>>, responders: Arc<Responders>, layout: &Layout) -> Routes {
    let page = ocsp(responders, Arc::clone(office) as Arc<dyn Lender>);
    pages.at("/ocsp", page.clone()).under("/ocsp/", page).under("/crl/", lists(layout.clone()))
}

impl Lender for RwLock<Office> {
    fn lend(&self, work: &mut dyn FnMut(&National)) {
        work(self.read().unwrap_or_else(PoisonError::into_inner).national());
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone: that stops as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn admin_pages(
    office: &Arc<RwLock<Office>>,
    stats: &Arc<Stats>,
    upkeep: &Arc<Upkeep>,
    control: &ControlFile,
) -> Routes {
    let (stats, metrics) = (Arc::clone(stats), Arc::clone(upkeep));
    let health = Arc::clone(upkeep);
    Routes::new()
        .at("/metrics", move |request| {
            let until = metrics.own.until();
            answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", stats.render(until, request.arrival.0))
        })
        .at("/health", move |request| {
            if health.own.until() <= request.arrival.0 {
                let expired = "the service's own certificate has expired\n";
                return answer(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", expired);
            }
            answer(StatusCode::OK, "text/plain; charset=utf-8", "ok\n")
        })
        .at("/control", control::page(Arc::clone(office), control))
}

/// The service's own certificate.
struct Own {
    material: Arc<ServiceMaterial>,
    life: Duration,
    hosts: Vec<String>,
    until: AtomicI64,
}

impl Own {
    fn is_until(&self, made: Timestamp) {
        let life = i64::try_from(self.life.as_secs()).unwrap_or(i64::MAX);
        self.until.store(made.as_second().saturating_add(life), Ordering::Relaxed);
    }

    fn until(&self) -> Timestamp {
        Timestamp::from_second(self.until.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    }

    /// Two thirds of its life are over.
    fn is_due(&self, now: Timestamp) -> bool {
        let third = i64::try_from(self.life.as_secs() / 3).unwrap_or(i64::MAX);
        now.as_second() >= self.until().as_second().saturating_sub(third)
    }
}

/// What must be done anew from time to time.
struct Upkeep {
    office: Arc<RwLock<Office>>,
    own: Own,
    every: Duration,
    /// Those who answer OCSP, where anybody may ask.
    answering: Option<Arc<Responders>>,
    clock: Arc<dyn Clock>,
}

impl Upkeep {
    async fn follow(self: Arc<Self>) {
        let mut lists_at = Timestamp::MIN;
        loop {
            let now = self.clock.now();
            let lists = now >= lists_at;
            let this = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || this.once(lists, now)).await {
                Ok(Ok(())) if lists => lists_at = now.checked_add(self.every).unwrap_or(Timestamp::MAX),
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!("{error}; it is tried again"),
                Err(error) => tracing::error!(%error, "the upkeep failed; it is tried again"),
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    fn once(&self, lists: bool, now: Timestamp) -> Result<(), StartError> {
        if self.own.is_due(now) {
            let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
            let (chain, key) = office.own_server(&self.own.hosts, self.own.life, now)?;
            self.own.material.replace(chain, &key)?;
            self.own.is_until(now);
            tracing::info!("the service's own certificate was renewed");
        }
        if let Some(responders) = &self.answering {
            let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
            responders.renew(office.national(), now)?;
        }
        if lists {
            let mut office = self.office.write().unwrap_or_else(PoisonError::into_inner);
            office.national_mut().renew_revocation_lists(now)?;
        }
        Ok(())
    }
}

impl RunningService {
    /// Where members and officers ask.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health, metrics and the operator's orders are.
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Where revocation lists and OCSP are.
    pub const fn public(&self) -> Option<SocketAddr> {
        self.public
    }

    /// Accepts nothing more, finishes what was accepted, and returns.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            if task.await.is_err() {
                tracing::error!("a task of the authority did not end by itself");
            }
        }
        self.upkeep.abort();
        ControlFile::remove(&self.layout);
    }
}

impl Drop for RunningService {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.upkeep.abort();
    }
}

impl std::fmt::Debug for RunningService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RunningService({})", self.address)
    }
}
