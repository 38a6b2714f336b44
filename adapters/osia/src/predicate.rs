//! Predicates as OSIA expressions.
//!
//! OSIA joins the expressions of one request with "and" and gives one boolean for all. Möhür wants a verdict for each
//! field, and `oneOf` is an "or": so each field is asked for by itself, each alternative by itself.

use std::collections::BTreeMap;

use jiff::ToSpan;
use mohur_contract::RegistryError;
use mohur_wire::{Arrival, FieldName, Predicate};
use serde_json::json;

use crate::client::Expression;
use crate::service::{Field, Kind, Service, no_field};
use crate::today;

/// Most expressions that one query may need.
const MAX_EXPRESSIONS: usize = 16;

/// For each field the expressions of which one must be true; `None` for a field that the service does not have.
pub(crate) type Questions = BTreeMap<FieldName, Option<Vec<Expression>>>;

pub(crate) fn translate(
    service: &Service,
    predicates: &BTreeMap<FieldName, Predicate>,
    arrival: Arrival,
) -> Result<Questions, RegistryError> {
    let mut questions = Questions::new();
    for (name, predicate) in predicates {
        let alternatives = match service.field(name) {
            Some(field) if matches!(field.kind, Kind::Age) => Some(vec![age(field, predicate, arrival)?]),
            Some(field) => Some(one_of(field, predicate)?),
            None => {
                if let Predicate::OneOf(values) = predicate {
                    values.iter().try_for_each(no_field)?;
                }
                None
            }
        };
        questions.insert(name.clone(), alternatives);
    }
    if questions.values().flatten().flatten().count() > MAX_EXPRESSIONS {
        return Err(RegistryError::Unsupported("at most 16 alternatives in one query"));
    }
    Ok(questions)
}

/// A person is `n` years old from the n-th birthday on; who is born on 29 February has it on 1 March of other years.
fn age(field: &Field, predicate: &Predicate, arrival: Arrival) -> Result<Expression, RegistryError> {
    let years_ago = |years: i64| {
        let years = Some(years).filter(|years| (0..=151).contains(years));
        let date = years.and_then(|years| today(arrival).checked_sub(years.years()).ok());
        date.map(|date| json!(date.to_string())).ok_or(RegistryError::Unsupported("an age is 0 to 150 years"))
    };
    match predicate {
        Predicate::AtLeast(years) => Ok(Expression::new(field.attribute, "<=", years_ago(*years)?)),
        Predicate::AtMost(years) => Ok(Expression::new(field.attribute, ">", years_ago(years.saturating_add(1))?)),
        Predicate::OneOf(_) => Err(RegistryError::Unsupported("age takes atLeast and atMost")),
    }
}

fn one_of(field: &Field, predicate: &Predicate) -> Result<Vec<Expression>, RegistryError> {
    let Predicate::OneOf(values) = predicate else {
        return Err(RegistryError::Unsupported("this field takes oneOf"));
    };
    values.iter().map(|value| Ok(Expression::new(field.attribute, "=", json!(field.sent(value)?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Field = Field { name: "age", attribute: "dateOfBirth", kind: Kind::Age };

    fn bound(predicate: Predicate, at: &str) -> (String, String) {
        let expression = age(&AGE, &predicate, Arrival(at.parse().unwrap())).unwrap();
        (expression.operator.to_owned(), expression.value.as_str().unwrap().to_owned())
    }

    #[test]
    fn ages_turn_on_the_birthday_in_baku() {
        let eighteen = |at| bound(Predicate::AtLeast(18), at);
        assert_eq!(eighteen("2026-05-10T12:00:00Z"), ("<=".to_owned(), "2008-05-10".to_owned()));
        // 20:00 UTC is midnight in Baku.
        assert_eq!(eighteen("2026-05-10T19:59:59Z").1, "2008-05-10");
        assert_eq!(eighteen("2026-05-10T20:00:00Z").1, "2008-05-11");
        // Born on 29 February 2008: not yet 18 on 28 February 2026.
        assert_eq!(eighteen("2026-02-28T12:00:00Z").1, "2008-02-28");
        assert_eq!(bound(Predicate::AtMost(17), "2026-05-10T12:00:00Z"), (">".to_owned(), "2008-05-10".to_owned()));
    }

    #[test]
    fn absurd_ages_are_refused() {
        let now = Arrival("2026-05-10T12:00:00Z".parse().unwrap());
        for years in [-1, 152, i64::MAX, i64::MIN] {
            assert!(age(&AGE, &Predicate::AtLeast(years), now).is_err());
        }
        assert!(age(&AGE, &Predicate::AtMost(i64::MAX), now).is_err());
    }
}
