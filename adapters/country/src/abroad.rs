//! Alerts that stand abroad, at the international police organisation: who and what is sought, and which country says so.
//!
//! They agree with what the country's own registers hold: the wanted persons, the lost and the stolen passport and the
//! stolen vehicle are those of the watch list and the register of invalid documents. One in a district is foreign on both
//! sides: a visitor's passport, reported by the visitor's own country.

use jiff::civil::Date;

use crate::citizen::Sex;
use crate::district::{District, days_ago};
use crate::mark::Mark;
use crate::records::documents::{Document, PASSPORT};
use crate::records::{border, road};

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number, by which nobody outside ever knows it: no two are the same.
    pub number: u64,
    /// The country whose alert it is: three letters of ISO 3166-1.
    pub owner: &'static str,
    /// What whoever meets the subject is to do: `detain`, `locate` or `seize`.
    pub action: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Since when.
    pub issued: Date,
    /// Who or what is sought.
    pub sought: Sought,
}

/// The subject of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A person.
    Person {
        /// As the alert's owner writes it: in the letters of the person's passport.
        family_name: String,
        /// The same.
        given_name: String,
        /// Date of birth.
        birth_date: Date,
        /// Sex.
        sex: Sex,
        /// Three letters of ICAO Doc 9303.
        nationality: &'static str,
    },
    /// A document.
    Document {
        /// The state that issued it.
        issuing_state: &'static str,
        /// Its code, e.g. `P`.
        code: &'static str,
        /// Its number.
        number: String,
    },
    /// A vehicle.
    Vehicle {
        /// Its identification number.
        vin: String,
        /// Its plate.
        plate: String,
        /// Who made it.
        make: &'static str,
        /// Its model.
        model: &'static str,
    },
}

/// The alerts about a district.
pub(crate) fn alerts(district: &District) -> Vec<Alert> {
    let first = district.first_place();
    let mut alerts = Vec::new();
    let mut add = |owner, action, reason, days, sought| {
        let number = first + alerts.len() as u64;
        alerts.push(Alert { number, owner, action, reason, issued: days_ago(days), sought });
    };
    if let Some(person) = person(district, Mark::Wanted) {
        add("GEO", "detain", "fraud", 200, person);
    }
    if let Some(person) = person(district, Mark::WantedAndCleared) {
        add("TUR", "locate", "smuggling of goods", 200, person);
    }
    if let Some(passport) = passport(district, Mark::LostPassport) {
        add("AZE", "seize", "lost", 100, passport);
    }
    if let Some(passport) = passport(district, Mark::ValidAndInvalid) {
        add("AZE", "seize", "stolen", 40, passport);
    }
    if let Some((vehicle, _)) = road::stolen(district) {
        let (make, model) = (vehicle.make, vehicle.model);
        add("GEO", "seize", "stolen", 60, Sought::Vehicle { vin: vehicle.vin, plate: vehicle.plate, make, model });
    }
    let visitor = border::first_foreigner(district);
    // Germany is `D` in a machine-readable zone and `DEU` everywhere else.
    let owner = if visitor.nationality == "D" { "DEU" } else { visitor.nationality };
    let (issuing_state, number) = (visitor.nationality, visitor.passport);
    add(owner, "seize", "stolen", 3, Sought::Document { issuing_state, code: "P", number });
    alerts
}

fn person(district: &District, mark: Mark) -> Option<Sought> {
    let citizen = district.marked(mark)?;
    let (family_name, given_name, birth_date) = citizen.recorded();
    let latin = |name: &str| mohur_wire::names::to_mrz(name);
    Some(Sought::Person {
        family_name: latin(family_name)?,
        given_name: latin(given_name)?,
        birth_date,
        sex: citizen.sex,
        nationality: "AZE",
    })
}

fn passport(district: &District, mark: Mark) -> Option<Sought> {
    let passport: &Document = district.document(district.marked(mark)?, PASSPORT)?;
    let Document { issuing_state, code, number, .. } = passport;
    Some(Sought::Document { issuing_state, code, number: number.clone() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Country;

    #[test]
    fn a_district_has_alerts_of_several_countries_about_all_kinds_of_subjects() {
        let country = Country::of(Country::SEED, 1_000);
        let alerts = country.alerts();
        let numbers: BTreeSet<_> = alerts.iter().map(|alert| alert.number).collect();
        assert_eq!((alerts.len(), numbers.len()), (12, 12), "six in each of two districts");
        let owners: BTreeSet<_> = alerts.iter().map(|alert| alert.owner).collect();
        assert!(owners.len() >= 3 && owners.iter().all(|owner| owner.len() == 3), "{owners:?}");
        assert!(alerts.iter().any(|alert| matches!(alert.sought, Sought::Person { .. })));
        assert!(alerts.iter().any(|alert| matches!(alert.sought, Sought::Vehicle { .. })));
        let small = Country::default();
        assert_eq!(small.alerts(), &alerts[..small.alerts().len()], "a larger country begins with the smaller");
    }
}
