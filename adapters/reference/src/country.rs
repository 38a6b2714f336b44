//! The synthetic country: the same 200 people for the same seed.

mod citizen;
mod dwelling;
mod make;
mod names;
mod random;
mod settle;

use std::collections::BTreeMap;

use mohur_wire::Fin;

pub use citizen::{BirthAct, Citizen, CivilStatus, Claims, HealthCard, MaritalStatus, Oddity, Payment, Progress, Sex};
pub use dwelling::{Address, Dwelling, Holding, HoldingKind};

/// The fee for an identity card in this country, in qəpik.
pub const FEE: i64 = 3_000;

/// How many people live there.
pub const POPULATION: u32 = 200;

/// Everybody, and what the registers hold about them.
pub struct Country {
    citizens: Vec<Citizen>,
    by_fin: BTreeMap<Fin, usize>,
    dwellings: Vec<Dwelling>,
}

impl Country {
    /// The seed of the demo, the samples and the tests.
    pub const SEED: u64 = 2007;

    /// The country of that seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut citizens = make::citizens(seed, POPULATION);
        let dwellings = settle::dwellings(seed, &mut citizens);
        let by_fin = citizens.iter().enumerate().map(|(index, citizen)| (citizen.fin, index)).collect();
        Self { citizens, by_fin, dwellings }
    }

    /// Everybody, in a fixed order.
    pub fn citizens(&self) -> &[Citizen] {
        &self.citizens
    }

    /// The person with that number.
    pub fn citizen(&self, fin: Fin) -> Option<&Citizen> {
        self.by_fin.get(&fin).and_then(|index| self.citizens.get(*index))
    }

    /// Another person than the one with that number, always the same one.
    pub(crate) fn neighbour(&self, fin: Fin) -> Option<&Citizen> {
        self.citizens.iter().find(|citizen| citizen.fin != fin && citizen.oddity.is_none())
    }

    /// The payment with that receipt.
    pub fn payment(&self, receipt: &str) -> Option<&Payment> {
        self.citizens.iter().filter_map(|c| c.payment.as_ref()).find(|payment| payment.receipt.as_str() == receipt)
    }

    /// Every dwelling, in a fixed order.
    pub fn dwellings(&self) -> &[Dwelling] {
        &self.dwellings
    }

    /// The dwelling at that address.
    pub fn dwelling_at(&self, address: &Address) -> Option<&Dwelling> {
        self.dwellings.iter().find(|dwelling| dwelling.address.is_same_as(address))
    }

    /// The dwelling with that number.
    pub fn dwelling(&self, unit: &str) -> Option<&Dwelling> {
        self.dwellings.iter().find(|dwelling| dwelling.unit == unit)
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
        self.citizens.iter().filter(|citizen| citizen.oddity.is_none())
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
    #[expect(clippy::expect_used, reason = "by INVARIANT: 34^7 numbers, of which 200 are taken")]
    pub fn unused_fin(&self) -> Fin {
        (0..10_000)
            .filter_map(|number| format!("0ZZ{number:04}").parse().ok())
            .find(|fin| !self.by_fin.contains_key(fin))
            .expect("there are more numbers than people")
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
