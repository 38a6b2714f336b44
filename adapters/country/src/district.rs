//! A district: the part of the country that is made at once.

use jiff::ToSpan;

use crate::citizen::Citizen;
use crate::dwelling::Dwelling;
use crate::make::{self, COUNTED, Maker};
use crate::mark::Mark;
use crate::numbers::Numbers;
use crate::random::Stream;
use crate::records::documents::{self, Document};
use crate::{POPULATION, settle};

/// Places that are kept for each district: a few more than it has people, since a family can lose its last members.
const PLACES: u64 = 1_024;

/// A district with its people, homes and papers.
pub(crate) struct District {
    pub(crate) seed: u64,
    pub(crate) number: u32,
    pub(crate) numbers: Numbers,
    pub(crate) citizens: Vec<Citizen>,
    pub(crate) dwellings: Vec<Dwelling>,
    pub(crate) documents: Vec<Document>,
}

/// The districts of a country of that many people, with how many live in each.
pub(crate) fn sizes(people: u32) -> impl Iterator<Item = (u32, usize)> {
    let size = move |number: u32| people.saturating_sub(number.saturating_mul(POPULATION)).min(POPULATION);
    (0..people.div_ceil(POPULATION)).map(move |number| (number, usize::try_from(size(number)).unwrap_or_default()))
}

impl District {
    pub(crate) fn make(seed: u64, number: u32, size: usize) -> Self {
        let numbers = Numbers::new(seed);
        let mut maker = Maker { stream: Stream::of(seed, number, 1), numbers, place: u64::from(number) * PLACES };
        let mut citizens = make::citizens(&mut maker, size);
        let dwellings = settle::dwellings(seed, number, &mut citizens);
        let mut stream = Stream::of(seed, number, 2);
        let documents: Vec<_> =
            citizens.iter().flat_map(|citizen| documents::of_citizen(citizen, numbers, &mut stream)).collect();
        copy_to_population(&mut citizens, &documents, &dwellings);
        Self { seed, number, numbers, citizens, dwellings, documents }
    }

    /// The first place of the district; what is no person's counts from here.
    pub(crate) fn first_place(&self) -> u64 {
        u64::from(self.number) * PLACES
    }

    pub(crate) const fn stream(&self, topic: u64) -> Stream {
        Stream::of(self.seed, self.number, topic)
    }

    /// The people with that mark.
    pub(crate) fn marked(&self, mark: Mark) -> Option<&Citizen> {
        self.citizens.iter().find(|citizen| citizen.mark == Some(mark))
    }

    /// A document of that kind which the citizen holds.
    pub(crate) fn document(&self, citizen: &Citizen, kind: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.kind == kind && document.fin == Some(citizen.fin))
    }
}

/// The population register copies from the others, but for two people.
fn copy_to_population(citizens: &mut [Citizen], documents: &[Document], dwellings: &[Dwelling]) {
    let cards: std::collections::BTreeMap<_, _> = documents
        .iter()
        .filter(|document| document.kind == documents::IDENTITY_CARD)
        .filter_map(|document| Some((document.fin?, document.number.clone())))
        .collect();
    for citizen in citizens {
        let entry = &mut citizen.population;
        entry.address = citizen.claims.home.to_string();
        entry.card = cards.get(&citizen.fin).cloned();
        if let Some(card) = &citizen.health {
            (entry.blood_group, entry.eye_colour, entry.height) = (card.blood_group, card.eye_colour, card.height);
        }
        if citizen.mark == Some(Mark::BloodGroupDiffers) {
            entry.blood_group = Some(if entry.blood_group == Some("A+") { "B+" } else { "A+" });
        }
        let other = dwellings.first().filter(|_| citizen.mark == Some(Mark::ResidenceDiffers));
        if let Some(other) = other {
            entry.address = other.address.to_string();
        }
    }
}

/// The day that many days before the count.
pub(crate) fn days_ago(days: u32) -> jiff::civil::Date {
    COUNTED.saturating_sub(i64::from(days).days())
}
