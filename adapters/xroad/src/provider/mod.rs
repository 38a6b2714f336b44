//! The provider side: a ministry's own X-Road providers, as the register behind a host.
//!
//! A provider keeps speaking X-Road's protocols and knows nothing of ours. What it is asked has been proved and permitted by
//! the host before it comes here. It is asked in one of three ways: by a mapping, which writes a request from the query and
//! reads values from the answer ([`mapped`]); with the whole message of an X-Road client, replayed as it came ([`whole`]);
//! or for a description of its services ([`metadata`]).

mod answer;
mod description;
mod envelope;
mod file;
mod mapped;
mod metadata;
mod mime;
mod placeholder;
mod service;
mod template;
#[cfg(test)]
mod tests;
mod whole;

use mohur_connection::{Connection, ConnectionError, Settings};
use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_wire::{Answer, Query};

pub use file::ProviderFile;

/// Existing X-Road providers, as one register.
#[derive(Debug)]
pub struct Provider {
    connection: Connection,
    file: ProviderFile,
}

impl Provider {
    /// Opens the connection; asks nobody yet.
    pub fn open(file: ProviderFile, settings: &Settings) -> Result<Self, ConnectionError> {
        let settings = Settings { body_bytes: file.body_bytes, ..settings.clone() };
        Ok(Self { connection: Connection::open(&settings)?, file })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let name = service_name(&query.service);
        if !self.services().contains(&name) {
            return Err(RegistryError::UnknownService);
        }
        if context.settle.is_some() {
            return Err(RegistryError::Settlement("X-Road providers hold no reservations"));
        }
        context.remaining()?;
        let service = self.file.services.iter().find(|service| service.name == name);
        match (&query.message, service) {
            (Some(message), Some(service)) => whole::ask(self, service, query, message, context).await,
            (None, Some(service)) => mapped::ask(self, service, query, context).await,
            (Some(message), None) => metadata::ask(self, query, message, context).await,
            (None, None) => Err(RegistryError::Unsupported("a description is asked for with X-Road's own message")),
        }
    }
}

impl Registry for Provider {
    fn services(&self) -> Vec<String> {
        let own = self.file.services.iter().map(|service| service.name.clone());
        own.chain(metadata::services(&self.file.services)).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.connection.reach(&self.file.health, context))
    }
}
