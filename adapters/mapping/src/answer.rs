//! From a record to an answer: what was asked and nothing else, and verdicts where verdicts were asked for.

use std::collections::BTreeMap;

use mohur_contract::RegistryError;
use mohur_wire::answer::Finding;
use mohur_wire::{Ask, FieldName, Query, Value, Verdict};

use crate::FieldType;

/// What a record says of what was asked, and nothing else.
///
/// `held` gives a field of the service with its value in the record, and `None` for a field that the service does not have.
///
/// # Errors
/// What `held` says; [`RegistryError::Unsupported`] for a `change`.
pub fn found<'f>(
    query: &Query,
    held: impl Fn(&FieldName) -> Result<Option<(&'f FieldType, Option<Value>)>, RegistryError>,
) -> Result<BTreeMap<FieldName, Value>, RegistryError> {
    let mut found = BTreeMap::new();
    match &query.ask {
        Ask::Read(names) => {
            for name in names {
                let value = held(name)?.and_then(|(_, value)| value);
                found.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Ask::Match(values) => {
            for (name, given) in values {
                let verdict = held(name)?.map(|(field, value)| field.compared(value.as_ref(), given));
                found.insert(name.clone(), verdict.unwrap_or(Verdict::Unknown).to_value());
            }
        }
        Ask::Verify(predicates) => {
            for (name, predicate) in predicates {
                let verdict = held(name)?.map(|(field, value)| field.verified(value.as_ref(), predicate));
                found.insert(name.clone(), verdict.unwrap_or(Verdict::Unknown).to_value());
            }
        }
        Ask::Change(_) => return Err(RegistryError::Unsupported("this service takes no change")),
    }
    Ok(found)
}

/// Nothing of what was asked is held.
pub fn nothing_held(query: &Query) -> Finding {
    let unknown = |name: &FieldName| (name.clone(), Verdict::Unknown.to_value());
    Finding::Found(match &query.ask {
        Ask::Match(values) => values.keys().map(unknown).collect(),
        Ask::Verify(predicates) => predicates.keys().map(unknown).collect(),
        Ask::Read(_) | Ask::Change(_) => BTreeMap::new(),
    })
}
