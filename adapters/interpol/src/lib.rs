//! Interpol's adapter: what other countries have recorded about a document, a person, a vehicle or a print.
//!
//! The register stands abroad, and so two things hold for everything here. **No personal number (FIN) leaves the country**:
//! a query that carries one is refused before anything is sent. **Nothing tells the owner of an alert who asked**: what is
//! sent names the country's National Central Bureau, and never a caller, an official, a case or a purpose.
//!
//! It is asked in two steps. A search says hit or no hit, with opaque ids of records. The full record behind an id is a
//! service of its own, for which the policy names other callers and another purpose; every one that is released has first
//! become a confirmation task of the national bureau, in the host's durable ledger.

mod abroad;
mod leaving;
pub mod prints;
mod publication;
mod record;
mod search;
mod task;

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{BoxFuture, Context, Ledger, Registry, RegistryError, service_name};
use mohur_wire::subject::StateCode;
use mohur_wire::{Answer, Ask, Query, SubjectKey};

use crate::abroad::Abroad;
use crate::publication::Publications;
use crate::record::RecordId;
use crate::task::Tasks;

pub use mohur_connection::{ConnectionError, Settings as RegisterSettings};

/// What the adapter needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the databases are.
    pub register: RegisterSettings,
    /// Whose bureau asks, and whose documents it may report: three letters of ICAO Doc 9303, e.g. `AZE`.
    pub country: StateCode,
    /// How long the reservation of a publication holds if nobody settles it.
    pub reservation: Duration,
}

impl Settings {
    /// Databases, a country, and reservations of [`HELD`](mohur_reservation::HELD).
    pub const fn new(register: RegisterSettings, country: StateCode) -> Self {
        Self { register, country, reservation: mohur_reservation::HELD }
    }
}

/// The adapter.
pub struct Interpol {
    abroad: Abroad,
    country: StateCode,
    tasks: Tasks,
    publications: Publications,
}

impl Interpol {
    /// An adapter for the databases at that address, with that ledger.
    pub fn new(settings: &Settings, ledger: Arc<dyn Ledger>) -> Result<Self, ConnectionError> {
        let country = settings.country.clone();
        Ok(Self {
            abroad: Abroad::open(&settings.register, country.clone())?,
            country,
            tasks: Tasks::new(Arc::clone(&ledger)),
            publications: Publications::new(ledger, settings.reservation),
        })
    }

    /// Sends prints to be searched for, and reads what comes back. The transaction is written by [`prints::Search`]; the
    /// country in it is this adapter's. No service offers it yet: a query does not carry a sample.
    pub async fn search_prints(
        &self,
        search: &prints::Search<'_>,
        context: &Context,
    ) -> Result<prints::Reply, RegistryError> {
        self.abroad.prints(search, context).await
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let service = service_name(&query.service);
        let Some(service) = Service::named(&service) else {
            return Err(RegistryError::UnknownService);
        };
        leaving::check(query, &self.country)?;
        if context.settle.is_some() && service != Service::Publish {
            return Err(RegistryError::Settlement("only a publication can be settled"));
        }
        match service {
            Service::Documents | Service::Persons | Service::Vehicles | Service::Prints => {
                search::answer(&self.abroad, service, query, context).await
            }
            Service::Records => self.record(query, context).await,
            Service::Tasks => self.tasks.answer(query, context).await,
            Service::Publish => self.publish(query, context).await,
        }
    }

    /// A full record. It is released only when the task to confirm it is durable.
    async fn record(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let SubjectKey::Serial(serial) = &query.subject else {
            return Err(RegistryError::Unsupported("this service is keyed by serial, the id of a record"));
        };
        let id = RecordId::of_query(serial.as_str())?;
        let Ask::Read(fields) = &query.ask else {
            return Err(RegistryError::Unsupported("this service takes read only"));
        };
        let record = self.abroad.record(&id, context).await?;
        if record.is_some() {
            self.tasks.open(&id, query, context.arrival.0).await?;
        }
        Ok(record::answer(&query.subject, record, fields))
    }

    /// Reports a document of this country: a `reserve` and its settlement.
    async fn publish(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let SubjectKey::Document(document) = &query.subject else {
            return Err(RegistryError::Unsupported("this service is keyed by document"));
        };
        let Ask::Change(effect) = &query.ask else {
            return Err(RegistryError::Unsupported("this service takes change only"));
        };
        if document.issuing_state != self.country {
            return Err(RegistryError::Unsupported("only the country that issued a document reports it"));
        }
        let outcome = self.publications.change(&self.abroad, document, effect, query, context).await?;
        Ok(publication::answer(&query.subject, &outcome))
    }
}

/// The services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Documents,
    Persons,
    Vehicles,
    Prints,
    Records,
    Tasks,
    Publish,
}

impl Service {
    const ALL: [Self; 7] =
        [Self::Documents, Self::Persons, Self::Vehicles, Self::Prints, Self::Records, Self::Tasks, Self::Publish];

    const fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents/v1",
            Self::Persons => "persons/v1",
            Self::Vehicles => "vehicles/v1",
            Self::Prints => "prints/v1",
            Self::Records => "records/v1",
            Self::Tasks => "tasks/v1",
            Self::Publish => "publish/v1",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

impl Registry for Interpol {
    fn services(&self) -> Vec<String> {
        Service::ALL.iter().map(|service| service.name().to_owned()).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.abroad.reach(context))
    }
}

#[cfg(test)]
mod tests;
