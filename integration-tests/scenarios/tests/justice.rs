//! The registers of the Ministry of Justice: who learns what from each, over signed REST and signed SOAP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use mohur_client::{Caller, Question};
use mohur_federation::{Enveloped, Federation, Said, ask, code};
use mohur_wire::RefusalCode;

const PERSON: &str = "AZ/GOV/MOJ/population-register/person/v1";

/// The values of the answer, the same over both.
async fn both(caller: &Caller, question: impl Fn() -> Question) -> Vec<(String, String)> {
    let rest = caller.ask(question()).await.unwrap().answer;
    let soap = Enveloped::new(caller, question()).answered(caller).await;
    assert_eq!((rest.issuer(), rest.fields()), (soap.issuer(), soap.fields()));
    rest.fields().iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The refusal, the same over both.
async fn neither(caller: &Caller, question: impl Fn() -> Question) -> RefusalCode {
    let rest = code(caller.ask(question()).await);
    let said = Enveloped::new(caller, question()).send(caller).await;
    assert!(!matches!(said.said, Said::Answer(..)), "{said:?}");
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn the_population_register_compares_for_the_passport_office_and_tells_a_bank_nothing() {
    let federation = Federation::start().await;
    let (office, bank, citizen) = (federation.office(), federation.bank(), federation.citizen());
    let (family_name, ..) = citizen.recorded();
    let values = [("familyName", family_name), ("residence", "elsewhere"), ("cardNumber", "AA0000000")];
    let compared = both(&office, || ask::matching(PERSON, citizen.fin, &values)).await;
    let compared: Vec<_> = compared.iter().map(|(name, verdict)| (name.as_str(), verdict.as_str())).collect();
    assert_eq!(compared, [("cardNumber", "mismatch"), ("familyName", "match"), ("residence", "mismatch")]);

    for question in [ask::read(PERSON, citizen.fin, &["photo"]), ask::read(PERSON, citizen.fin, &["residence"])] {
        assert_eq!(neither(&office, || question.clone()).await, RefusalCode::NotAvailable);
    }
    let credit = || Question {
        purpose: "credit-check".parse().unwrap(),
        ..ask::matching(PERSON, citizen.fin, &[("familyName", family_name)])
    };
    let refused = neither(&bank, credit).await;
    assert!(matches!(refused, RefusalCode::Denied | RefusalCode::NotAvailable), "{refused}");
}

const LINKS: &str = "AZ/GOV/MOJ/fin-service/links/v1";

#[tokio::test(flavor = "multi_thread")]
async fn the_fin_service_tells_the_passport_office_a_colour_and_nobody_whom() {
    let federation = Federation::start().await;
    let (office, bank) = (federation.office(), federation.bank());
    let shares = federation.country.with_mark(mohur_reference::Mark::SharedDocument).next().unwrap().fin;
    for (fin, state) in [(shares, "yellow"), (federation.citizen().fin, "none")] {
        // The counts and the other number are withheld.
        let told = both(&office, || ask::read(LINKS, fin, &["state", "yellow", "linkedWith"])).await;
        assert_eq!(told, [("state".to_owned(), state.to_owned())]);
    }
    let credit = || Question { purpose: "credit-check".parse().unwrap(), ..ask::read(LINKS, shares, &["state"]) };
    let refused = neither(&bank, credit).await;
    assert!(matches!(refused, RefusalCode::Denied | RefusalCode::NotAvailable), "{refused}");
}
