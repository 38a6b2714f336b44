use std::collections::BTreeSet;

use super::*;

#[test]
fn a_seed_gives_the_same_people_and_another_seed_others() {
    let (one, two) = (Country::default(), Country::default());
    assert_eq!(one.citizens().len(), 200);
    assert!(one.citizens().iter().zip(two.citizens()).all(|(a, b)| a.fin == b.fin));
    assert_ne!(one.clear_citizen().fin, Country::from_seed(1).clear_citizen().fin);
}

#[test]
fn every_number_and_every_receipt_is_given_once() {
    let country = Country::default();
    let fins: BTreeSet<_> = country.citizens().iter().map(|citizen| citizen.fin).collect();
    assert_eq!(fins.len(), 200);
    assert!(!fins.contains(&country.unused_fin()));
    let receipts: Vec<_> = country.citizens().iter().filter_map(|citizen| citizen.payment.as_ref()).collect();
    let unique: BTreeSet<_> = receipts.iter().map(|payment| payment.receipt.as_str()).collect();
    assert_eq!(unique.len(), receipts.len());
}

#[test]
fn no_receipt_carries_a_number_of_a_person() {
    for citizen in Country::default().citizens() {
        assert!(!citizen.claims.receipt.as_str().contains(citizen.fin.as_str()));
    }
}

#[test]
fn every_oddity_is_there_for_several_seeds() {
    for seed in [2007, 1, 2, 3, 99] {
        let country = Country::from_seed(seed);
        for oddity in Oddity::ALL {
            assert!(country.with_oddity(*oddity).is_some(), "seed {seed}: {oddity:?}");
        }
        assert!(country.clear_citizens().count() > 100, "seed {seed}");
    }
}

#[test]
fn the_clear_one_is_clear_and_the_contradicted_one_is_not() {
    let country = Country::default();
    for citizen in country.clear_citizens() {
        let act = citizen.birth.as_ref().unwrap();
        assert_eq!(citizen.claims.birth_date, act.birth_date);
        assert_eq!(citizen.claims.family_name, act.family_name);
        assert!(citizen.claims.marital_status == citizen.status.marital_status);
        let payment = country.payment(citizen.claims.receipt.as_str()).unwrap();
        assert!(payment.payer == citizen.fin && payment.amount == FEE && payment.progress == Progress::Booked);
        let card = citizen.health.as_ref().unwrap();
        assert!(card.blood_group.is_some() && card.eye_colour.is_some() && card.height.is_some());
    }
    let contradicted = country.contradicted_citizen();
    assert_ne!(contradicted.claims.birth_date, contradicted.birth.as_ref().unwrap().birth_date);
    assert!(contradicted.payment.as_ref().unwrap().progress == Progress::Pending);
}

#[test]
fn names_are_azerbaijani() {
    let country = Country::default();
    for act in country.citizens().iter().filter_map(|citizen| citizen.birth.as_ref()) {
        let (ending, wrong) = if act.sex == Sex::Male { (" oğlu", "va") } else { (" qızı", "ov") };
        assert!(act.patronymic.ends_with(ending));
        assert!(!act.family_name.ends_with(wrong));
    }
}
