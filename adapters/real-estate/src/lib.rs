//! The real-estate register's adapter: SOAP 1.1 after ISO 19152 (LADM); the contract is in `contract/`.
//!
//! One question, and nothing else: does this person hold a right or a share in the dwelling at this address? The register
//! is asked about the pair, so neither side learns what else belongs to whom.

mod address;
mod cadastre;
mod rights;

use std::collections::BTreeMap;

use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, FieldName, Fin, Query, SubjectKey, Value, Verdict};

use crate::address::Address;
use crate::cadastre::{Cadastre, Unit};

pub use mohur_connection::{ConnectionError, Settings};

/// The adapter.
#[derive(Debug)]
pub struct RealEstate {
    cadastre: Cadastre,
}

impl RealEstate {
    /// An adapter for the register at that address.
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { cadastre: Cadastre::open(settings)? })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        if service_name(&query.service) != "ownership/v1" {
            return Err(RegistryError::UnknownService);
        }
        let fin = query.subject.as_fin().ok_or(RegistryError::Unsupported("this service is keyed by fin"))?;
        if context.settle.is_some() {
            return Err(RegistryError::Unsupported("this service has nothing to settle"));
        }
        match &query.ask {
            Ask::Match(values) => self.compare(fin, values, context).await,
            Ask::Read(_) | Ask::Verify(_) => Err(RegistryError::Unsupported("this service takes match only")),
            Ask::Change(_) => Err(RegistryError::Unsupported("this service takes no change")),
        }
    }

    /// A verdict on each dwelling that is named: by its address, by its number, or both.
    async fn compare(
        &self,
        fin: Fin,
        values: &BTreeMap<FieldName, Value>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        // Everything is read before anything is asked.
        let units = values.iter().map(|(field, value)| Ok((field, unit(field, value)?)));
        let units: Vec<_> = units.collect::<Result<_, RegistryError>>()?;
        let mut verdicts = BTreeMap::new();
        for (field, unit) in units {
            let verdict = match unit {
                Some(unit) => self.cadastre.verdict(fin, &unit, context).await?,
                None => Verdict::Unknown,
            };
            verdicts.insert(field.clone(), verdict.to_value());
        }
        Ok(Answer { subject: SubjectKey::Fin(fin), finding: Finding::Found(verdicts) })
    }
}

/// The dwelling that a value names; `None` if the service has no such field.
fn unit(field: &FieldName, value: &Value) -> Result<Option<Unit>, RegistryError> {
    let text = || value.as_text().ok_or(RegistryError::Unsupported("the values of this service are texts"));
    match field.as_str() {
        "address" => Address::parse(text()?).map(|address| Some(Unit::At(address))),
        "dwelling" => cadastre::number(text()?).map(|number| Some(Unit::Number(number))),
        _ => Ok(None),
    }
}

impl Registry for RealEstate {
    fn services(&self) -> Vec<String> {
        vec!["ownership/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.cadastre.reach(context))
    }
}

#[cfg(test)]
mod tests;
