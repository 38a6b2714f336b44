//! One synthetic person, and what each register holds about them.

use jiff::civil::Date;
use mohur_wire::Fin;
use mohur_wire::subject::ReceiptNumber;

use crate::dwelling::Address;
use crate::mark::Mark;

/// A person who does not exist.
#[derive(Clone)]
pub struct Citizen {
    /// The personal number.
    pub fin: Fin,
    /// What the person's application for an identity card says.
    pub claims: Claims,
    /// The birth act; `None` is a gap in the civil registry, which then knows no such person.
    pub birth: Option<BirthAct>,
    /// The civil status, kept with the birth act.
    pub status: CivilStatus,
    /// The health card; `None` is a person whom the health ministry does not know.
    pub health: Option<HealthCard>,
    /// What the bank knows of the fee; `None` if no such payment ever arrived.
    pub payment: Option<Payment>,
    /// What is wrong with this person's records, on purpose.
    pub oddity: Option<Oddity>,
    /// Sex and patronymic, which the application does not repeat.
    pub sex: Sex,
    /// Patronymic.
    pub patronymic: String,
    /// The person's place in the country, from 0.
    pub place: u64,
    /// How the person came into the country's families.
    pub kinship: Kinship,
    /// The father, if he is in the country's books.
    pub father: Option<Fin>,
    /// The mother, if she is in the country's books.
    pub mother: Option<Fin>,
    /// The day of death.
    pub death: Option<Date>,
    /// In whose home the person lives, or lived, if not in one of their own.
    pub lives_with: Option<Fin>,
    /// What the population register holds beyond the civil registry's facts.
    pub population: PopulationEntry,
    /// What registers hold against the person, or against each other, on purpose.
    pub mark: Option<Mark>,
}

/// How somebody belongs to the families of a district.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// An applicant: the families are made around these.
    Applicant,
    /// A child of two applicants.
    Child,
    /// Father or mother of an applicant.
    Parent,
    /// Brother or sister of an applicant.
    Sibling,
}

/// What the population register has copied from others, or holds by itself. Where it differs from its source, that is
/// deliberate: see [`Mark`].
#[derive(Clone, Default)]
pub struct PopulationEntry {
    /// The registered residence.
    pub address: String,
    /// The number of the identity card.
    pub card: Option<String>,
    /// ABO and Rh.
    pub blood_group: Option<&'static str>,
    /// The ANSI/NIST code.
    pub eye_colour: Option<&'static str>,
    /// Centimetres.
    pub height: Option<u32>,
}

impl Citizen {
    /// Whether nothing is wrong on purpose, and the person lives.
    pub const fn is_clear(&self) -> bool {
        self.oddity.is_none() && self.mark.is_none() && self.death.is_none()
    }

    /// Family name, given name and date of birth as registers have them: from the birth act or, without one, from the
    /// application.
    pub fn recorded(&self) -> (&str, &str, Date) {
        self.birth.as_ref().map_or((&self.claims.family_name, &self.claims.given_name, self.claims.birth_date), |act| {
            (&act.family_name, &act.given_name, act.birth_date)
        })
    }
}

/// What an applicant writes on the form.
#[derive(Clone)]
pub struct Claims {
    /// Family name.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// Date of birth.
    pub birth_date: Date,
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// The number on the bank's receipt.
    pub receipt: ReceiptNumber,
    /// The home that the applicant says is theirs.
    pub home: Address,
}

/// A birth act of the civil registry.
#[derive(Clone)]
pub struct BirthAct {
    /// Family name, as it is today.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// Patronymic, e.g. `Rauf oğlu`, `Rauf qızı`.
    pub patronymic: String,
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub birth_date: Date,
    /// Place of birth.
    pub birth_place: String,
}

/// Sex, as the act has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
}

/// Civil status.
#[derive(Clone)]
pub struct CivilStatus {
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// The day of the marriage, if there was one.
    pub marriage_date: Option<Date>,
    /// The other spouse, if married to a person of this country.
    pub spouse: Option<Fin>,
    /// With whom the last marriage was, if there was one.
    pub partner: Option<Fin>,
    /// When it ended by divorce.
    pub divorced: Option<Date>,
}

impl CivilStatus {
    /// Nobody was ever married to this person.
    pub const SINGLE: Self = Self {
        marital_status: MaritalStatus::Single,
        marriage_date: None,
        spouse: None,
        partner: None,
        divorced: None,
    };
}

/// Marital status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaritalStatus {
    /// Never married.
    Single,
    /// Married.
    Married,
    /// Divorced.
    Divorced,
    /// Widowed.
    Widowed,
}

/// A health card.
#[derive(Clone)]
pub struct HealthCard {
    /// The register's own number of the patient.
    pub patient: String,
    /// Date of birth, as the clinic wrote it down.
    pub birth_date: Date,
    /// ABO and Rh, e.g. `A+`; `None` if never determined.
    pub blood_group: Option<&'static str>,
    /// The ANSI/NIST code, e.g. `BRO`.
    pub eye_colour: Option<&'static str>,
    /// Centimetres.
    pub height: Option<u32>,
    /// The day on which it was measured.
    pub measured: Date,
}

/// A payment at the bank.
#[derive(Clone)]
pub struct Payment {
    /// The receipt's number: ISO 20022 `EndToEndId`.
    pub receipt: ReceiptNumber,
    /// Who paid.
    pub payer: Fin,
    /// Qəpik, a hundredth of a manat.
    pub amount: i64,
    /// How far it came.
    pub progress: Progress,
    /// The day of the order.
    pub ordered: Date,
}

/// How far a payment came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Settled and booked on the treasury's account.
    Booked,
    /// Accepted, not settled yet.
    Pending,
    /// Rejected by the payer's bank.
    Rejected,
}

/// What is wrong with a person's records. Each is there on purpose, so that every check has something to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Oddity {
    /// The application's birth date is not the birth act's, and the fee is still pending.
    ClaimsAnotherBirthDate,
    /// The application has the family name from before the marriage.
    ClaimsFormerName,
    /// The application says single, the civil registry says married.
    ClaimsSingle,
    /// The receipt is another person's.
    ClaimsForeignReceipt,
    /// The civil registry has no act for this person.
    NoBirthAct,
    /// The health ministry does not know this person.
    NoHealthCard,
    /// The blood group was never determined.
    NoBloodGroup,
    /// The height was never measured.
    NoHeight,
    /// The clinic wrote down another birth date.
    HealthBirthDateDiffers,
    /// The civil registry has one spouse as married, the other as single.
    OneSidedMarriage,
    /// The fee was never paid: the bank knows no such receipt.
    FeeNeverPaid,
    /// The payment has not been settled yet.
    FeePending,
    /// The payment was rejected.
    FeeRejected,
    /// Less than the fee was paid.
    FeeTooLow,
    /// The home belongs to another; the applicant lives there as a tenant, without a registered right.
    ClaimsRentedHome,
    /// The applicant sold the home.
    ClaimsSoldHome,
}

impl Oddity {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::ClaimsAnotherBirthDate,
        Self::ClaimsFormerName,
        Self::ClaimsSingle,
        Self::ClaimsForeignReceipt,
        Self::NoBirthAct,
        Self::NoHealthCard,
        Self::NoBloodGroup,
        Self::NoHeight,
        Self::HealthBirthDateDiffers,
        Self::OneSidedMarriage,
        Self::FeeNeverPaid,
        Self::FeePending,
        Self::FeeRejected,
        Self::FeeTooLow,
        Self::ClaimsRentedHome,
        Self::ClaimsSoldHome,
    ];

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ClaimsAnotherBirthDate => "claims a birth date that is not the birth act's; the fee is pending",
            Self::ClaimsFormerName => "claims the family name from before the marriage",
            Self::ClaimsSingle => "claims to be single and is married",
            Self::ClaimsForeignReceipt => "shows another person's receipt",
            Self::NoBirthAct => "has no birth act",
            Self::NoHealthCard => "has no health card",
            Self::NoBloodGroup => "has no blood group on the health card",
            Self::NoHeight => "has no height on the health card",
            Self::HealthBirthDateDiffers => "has another birth date on the health card",
            Self::OneSidedMarriage => "is married to somebody whom the registry has as single",
            Self::FeeNeverPaid => "never paid the fee",
            Self::FeePending => "paid the fee, not settled yet",
            Self::FeeRejected => "had the payment rejected",
            Self::FeeTooLow => "paid less than the fee",
            Self::ClaimsRentedHome => "claims a home that belongs to another",
            Self::ClaimsSoldHome => "claims a home that was sold",
        }
    }
}

impl Sex {
    /// OSIA's code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
        }
    }
}

impl MaritalStatus {
    /// The name in the civil registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Married => "married",
            Self::Divorced => "divorced",
            Self::Widowed => "widowed",
        }
    }
}
