//! The health card's adapter: HL7 FHIR R4 (<https://hl7.org/fhir/R4/>), nothing but three values.
//!
//! `POST /Patient/_search` by the FIN as identifier, then `POST /Observation/_search` for the fields asked for and no
//! others: searches by `POST` keep the number out of URLs (FHIR R4 §3.1.1.1). FHIR has no match: the adapter compares.

mod fhir;
mod vital;

use std::collections::{BTreeMap, BTreeSet};

use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, FieldName, Fin, Query, SubjectKey, Value, Verdict};

use crate::fhir::Fhir;
use crate::vital::Vital;

pub use mohur_connection::{ConnectionError, Settings};

/// The identifier system of the FIN, unless the settings name another.
pub const FIN_SYSTEM: &str = "urn:mohur:fin";

/// The adapter.
#[derive(Debug)]
pub struct HealthCard {
    fhir: Fhir,
}

impl HealthCard {
    /// An adapter for the FHIR server at that address, whose Patients carry the FIN under [`FIN_SYSTEM`].
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Self::with_system(settings, FIN_SYSTEM)
    }

    /// The same, with the URI under which that server keeps the FIN.
    pub fn with_system(settings: &Settings, fin_system: &str) -> Result<Self, ConnectionError> {
        Ok(Self { fhir: Fhir::open(settings, fin_system)? })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        if service_name(&query.service) != "vitals/v1" {
            return Err(RegistryError::UnknownService);
        }
        let fin = query.subject.as_fin().ok_or(RegistryError::Unsupported("this service is keyed by fin"))?;
        if context.settle.is_some() {
            return Err(RegistryError::Unsupported("this service has nothing to settle"));
        }
        match &query.ask {
            Ask::Read(fields) => self.read(fin, fields, context).await,
            Ask::Match(values) => self.compare(fin, values, context).await,
            Ask::Verify(_) => Err(RegistryError::Unsupported("this service takes read and match")),
            Ask::Change(_) => Err(RegistryError::Unsupported("this service takes no change")),
        }
    }

    async fn read(&self, fin: Fin, fields: &BTreeSet<FieldName>, context: &Context) -> Result<Answer, RegistryError> {
        let Some(patient) = self.fhir.patient(fin, context).await? else { return Ok(absent(fin)) };
        let wanted: Vec<_> = fields.iter().filter_map(|field| Some((field, Vital::of_field(field)?))).collect();
        let vitals: Vec<_> = wanted.iter().map(|(_, vital)| *vital).collect();
        let mut held = self.fhir.vitals(&patient, &vitals, context).await?;
        let found = wanted.iter().filter_map(|(field, vital)| Some(((*field).clone(), held.remove(vital)?))).collect();
        Ok(Answer { subject: SubjectKey::Fin(patient.fin), finding: Finding::Found(found) })
    }

    async fn compare(
        &self,
        fin: Fin,
        values: &BTreeMap<FieldName, Value>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let answer = self.read(fin, &values.keys().cloned().collect(), context).await?;
        let Finding::Found(held) = answer.finding else { return Ok(answer) };
        let verdict = |field: &FieldName, given: &Value| match held.get(field) {
            Some(value) => Verdict::of_match(value == given),
            None => Verdict::Unknown,
        };
        let verdicts = values.iter().map(|(field, given)| (field.clone(), verdict(field, given).to_value())).collect();
        Ok(Answer { subject: answer.subject, finding: Finding::Found(verdicts) })
    }
}

impl Registry for HealthCard {
    fn services(&self) -> Vec<String> {
        vec!["vitals/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.fhir.reach(context))
    }
}

fn absent(fin: Fin) -> Answer {
    Answer { subject: SubjectKey::Fin(fin), finding: Finding::Absent }
}

#[cfg(test)]
mod tests;
