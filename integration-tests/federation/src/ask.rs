//! What the cast asks.

use std::collections::BTreeMap;

use mohur_client::{Inputs, Question};
use mohur_reference::Citizen;
use mohur_wire::{Ask, Effect, FieldName, Fin, MessageId, Operation, Predicate, SubjectKey, Value};

/// The birth records.
pub const BIRTH: &str = "AZ/GOV/MOJ/civil-registry/birth/v1";
/// The health card.
pub const VITALS: &str = "AZ/GOV/MOH/health-card/vitals/v1";
/// The state fees.
pub const PAYMENTS: &str = "AZ/COM/BANK/state-fees/payments/v1";
/// The rights in dwellings.
pub const OWNERSHIP: &str = "AZ/GOV/PROP/real-estate/ownership/v1";
/// The passport office's purpose.
pub const ISSUE: &str = "issue-id-document";
/// The case that every question names.
pub const CASE: &str = "ID-2026-000417";
/// The official who acts.
pub const OFFICIAL: &str = "inspector-seven";

/// A name of a field.
pub fn field(name: &str) -> FieldName {
    name.parse().unwrap()
}

/// Any question.
pub fn question(service: &str, fin: Fin, purpose: &str, ask: Ask) -> Question {
    Question {
        service: service.parse().unwrap(),
        subject: SubjectKey::Fin(fin),
        ask,
        purpose: purpose.parse().unwrap(),
        case: Some(CASE.parse().unwrap()),
        official: OFFICIAL.parse().unwrap(),
        on_behalf_of: None,
        message: None,
    }
}

/// Reads fields.
pub fn read(service: &str, fin: Fin, fields: &[&str]) -> Question {
    question(service, fin, ISSUE, Ask::Read(fields.iter().map(|name| field(name)).collect()))
}

/// Reads the blood group, which the passport office may.
pub fn blood_group(fin: Fin) -> Question {
    read(VITALS, fin, &["bloodGroup"])
}

/// Compares values.
pub fn matching(service: &str, fin: Fin, values: &[(&str, &str)]) -> Question {
    let values = values.iter().map(|(name, value)| (field(name), Value::text((*value).to_owned()))).collect();
    question(service, fin, ISSUE, Ask::Match(values))
}

/// Compares the birth date, which the passport office may.
pub fn birth_date(citizen: &Citizen) -> Question {
    matching(BIRTH, citizen.fin, &[("birthDate", &citizen.claims.birth_date.to_string())])
}

/// Asks whether somebody is of age.
pub fn of_age(fin: Fin) -> Question {
    question(BIRTH, fin, ISSUE, Ask::Verify([(field("age"), Predicate::AtLeast(18))].into()))
}

/// Reserves the citizen's fee.
pub fn reserve(citizen: &Citizen, key: &str) -> Question {
    let key: MessageId = key.parse().unwrap();
    let effect = Effect {
        operation: Operation::Reserve,
        receipt: Some(citizen.claims.receipt.clone()),
        values: BTreeMap::new(),
        key,
    };
    question(PAYMENTS, citizen.fin, ISSUE, Ask::Change(effect))
}

/// Asks whether the citizen holds a right in the home that the application names, which the passport office may.
pub fn own_home(citizen: &Citizen) -> Question {
    matching(OWNERSHIP, citizen.fin, &[("address", &citizen.claims.home.to_string())])
}

/// What the application form of a citizen says, for the bundles `issue-id-document` and `issue-id-document-own-home`.
pub fn application(citizen: &Citizen) -> Inputs {
    let claims = &citizen.claims;
    let values = [
        ("familyName", claims.family_name.clone()),
        ("givenName", claims.given_name.clone()),
        ("birthDate", claims.birth_date.to_string()),
        ("maritalStatus", claims.marital_status.as_str().to_owned()),
        ("address", claims.home.to_string()),
    ];
    Inputs {
        subjects: vec![SubjectKey::Fin(citizen.fin)],
        case: Some(CASE.parse().unwrap()),
        official: OFFICIAL.parse().unwrap(),
        on_behalf_of: None,
        values: values.into_iter().map(|(name, text)| (field(name), Value::text(text))).collect(),
        predicates: BTreeMap::new(),
        receipt: Some(claims.receipt.clone()),
        key: None,
    }
}
