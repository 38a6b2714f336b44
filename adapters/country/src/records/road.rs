//! Vehicles, driving licences, powers of attorney, and seals on cargo.

use jiff::ToSpan;

use crate::citizen::Citizen;
use crate::district::{District, days_ago};
use crate::make::{COUNTED, age_on};
use crate::table::{Sheets, Table};

/// Region codes on plates: Baku several times.
const REGIONS: &[u64] = &[10, 90, 99, 77, 20, 50, 45, 55, 1, 2, 40, 41, 60, 61];
const LETTERS: &[u8; 24] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const MAKES: &[(&str, &str, &str)] = &[
    ("XTA", "LADA", "Niva"),
    ("KMH", "Hyundai", "Elantra"),
    ("WDB", "Mercedes-Benz", "E 220"),
    ("JTD", "Toyota", "Corolla"),
    ("NM0", "Ford", "Transit"),
    ("XW8", "Škoda", "Octavia"),
];
const ROUTES: &[(&str, &str)] =
    &[("Ələt limanı", "Qırmızı Körpü"), ("Astara", "Samur"), ("Biləsuvar", "Bakı"), ("Bakı", "Yevlax")];

/// A vehicle.
pub(crate) struct Vehicle {
    pub(crate) plate: String,
    pub(crate) vin: String,
    pub(crate) make: &'static str,
    pub(crate) model: &'static str,
    year: u32,
}

/// The vehicle of the person at that place: always the same one.
fn vehicle(place: u64) -> Vehicle {
    let mut stream = crate::random::Stream::new(place ^ 0x00CA_4500);
    let (wmi, make, model) = MAKES.get(stream.below(6) as usize).copied().unwrap_or(("XTA", "LADA", "Niva"));
    let letter = |number: u64| LETTERS.get((number % 24) as usize).copied().map_or('A', char::from);
    let (digits, rest) = (place % 999 + 1, place / 999);
    let region = REGIONS.get((rest / 576) as usize % REGIONS.len()).copied().unwrap_or(10);
    let plate = format!("{region:02}{}{}{digits:03}", letter(rest / 24), letter(rest));
    let year = stream.between(1998, 2025);
    Vehicle { plate, vin: vin(wmi, year, place), make, model, year }
}

/// ISO 3779, with the check digit that 49 CFR 565.15 puts in the ninth place.
fn vin(wmi: &str, year: u32, place: u64) -> String {
    let model_year = b"WXY123456789ABCDEFGHJKLMNPRST".get((year - 1998) as usize).copied().map_or('0', char::from);
    let text = format!("{wmi}ZZZ1K0{model_year}B{:06}", place % 1_000_000);
    // Series beyond a million go on in the descriptor.
    let series = LETTERS.get((place / 1_000_000 % 16) as usize).copied().map_or('A', char::from);
    let text = text.replacen("ZZZ", &format!("ZZ{series}"), 1);
    let digit = vin_check_digit(&text);
    text.chars().enumerate().map(|(at, letter)| if at == 8 { digit } else { letter }).collect()
}

fn vin_check_digit(vin: &str) -> char {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |letter: char| match letter {
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        digit => digit.to_digit(10).unwrap_or_default(),
    };
    let sum: u32 = vin.chars().zip(WEIGHTS).map(|(letter, weight)| value(letter) * weight).sum();
    match sum % 11 {
        10 => 'X',
        rest => char::from_digit(rest, 10).unwrap_or('0'),
    }
}

/// Every third adult who lives owns a vehicle.
pub(crate) fn vehicle_of(citizen: &Citizen) -> Option<Vehicle> {
    let adult = age_on(COUNTED, citizen.claims.birth_date) >= 18 && citizen.death.is_none();
    (adult && citizen.place % 3 == 1).then(|| vehicle(citizen.place))
}

/// The district's stolen vehicle and its owner.
pub(crate) fn stolen(district: &District) -> Option<(Vehicle, &Citizen)> {
    district.citizens.iter().rev().find_map(|citizen| Some((vehicle_of(citizen)?, citizen)))
}

pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    let mut stream = district.stream(5);
    let stolen = stolen(district).map(|(vehicle, _)| vehicle.plate);
    for citizen in district.citizens.iter().filter(|citizen| citizen.death.is_none()) {
        let (place, fin) = (citizen.place, citizen.fin);
        let driver = age_on(COUNTED, citizen.claims.birth_date) >= 18 && stream.percent(45);
        if driver {
            let issued = days_ago(stream.between(1, 3_900));
            let expires = issued.saturating_add(10.years());
            let status = if expires < COUNTED { "expired" } else { "valid" };
            let categories = stream.pick(&["B", "B", "BC", "BCE", "AB"]);
            sheets.row(Table::Licences, &[&format!("DL{place:08}"), &fin, &categories, &issued, &expires, &status]);
        }
        let Some(vehicle) = vehicle_of(citizen) else { continue };
        let status = if Some(&vehicle.plate) == stolen.as_ref() { "stolen" } else { "registered" };
        let passport = format!("VP{place:08}");
        sheets.row(
            Table::Vehicles,
            &[&vehicle.plate, &vehicle.vin, &vehicle.make, &vehicle.model, &vehicle.year, &passport, &fin, &status],
        );
        if stream.percent(10) {
            power_of_attorney(district, citizen, &vehicle, sheets);
        }
    }
    cargo(district, sheets);
}

fn power_of_attorney(district: &District, owner: &Citizen, vehicle: &Vehicle, sheets: &mut Sheets) {
    let agent = district.citizens.iter().find(|other| other.fin != owner.fin && other.is_clear());
    let Some(agent) = agent else { return };
    let number = format!("PA{:08}", owner.place);
    let (from, until) = (days_ago(120), days_ago(120).saturating_add(3.years()));
    sheets.row(Table::Powers, &[&number, &vehicle.plate, &owner.fin, &agent.fin, &from, &until, &"valid"]);
}

/// Hauliers carry cargo under seal; every tenth seal was found broken.
fn cargo(district: &District, sheets: &mut Sheets) {
    let mut stream = district.stream(6);
    for permit in district.documents.iter().filter(|document| document.kind == "haulage-permit") {
        let driver = district.citizens.iter().find(|citizen| Some(citizen.fin) == permit.fin);
        let Some(driver) = driver else { continue };
        let (from, to) = ROUTES.get(stream.below(4) as usize).copied().unwrap_or(("Bakı", "Yevlax"));
        let sealed = format!("{}T{:02}:00:00Z", days_ago(stream.between(0, 20)), stream.below(24));
        let status = if stream.percent(10) { "broken" } else { "intact" };
        // A haulier drives a firm's lorry; its plate counts from a place of its own.
        let plate = vehicle(driver.place + (1 << 22)).plate;
        let seal = format!("CS{:08}", driver.place);
        sheets.row(Table::CargoSeals, &[&seal, &permit.number, &permit.fin, &plate, &from, &to, &sealed, &status]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vins_have_their_check_digit() {
        // The example of 49 CFR 565.15 that everybody quotes.
        assert_eq!(vin_check_digit("1M8GDM9A_KP042788"), 'X');
        let vehicle = vehicle(77);
        assert_eq!(vin_check_digit(&vehicle.vin).to_string(), vehicle.vin[8..9]);
        assert!(vehicle.vin.parse::<mohur_wire::subject::Vin>().is_ok());
        assert!(vehicle.plate.parse::<mohur_wire::subject::Plate>().is_ok());
    }
}
