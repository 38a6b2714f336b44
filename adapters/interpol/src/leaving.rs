//! What may leave the country: no personal number (FIN), in no place where one could stand.
//!
//! A FIN has no check digit and is seven characters of thirty-four, so it cannot be told for certain from other things
//! that are written with seven. The line is drawn like this:
//!
//! - A subject that is a FIN or a residence-permit number is refused: no service here is keyed by one.
//! - A value in which a run of exactly seven letters and digits could be a FIN is refused. Values are flags and words from
//!   closed lists, and are never sent: whoever has a FIN there asks in the wrong way.
//! - A document of this country whose number could be a FIN is refused: none of its documents is numbered so. Other
//!   countries' documents may be, and must be searched for.
//! - A name that is one word which could be a FIN is refused. Names have no digits, and family name and given name are two
//!   words.
//! - The id of a record has at least twelve characters, a VIN seventeen.

use mohur_contract::RegistryError;
use mohur_wire::subject::StateCode;
use mohur_wire::{Ask, Fin, Predicate, Query, SubjectKey, Value};

const STAYS: RegistryError = RegistryError::Unsupported(
    "a personal number never leaves the country: ask by document, by name and birth date, by VIN, or by a record's id",
);

/// Refuses a query that carries a FIN.
pub(crate) fn check(query: &Query, country: &StateCode) -> Result<(), RegistryError> {
    if query.message.is_some() {
        return Err(RegistryError::Unsupported("nothing enclosed leaves the country"));
    }
    let stays = match &query.subject {
        SubjectKey::Fin(_) | SubjectKey::Pin(_) => true,
        SubjectKey::Document(document) => document.issuing_state == *country && could_be(document.number.as_str()),
        SubjectKey::NameAndBirthDate(who) => could_be(who.name.as_str()),
        SubjectKey::Serial(serial) => runs(serial.as_str()),
        SubjectKey::Biometric(sample) => runs(sample.as_str()),
        SubjectKey::Plate(_) | SubjectKey::Vin(_) | SubjectKey::Receipt(_) | SubjectKey::Message(_) => false,
    };
    if stays || values(&query.ask).any(|value| value.as_text().is_some_and(runs)) { Err(STAYS) } else { Ok(()) }
}

/// Whether the whole text could be a FIN.
fn could_be(text: &str) -> bool {
    text.trim().parse::<Fin>().is_ok()
}

/// Whether a run of letters and digits in it could be one.
fn runs(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(could_be)
}

/// Every value of a query, wherever it stands.
fn values(ask: &Ask) -> Box<dyn Iterator<Item = &Value> + '_> {
    match ask {
        Ask::Read(_) => Box::new(std::iter::empty()),
        Ask::Match(values) => Box::new(values.values()),
        Ask::Verify(predicates) => Box::new(predicates.values().flat_map(|predicate| match predicate {
            Predicate::OneOf(values) => values.as_slice(),
            Predicate::AtLeast(_) | Predicate::AtMost(_) => &[],
        })),
        Ask::Change(effect) => Box::new(effect.values.values()),
    }
}
