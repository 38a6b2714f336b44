//! How the people of the synthetic country are made.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use mohur_wire::Fin;

use super::citizen::{
    BirthAct, Citizen, CivilStatus, Claims, HealthCard, MaritalStatus, Oddity, Payment, Progress, Sex,
};
use super::dwelling::Address;
use super::random::Stream;
use super::{FEE, names};

/// The day on which the country was counted: everybody is 16 or older on it.
const COUNTED: Date = date(2026, 1, 1);
const BLOOD_GROUPS: &[&str] = &["0+", "A+", "B+", "AB+", "0-", "A-", "B-", "AB-"];
const EYE_COLOURS: &[&str] = &["BRO", "BRO", "BRO", "BLK", "HAZ", "GRN", "GRY", "BLU"];

/// Makes that many people. Everybody is made without faults first; then the oddities are dealt out.
pub(super) fn citizens(seed: u64, count: u32) -> Vec<Citizen> {
    let mut stream = Stream::new(seed);
    let mut taken = BTreeSet::new();
    let mut people: Vec<Citizen> = (0..count).map(|index| person(&mut stream, &mut taken, index)).collect();
    marry(&mut stream, &mut people);
    deal_oddities(&mut people);
    people
}

fn person(stream: &mut Stream, taken: &mut BTreeSet<Fin>, index: u32) -> Citizen {
    let fin = fin(stream, taken);
    let sex = if stream.percent(50) { Sex::Male } else { Sex::Female };
    let birth_date = day_before(COUNTED, stream.between(16 * 366, 85 * 365));
    let act = BirthAct {
        family_name: family_name(stream, sex),
        given_name: stream.pick(if sex == Sex::Male { names::MEN } else { names::WOMEN }).to_owned(),
        patronymic: patronymic(stream, sex),
        sex,
        birth_date,
        birth_place: stream.pick(names::PLACES).to_owned(),
    };
    let payment = payment(stream, fin, index);
    Citizen {
        fin,
        claims: Claims {
            family_name: act.family_name.clone(),
            given_name: act.given_name.clone(),
            birth_date,
            marital_status: MaritalStatus::Single,
            receipt: payment.receipt.clone(),
            home: Address { city: String::new(), street: String::new(), building: String::new(), flat: None },
        },
        birth: Some(act),
        status: CivilStatus { marital_status: MaritalStatus::Single, marriage_date: None, spouse: None },
        health: Some(health_card(stream, sex, birth_date, index)),
        payment: Some(payment),
        oddity: None,
    }
}

#[expect(clippy::expect_used, reason = "by INVARIANT: seven characters of Fin::ALPHABET are a FIN")]
fn fin(stream: &mut Stream, taken: &mut BTreeSet<Fin>) -> Fin {
    loop {
        let text: String = (0..7).map(|_| char::from(stream.pick(Fin::ALPHABET))).collect();
        let fin = text.parse().expect("characters of the alphabet are a FIN");
        if taken.insert(fin) {
            return fin;
        }
    }
}

fn family_name(stream: &mut Stream, sex: Sex) -> String {
    if stream.percent(25) {
        return stream.pick(names::UNCHANGED).to_owned();
    }
    let stem = stream.pick(names::INFLECTED);
    match sex {
        Sex::Male => stem.to_owned(),
        Sex::Female => format!("{stem}a"),
    }
}

fn patronymic(stream: &mut Stream, sex: Sex) -> String {
    let father = stream.pick(names::MEN);
    match sex {
        Sex::Male => format!("{father} oğlu"),
        Sex::Female => format!("{father} qızı"),
    }
}

fn health_card(stream: &mut Stream, sex: Sex, birth_date: Date, index: u32) -> HealthCard {
    let height = match sex {
        Sex::Male => stream.between(160, 198),
        Sex::Female => stream.between(150, 184),
    };
    HealthCard {
        patient: format!("hc-{:05}", 10_000 + index),
        birth_date,
        blood_group: Some(stream.pick(BLOOD_GROUPS)),
        eye_colour: Some(stream.pick(EYE_COLOURS)),
        height: Some(height),
        measured: day_before(COUNTED, stream.between(10, 900)),
    }
}

#[expect(clippy::expect_used, reason = "by INVARIANT: the text is letters, digits and hyphens, shorter than 35")]
fn payment(stream: &mut Stream, payer: Fin, index: u32) -> Payment {
    let receipt = format!("DR-2026-{:06}", index * 911 + stream.between(1, 900));
    Payment {
        receipt: receipt.parse().expect("the text is a receipt's number"),
        payer,
        amount: FEE,
        progress: Progress::Booked,
        ordered: day_before(COUNTED, stream.between(1, 60)),
    }
}

/// Pairs men and women of age among the first half; a few of them are divorced or widowed.
fn marry(stream: &mut Stream, people: &mut [Citizen]) {
    let adults = |people: &[Citizen], sex: Sex| -> Vec<usize> {
        let half = people.len() / 2;
        let of_age = |c: &Citizen| c.birth.as_ref().is_some_and(|b| b.sex == sex && b.birth_date < date(2002, 1, 1));
        people.iter().enumerate().take(half).filter(|(_, c)| of_age(c)).map(|(index, _)| index).collect()
    };
    let (men, women) = (adults(people, Sex::Male), adults(people, Sex::Female));
    for (man, woman) in men.into_iter().zip(women) {
        let Some((fin_man, fin_woman)) = people.get(man).map(|c| c.fin).zip(people.get(woman).map(|c| c.fin)) else {
            continue;
        };
        let day = day_before(COUNTED, stream.between(30, 1_900));
        let status = match stream.below(10) {
            0 => MaritalStatus::Divorced,
            1 => MaritalStatus::Widowed,
            _ => MaritalStatus::Married,
        };
        for (index, spouse) in [(man, fin_woman), (woman, fin_man)] {
            if let Some(citizen) = people.get_mut(index) {
                let spouse = (status == MaritalStatus::Married).then_some(spouse);
                citizen.status = CivilStatus { marital_status: status, marriage_date: Some(day), spouse };
                citizen.claims.marital_status = status;
            }
        }
    }
}

/// Every third person gets the next oddity that fits.
fn deal_oddities(people: &mut [Citizen]) {
    let mut kinds = Oddity::ALL.iter().copied().cycle();
    let mut waiting: Vec<Oddity> = Vec::new();
    for index in (2..people.len()).step_by(3) {
        let fresh = kinds.next();
        waiting.extend(fresh);
        let fits = |oddity: &Oddity| people.get(index).is_some_and(|citizen| fits(*oddity, citizen));
        if let Some(place) = waiting.iter().position(fits) {
            let oddity = waiting.remove(place);
            let spouse = people.get(index).and_then(|citizen| citizen.status.spouse);
            let stranger = people.first().map(|citizen| citizen.claims.receipt.clone());
            if let Some(citizen) = people.get_mut(index) {
                citizen.oddity = Some(oddity);
                spoil(citizen, oddity);
                if let (Oddity::ClaimsForeignReceipt, Some(receipt)) = (oddity, stranger) {
                    citizen.claims.receipt = receipt;
                }
            }
            if oddity == Oddity::OneSidedMarriage {
                let other = people.iter_mut().find(|citizen| Some(citizen.fin) == spouse);
                if let Some(other) = other {
                    other.status =
                        CivilStatus { marital_status: MaritalStatus::Single, marriage_date: None, spouse: None };
                    other.oddity = Some(Oddity::OneSidedMarriage);
                }
            }
        }
    }
}

/// Some oddities need a marriage; the spouse of a one-sided marriage must have none of its own.
fn fits(oddity: Oddity, citizen: &Citizen) -> bool {
    let married = citizen.status.marital_status == MaritalStatus::Married;
    let single = citizen.status.marital_status == MaritalStatus::Single;
    let free = citizen.oddity.is_none();
    let woman = citizen.birth.as_ref().is_some_and(|act| act.sex == Sex::Female);
    match oddity {
        Oddity::ClaimsSingle | Oddity::OneSidedMarriage => free && married,
        Oddity::ClaimsFormerName => free && married && woman,
        Oddity::ClaimsRentedHome | Oddity::ClaimsSoldHome => free && single,
        Oddity::ClaimsAnotherBirthDate
        | Oddity::ClaimsForeignReceipt
        | Oddity::NoBirthAct
        | Oddity::NoHealthCard
        | Oddity::NoBloodGroup
        | Oddity::NoHeight
        | Oddity::HealthBirthDateDiffers
        | Oddity::FeeNeverPaid
        | Oddity::FeePending
        | Oddity::FeeRejected
        | Oddity::FeeTooLow => free,
    }
}

fn spoil(citizen: &mut Citizen, oddity: Oddity) {
    let set_progress = |citizen: &mut Citizen, progress| amend_payment(citizen, |payment| payment.progress = progress);
    match oddity {
        Oddity::ClaimsAnotherBirthDate => {
            citizen.claims.birth_date = day_before(citizen.claims.birth_date, 731);
            set_progress(citizen, Progress::Pending);
        }
        Oddity::ClaimsFormerName => "Talıblı".clone_into(&mut citizen.claims.family_name),
        Oddity::ClaimsSingle => citizen.claims.marital_status = MaritalStatus::Single,
        Oddity::NoBirthAct => citizen.birth = None,
        Oddity::NoHealthCard => citizen.health = None,
        Oddity::NoBloodGroup => amend_card(citizen, |card| card.blood_group = None),
        Oddity::NoHeight => amend_card(citizen, |card| card.height = None),
        Oddity::HealthBirthDateDiffers => amend_card(citizen, |card| card.birth_date = day_before(card.birth_date, 1)),
        Oddity::FeeNeverPaid => citizen.payment = None,
        Oddity::FeePending => set_progress(citizen, Progress::Pending),
        Oddity::FeeRejected => set_progress(citizen, Progress::Rejected),
        Oddity::FeeTooLow => amend_payment(citizen, |payment| payment.amount = FEE / 2),
        // The home is spoiled where homes are made.
        Oddity::ClaimsForeignReceipt | Oddity::OneSidedMarriage | Oddity::ClaimsRentedHome | Oddity::ClaimsSoldHome => {
        }
    }
}

fn amend_card(citizen: &mut Citizen, amend: impl FnOnce(&mut HealthCard)) {
    if let Some(card) = &mut citizen.health {
        amend(card);
    }
}

fn amend_payment(citizen: &mut Citizen, amend: impl FnOnce(&mut Payment)) {
    if let Some(payment) = &mut citizen.payment {
        amend(payment);
    }
}

fn day_before(day: Date, days: u32) -> Date {
    day.saturating_sub(i64::from(days).days())
}
