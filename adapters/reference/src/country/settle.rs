//! How the people of the synthetic country come to their homes. A stream of its own: who somebody is does not change with
//! where they live.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use mohur_wire::Fin;

use super::citizen::{Citizen, Oddity};
use super::dwelling::{Address, Dwelling, Holding, HoldingKind};
use super::names;
use super::random::Stream;

/// The day from which rights are counted back.
const COUNTED: Date = date(2026, 1, 1);

/// Makes a dwelling for everybody, one for a couple, and puts its address on their application forms.
pub(super) fn dwellings(seed: u64, people: &mut [Citizen]) -> Vec<Dwelling> {
    let mut town = Town { stream: Stream::new(seed ^ 0x000D_A701), dwellings: Vec::new(), rights: 0 };
    let mut homes: BTreeMap<Fin, Address> = BTreeMap::new();
    let landlord = people.first().map(|citizen| citizen.fin);
    for citizen in people.iter() {
        if homes.contains_key(&citizen.fin) {
            continue;
        }
        let spouse = citizen.status.spouse;
        let address = town.build(citizen, landlord.filter(|landlord| *landlord != citizen.fin));
        for person in [Some(citizen.fin), spouse].into_iter().flatten() {
            homes.insert(person, address.clone());
        }
    }
    for citizen in people {
        if let Some(home) = homes.remove(&citizen.fin) {
            citizen.claims.home = home;
        }
    }
    town.dwellings
}

struct Town {
    stream: Stream,
    dwellings: Vec<Dwelling>,
    rights: u32,
}

impl Town {
    /// A dwelling for a person, with the rights that their household and others hold in it.
    fn build(&mut self, citizen: &Citizen, landlord: Option<Fin>) -> Address {
        let number = u32::try_from(self.dwellings.len()).unwrap_or(u32::MAX);
        let address = self.address(number);
        let since = COUNTED.saturating_sub(i64::from(self.stream.between(400, 9_000)).days());
        let sold = COUNTED.saturating_sub(i64::from(self.stream.between(5, 300)).days());
        let fin = citizen.fin;
        let holdings = match (citizen.oddity, citizen.status.spouse, landlord) {
            (Some(Oddity::ClaimsRentedHome), _, Some(landlord)) => {
                vec![self.holding(landlord, HoldingKind::Ownership, (1, 1), since)]
            }
            (Some(Oddity::ClaimsSoldHome), _, Some(buyer)) => vec![
                Holding { until: Some(sold), ..self.holding(fin, HoldingKind::Ownership, (1, 1), since) },
                self.holding(buyer, HoldingKind::Ownership, (1, 1), sold),
            ],
            (_, Some(spouse), _) => [fin, spouse]
                .into_iter()
                .map(|owner| self.holding(owner, HoldingKind::CommonOwnership, (1, 2), since))
                .collect(),
            (_, None, landlord) => self.of_one(fin, landlord, since),
        };
        let title = format!("AZ-R-{:06}", 200_000 + number * 7);
        let unit = format!("AZ-D-{:06}", 500_000 + number * 13);
        self.dwellings.push(Dwelling { title, unit, address: address.clone(), holdings });
        address
    }

    /// Somebody who lives alone: mostly the only owner; some share with a relative, live by usufruct, or have a lender.
    fn of_one(&mut self, fin: Fin, other: Option<Fin>, since: Date) -> Vec<Holding> {
        match (self.stream.below(8), other) {
            (0, Some(other)) => vec![
                self.holding(fin, HoldingKind::CommonOwnership, (1, 3), since),
                self.holding(other, HoldingKind::CommonOwnership, (2, 3), since),
            ],
            (1, Some(other)) => vec![
                self.holding(other, HoldingKind::Ownership, (1, 1), since),
                self.holding(fin, HoldingKind::Usufruct, (1, 1), since),
            ],
            (2, Some(other)) => vec![
                self.holding(fin, HoldingKind::Ownership, (1, 1), since),
                self.holding(other, HoldingKind::Mortgage, (1, 1), since),
            ],
            _ => vec![self.holding(fin, HoldingKind::Ownership, (1, 1), since)],
        }
    }

    fn holding(&mut self, holder: Fin, kind: HoldingKind, share: (u32, u32), since: Date) -> Holding {
        self.rights += 1;
        Holding { id: format!("AZ-H-{:07}", self.rights), holder, kind, share, since, until: None }
    }

    /// An address that no other dwelling has: the house's number goes on with every dwelling.
    fn address(&mut self, number: u32) -> Address {
        let flat = self.stream.percent(80).then(|| self.stream.between(1, 120).to_string());
        let letter = if self.stream.percent(15) { "A" } else { "" };
        Address {
            city: self.stream.pick(names::PLACES).to_owned(),
            street: self.stream.pick(names::STREETS).to_owned(),
            building: format!("{}{letter}", number + 1),
            flat,
        }
    }
}
