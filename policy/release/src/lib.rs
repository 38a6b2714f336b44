//! Applies a decision to an answer, field by field: what the decision does not name does not come out.

mod mask;

use std::collections::BTreeMap;

use mohur_policy::Decision;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Value};

pub use mask::masked;

/// The fields that may leave: those that the decision names, under its masks. A value that its mask does not fit is
/// dropped, and a refused decision or an absent subject releases nothing.
pub fn apply(decision: &Decision, answer: Answer) -> BTreeMap<FieldName, Value> {
    match answer.finding {
        Finding::Found(fields) if decision.permitted => release(decision, fields),
        Finding::Found(_) | Finding::Absent => BTreeMap::new(),
    }
}

fn release(decision: &Decision, fields: BTreeMap<FieldName, Value>) -> BTreeMap<FieldName, Value> {
    let released = fields.into_iter().filter_map(|(name, value)| {
        let value = match decision.fields.get(&name)? {
            Some(mask) => masked(*mask, &value)?,
            None => value,
        };
        Some((name, value))
    });
    released.collect()
}

#[cfg(test)]
mod tests;
