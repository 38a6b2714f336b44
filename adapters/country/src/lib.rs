//! The synthetic country: for one seed always the same people, none of whom exists, and what every register holds about
//! them.
//!
//! It consists of districts of 500 people. A district depends on the seed and its number alone, so a country of any size
//! is written down district by district in the memory of one ([`seed`]), and the small country of the demo and the tests
//! is the first district of every larger one. Numbers (FINs, PINs, serials) come from permutations of their owners'
//! places: no two are the same, and none needs to be remembered.

mod abroad;
mod citizen;
mod district;
mod dwelling;
mod kin;
mod make;
mod mark;
mod names;
mod numbers;
mod photo;
mod random;
mod records;
mod seed;
mod settle;
mod table;

use std::collections::BTreeMap;

use mohur_wire::Fin;

pub use abroad::{Alert, Sought};
pub use citizen::{
    BirthAct, Citizen, CivilStatus, Claims, HealthCard, Kinship, MaritalStatus, Oddity, Payment, PopulationEntry,
    Progress, Sex,
};
pub use dwelling::{Address, Dwelling, Holding, HoldingKind};
pub use mark::Mark;
pub use photo::photo;
pub use seed::{SeedError, Summary, seed};
pub use table::Table;

/// The fee for an identity card in this country, in qəpik.
pub const FEE: i64 = 3_000;

/// How many people live in a district, and in the country of the demo and the tests.
pub const POPULATION: u32 = 500;

/// Everybody, and what the registers hold about them.
pub struct Country {
    seed: u64,
    citizens: Vec<Citizen>,
    dwellings: Vec<Dwelling>,
    alerts: Vec<Alert>,
    by_fin: BTreeMap<Fin, usize>,
    by_receipt: BTreeMap<String, usize>,
    by_patient: BTreeMap<String, usize>,
    by_address: BTreeMap<String, usize>,
    by_unit: BTreeMap<String, usize>,
}

impl Country {
    /// The seed of the demo, the samples and the tests.
    pub const SEED: u64 = 2007;

    /// The country of that seed with one district.
    pub fn from_seed(seed: u64) -> Self {
        Self::of(seed, POPULATION)
    }

    /// The country of that seed with that many people.
    pub fn of(seed: u64, people: u32) -> Self {
        let (mut citizens, mut dwellings, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, size) in district::sizes(people) {
            let mut district = district::District::make(seed, number, size);
            alerts.append(&mut abroad::alerts(&district));
            citizens.append(&mut district.citizens);
            dwellings.append(&mut district.dwellings);
        }
        let of = |key: &dyn Fn(&Citizen) -> Option<String>| -> BTreeMap<String, usize> {
            citizens.iter().enumerate().filter_map(|(index, citizen)| Some((key(citizen)?, index))).collect()
        };
        Self {
            seed,
            by_fin: citizens.iter().enumerate().map(|(index, citizen)| (citizen.fin, index)).collect(),
            by_receipt: of(&|citizen| citizen.payment.as_ref().map(|payment| payment.receipt.as_str().to_owned())),
            by_patient: of(&|citizen| citizen.health.as_ref().map(|card| card.patient.clone())),
            by_address: dwellings.iter().enumerate().map(|(index, home)| (home.address.key(), index)).collect(),
            by_unit: dwellings.iter().enumerate().map(|(index, home)| (home.unit.clone(), index)).collect(),
            citizens,
            dwellings,
            alerts,
        }
    }

    /// Everybody, in a fixed order: in each district the applicants first, then their families.
    pub fn citizens(&self) -> &[Citizen] {
        &self.citizens
    }

    /// The person with that number.
    pub fn citizen(&self, fin: Fin) -> Option<&Citizen> {
        self.by_fin.get(&fin).and_then(|index| self.citizens.get(*index))
    }

    /// The person with that health card.
    pub fn patient(&self, id: &str) -> Option<&Citizen> {
        self.by_patient.get(id).and_then(|index| self.citizens.get(*index))
    }

    /// Another person than the one with that number, always the same one.
    pub fn neighbour(&self, fin: Fin) -> Option<&Citizen> {
        self.citizens.iter().find(|citizen| citizen.fin != fin && citizen.is_clear())
    }

    /// The payment with that receipt.
    pub fn payment(&self, receipt: &str) -> Option<&Payment> {
        self.by_receipt.get(receipt).and_then(|index| self.citizens.get(*index)?.payment.as_ref())
    }

    /// Every dwelling, in a fixed order.
    pub fn dwellings(&self) -> &[Dwelling] {
        &self.dwellings
    }

    /// The dwelling at that address; capitals and blanks do not count.
    pub fn dwelling_at(&self, address: &Address) -> Option<&Dwelling> {
        self.by_address.get(&address.key()).and_then(|index| self.dwellings.get(*index))
    }

    /// The dwelling with that number.
    pub fn dwelling(&self, unit: &str) -> Option<&Dwelling> {
        self.by_unit.get(unit).and_then(|index| self.dwellings.get(*index))
    }

    /// What stands abroad about people, documents and vehicles of this country and its visitors.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The people with that mark.
    pub fn with_mark(&self, mark: Mark) -> impl Iterator<Item = &Citizen> {
        self.citizens.iter().filter(move |citizen| citizen.mark == Some(mark))
    }

    /// The person's first file, of somebody with [`Mark::TwoNumbers`].
    pub fn first_number_of(&self, citizen: &Citizen) -> Option<&Citizen> {
        let is_second = citizen.mark == Some(Mark::TwoNumbers);
        self.district_of(citizen).iter().find(|other| is_second && other.mark == Some(Mark::TwoNumbersFirst))
    }

    /// The rightful holder of the document in the file of somebody with [`Mark::SharedDocument`].
    pub fn sharer_of(&self, citizen: &Citizen) -> Option<&Citizen> {
        let shares = citizen.mark == Some(Mark::SharedDocument);
        mark::sharer(self.district_of(citizen)).filter(|_| shares)
    }

    /// The people of somebody's district.
    fn district_of(&self, citizen: &Citizen) -> &[Citizen] {
        let Some(index) = self.by_fin.get(&citizen.fin) else { return &[] };
        let size = usize::try_from(POPULATION).unwrap_or(usize::MAX);
        self.citizens.chunks(size).nth(index / size).unwrap_or_default()
    }

    /// What is wrong on purpose, and with whom.
    pub fn oddities(&self) -> impl Iterator<Item = (&Citizen, Oddity)> {
        self.citizens.iter().filter_map(|citizen| citizen.oddity.map(|oddity| (citizen, oddity)))
    }

    /// The first person with that oddity.
    pub fn with_oddity(&self, oddity: Oddity) -> Option<&Citizen> {
        self.oddities().find(|(_, has)| *has == oddity).map(|(citizen, _)| citizen)
    }

    /// People with whom nothing is wrong: an identity card can be issued to each.
    pub fn clear_citizens(&self) -> impl Iterator<Item = &Citizen> {
        self.citizens.iter().filter(|citizen| citizen.is_clear())
    }

    /// The first of them.
    #[expect(clippy::expect_used, reason = "by INVARIANT of make::citizens: two in three have no oddity")]
    pub fn clear_citizen(&self) -> &Citizen {
        self.clear_citizens().next().expect("there are people with whom nothing is wrong")
    }

    /// Somebody whose application contradicts the birth act, and whose fee is still pending.
    #[expect(clippy::expect_used, reason = "by INVARIANT of make::citizens: every oddity is given to somebody")]
    pub fn contradicted_citizen(&self) -> &Citizen {
        self.with_oddity(Oddity::ClaimsAnotherBirthDate).expect("every oddity is there")
    }

    /// A well-formed number that nobody has.
    pub fn unused_fin(&self) -> Fin {
        numbers::Numbers::new(self.seed).unused_fin()
    }
}

impl Default for Country {
    /// The country of [`Country::SEED`].
    fn default() -> Self {
        Self::from_seed(Self::SEED)
    }
}

#[cfg(test)]
mod tests;
