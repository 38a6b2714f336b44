//! A nation at work: registers, hosts and broker on loopback, each started from its own configuration file.

use std::sync::Arc;

use futures_util::future::try_join_all;
use mohur_host::{Host, HostConfig, RunningHost};
use mohur_reference::{Country, Register};
use mohur_server::{Broker, Config, RunningBroker};

use super::cast::{OwnerPart, RegisterPart};
use super::error::NationError;
use super::files;
use super::layout::{Nation, write_secret};
use crate::adapters;

/// The people of a throwaway nation: always the same.
pub const SEED: u64 = 2007;

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
    pub part: OwnerPart,
    /// The reference register; none before a database.
    pub register: Option<Register>,
    /// The host beside it.
    pub host: RunningHost,
}

impl Nation {
    /// Starts everything.
    pub async fn start(&self) -> Result<Running, NationError> {
        let country = Arc::new(Country::from_seed(SEED));
        let starting = self.cast().owners.iter().map(|part| Box::pin(self.start_owner(part, &country)));
        let owners = try_join_all(starting).await?;
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

    async fn start_owner(&self, part: &OwnerPart, country: &Arc<Country>) -> Result<RunningOwner, NationError> {
        let register = match part.register {
            RegisterPart::Reference(kind) => {
                let address = self.register(&part.name);
                let address = address.ok_or_else(|| NationError::Host(format!("{}: no address", part.name)))?;
                let register = Register::start(kind, address, Arc::clone(country), Arc::clone(self.clock())).await?;
                write_secret(&self.path(&format!("hosts/{}/{}", part.name, files::TOKEN)), register.token())?;
                Some(register)
            }
            RegisterPart::Database { .. } => None,
        };
        let host = self.start_host(part).await?;
        Ok(RunningOwner { part: part.clone(), register, host })
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
            if let Some(register) = owner.register {
                register.stop().await;
            }
        }
    }

    /// The owner of that name.
    pub fn owner(&self, name: &str) -> Option<&RunningOwner> {
        self.owners.iter().find(|owner| owner.part.name == name)
    }
}
