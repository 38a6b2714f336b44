//! How the people of a district come to their homes. A stream of its own: who somebody is does not change with where
//! they live.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use mohur_wire::Fin;

use crate::citizen::{Citizen, Oddity};
use crate::dwelling::{Address, Dwelling, Holding, HoldingKind};
use crate::make::COUNTED;
use crate::mark::Mark;
use crate::names;
use crate::random::Stream;

/// Numbers that are left for each district: more than it has people.
const NUMBERS: u64 = 1_000;
const RIGHTS: u64 = 4_000;

/// Makes a dwelling for everybody who has a home of their own, one for a couple, and puts its address on the application
/// forms of all who live there.
pub(crate) fn dwellings(seed: u64, district: u32, people: &mut [Citizen]) -> Vec<Dwelling> {
    let mut town = Town {
        stream: Stream::of(seed, district, 0x000D_A701),
        district,
        dwellings: Vec::new(),
        rights: u64::from(district) * RIGHTS,
    };
    let mut homes: BTreeMap<Fin, Address> = BTreeMap::new();
    let landlord = people.first().map(|citizen| citizen.fin);
    for citizen in people.iter().filter(|citizen| citizen.lives_with.is_none()) {
        if homes.contains_key(&citizen.fin) {
            continue;
        }
        let spouse = citizen.status.spouse;
        let address = town.build(citizen, landlord.filter(|landlord| *landlord != citizen.fin));
        for person in [Some(citizen.fin), spouse].into_iter().flatten() {
            homes.insert(person, address.clone());
        }
    }
    // A child lives with the mother, she with a widowed father, he perhaps with an applicant: a chain of three.
    for _ in 0..3 {
        for citizen in people.iter().filter(|citizen| citizen.lives_with.is_some()) {
            if let Some(home) = citizen.lives_with.and_then(|host| homes.get(&host)).cloned() {
                homes.entry(citizen.fin).or_insert(home);
            }
        }
    }
    for citizen in people.iter().filter(|citizen| citizen.mark == Some(Mark::DeadOwner)) {
        town.leave(citizen.fin);
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
    district: u32,
    dwellings: Vec<Dwelling>,
    rights: u64,
}

impl Town {
    /// A dwelling for a person, with the rights that their household and others hold in it.
    fn build(&mut self, citizen: &Citizen, landlord: Option<Fin>) -> Address {
        let address = self.address();
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
        self.register(address.clone(), holdings);
        address
    }

    /// A dwelling whose only owner is dead: nobody has told the register.
    fn leave(&mut self, owner: Fin) {
        let since = COUNTED.saturating_sub(i64::from(self.stream.between(9_000, 12_000)).days());
        let (address, holding) = (self.address(), self.holding(owner, HoldingKind::Ownership, (1, 1), since));
        self.register(address, vec![holding]);
    }

    fn register(&mut self, address: Address, holdings: Vec<Holding>) {
        let number = u64::from(self.district) * NUMBERS + self.dwellings.len() as u64;
        let title = format!("AZ-R-{:06}", 200_000 + number * 7);
        let unit = format!("AZ-D-{:06}", 500_000 + number * 13);
        self.dwellings.push(Dwelling { title, unit, address, holdings });
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

    /// An address that no other dwelling has: the house's number goes on with every dwelling of the district, and every
    /// district has streets of its own.
    fn address(&mut self) -> Address {
        let flat = self.stream.percent(80).then(|| self.stream.between(1, 120).to_string());
        let letter = if self.stream.percent(15) { "A" } else { "" };
        Address {
            city: self.stream.pick(names::PLACES).to_owned(),
            street: self.street(),
            building: format!("{}{letter}", self.dwellings.len() + 1),
            flat,
        }
    }

    fn street(&mut self) -> String {
        let street = self.stream.pick(names::STREETS);
        match self.district {
            0 => street.to_owned(),
            // E.g. "3-cü Nizami küçəsi".
            district => format!("{} {street}", names::ordinal(district)),
        }
    }
}
