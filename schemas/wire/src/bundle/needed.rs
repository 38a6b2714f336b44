//! What a definition wants to be told before it can be asked.

use super::{Definition, Leg};
use crate::subject::SubjectKind;
use crate::{FieldName, Verb};

/// What an official gives for a bundle, each thing once and in the definition's order. What the definition itself says is not
/// among it: expectations, ties, and the references to samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// The kinds of keys.
    pub subjects: Vec<SubjectKind>,
    /// The values that are compared, and those that a change takes.
    pub values: Vec<FieldName>,
    /// The fields that are to fulfil a condition.
    pub predicates: Vec<FieldName>,
    /// Whether something is reserved against a receipt.
    pub receipt: bool,
}

impl Definition {
    /// What must be given.
    pub fn inputs(&self) -> Needed {
        let mut needed = Needed::default();
        self.legs.iter().for_each(|leg| needed.add(leg));
        needed
    }
}

impl Needed {
    fn add(&mut self, leg: &Leg) {
        if leg.subject != SubjectKind::Biometric {
            once(&mut self.subjects, &leg.subject);
        }
        match leg.verb {
            Verb::Read => {}
            Verb::Match => leg.fields.iter().for_each(|field| once(&mut self.values, field)),
            Verb::Verify => leg.fields.iter().for_each(|field| once(&mut self.predicates, field)),
            Verb::Change => {
                let (receipts, values): (Vec<_>, Vec<_>) =
                    leg.fields.iter().partition(|field| field.as_str() == crate::query::RECEIPT);
                self.receipt |= !receipts.is_empty();
                values.into_iter().for_each(|field| once(&mut self.values, field));
            }
        }
    }
}

fn once<T: Clone + PartialEq>(list: &mut Vec<T>, item: &T) {
    if !list.contains(item) {
        list.push(item.clone());
    }
}
