//! The families around a district's applicants: the children of those who are married to each other, then the fathers
//! and mothers of the others, with brothers and sisters, until the district is full. Three generations, sometimes four.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::citizen::{Citizen, Kinship, MaritalStatus, Sex};
use crate::make::{Born, COUNTED, Maker, age_on, day_before, days_between, wed};
use crate::names;

/// Fills the district up to that many people.
pub(crate) fn families(maker: &mut Maker, people: &mut Vec<Citizen>, size: usize) {
    let applicants = people.len();
    for index in 0..applicants {
        for child in children(maker, people, index) {
            if people.len() < size {
                people.push(child);
            }
        }
    }
    for index in (0..applicants).cycle() {
        if people.len() >= size {
            break;
        }
        let Some(applicant) = people.get_mut(index) else { break };
        let mut family = if applicant.father.is_none() { parents(maker, applicant) } else { Vec::new() };
        if family.is_empty() || maker.stream.percent(40) {
            family.push(sibling(maker, applicant));
        }
        family.truncate(size - people.len());
        people.extend(family);
    }
    // Whoever lost their place in the last family is nobody's father or mother.
    let known: std::collections::BTreeSet<_> = people.iter().map(|citizen| citizen.fin).collect();
    for citizen in people {
        citizen.father = citizen.father.filter(|fin| known.contains(fin));
        citizen.mother = citizen.mother.filter(|fin| known.contains(fin));
        if citizen.status.partner.is_some_and(|fin| !known.contains(&fin)) {
            citizen.status = crate::CivilStatus::SINGLE;
            citizen.claims.marital_status = MaritalStatus::Single;
        }
        citizen.lives_with = citizen.lives_with.filter(|fin| known.contains(fin));
    }
}

/// The children of a man who married another applicant; they live with their mother.
fn children(maker: &mut Maker, people: &[Citizen], index: usize) -> Vec<Citizen> {
    let Some(father) = people.get(index).filter(|citizen| citizen.sex == Sex::Male) else { return Vec::new() };
    let mother = people.iter().find(|citizen| Some(citizen.fin) == father.status.partner);
    let (Some(mother), Some(wedding)) = (mother, father.status.marriage_date) else { return Vec::new() };
    let too_old = mother.claims.birth_date.saturating_add(44.years());
    let last = father.status.divorced.unwrap_or(COUNTED).min(too_old);
    let mut day = after(wedding, maker.stream.between(300, 900));
    let mut children = Vec::new();
    for _ in 0..maker.stream.below(5) {
        if day >= last {
            break;
        }
        let mut child = born(maker, father, day, Kinship::Child);
        (child.father, child.mother, child.lives_with) = (Some(father.fin), Some(mother.fin), Some(mother.fin));
        children.push(child);
        day = after(day, maker.stream.between(500, 1_500));
    }
    children
}

/// An applicant's father and mother, married, in a home of their own if one of them lives.
fn parents(maker: &mut Maker, applicant: &mut Citizen) -> Vec<Citizen> {
    let birth = applicant.claims.birth_date;
    let is_of_age = |years: u32| birth.saturating_sub(i64::from(years).years());
    let (his, hers) = (maker.stream.between(22, 40), maker.stream.between(20, 36));
    let own_name = applicant.birth.as_ref().map_or(&applicant.claims.family_name, |act| &act.family_name).clone();
    let grandfather = |maker: &mut Maker| maker.stream.pick(names::MEN).to_owned();
    let mut father = {
        let born = Born {
            sex: Sex::Male,
            family_name: names::family_name_for(&own_name, false),
            father: grandfather(maker),
            day: day_before(is_of_age(his), maker.stream.below(360)),
            kinship: Kinship::Parent,
        };
        maker.person(born)
    };
    names::father_of(&applicant.patronymic).clone_into(&mut father.claims.given_name);
    if let Some(act) = &mut father.birth {
        act.given_name.clone_from(&father.claims.given_name);
    }
    let mut mother = {
        let born = Born {
            sex: Sex::Female,
            family_name: names::family_name_for(&own_name, true),
            father: grandfather(maker),
            day: day_before(is_of_age(hers), maker.stream.below(360)),
            kinship: Kinship::Parent,
        };
        maker.person(born)
    };
    wed(&mut father, &mut mother, day_before(birth, maker.stream.between(300, 700)), None);
    bury(maker, &mut father, &mut mother, applicant);
    (applicant.father, applicant.mother) = (Some(father.fin), Some(mother.fin));
    vec![father, mother]
}

/// Lets the old die. Whoever is left is widowed.
fn bury(maker: &mut Maker, father: &mut Citizen, mother: &mut Citizen, applicant: &Citizen) {
    for parent in [&mut *father, &mut *mother] {
        let age = age_on(COUNTED, parent.claims.birth_date);
        let dies = age > 98 || maker.stream.percent(age.saturating_sub(55) * 2);
        // With 60 to 95 years, or lately: in any case after the children's birth.
        let (latest, earliest) = (age.saturating_sub(95), age.saturating_sub(60).max(age.saturating_sub(95) + 1));
        parent.death = dies.then(|| day_before(COUNTED, maker.stream.between(latest * 365 + 20, earliest * 365 + 20)));
        if dies {
            parent.payment = None;
        }
    }
    let widow = |survivor: &mut Citizen| {
        survivor.status.marital_status = MaritalStatus::Widowed;
        survivor.status.spouse = None;
        survivor.claims.marital_status = MaritalStatus::Widowed;
    };
    match (father.death, mother.death) {
        (Some(_), None) => {
            widow(mother);
            father.lives_with = Some(mother.fin);
        }
        (None, Some(_)) => {
            widow(father);
            mother.lives_with = Some(father.fin);
        }
        (Some(_), Some(_)) => {
            father.lives_with = Some(applicant.fin);
            mother.lives_with = Some(applicant.fin);
        }
        (None, None) => {}
    }
}

/// A younger brother or sister of an applicant, who lives with the parents.
fn sibling(maker: &mut Maker, applicant: &Citizen) -> Citizen {
    let day = after(applicant.claims.birth_date, maker.stream.between(400, 2_000));
    let day = if days_between(day, COUNTED) == 0 { day_before(COUNTED, 30) } else { day };
    let father_name = names::father_of(&applicant.patronymic).to_owned();
    let sex = if maker.stream.percent(50) { Sex::Male } else { Sex::Female };
    let own_name = applicant.birth.as_ref().map_or(&applicant.claims.family_name, |act| &act.family_name);
    let family_name = names::family_name_for(own_name, sex == Sex::Female);
    let mut sibling = maker.person(Born { sex, family_name, father: father_name, day, kinship: Kinship::Sibling });
    (sibling.father, sibling.mother) = (applicant.father, applicant.mother);
    sibling.lives_with = applicant.mother;
    sibling
}

fn born(maker: &mut Maker, father: &Citizen, day: Date, kinship: Kinship) -> Citizen {
    let sex = if maker.stream.percent(50) { Sex::Male } else { Sex::Female };
    let family_name = names::family_name_for(&father.claims.family_name, sex == Sex::Female);
    maker.person(Born { sex, family_name, father: father.claims.given_name.clone(), day, kinship })
}

fn after(day: Date, days: u32) -> Date {
    day.saturating_add(i64::from(days).days())
}
