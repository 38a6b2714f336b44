//! OSIA v7.1 Data Access 1.3 (<https://osia.readthedocs.io>, `dataaccess.yaml`) as adapters ask it.
//!
//! The UIN is the FIN. `read` is `GET /v1/persons/{uin}`, `match` is `…/match`, `verify` is `…/verify`. Every request
//! also names the attribute `uin`, so that the register says, or confirms, whom it speaks of. An adapter says which
//! services there are, with which fields; the rest is the same for every register.

mod client;
mod predicate;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use mohur_contract::{Context, RegistryError, service_name};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Arrival, Ask, FieldName, Fin, Predicate, Query, SubjectKey, Value, Verdict};

use crate::client::{Attribute, Client, Difference, Truth};
use crate::service::no_field;

pub use mohur_connection::{ConnectionError, Settings};
pub use service::{Field, Kind, Service};

/// A register behind OSIA Data Access.
#[derive(Debug)]
pub struct DataAccess {
    client: Client,
    services: &'static [Service],
}

impl DataAccess {
    /// The register at that address, with those services.
    pub fn open(settings: &Settings, services: &'static [Service]) -> Result<Self, ConnectionError> {
        Ok(Self { client: Client::open(settings)?, services })
    }

    /// The names of the services.
    pub fn services(&self) -> Vec<String> {
        self.services.iter().map(|service| service.name.to_owned()).collect()
    }

    /// Whether the register can be reached; asks about nobody.
    pub async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.client.reach(context).await
    }

    /// Answers a query of one of the services, or says why not.
    pub async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let name = service_name(&query.service);
        let service = self.services.iter().find(|service| service.name == name).ok_or(RegistryError::UnknownService)?;
        let fin = query.subject.as_fin().ok_or(RegistryError::Unsupported("this service is keyed by fin"))?;
        if context.settle.is_some() {
            return Err(RegistryError::Unsupported("this service has nothing to settle"));
        }
        match &query.ask {
            Ask::Read(fields) => self.read(service, fin, fields, context).await,
            Ask::Match(values) => self.compare(service, fin, values, context).await,
            Ask::Verify(predicates) => self.verify(service, fin, predicates, context).await,
            Ask::Change(_) => Err(RegistryError::Unsupported("this service takes no change")),
        }
    }

    async fn read(
        &self,
        service: &Service,
        fin: Fin,
        fields: &BTreeSet<FieldName>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let known: Vec<_> = fields.iter().filter_map(|field| Some((field, service.attribute(field)?))).collect();
        let names: Vec<_> = known.iter().map(|(_, known)| known.attribute).collect();
        let Some((subject, held)) = self.client.read(fin, &names, context).await? else { return Ok(absent(fin)) };
        let mut found = BTreeMap::new();
        for (field, known) in known {
            match held.get(known.attribute) {
                Some(Attribute::Value(value)) => {
                    found.insert(field.clone(), known.value(value)?);
                }
                Some(Attribute::Error(error)) if !error.says_nothing_there() => {
                    return Err(RegistryError::Invalid("an attribute could not be read"));
                }
                Some(Attribute::Error(_)) | None => {}
            }
        }
        Ok(Answer { subject: SubjectKey::Fin(subject), finding: Finding::Found(found) })
    }

    async fn compare(
        &self,
        service: &Service,
        fin: Fin,
        values: &BTreeMap<FieldName, Value>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let mut given = BTreeMap::new();
        for (field, value) in values {
            match service.attribute(field) {
                Some(known) => drop(given.insert(known.attribute, known.sent(value)?)),
                None => no_field(value)?,
            }
        }
        let Some(differing) = self.client.compare(fin, &given, context).await? else { return Ok(absent(fin)) };
        let verdict = |field: &FieldName| match service.attribute(field).map(|known| differing.get(known.attribute)) {
            None | Some(Some(Difference::Missing)) => Verdict::Unknown,
            Some(Some(Difference::Differs)) => Verdict::Mismatch,
            Some(None) => Verdict::Match,
        };
        Ok(found(fin, values.keys().map(|field| (field.clone(), verdict(field).to_value())).collect()))
    }

    async fn verify(
        &self,
        service: &Service,
        fin: Fin,
        predicates: &BTreeMap<FieldName, Predicate>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let questions = predicate::translate(service, predicates, context.arrival)?;
        // Asked about the number alone first: is there such a person, and is it the register's record of them?
        match self.client.verify(fin, None, context).await? {
            Some(Truth::Yes) => {}
            Some(Truth::No | Truth::Unknown) => return Err(RegistryError::OtherSubject),
            None => return Ok(absent(fin)),
        }
        let mut verdicts = BTreeMap::new();
        for (field, alternatives) in questions {
            let mut verdict = if alternatives.is_some() { Verdict::Mismatch } else { Verdict::Unknown };
            for expression in alternatives.into_iter().flatten() {
                match self.client.verify(fin, Some(&expression), context).await? {
                    Some(Truth::Yes) => verdict = Verdict::Match,
                    Some(Truth::No) => continue,
                    Some(Truth::Unknown) => verdict = Verdict::Unknown,
                    None => return Err(RegistryError::Invalid("the person vanished between two questions")),
                }
                break;
            }
            verdicts.insert(field, verdict.to_value());
        }
        Ok(found(fin, verdicts))
    }
}

fn found(fin: Fin, fields: BTreeMap<FieldName, Value>) -> Answer {
    Answer { subject: SubjectKey::Fin(fin), finding: Finding::Found(fields) }
}

fn absent(fin: Fin) -> Answer {
    Answer { subject: SubjectKey::Fin(fin), finding: Finding::Absent }
}

/// Today in Azerbaijan: UTC+4, without summer time since 2016.
fn today(arrival: Arrival) -> jiff::civil::Date {
    arrival.0.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(4))).date()
}
