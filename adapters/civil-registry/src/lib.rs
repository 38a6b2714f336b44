//! The civil registry's adapter: OSIA v7.1 Data Access 1.3 (<https://osia.readthedocs.io>, `dataaccess.yaml`).
//!
//! The UIN is the FIN. `read` is `GET /v1/persons/{uin}`, `match` is `…/match`, `verify` is `…/verify`. Every request
//! also names the attribute `uin`, so that the register says, or confirms, whom it speaks of.

mod attribute;
mod osia;
mod predicate;

use std::collections::{BTreeMap, BTreeSet};

use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Arrival, Ask, FieldName, Fin, Predicate, Query, SubjectKey, Value, Verdict};

use crate::attribute::Service;
use crate::osia::{Attribute, Osia, Truth};

pub use mohur_connection::{ConnectionError, Settings};

/// The adapter.
#[derive(Debug)]
pub struct CivilRegistry {
    osia: Osia,
}

impl CivilRegistry {
    /// An adapter for the register at that address.
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { osia: Osia::open(settings)? })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let service = Service::named(&service_name(&query.service)).ok_or(RegistryError::UnknownService)?;
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
        service: Service,
        fin: Fin,
        fields: &BTreeSet<FieldName>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let known: Vec<_> = fields.iter().filter_map(|field| Some((field, service.attribute(field)?))).collect();
        let names: Vec<_> = known.iter().map(|(_, attribute)| *attribute).collect();
        let Some((subject, held)) = self.osia.read(fin, &names, context).await? else { return Ok(absent(fin)) };
        let mut found = BTreeMap::new();
        for (field, attribute) in known {
            match held.get(attribute) {
                Some(Attribute::Value(value)) => {
                    attribute::check(attribute, value)?;
                    found.insert(field.clone(), value.clone());
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
        service: Service,
        fin: Fin,
        values: &BTreeMap<FieldName, Value>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        if values.values().any(|value| value.as_text().is_none()) {
            return Err(RegistryError::Unsupported("the values of this service are texts"));
        }
        let given: BTreeMap<_, _> =
            values.iter().filter_map(|(field, value)| Some((service.attribute(field)?, value))).collect();
        let Some(differing) = self.osia.compare(fin, &given, context).await? else { return Ok(absent(fin)) };
        let verdict = |field: &FieldName| match service.attribute(field).map(|attribute| differing.get(attribute)) {
            None | Some(Some(osia::Difference::Missing)) => Verdict::Unknown,
            Some(Some(osia::Difference::Differs)) => Verdict::Mismatch,
            Some(None) => Verdict::Match,
        };
        Ok(found(fin, values.keys().map(|field| (field.clone(), verdict(field).to_value())).collect()))
    }

    async fn verify(
        &self,
        service: Service,
        fin: Fin,
        predicates: &BTreeMap<FieldName, Predicate>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let questions = predicate::translate(service, predicates, context.arrival)?;
        // Asked about the number alone first: is there such a person, and is it the register's record of them?
        match self.osia.verify(fin, None, context).await? {
            Some(Truth::Yes) => {}
            Some(Truth::No | Truth::Unknown) => return Err(RegistryError::OtherSubject),
            None => return Ok(absent(fin)),
        }
        let mut verdicts = BTreeMap::new();
        for (field, alternatives) in questions {
            let mut verdict = if alternatives.is_some() { Verdict::Mismatch } else { Verdict::Unknown };
            for expression in alternatives.into_iter().flatten() {
                match self.osia.verify(fin, Some(&expression), context).await? {
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

impl Registry for CivilRegistry {
    fn services(&self) -> Vec<String> {
        vec!["birth/v1".to_owned(), "marriage/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.osia.reach(context))
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

#[cfg(test)]
mod tests;
