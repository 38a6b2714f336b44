//! Documents of all kinds, with machine-readable zones (ICAO Doc 9303): new cards are TD1, old ones TD2, passports TD3.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use mohur_wire::Fin;
use mohur_wire::mrz::{self, Format, Mrz, MrzDate, MrzName};

use crate::citizen::{Citizen, Sex};
use crate::district::{District, days_ago};
use crate::make::{COUNTED, age_on};
use crate::mark::{self, Mark};
use crate::numbers::Numbers;
use crate::random::Stream;
use crate::table::{Sheets, Table};

pub(crate) const IDENTITY_CARD: &str = "identity-card";
pub(crate) const PASSPORT: &str = "passport";
/// From this day on cards are TD1 with a chip.
const NEW_CARDS: Date = date(2018, 9, 1);
/// One passport in so many was issued by a consulate.
const CONSULAR: u64 = 12;

/// One document.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) issuing_state: &'static str,
    pub(crate) code: &'static str,
    pub(crate) number: String,
    pub(crate) kind: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) fin: Option<Fin>,
    pub(crate) pin: Option<String>,
    pub(crate) family_name: String,
    pub(crate) given_name: String,
    pub(crate) birth_date: Date,
    pub(crate) sex: Sex,
    pub(crate) nationality: &'static str,
    pub(crate) issued: Date,
    pub(crate) expires: Date,
    pub(crate) status: &'static str,
    pub(crate) blank: String,
    pub(crate) format: Option<Format>,
}

/// What differs from one kind of document to another.
struct Kind {
    slot: u64,
    kind: &'static str,
    code: &'static str,
    issuer: &'static str,
    first: char,
    format: Option<Format>,
    years: i64,
}

const NEW_CARD: Kind =
    Kind { slot: 0, kind: IDENTITY_CARD, code: "I", issuer: "MIA", first: 'A', format: Some(Format::Td1), years: 10 };
const OLD_CARD: Kind =
    Kind { slot: 0, kind: IDENTITY_CARD, code: "I", issuer: "MIA", first: 'B', format: Some(Format::Td2), years: 10 };
const PASS: Kind =
    Kind { slot: 1, kind: PASSPORT, code: "P", issuer: "MIA", first: 'C', format: Some(Format::Td3), years: 10 };
const OLD_PASS: Kind =
    Kind { slot: 2, kind: PASSPORT, code: "P", issuer: "MIA", first: 'C', format: Some(Format::Td3), years: 10 };
const RETURN: Kind = Kind {
    slot: 3,
    kind: "return-certificate",
    code: "PE",
    issuer: "MFA",
    first: 'R',
    format: Some(Format::Td3),
    years: 1,
};
/// Papers of professions: seafarers (ILO C185: code IS), crews (ICAO Doc 9303 part 5: code AC), hauliers without a zone.
const PROFESSIONS: [Kind; 3] = [
    Kind {
        slot: 4,
        kind: "seafarer-passport",
        code: "IS",
        issuer: "MAR",
        first: 'S',
        format: Some(Format::Td1),
        years: 5,
    },
    Kind {
        slot: 4,
        kind: "crew-certificate",
        code: "AC",
        issuer: "CAA",
        first: 'K',
        format: Some(Format::Td1),
        years: 5,
    },
    Kind { slot: 4, kind: "haulage-permit", code: "H", issuer: "MOT", first: 'H', format: None, years: 3 },
];

impl Kind {
    fn issue(&self, citizen: &Citizen, numbers: Numbers, issued: Date) -> Document {
        let place = citizen.place * 8 + self.slot;
        let (family_name, given_name, birth_date) = citizen.recorded();
        let expires = issued.saturating_add(self.years.years());
        Document {
            issuing_state: "AZE",
            code: self.code,
            number: numbers.serial(self.first, 2, place),
            kind: self.kind,
            issuer: self.issuer,
            fin: Some(citizen.fin),
            pin: None,
            family_name: family_name.to_owned(),
            given_name: given_name.to_owned(),
            birth_date,
            sex: citizen.sex,
            nationality: "AZE",
            issued,
            expires,
            status: if expires < COUNTED { "expired" } else { "valid" },
            blank: numbers.serial('Q', 3, place),
            format: self.format,
        }
    }
}

/// The papers of a citizen. Of the dead only a passport is left, and only where it makes trouble.
pub(crate) fn of_citizen(citizen: &Citizen, numbers: Numbers, stream: &mut Stream) -> Vec<Document> {
    let mut papers = Vec::new();
    let age = age_on(COUNTED, citizen.claims.birth_date);
    let ago = |stream: &mut Stream, most: u32| days_ago(stream.between(1, most.min(age * 365).max(1)));
    let needs_passport = citizen.mark.is_some();
    if let Some(death) = citizen.death {
        if needs_passport {
            papers.push(PASS.issue(citizen, numbers, death.saturating_sub(400.days())));
        }
        return papers;
    }
    let issued = ago(stream, 3_600);
    let card = if issued < NEW_CARDS { OLD_CARD } else { NEW_CARD };
    papers.push(card.issue(citizen, numbers, issued));
    if stream.percent(40) || needs_passport {
        let issued = ago(stream, 3_000);
        let mut passport = PASS.issue(citizen, numbers, issued);
        if !needs_passport && citizen.place.is_multiple_of(CONSULAR) {
            passport.issuer = "MFA";
        }
        if citizen.mark == Some(Mark::LostPassport) {
            passport.status = "lost";
            papers.push(RETURN.issue(citizen, numbers, days_ago(stream.between(1, 90))));
        }
        papers.push(passport);
        if stream.percent(20) && age > 25 {
            papers.push(OLD_PASS.issue(citizen, numbers, days_ago(stream.between(3_660, 5_000))));
        }
    }
    if (20..65).contains(&age) && stream.percent(6) {
        let [seafarer, crew, haulier] = &PROFESSIONS;
        let profession = match stream.below(3) {
            0 => seafarer,
            1 => crew,
            _ => haulier,
        };
        papers.push(profession.issue(citizen, numbers, days_ago(stream.between(30, 1_000))));
    }
    one_blank(citizen, &mut papers);
    papers
}

/// The passport was personalised on the blank of the card.
fn one_blank(citizen: &Citizen, papers: &mut [Document]) {
    let blank = papers.first().map(|document| document.blank.clone());
    let second = papers.iter_mut().find(|document| document.kind == PASSPORT);
    if let (Some(Mark::OneBlank), Some(blank), Some(second)) = (citizen.mark, blank, second) {
        second.blank = blank;
    }
}

impl Document {
    /// The machine-readable zone, with the FIN where Azerbaijan has it.
    fn mrz(&self) -> Option<String> {
        let mrz = Mrz {
            format: self.format?,
            kind: self.code.parse().ok()?,
            issuing_state: self.issuing_state.parse().ok()?,
            number: self.number.parse().ok()?,
            name: MrzName::new(&self.family_name, &self.given_name).ok()?,
            nationality: self.nationality.parse().ok()?,
            birth_date: MrzDate::of(self.birth_date),
            sex: match self.sex {
                Sex::Male => mrz::Sex::Male,
                Sex::Female => mrz::Sex::Female,
            },
            expiry: MrzDate::of(self.expires),
            optional: self.fin.map(|fin| fin.to_string()).unwrap_or_default(),
            optional_2: String::new(),
        };
        mrz.to_lines().ok()
    }

    pub(crate) fn write(&self, sheets: &mut Sheets) {
        sheets.row(
            Table::Documents,
            &[
                &self.issuing_state,
                &self.code,
                &self.number,
                &self.kind,
                &self.issuer,
                &self.fin,
                &self.pin,
                &self.family_name,
                &self.given_name,
                &self.birth_date,
                &self.sex.as_str(),
                &self.nationality,
                &self.issued,
                &self.expires,
                &self.status,
                &self.blank,
                &self.mrz(),
            ],
        );
    }
}

/// Documents, the invalid ones among them, and the identity files that name them.
pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    for document in &district.documents {
        document.write(sheets);
        let reason = match document.status {
            "lost" => Some("lost"),
            "expired" => Some("expired"),
            _ => None,
        };
        if let Some(reason) = reason {
            let reported = if reason == "lost" { days_ago(100) } else { document.expires };
            invalid(document, reason, reported, sheets);
        }
    }
    let passport = district.marked(Mark::ValidAndInvalid).and_then(|holder| district.document(holder, PASSPORT));
    if let Some(passport) = passport {
        invalid(passport, "reported-stolen", days_ago(40), sheets);
    }
    for citizen in &district.citizens {
        identity_file(district, citizen, sheets);
    }
}

fn invalid(document: &Document, reason: &str, reported: Date, sheets: &mut Sheets) {
    sheets
        .row(Table::InvalidDocuments, &[&document.issuing_state, &document.code, &document.number, &reason, &reported]);
}

/// Every number has a file; one of them names a document that stands in the file of the district's first person as well.
fn identity_file(district: &District, citizen: &Citizen, sheets: &mut Sheets) {
    let owner =
        if citizen.mark == Some(Mark::SharedDocument) { mark::sharer(&district.citizens) } else { Some(citizen) };
    let document = owner.and_then(|owner| district.document(owner, IDENTITY_CARD));
    let (family_name, given_name, birth_date) = citizen.recorded();
    let opened = birth_date.saturating_add(30.days()).min(COUNTED);
    sheets.row(
        Table::IdentityFiles,
        &[
            &citizen.fin,
            &family_name,
            &given_name,
            &citizen.patronymic,
            &birth_date,
            &citizen.sex.as_str(),
            &document.map(|document| document.issuing_state),
            &document.map(|document| document.code),
            &document.map(|document| document.number.clone()),
            &opened,
        ],
    );
}
