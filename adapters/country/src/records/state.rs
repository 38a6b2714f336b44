//! Secure blanks, military duty and clearances.

use jiff::ToSpan;

use crate::citizen::{Citizen, Sex};
use crate::district::{District, days_ago};
use crate::make::{COUNTED, age_on};
use crate::mark::Mark;
use crate::table::{Sheets, Table};

const OBJECTS: &[&str] = &["Səngəçal terminalı", "Bakı hava limanı", "Mingəçevir SES", "Ələt limanı", "Bakı metrosu"];
/// Blanks in stock in each district; the last is lost, the one before spoiled.
const STOCK: u64 = 12;

pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    blanks(district, sheets);
    let mut stream = district.stream(7);
    for citizen in district.citizens.iter().filter(|citizen| citizen.death.is_none()) {
        let age = age_on(COUNTED, citizen.claims.birth_date);
        if citizen.sex == Sex::Male && (18..=60).contains(&age) {
            let status = match (age, stream.below(10)) {
                (18..=24, 0..=2) => "serving",
                (18..=24, 3..=4) => "deferred",
                (18..=24, _) => "liable",
                (_, 0) => "exempt",
                _ => "reserve",
            };
            let registered = citizen.claims.birth_date.saturating_add(17.years());
            sheets.row(Table::MilitaryDuty, &[&citizen.fin, &status, &registered]);
        }
        let cleared = (20..65).contains(&age) && stream.percent(4) && citizen.mark.is_none();
        if cleared || citizen.mark == Some(Mark::WantedAndCleared) {
            let object = stream.pick(OBJECTS);
            clearance(citizen, object, sheets);
        }
    }
}

fn clearance(citizen: &Citizen, object: &str, sheets: &mut Sheets) {
    let until = COUNTED.saturating_add(200.days());
    let badge = format!("BG{:08}", citizen.place);
    sheets.row(Table::Clearances, &[&badge, &citizen.fin, &object, &"escorted", &until, &"valid"]);
}

/// Every document has its blank, and the issuer has some left.
fn blanks(district: &District, sheets: &mut Sheets) {
    // A blank that two documents share stands here once.
    let mut seen = std::collections::BTreeSet::new();
    for document in district.documents.iter().filter(|document| document.format.is_some()) {
        if seen.insert(document.blank.as_str()) {
            let row: &[&dyn crate::table::Cell] =
                &[&document.blank, &document.kind, &"issued", &document.issuer, &document.issued];
            sheets.row(Table::Blanks, row);
        }
    }
    for number in 0..STOCK {
        let serial = district.numbers.serial('X', 3, district.first_place() + number);
        let status = match number {
            10 => "spoiled",
            11 => "lost",
            _ => "stock",
        };
        sheets.row(Table::Blanks, &[&serial, &"passport", &status, &"MIA", &days_ago(150)]);
    }
}
