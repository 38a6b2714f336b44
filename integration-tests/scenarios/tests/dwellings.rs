//! The register of rights in dwellings, over SOAP behind its host: whether this is the applicant's home, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::time::Duration;

use mohur_client::{BundleReport, Caller, Question};
use mohur_federation::{Federation, ask, code};
use mohur_reference::{Citizen, Faults, Oddity};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Ask, RefusalCode, Verdict};

/// The bundle for applicants who say that the home is their own.
const OWN_HOME: &str = "issue-id-document-own-home";

async fn verdict(office: &Caller, question: Question) -> String {
    let answered = office.ask(question).await.unwrap();
    assert_eq!(answered.answer.issuer().as_str(), "AZ/GOV/PROP/real-estate");
    let fields: Vec<_> = answered.answer.fields().values().map(ToString::to_string).collect();
    let [verdict] = fields.as_slice() else { panic!("{} fields", fields.len()) };
    verdict.clone()
}

async fn decided(office: &Caller, citizen: &Citizen) -> BundleReport {
    let definition = office.definition(&OWN_HOME.parse().unwrap()).await.unwrap();
    let mut report = office.bundle(definition, &ask::application(citizen)).await.unwrap();
    for _ in 0..100 {
        if report.complete {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    panic!("the bundle never ends");
}

fn home(report: &BundleReport) -> Verdict {
    report.legs.iter().find(|leg| leg.leg.as_str() == "home").unwrap().verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn the_passport_office_learns_whether_a_home_is_the_applicants_and_nothing_else() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    assert_eq!(verdict(&office, ask::own_home(citizen)).await, "match");
    let unit = federation.country.dwelling_at(&citizen.claims.home).unwrap().unit.clone();
    let by_number = ask::matching(ask::OWNERSHIP, citizen.fin, &[("dwelling", &unit)]);
    assert_eq!(verdict(&office, by_number).await, "match");

    // Whoever owns something else, and whoever is nobody, look alike.
    let address = citizen.claims.home.to_string();
    for other in [federation.country.clear_citizens().nth(3).unwrap().fin, federation.country.unused_fin()] {
        let question = ask::matching(ask::OWNERSHIP, other, &[("address", &address)]);
        assert_eq!(verdict(&office, question).await, "mismatch");
    }
    for question in [
        ask::read(ask::OWNERSHIP, citizen.fin, &["address"]),
        ask::matching(ask::OWNERSHIP, citizen.fin, &[("share", "1/2")]),
        Question { case: None, ..ask::own_home(citizen) },
    ] {
        assert!(office.ask(question).await.is_err(), "nothing else is granted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_and_the_border_are_refused() {
    let federation = Federation::start().await;
    let citizen = federation.citizen();
    for (name, purpose) in [("bank", "credit-check"), ("bank", ask::ISSUE), ("border", "border-control")] {
        let question = Question { purpose: purpose.parse().unwrap(), ..ask::own_home(citizen) };
        assert_eq!(code(federation.caller(name).ask(question).await), RefusalCode::Denied, "{name} {purpose}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_of_ones_own_is_a_leg_of_the_bundle() {
    let federation = Federation::start().await;
    let office = federation.office();
    let report = decided(&office, federation.citizen()).await;
    assert_eq!((report.outcome, home(&report), report.legs.len()), (Outcome::Clear, Verdict::Match, 5));
    for oddity in [Oddity::ClaimsSoldHome, Oddity::ClaimsRentedHome] {
        let report = decided(&office, federation.country.with_oddity(oddity).unwrap()).await;
        assert_eq!((report.outcome, home(&report)), (Outcome::NotClear, Verdict::Mismatch), "{oddity:?}");
    }
    federation.faults("real-estate", Faults { down: true, ..Faults::default() });
    let applicant = federation.country.clear_citizens().nth(5).unwrap();
    let report = decided(&office, applicant).await;
    assert_eq!(report.outcome, Outcome::Incomplete, "a register that cannot be asked never makes a bundle clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_answers_wrongly_is_never_believed() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let with = |change: fn(&mut Faults)| {
        let mut faults = Faults::default();
        change(&mut faults);
        federation.faults("real-estate", faults);
    };
    with(|faults| faults.wrong_person = true);
    assert_eq!(code(office.ask(ask::own_home(citizen)).await), RefusalCode::SubjectMismatch);
    with(|faults| faults.garbage = true);
    assert_eq!(code(office.ask(ask::own_home(citizen)).await), RefusalCode::ProviderInvalid);
    with(|faults| faults.down = true);
    assert_eq!(code(office.ask(ask::own_home(citizen)).await), RefusalCode::ProviderUnavailable);
    with(|faults| faults.extra_fields = true);
    assert_eq!(verdict(&office, ask::own_home(citizen)).await, "match");
    with(|_| {});
    let nowhere = ask::matching(ask::OWNERSHIP, citizen.fin, &[("address", "Bakı, Yoxdur küçəsi, 9999")]);
    assert_eq!(verdict(&office, nowhere).await, "unknown");
    let malformed = ask::question(
        ask::OWNERSHIP,
        citizen.fin,
        ask::ISSUE,
        Ask::Match([(ask::field("address"), mohur_wire::Value::text("Bakı"))].into()),
    );
    assert_eq!(code(office.ask(malformed).await), RefusalCode::Malformed);
}
