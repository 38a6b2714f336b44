//! People, acts, the population register, health cards, fees, dwellings and residence.

use jiff::civil::Date;

use crate::citizen::{Citizen, MaritalStatus, Progress, Sex};
use crate::district::{District, days_ago};
use crate::table::{Sheets, Table};

pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    let mut stream = district.stream(3);
    for citizen in &district.citizens {
        person(citizen, sheets);
        acts(district, citizen, sheets);
        population(citizen, sheets);
        health_and_fee(citizen, sheets);
        if citizen.death.is_none() {
            residence(citizen, days_ago(stream.between(30, 6_000)), sheets);
        }
    }
    for dwelling in &district.dwellings {
        let address = &dwelling.address;
        sheets.row(
            Table::Dwellings,
            &[&dwelling.unit, &dwelling.title, &address.city, &address.street, &address.building, &address.flat],
        );
        for held in &dwelling.holdings {
            let (kind, (numerator, denominator)) = (held.kind.as_str(), held.share);
            sheets.row(
                Table::Rights,
                &[&held.id, &dwelling.unit, &held.holder, &kind, &numerator, &denominator, &held.since, &held.until],
            );
        }
    }
}

fn birth_place(citizen: &Citizen) -> Option<String> {
    citizen.birth.as_ref().map(|act| act.birth_place.clone())
}

fn person(citizen: &Citizen, sheets: &mut Sheets) {
    let (family_name, given_name, birth_date) = citizen.recorded();
    let sex = citizen.sex.as_str();
    sheets.row(
        Table::People,
        &[
            &citizen.fin,
            &family_name,
            &given_name,
            &citizen.patronymic,
            &birth_date,
            &birth_place(citizen),
            &sex,
            &"AZE",
            &citizen.father,
            &citizen.mother,
            &citizen.death,
        ],
    );
}

fn acts(district: &District, citizen: &Citizen, sheets: &mut Sheets) {
    let (place, fin) = (citizen.place, citizen.fin);
    if let Some(act) = &citizen.birth {
        sheets.row(
            Table::Births,
            &[
                &format!("BA-{place:08}"),
                &fin,
                &act.family_name,
                &act.given_name,
                &act.patronymic,
                &act.birth_date,
                &act.birth_place,
                &act.sex.as_str(),
                &citizen.father,
                &citizen.mother,
            ],
        );
    }
    if let Some(died) = citizen.death {
        sheets.row(Table::Deaths, &[&format!("DA-{place:08}"), &fin, &died]);
    }
    // A marriage stands once, under the husband; with a one-sided one under whoever still has it.
    let status = &citizen.status;
    let Some((married, partner)) = status.marriage_date.zip(status.partner) else { return };
    let other = district.citizens.iter().find(|other| other.fin == partner);
    let is_theirs_too = other.is_some_and(|other| other.status.partner == Some(fin));
    if citizen.sex == Sex::Female && is_theirs_too {
        return;
    }
    let (husband, wife) = if citizen.sex == Sex::Male { (fin, partner) } else { (partner, fin) };
    let died = [citizen.death, other.and_then(|other| other.death)].into_iter().flatten().min();
    let (ended, reason): (Option<Date>, Option<&str>) = match (status.divorced, died) {
        (Some(divorced), _) => (Some(divorced), Some("divorce")),
        (None, Some(died)) => (Some(died), Some("death")),
        (None, None) => (None, None),
    };
    sheets.row(Table::Marriages, &[&format!("MA-{place:08}"), &husband, &wife, &married, &ended, &reason]);
}

fn population(citizen: &Citizen, sheets: &mut Sheets) {
    let (family_name, given_name, birth_date) = citizen.recorded();
    let (entry, sex) = (&citizen.population, citizen.sex.as_str());
    let status: MaritalStatus = citizen.status.marital_status;
    sheets.row(
        Table::Population,
        &[
            &citizen.fin,
            &family_name,
            &given_name,
            &citizen.patronymic,
            &birth_date,
            &sex,
            &"AZE",
            &status.as_str(),
            &entry.address,
            &entry.card,
            &entry.blood_group,
            &entry.eye_colour,
            &entry.height,
        ],
    );
}

fn health_and_fee(citizen: &Citizen, sheets: &mut Sheets) {
    if let Some(card) = &citizen.health {
        sheets.row(
            Table::HealthCards,
            &[
                &card.patient,
                &citizen.fin,
                &card.birth_date,
                &card.blood_group,
                &card.eye_colour,
                &card.height,
                &card.measured,
            ],
        );
    }
    if let Some(payment) = &citizen.payment {
        let status = match payment.progress {
            Progress::Booked => "booked",
            Progress::Pending => "pending",
            Progress::Rejected => "rejected",
        };
        let receipt = payment.receipt.as_str();
        sheets.row(Table::Payments, &[&receipt, &payment.payer, &payment.amount, &status, &payment.ordered]);
    }
}

fn residence(citizen: &Citizen, since: Date, sheets: &mut Sheets) {
    let home = &citizen.claims.home;
    let since = since.max(citizen.recorded().2);
    sheets.row(
        Table::Residence,
        &[
            &format!("RR-{:08}", citizen.place),
            &citizen.fin,
            &None::<String>,
            &home.city,
            &home.street,
            &home.building,
            &home.flat,
            &"permanent",
            &since,
            &None::<Date>,
        ],
    );
}
