//! The list of what registers say against each other, so that a test can ask for each.

use serde::Serialize;
use serde_json::{Value, json};

use crate::citizen::{Citizen, MaritalStatus, Oddity};
use crate::district::District;
use crate::mark::{self, Mark};
use crate::records::documents::{self, PASSPORT};

/// One contradiction.
#[derive(Serialize)]
pub(crate) struct Contradiction {
    /// Which kind, e.g. `valid-and-invalid`.
    kind: &'static str,
    /// By what it is found: FINs, documents, dwellings.
    keys: Value,
    /// What each register says.
    says: Vec<Says>,
}

/// What one register says.
#[derive(Serialize)]
struct Says {
    table: &'static str,
    /// The row's key.
    key: String,
    column: &'static str,
    /// `null`: the register has no such row.
    value: Value,
}

fn says(table: &'static str, key: impl ToString, column: &'static str, value: impl Into<Value>) -> Says {
    Says { table, key: key.to_string(), column, value: value.into() }
}

/// Every contradiction of a district, in the order of its people.
pub(crate) fn of(district: &District) -> Vec<Contradiction> {
    let from_oddities = district.citizens.iter().filter_map(|citizen| by_oddity(district, citizen));
    let from_marks = district.citizens.iter().filter_map(|citizen| by_mark(district, citizen));
    from_oddities.chain(from_marks).collect()
}

fn by_oddity(district: &District, citizen: &Citizen) -> Option<Contradiction> {
    let fin = citizen.fin;
    let oddity = citizen.oddity?;
    if oddity == Oddity::HealthBirthDateDiffers {
        let (act, card) = (citizen.birth.as_ref()?, citizen.health.as_ref()?);
        let says = vec![
            says("births", fin, "birth_date", act.birth_date.to_string()),
            says("health_cards", fin, "birth_date", card.birth_date.to_string()),
        ];
        return Some(Contradiction { kind: "birth-date-differs", keys: json!({ "fin": fin }), says });
    }
    if oddity == Oddity::NoBirthAct {
        let says = vec![says("births", fin, "act_no", Value::Null), says("population", fin, "fin", fin.to_string())];
        return Some(Contradiction { kind: "no-birth-act", keys: json!({ "fin": fin }), says });
    }
    if oddity == Oddity::OneSidedMarriage && citizen.status.marital_status == MaritalStatus::Married {
        let spouse = district.citizens.iter().find(|other| Some(other.fin) == citizen.status.spouse)?;
        let status = |citizen: &Citizen| {
            says("population", citizen.fin, "marital_status", citizen.status.marital_status.as_str())
        };
        let keys = json!({ "fin": fin, "spouse": spouse.fin });
        return Some(Contradiction { kind: "one-sided-marriage", keys, says: vec![status(citizen), status(spouse)] });
    }
    None
}

fn by_mark(district: &District, citizen: &Citizen) -> Option<Contradiction> {
    let mark = citizen.mark.filter(|mark| mark.is_contradiction())?;
    let (keys, says) = match mark {
        Mark::TwoNumbers => two_numbers(district, citizen)?,
        Mark::SharedDocument => shared_document(district, citizen)?,
        Mark::DeadOwner => dead_owner(district, citizen)?,
        Mark::ValidAndInvalid | Mark::OneBlank => of_passport(district, citizen, mark)?,
        Mark::BloodGroupDiffers => (json!({ "fin": citizen.fin }), blood_group(citizen)?),
        Mark::ResidenceDiffers => (
            json!({ "fin": citizen.fin }),
            vec![
                says("population", citizen.fin, "address", citizen.population.address.as_str()),
                says("residence", citizen.fin, "address", citizen.claims.home.to_string()),
            ],
        ),
        Mark::WantedAndCleared => (
            json!({ "fin": citizen.fin }),
            vec![
                says("watch_list", citizen.fin, "action", "detain"),
                says("clearances", citizen.fin, "status", "valid"),
            ],
        ),
        Mark::CrossedAfterDeath => {
            let passport = district.document(citizen, PASSPORT)?;
            let keys = json!({ "fin": citizen.fin, "document": passport.number });
            let says = vec![
                says("deaths", citizen.fin, "died_on", citizen.death?.to_string()),
                says("crossings", &passport.number, "direction", "exit"),
            ];
            (keys, says)
        }
        // The other file is told with the first one named; the last two are no contradictions.
        Mark::TwoNumbersFirst | Mark::SharedDocumentHolder | Mark::Wanted | Mark::LostPassport => return None,
    };
    Some(Contradiction { kind: mark.as_str(), keys, says })
}

type Told = (Value, Vec<Says>);

fn two_numbers(district: &District, citizen: &Citizen) -> Option<Told> {
    let first = district.marked(Mark::TwoNumbersFirst)?;
    let name = |citizen: &Citizen| {
        let (family, given, born) = citizen.recorded();
        says("identity_files", citizen.fin, "family_name, given_name, birth_date", format!("{family} {given} {born}"))
    };
    Some((json!({ "fin": first.fin, "other": citizen.fin }), vec![name(first), name(citizen)]))
}

fn shared_document(district: &District, citizen: &Citizen) -> Option<Told> {
    let holder = mark::sharer(&district.citizens)?;
    let card = district.document(holder, documents::IDENTITY_CARD)?;
    let of = |fin: mohur_wire::Fin| says("identity_files", fin, "document_no", card.number.as_str());
    let keys = json!({ "fin": holder.fin, "other": citizen.fin, "document": card.number });
    Some((keys, vec![of(holder.fin), of(citizen.fin)]))
}

fn dead_owner(district: &District, citizen: &Citizen) -> Option<Told> {
    let owns = |dwelling: &&crate::Dwelling| dwelling.is_held_by(citizen.fin);
    let dwelling = district.dwellings.iter().rev().find(owns)?;
    let says = vec![
        says("deaths", citizen.fin, "died_on", citizen.death?.to_string()),
        says("rights", &dwelling.unit, "holder_fin", citizen.fin.to_string()),
    ];
    Some((json!({ "fin": citizen.fin, "dwelling": dwelling.unit }), says))
}

fn of_passport(district: &District, citizen: &Citizen, mark: Mark) -> Option<Told> {
    let passport = district.document(citizen, PASSPORT)?;
    let number = passport.number.as_str();
    let keys = json!({ "fin": citizen.fin, "document": number });
    if mark == Mark::ValidAndInvalid {
        let says = vec![
            says("documents", number, "status", passport.status),
            says("invalid_documents", number, "reason", "reported-stolen"),
        ];
        return Some((keys, says));
    }
    let card = district.document(citizen, documents::IDENTITY_CARD)?;
    let of =
        |document: &documents::Document| says("documents", &document.number, "blank_serial", document.blank.as_str());
    Some((keys, vec![of(card), of(passport)]))
}

fn blood_group(citizen: &Citizen) -> Option<Vec<Says>> {
    Some(vec![
        says("population", citizen.fin, "blood_group", citizen.population.blood_group?),
        says("health_cards", citizen.fin, "blood_group", citizen.health.as_ref()?.blood_group?),
    ])
}
