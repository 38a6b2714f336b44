use std::collections::BTreeSet;

use super::*;

#[test]
fn a_seed_gives_the_same_people_and_another_seed_others() {
    let (one, two) = (Country::default(), Country::default());
    assert_eq!(one.citizens().len(), 500);
    assert!(one.citizens().iter().zip(two.citizens()).all(|(a, b)| a.fin == b.fin));
    assert_ne!(one.clear_citizen().fin, Country::from_seed(1).clear_citizen().fin);
}

#[test]
fn every_number_and_every_receipt_is_given_once() {
    let country = Country::default();
    let fins: BTreeSet<_> = country.citizens().iter().map(|citizen| citizen.fin).collect();
    assert_eq!(fins.len(), 500);
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
        assert!(
            citizen.death.is_none() && card.blood_group.is_some() && card.eye_colour.is_some() && card.height.is_some()
        );
    }
    let contradicted = country.contradicted_citizen();
    assert_ne!(contradicted.claims.birth_date, contradicted.birth.as_ref().unwrap().birth_date);
    assert!(contradicted.payment.as_ref().unwrap().progress == Progress::Pending);
}

#[test]
fn everybody_claims_a_home_and_holds_a_right_in_it_but_for_tenants_and_sellers() {
    let country = Country::default();
    let addresses: BTreeSet<_> = country.dwellings().iter().map(|dwelling| dwelling.address.to_string()).collect();
    assert_eq!(addresses.len(), country.dwellings().len(), "no two dwellings have one address");
    let mut kinds = BTreeSet::new();
    for citizen in country.citizens() {
        let dwelling = country.dwelling_at(&citizen.claims.home).unwrap();
        if let Some(host) = citizen.lives_with {
            assert!(!dwelling.is_held_by(citizen.fin), "a child owns nothing");
            assert_eq!(country.citizen(host).unwrap().claims.home.to_string(), citizen.claims.home.to_string());
            continue;
        }
        let without = matches!(citizen.oddity, Some(Oddity::ClaimsRentedHome | Oddity::ClaimsSoldHome));
        assert_eq!(dwelling.is_held_by(citizen.fin), !without, "{:?}", citizen.oddity);
        kinds.extend(dwelling.holdings.iter().map(|held| held.kind.as_str()));
        let owned = |date: Option<jiff::civil::Date>| {
            let owners =
                dwelling.holdings.iter().filter(|held| held.until == date && held.kind != HoldingKind::Usufruct);
            owners.filter(|held| held.kind.is_right()).map(|held| 6 * held.share.0 / held.share.1).sum::<u32>()
        };
        assert_eq!(owned(None), 6, "the shares of the owners are the whole");
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["commonOwnership", "mortgage", "ownership", "usufruct"]);
    let tenant = country.with_oddity(Oddity::ClaimsRentedHome).unwrap();
    let rented = country.dwelling_at(&tenant.claims.home).unwrap();
    assert!(!rented.holdings.iter().any(|held| held.holder == tenant.fin));
    let seller = country.with_oddity(Oddity::ClaimsSoldHome).unwrap();
    let sold = country.dwelling_at(&seller.claims.home).unwrap();
    assert!(sold.holdings.iter().any(|held| held.holder == seller.fin && held.until.is_some()));
}

#[test]
fn capitals_and_blanks_do_not_make_another_address() {
    let country = Country::default();
    let dwelling = country.dwellings().iter().find(|dwelling| dwelling.address.street.contains('ı')).unwrap();
    let mut written = dwelling.address.clone();
    written.street = format!("  {} ", written.street.replace('ı', "I").replace(' ', "  "));
    assert_eq!(country.dwelling_at(&written).unwrap().unit, dwelling.unit);
    written.building.push('9');
    assert!(country.dwelling_at(&written).is_none());
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
