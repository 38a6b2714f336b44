//! How the people of a district are made.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use mohur_wire::Fin;

use crate::citizen::{
    BirthAct, Citizen, CivilStatus, Claims, HealthCard, Kinship, MaritalStatus, Oddity, Payment, PopulationEntry,
    Progress, Sex,
};
use crate::dwelling::Address;
use crate::numbers::Numbers;
use crate::random::Stream;
use crate::{FEE, kin, mark, names};

/// The day on which the country was counted: every applicant is 16 or older on it.
pub(crate) const COUNTED: Date = date(2026, 1, 1);
const BLOOD_GROUPS: &[&str] = &["0+", "A+", "B+", "AB+", "0-", "A-", "B-", "AB-"];
const EYE_COLOURS: &[&str] = &["BRO", "BRO", "BRO", "BLK", "HAZ", "GRN", "GRY", "BLU"];

/// What people are made with.
pub(crate) struct Maker {
    pub(crate) stream: Stream,
    pub(crate) numbers: Numbers,
    /// The place of the next person.
    pub(crate) place: u64,
}

/// Who somebody is, before any register writes it down.
pub(crate) struct Born {
    pub(crate) sex: Sex,
    pub(crate) family_name: String,
    pub(crate) father: String,
    pub(crate) day: Date,
    pub(crate) kinship: Kinship,
}

/// Makes a district's people: the applicants without faults, their families, then what is wrong with some of them.
pub(crate) fn citizens(maker: &mut Maker, size: usize) -> Vec<Citizen> {
    let applicants = (size * 2 / 5).max(1).min(size);
    let mut people: Vec<Citizen> = (0..applicants).map(|_| maker.applicant()).collect();
    marry(&mut maker.stream, &mut people);
    kin::families(maker, &mut people, size);
    deal_oddities(&mut people, applicants);
    mark::deal(&mut people);
    people
}

impl Maker {
    fn applicant(&mut self) -> Citizen {
        let stream = &mut self.stream;
        let sex = if stream.percent(50) { Sex::Male } else { Sex::Female };
        let day = day_before(COUNTED, stream.between(16 * 366, 85 * 365));
        let family_name = family_name(stream, sex);
        let father = stream.pick(names::MEN).to_owned();
        self.person(Born { sex, family_name, father, day, kinship: Kinship::Applicant })
    }

    /// A person with a birth act, a health card and a paid fee, whom nobody contradicts.
    pub(crate) fn person(&mut self, born: Born) -> Citizen {
        let (place, stream) = (self.place, &mut self.stream);
        self.place += 1;
        let fin = self.numbers.fin(place);
        let Born { sex, family_name, father, day, kinship } = born;
        let act = BirthAct {
            family_name,
            given_name: stream.pick(if sex == Sex::Male { names::MEN } else { names::WOMEN }).to_owned(),
            patronymic: names::patronymic(&father, sex == Sex::Female),
            sex,
            birth_date: day,
            birth_place: stream.pick(names::PLACES).to_owned(),
        };
        let payment = payment(stream, fin, place);
        let health = health_card(stream, sex, day, place);
        Citizen {
            fin,
            claims: claims(&act, &payment),
            sex,
            patronymic: act.patronymic.clone(),
            birth: Some(act),
            status: CivilStatus::SINGLE,
            health: Some(health),
            payment: Some(payment),
            oddity: None,
            place,
            kinship,
            father: None,
            mother: None,
            death: None,
            lives_with: None,
            population: PopulationEntry::default(),
            mark: None,
        }
    }
}

fn claims(act: &BirthAct, payment: &Payment) -> Claims {
    Claims {
        family_name: act.family_name.clone(),
        given_name: act.given_name.clone(),
        birth_date: act.birth_date,
        marital_status: MaritalStatus::Single,
        receipt: payment.receipt.clone(),
        home: Address { city: String::new(), street: String::new(), building: String::new(), flat: None },
    }
}

fn family_name(stream: &mut Stream, sex: Sex) -> String {
    if stream.percent(25) {
        return stream.pick(names::UNCHANGED).to_owned();
    }
    names::family_name_for(stream.pick(names::INFLECTED), sex == Sex::Female)
}

fn health_card(stream: &mut Stream, sex: Sex, birth_date: Date, place: u64) -> HealthCard {
    let age = age_on(COUNTED, birth_date);
    let grown = match sex {
        Sex::Male => stream.between(160, 198),
        Sex::Female => stream.between(150, 184),
    };
    // A child is shorter: half a metre at birth, and nearly grown with sixteen years.
    let height = if age >= 16 { grown } else { 50 + (grown - 50) * (age + 1) / 18 };
    let days = days_between(birth_date, COUNTED);
    HealthCard {
        patient: format!("hc-{:05}", 10_000 + place),
        birth_date,
        blood_group: Some(stream.pick(BLOOD_GROUPS)),
        eye_colour: Some(stream.pick(EYE_COLOURS)),
        height: Some(height),
        measured: day_before(COUNTED, stream.between(1, days.clamp(1, 900))),
    }
}

#[expect(clippy::expect_used, reason = "by INVARIANT: the text is letters, digits and hyphens, shorter than 35")]
fn payment(stream: &mut Stream, payer: Fin, place: u64) -> Payment {
    let receipt = format!("DR-2026-{:06}", place * 911 + u64::from(stream.between(1, 900)));
    Payment {
        receipt: receipt.parse().expect("the text is a receipt's number"),
        payer,
        amount: FEE,
        progress: Progress::Booked,
        ordered: day_before(COUNTED, stream.between(1, 60)),
    }
}

/// Pairs men and women of age among the first half, by their age; some are divorced.
fn marry(stream: &mut Stream, people: &mut [Citizen]) {
    let adults = |people: &[Citizen], sex: Sex| -> Vec<usize> {
        let half = people.len() / 2;
        let of_age = |c: &Citizen| c.sex == sex && c.claims.birth_date < date(2002, 1, 1);
        let adults = people.iter().enumerate().take(half).filter(|(_, citizen)| of_age(citizen));
        let mut adults: Vec<_> = adults.map(|(index, citizen)| (citizen.claims.birth_date, index)).collect();
        adults.sort_unstable();
        adults.into_iter().map(|(_, index)| index).collect()
    };
    let (men, women) = (adults(people, Sex::Male), adults(people, Sex::Female));
    for (man, woman) in men.into_iter().zip(women) {
        let Ok([husband, wife]) = people.get_disjoint_mut([man, woman]) else { continue };
        let youngest = husband.claims.birth_date.max(wife.claims.birth_date);
        let first = youngest.saturating_add(18.years());
        let span = days_between(first, COUNTED).saturating_sub(30).min(12 * 365);
        let day = first.saturating_add(i64::from(stream.below(span)).days());
        let married_for = days_between(day, COUNTED);
        let divorced = (married_for > 800 && stream.below(8) == 0)
            .then(|| day_before(COUNTED, stream.between(1, married_for - 400)));
        wed(husband, wife, day, divorced);
    }
}

/// Writes a marriage down with both.
pub(crate) fn wed(husband: &mut Citizen, wife: &mut Citizen, day: Date, divorced: Option<Date>) {
    let (man, woman) = (husband.fin, wife.fin);
    let marital_status = if divorced.is_some() { MaritalStatus::Divorced } else { MaritalStatus::Married };
    for (citizen, other) in [(husband, woman), (wife, man)] {
        let spouse = divorced.is_none().then_some(other);
        citizen.status =
            CivilStatus { marital_status, marriage_date: Some(day), spouse, partner: Some(other), divorced };
        citizen.claims.marital_status = marital_status;
    }
}

/// Every third applicant gets the next oddity that fits.
fn deal_oddities(people: &mut [Citizen], applicants: usize) {
    let mut kinds = Oddity::ALL.iter().copied().cycle();
    let mut waiting: Vec<Oddity> = Vec::new();
    let stranger = people.first().map(|citizen| citizen.claims.receipt.clone());
    for index in (2..applicants).step_by(3) {
        waiting.extend(kinds.next());
        let Some(citizen) = people.get_mut(index) else { continue };
        let Some(place) = waiting.iter().position(|oddity| fits(*oddity, citizen)) else { continue };
        let oddity = waiting.remove(place);
        citizen.oddity = Some(oddity);
        spoil(citizen, oddity);
        if let (Oddity::ClaimsForeignReceipt, Some(receipt)) = (oddity, &stranger) {
            citizen.claims.receipt = receipt.clone();
        }
        let spouse = citizen.status.spouse.filter(|_| oddity == Oddity::OneSidedMarriage);
        if let Some(other) = people.iter_mut().find(|citizen| spouse == Some(citizen.fin)) {
            other.status = CivilStatus::SINGLE;
            other.oddity = Some(Oddity::OneSidedMarriage);
        }
    }
}

/// Some oddities need a marriage; the spouse of a one-sided marriage must have none of its own.
fn fits(oddity: Oddity, citizen: &Citizen) -> bool {
    let married = citizen.status.marital_status == MaritalStatus::Married;
    let single = citizen.status.marital_status == MaritalStatus::Single;
    let free = citizen.oddity.is_none();
    match oddity {
        Oddity::ClaimsSingle | Oddity::OneSidedMarriage => free && married,
        Oddity::ClaimsFormerName => free && married && citizen.sex == Sex::Female,
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

pub(crate) fn day_before(day: Date, days: u32) -> Date {
    day.saturating_sub(i64::from(days).days())
}

/// The days from one to the other; 0 if the other comes first.
pub(crate) fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or_default())
}

/// Whole years of age.
pub(crate) fn age_on(day: Date, born: Date) -> u32 {
    let years = i32::from(day.year()) - i32::from(born.year());
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    u32::try_from(years - i32::from(!had_birthday)).unwrap_or_default()
}
