//! What is recorded, and how it is found.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use mohur_crypto::digest::sha256_parts;
use mohur_wire::Arrival;
use mohur_wire::names::names_match;

use crate::country::{Alert, Sex, Sought, photo};
use crate::{Citizen, Country, Mark};

/// Everything that is recorded.
pub(crate) struct Databases {
    records: BTreeMap<String, Record>,
    /// Documents that were reported here, by their record's id.
    published: Mutex<BTreeMap<String, Record>>,
    /// The records of the wanted, by the digest of the image that is kept of them.
    prints: BTreeMap<[u8; 32], String>,
}

/// A document as it is asked for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Paper {
    pub(super) state: String,
    pub(super) code: String,
    pub(super) number: String,
}

/// What a search is about.
pub(super) enum Subject {
    Document(Paper),
    Person { name: String, birth_date: String },
    Vehicle { vin: String },
}

/// One record.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) owner: String,
    pub(super) action: String,
    pub(super) reason: String,
    pub(super) issued: Date,
    pub(super) about: About,
}

#[derive(Clone)]
pub(super) enum About {
    Person { family_name: String, given_name: String, birth_date: Date, sex: Sex, nationality: String },
    Document(Paper),
    Vehicle { vin: String, plate: String, make: String, model: String },
}

impl Databases {
    /// The alerts of that country and of those that wait for somebody from it.
    pub(crate) fn of(country: &Country) -> Self {
        let records: BTreeMap<_, _> =
            country.alerts().iter().map(Record::of).map(|record| (record.id.clone(), record)).collect();
        let print = |citizen: &Citizen| {
            let (family_name, given_name, birth_date) = citizen.recorded();
            let name = format!("{family_name} {given_name}");
            let subject = Subject::Person { name, birth_date: birth_date.to_string() };
            let record = records.values().find(|record| record.about.is(&subject))?;
            Some((sha256_parts(&[&photo(citizen.fin)]).0, record.id.clone()))
        };
        let wanted = [Mark::Wanted, Mark::WantedAndCleared].into_iter().flat_map(|mark| country.with_mark(mark));
        let prints = wanted.filter_map(print).collect();
        Self { records, published: Mutex::default(), prints }
    }

    /// Every record about that subject.
    pub(super) fn search(&self, subject: &Subject) -> Vec<Record> {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.records.values().chain(published.values());
        all.filter(|record| record.about.is(subject)).cloned().collect()
    }

    pub(super) fn record(&self, id: &str) -> Option<Record> {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        self.records.get(id).or_else(|| published.get(id)).cloned()
    }

    /// The record of the person of whom that image is kept.
    pub(super) fn print(&self, digest: &[u8; 32]) -> Option<String> {
        self.prints.get(digest).cloned()
    }

    /// Records a document; gives the record's id, which for one document is always the same.
    pub(super) fn publish(&self, owner: &str, document: &Paper, reason: &str, arrival: Arrival) -> String {
        let known = self.records.values().find(|record| {
            record.owner == owner && matches!(&record.about, About::Document(recorded) if recorded == document)
        });
        if let Some(known) = known {
            return known.id.clone();
        }
        let id = opaque(&["published", &document.state, &document.code, &document.number]);
        let record = Record {
            id: id.clone(),
            owner: owner.to_owned(),
            action: "seize".to_owned(),
            reason: reason.to_owned(),
            issued: arrival.0.to_zoned(jiff::tz::TimeZone::UTC).date(),
            about: About::Document(document.clone()),
        };
        self.published.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_insert(record);
        id
    }
}

impl Record {
    fn of(alert: &Alert) -> Self {
        Self {
            id: opaque(&["alert", &alert.number.to_string()]),
            owner: alert.owner.to_owned(),
            action: alert.action.to_owned(),
            reason: alert.reason.to_owned(),
            issued: alert.issued,
            about: About::of(&alert.sought),
        }
    }
}

/// An id that says nothing of whom it is about: twenty letters and digits.
fn opaque(parts: &[&str]) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
        bytes.push(0);
    }
    sha256_parts(&[b"mohur-reference-interpol\0", &bytes])
        .as_bytes()
        .iter()
        .take(10)
        .map(|b| format!("{b:02X}"))
        .collect()
}

impl About {
    fn of(sought: &Sought) -> Self {
        match sought {
            Sought::Person { family_name, given_name, birth_date, sex, nationality } => Self::Person {
                family_name: family_name.clone(),
                given_name: given_name.clone(),
                birth_date: *birth_date,
                sex: *sex,
                nationality: (*nationality).to_owned(),
            },
            Sought::Document { issuing_state, code, number } => Self::Document(Paper {
                state: (*issuing_state).to_owned(),
                code: (*code).to_owned(),
                number: number.clone(),
            }),
            Sought::Vehicle { vin, plate, make, model } => Self::Vehicle {
                vin: vin.clone(),
                plate: plate.clone(),
                make: (*make).to_owned(),
                model: (*model).to_owned(),
            },
        }
    }

    /// Whether a search for that subject finds it. A document is the same if its code begins alike (`P` and `PD`); a name
    /// is, if its letters are.
    fn is(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Document(recorded), Subject::Document(asked)) => {
                recorded.state == asked.state
                    && recorded.number == asked.number
                    && recorded.code.chars().next() == asked.code.chars().next()
            }
            (Self::Person { family_name, given_name, birth_date, .. }, Subject::Person { name, birth_date: asked }) => {
                birth_date.to_string() == *asked && names_match(&format!("{family_name} {given_name}"), name)
            }
            (Self::Vehicle { vin, .. }, Subject::Vehicle { vin: asked }) => vin == asked,
            (Self::Document(_) | Self::Person { .. } | Self::Vehicle { .. }, _) => false,
        }
    }
}
