//! The first step: hit or no hit, and where the records are.

use std::collections::BTreeMap;

use mohur_contract::{Context, RegistryError};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, FieldName, Query, SubjectKey, Value, Verdict, names};

use crate::Service;
use crate::abroad::{Abroad, Hits, Sought};

/// The most ids that `record` names; `count` says how many there are.
const MOST_RECORDS: usize = 10;

pub(crate) async fn answer(
    abroad: &Abroad,
    service: Service,
    query: &Query,
    context: &Context,
) -> Result<Answer, RegistryError> {
    takes(&query.ask)?;
    let hits = match (service, &query.subject) {
        (Service::Prints, SubjectKey::Biometric(_)) => {
            // The sample would travel beside the query, and nothing carries it yet.
            return Err(RegistryError::Unavailable("no service supplies the sample of a print yet".to_owned()));
        }
        (Service::Documents, SubjectKey::Document(document)) => {
            abroad.search(&Sought::Document(document), context).await?
        }
        (Service::Persons, SubjectKey::NameAndBirthDate(who)) => {
            let name = names::to_mrz(who.name.as_str()).ok_or(RegistryError::Unsupported(
                "a name abroad is in the letters of a passport: this one has another letter, or none",
            ))?;
            abroad.search(&Sought::Person { name, birth_date: who.birth_date.as_str() }, context).await?
        }
        (Service::Vehicles, SubjectKey::Vin(vin)) => abroad.search(&Sought::Vehicle(vin), context).await?,
        (Service::Prints, _) => return Err(RegistryError::Unsupported("this service is keyed by biometric")),
        (Service::Documents, _) => return Err(RegistryError::Unsupported("this service is keyed by document")),
        (Service::Vehicles, _) => return Err(RegistryError::Unsupported("this service is keyed by vin")),
        (_, _) => return Err(RegistryError::Unsupported("this service is keyed by name-and-birth-date")),
    };
    Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(told(&query.ask, &hits)) })
}

/// What the services take at all: nobody is asked for anything else.
fn takes(ask: &Ask) -> Result<(), RegistryError> {
    match ask {
        Ask::Read(_) => Ok(()),
        Ask::Match(values) => values.iter().try_for_each(|(field, value)| match (field.as_str(), value) {
            ("hit", Value::Flag(_)) | ("action", Value::Text(_)) => Ok(()),
            ("hit", _) => Err(RegistryError::Unsupported("hit is true or false")),
            ("action", _) => Err(RegistryError::Unsupported("action is a text")),
            (_, _) => Ok(()),
        }),
        Ask::Verify(_) | Ask::Change(_) => Err(RegistryError::Unsupported("this service takes read and match")),
    }
}

/// The fields asked for, or a verdict on each. No hit is an answer: nobody is absent here.
fn told(ask: &Ask, hits: &Hits) -> BTreeMap<FieldName, Value> {
    let gravest = hits.hits.first().map(|hit| hit.action.as_str());
    match ask {
        Ask::Read(fields) => {
            let value = |field: &FieldName| match field.as_str() {
                "hit" => Some(Value::Flag(hits.total > 0)),
                "count" => Some(Value::Number(i64::try_from(hits.total).unwrap_or(i64::MAX))),
                "action" => gravest.map(Value::text),
                "record" if hits.total > 0 => Some(Value::Text(records(hits))),
                _ => None,
            };
            fields.iter().filter_map(|field| Some((field.clone(), value(field)?))).collect()
        }
        Ask::Match(values) => {
            let verdict = |field: &FieldName, given: &Value| match field.as_str() {
                "hit" => Verdict::of_match(*given == Value::Flag(hits.total > 0)),
                "action" => Verdict::of_match(gravest.is_some() && given.as_text() == gravest),
                _ => Verdict::Unknown,
            };
            values.iter().map(|(field, given)| (field.clone(), verdict(field, given).to_value())).collect()
        }
        Ask::Verify(_) | Ask::Change(_) => BTreeMap::new(),
    }
}

/// The ids, with a blank between, the gravest first.
fn records(hits: &Hits) -> String {
    let ids: Vec<_> = hits.hits.iter().take(MOST_RECORDS).map(|hit| hit.record.as_str()).collect();
    ids.join(" ")
}
