//! A nation at work: registers, hosts and broker on loopback, each started from its own configuration file.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use mohur_host::{Host, HostConfig, RunningHost};
use mohur_reference::{Country, Register};
use mohur_server::{Broker, Config, RunningBroker};

use super::cast::{OWNERS, OwnerPart};
use super::error::NationError;
use super::layout::Nation;
use crate::adapters;

/// The people of a throwaway nation: always the same.
const SEED: u64 = 2007;

/// Everything that runs.
pub struct Running {
    /// The people that the registers know.
    pub country: Arc<Country>,
    /// The broker.
    pub broker: RunningBroker,
    /// The owners, in the order of the cast.
    pub owners: Vec<RunningOwner>,
}

/// A register with its host.
pub struct RunningOwner {
    /// Who.
    pub part: &'static OwnerPart,
    /// The reference register.
    pub register: Register,
    /// The host beside it.
    pub host: RunningHost,
}

impl Nation {
    /// Starts everything.
    pub async fn start(&self) -> Result<Running, NationError> {
        let country = Arc::new(Country::from_seed(SEED));
        let mut owners = Vec::new();
        for (index, part) in OWNERS.iter().enumerate() {
            owners.push(self.start_owner(index, part, &country).await?);
        }
        let broker = self.start_broker().await?;
        Ok(Running { country, broker, owners })
    }

    /// Starts the broker alone.
    pub async fn start_broker(&self) -> Result<RunningBroker, NationError> {
        self.start_broker_in("broker").await
    }

    /// Starts the broker whose files are in a folder.
    pub async fn start_broker_in(&self, folder: &str) -> Result<RunningBroker, NationError> {
        let config = Config::load(&self.path(&format!("{folder}/broker.toml")))?;
        Ok(Box::pin(Broker::start(config, Arc::clone(self.clock()))).await?)
    }

    async fn start_owner(
        &self,
        index: usize,
        part: &'static OwnerPart,
        country: &Arc<Country>,
    ) -> Result<RunningOwner, NationError> {
        let address = self.registers().get(index).copied();
        let address = address.ok_or_else(|| NationError::Host(format!("{}: no address", part.name)))?;
        let register = Register::start(part.register, address, Arc::clone(country), Arc::clone(self.clock())).await?;
        write_token(&self.path(&format!("hosts/{}/register.token", part.name)), register.token())?;
        let host = self.start_host(part).await?;
        Ok(RunningOwner { part, register, host })
    }

    /// Starts one host alone, before a register that runs.
    pub async fn start_host(&self, part: &OwnerPart) -> Result<RunningHost, NationError> {
        let (config, address) = HostConfig::load(&self.path(&format!("hosts/{}/host.toml", part.name)))?;
        let named = |error: &dyn std::fmt::Display| NationError::Host(format!("host {}: {error}", part.name));
        let registry = adapters::open(&address, &config).await.map_err(|error| named(&error))?;
        Box::pin(Host::start(config, registry, Arc::clone(self.clock()))).await.map_err(|error| named(&error))
    }
}

impl Running {
    /// Stops everything: the broker first, so that what it accepted is still answered.
    pub async fn stop(self) {
        self.broker.shutdown().await;
        for owner in self.owners {
            owner.host.shutdown().await;
            owner.register.stop().await;
        }
    }

    /// The owner of that name.
    pub fn owner(&self, name: &str) -> Option<&RunningOwner> {
        self.owners.iter().find(|owner| owner.part.name == name)
    }
}

fn write_token(path: &Path, token: &str) -> Result<(), NationError> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(token.as_bytes())).map_err(NationError::file(path))
}
