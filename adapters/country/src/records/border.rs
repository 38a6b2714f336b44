//! Foreigners, visas, permits, crossings of the border, and the watch list.

use jiff::ToSpan;
use jiff::civil::Date;
use mohur_wire::Fin;
use mohur_wire::mrz::Format;

use crate::citizen::{Citizen, Sex};
use crate::district::{District, days_ago};
use crate::make::COUNTED;
use crate::mark::Mark;
use crate::names;
use crate::random::Stream;
use crate::records::documents::{Document, PASSPORT};
use crate::records::road;
use crate::table::{Sheets, Table};

const CHECKPOINTS: &[&str] = &["Qırmızı Körpü", "Samur", "Astara", "Biləsuvar", "Bakı hava limanı", "Ələt limanı"];
/// Those of them where one can drive across.
const BY_ROAD: &[&str] = &["Qırmızı Körpü", "Samur", "Astara", "Biləsuvar"];
/// One foreigner for so many people.
const PEOPLE_PER_FOREIGNER: usize = 25;
/// What the stream of this table is drawn for.
const TOPIC: u64 = 4;

/// Somebody without a FIN.
pub(crate) struct Foreigner {
    place: u64,
    family_name: String,
    given_name: String,
    birth_date: Date,
    sex: Sex,
    pub(crate) nationality: &'static str,
    pub(crate) passport: String,
    pin: String,
}

pub(crate) fn write(district: &District, sheets: &mut Sheets) {
    let mut stream = district.stream(TOPIC);
    let mut border = Border { next: district.first_place() * 8, sheets };
    foreigners(district, &mut stream, &mut border);
    travellers(district, &mut stream, &mut border);
    watch_list(district, border.sheets);
}

/// Where crossings are written down.
struct Border<'a> {
    next: u64,
    sheets: &'a mut Sheets,
}

/// Who crosses, with what in hand.
struct Traveller<'a> {
    document: (&'a str, &'a str),
    fin: Option<Fin>,
    /// The plate of the vehicle that they own.
    vehicle: Option<&'a str>,
}

impl Border<'_> {
    fn cross(&mut self, who: &Traveller<'_>, direction: &str, at: (Date, &mut Stream)) {
        let (day, stream) = at;
        let checkpoint = stream.pick(CHECKPOINTS);
        let crossed = format!("{day}T{:02}:{:02}:00Z", stream.below(24), stream.below(60));
        // By road whoever has a vehicle comes in it.
        let plate = who.vehicle.filter(|_| BY_ROAD.contains(&checkpoint));
        let id = format!("CR-{:09}", self.next);
        self.next += 1;
        let (state, number) = who.document;
        self.sheets.row(Table::Crossings, &[&id, &state, &number, &who.fin, &plate, &direction, &checkpoint, &crossed]);
    }
}

/// Citizens with a passport went abroad and came back; one died before.
fn travellers(district: &District, stream: &mut Stream, border: &mut Border<'_>) {
    for citizen in &district.citizens {
        let Some(passport) = district.document(citizen, PASSPORT) else { continue };
        let vehicle = road::vehicle_of(citizen).map(|vehicle| vehicle.plate);
        let document = (passport.issuing_state, passport.number.as_str());
        let who = Traveller { document, fin: Some(citizen.fin), vehicle: vehicle.as_deref() };
        if let Some(death) = citizen.death {
            if citizen.mark == Some(Mark::CrossedAfterDeath) {
                border.cross(&who, "exit", (death.saturating_add(10.days()), stream));
            }
            continue;
        }
        for _ in 0..stream.below(4) {
            let out = days_ago(stream.between(40, 700)).max(passport.issued);
            let back = out.saturating_add(i64::from(stream.between(1, 30)).days());
            border.cross(&who, "exit", (out, stream));
            border.cross(&who, "entry", (back, stream));
        }
    }
}

fn foreigners(district: &District, stream: &mut Stream, border: &mut Border<'_>) {
    for number in 0..district.citizens.len().div_ceil(PEOPLE_PER_FOREIGNER) {
        let foreigner = foreigner(district, stream, number as u64);
        let document = (foreigner.nationality, foreigner.passport.as_str());
        let who = Traveller { document, fin: None, vehicle: None };
        let entered = days_ago(stream.between(5, 80));
        border.cross(&who, "entry", (entered, stream));
        // The first stays longer than the visa allows; every third lives here.
        match number {
            0 => visa(&foreigner, days_ago(70), days_ago(20), border.sheets),
            _ if number % 3 == 2 => resident(district, &foreigner, number, stream, border.sheets),
            _ => {
                let until = COUNTED.saturating_add(i64::from(stream.between(5, 300)).days());
                visa(&foreigner, entered, until, border.sheets);
                if stream.percent(40) {
                    border.cross(&who, "exit", (days_ago(stream.between(1, 4)), stream));
                }
            }
        }
    }
}

/// The first foreigner of the district: always the same one, who stays longer than the visa allows.
pub(crate) fn first_foreigner(district: &District) -> Foreigner {
    foreigner(district, &mut district.stream(TOPIC), 0)
}

fn foreigner(district: &District, stream: &mut Stream, number: u64) -> Foreigner {
    let place = district.first_place() + number;
    let nation = stream.below(u32::try_from(names::FOREIGNERS.len()).unwrap_or_default()) as usize;
    let (nationality, families, men, women) =
        names::FOREIGNERS.get(nation).copied().unwrap_or(("TUR", &["Kaya"], &["Emre"], &["Elif"]));
    let sex = if stream.percent(60) { Sex::Male } else { Sex::Female };
    Foreigner {
        place,
        family_name: names::family_name_for(stream.pick(families), sex == Sex::Female),
        given_name: stream.pick(if sex == Sex::Male { men } else { women }).to_owned(),
        birth_date: days_ago(stream.between(19 * 366, 70 * 365)),
        sex,
        nationality,
        passport: district.numbers.serial('U', 2, place),
        pin: district.numbers.pin(place).to_string(),
    }
}

fn visa(foreigner: &Foreigner, from: Date, until: Date, sheets: &mut Sheets) {
    let status = if until < COUNTED { "expired" } else { "valid" };
    sheets.row(
        Table::Visas,
        &[
            &format!("V{:09}", foreigner.place),
            &foreigner.nationality,
            &foreigner.passport,
            &foreigner.family_name,
            &foreigner.given_name,
            &foreigner.birth_date,
            &"C",
            &1_u32,
            &from,
            &until,
            &status,
        ],
    );
}

/// A permit, the card that shows it, and a place to live.
fn resident(district: &District, foreigner: &Foreigner, number: usize, stream: &mut Stream, sheets: &mut Sheets) {
    // Of those who live here some are immigrants, some stateless.
    let (status, kind, nationality) = match number % 9 {
        5 => ("permanent", "immigrant-card", foreigner.nationality),
        8 => ("stateless", "stateless-card", "XXA"),
        _ => ("temporary", "foreigner-card", foreigner.nationality),
    };
    let issued = days_ago(stream.between(90, 330));
    let expires = issued.saturating_add(1.year());
    let card = permit_card(district, foreigner, (kind, nationality), issued, expires);
    card.write(sheets);
    let passport = (status != "stateless").then(|| foreigner.passport.clone());
    sheets.row(
        Table::Migration,
        &[
            &foreigner.pin,
            &foreigner.family_name,
            &foreigner.given_name,
            &foreigner.birth_date,
            &foreigner.sex.as_str(),
            &nationality,
            &passport,
            &status,
            &card.number,
            &issued,
            &expires,
        ],
    );
    let Some(home) = district.dwellings.get(number).map(|dwelling| &dwelling.address) else { return };
    sheets.row(
        Table::Residence,
        &[
            &format!("RF-{:08}", foreigner.place),
            &None::<Fin>,
            &foreigner.pin,
            &home.city,
            &home.street,
            &home.building,
            &home.flat,
            &"temporary",
            &issued,
            &expires,
        ],
    );
}

fn permit_card(
    district: &District,
    foreigner: &Foreigner,
    (kind, nationality): (&'static str, &'static str),
    issued: Date,
    expires: Date,
) -> Document {
    Document {
        issuing_state: "AZE",
        code: "IR",
        number: district.numbers.serial('F', 2, foreigner.place),
        kind,
        issuer: "SMS",
        fin: None,
        pin: Some(foreigner.pin.clone()),
        family_name: foreigner.family_name.clone(),
        given_name: foreigner.given_name.clone(),
        birth_date: foreigner.birth_date,
        sex: foreigner.sex,
        nationality,
        issued,
        expires,
        status: "valid",
        blank: district.numbers.serial('W', 3, foreigner.place),
        format: Some(Format::Td1),
    }
}

fn watch_list(district: &District, sheets: &mut Sheets) {
    let (wanted, cleared) = (district.marked(Mark::Wanted), district.marked(Mark::WantedAndCleared));
    for citizen in [wanted, cleared].into_iter().flatten() {
        wanted_person(district, citizen, sheets);
    }
    if let Some((vehicle, _)) = road::stolen(district) {
        let entry = format!("WV-{:08}", district.first_place());
        let since = days_ago(60);
        sheets.row(
            Table::WatchList,
            &[
                &entry,
                &"vehicle",
                &None::<Fin>,
                &None::<String>,
                &None::<String>,
                &None::<Date>,
                &None::<String>,
                &None::<String>,
                &vehicle.plate,
                &vehicle.vin,
                &"seize",
                &"MIA",
                &since,
                &None::<Date>,
            ],
        );
    }
}

fn wanted_person(district: &District, citizen: &Citizen, sheets: &mut Sheets) {
    let (family_name, given_name, birth_date) = citizen.recorded();
    let passport = district.document(citizen, PASSPORT);
    sheets.row(
        Table::WatchList,
        &[
            &format!("WP-{:08}", citizen.place),
            &"person",
            &citizen.fin,
            &family_name,
            &given_name,
            &birth_date,
            &passport.map(|passport| passport.issuing_state),
            &passport.map(|passport| passport.number.clone()),
            &None::<String>,
            &None::<String>,
            &"detain",
            &"MIA",
            &days_ago(200),
            &None::<Date>,
        ],
    );
}
