//! Starting and stopping the client side.

use std::net::SocketAddr;
use std::sync::Arc;

use mohur_client::AskError;
use mohur_config::ConfigErrors;
use mohur_http::Server;
use mohur_transport::InsideError;
use mohur_wire::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Admission, Callers, Door, renewing};
use crate::config::{ClientSettings, Config};
use crate::mapping::Mappings;

/// Why the door does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Mapping files are wrong, or one of their tests fails.
    #[error(transparent)]
    Mappings(#[from] ConfigErrors),
    /// Keys, trust or directory.
    #[error(transparent)]
    Caller(#[from] AskError),
    /// The inside leg's certificates.
    #[error(transparent)]
    Inside(#[from] InsideError),
    /// The address.
    #[error(transparent)]
    Bind(#[from] mohur_http::BindError),
}

/// A door that serves. Dropped, it stops at once; [`RunningDoor::shutdown`] finishes what was accepted.
pub struct RunningDoor {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    following: JoinHandle<()>,
    keeping: Option<JoinHandle<()>>,
}

impl Door {
    /// Starts the client side. It serves when this returns; it does not start with a mapping that fails its own test.
    pub async fn start(
        config: &Config,
        settings: ClientSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<RunningDoor, StartError> {
        let mappings = settings.load_mappings()?;
        let is_mutual = settings.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        let admission = Admission::load(&settings.accepts, is_mutual)?;
        let inside = settings.tls.as_ref().map(|tls| tls.open(Arc::clone(&clock))).transpose()?;
        let callers = Arc::new(Callers::load(config.caller.clone(), Arc::clone(&clock))?);
        let keeping = renewing::keep(&config.caller, &callers, Arc::clone(&clock))?;
        let server = Server::bind(settings.listen, settings.limits, clock).await?;
        let server = inside.iter().fold(server, Server::with_inside_tls);
        let address = server.local_addr();
        tracing::info!(member = %config.caller.member, %address, mappings = mappings.all().len(), "the X-Road door serves");
        let (stop, mut stopping) = watch::channel(false);
        let following = tokio::spawn(Arc::clone(&callers).follow());
        let door = Arc::new(Self::new(settings, mappings, admission, callers));
        let stopped = async move {
            // An error means that the sender is gone: that stops as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let serving = tokio::spawn(server.serve(door, stopped));
        Ok(RunningDoor { address, stop, serving, following, keeping })
    }
}

impl ClientSettings {
    /// Reads the mapping files, and runs their tests.
    pub fn load_mappings(&self) -> Result<Mappings, ConfigErrors> {
        let Some(folder) = &self.mappings else { return Ok(Mappings::default()) };
        let mappings = Mappings::load(folder)?;
        let failed = mappings.all().iter().filter_map(|mapping| mapping.run_tests(&self.represents).err());
        failed.reduce(ConfigErrors::and).map_or(Ok(mappings.clone()), Err)
    }
}

impl RunningDoor {
    /// The address it listens on.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more, and finishes what was accepted.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // An error means that the task was aborted or panicked: then there is nothing to wait for.
        let _ = (&mut self.serving).await;
    }
}

impl Drop for RunningDoor {
    fn drop(&mut self) {
        self.following.abort();
        self.keeping.iter().for_each(JoinHandle::abort);
        self.stop.send_replace(true);
    }
}
