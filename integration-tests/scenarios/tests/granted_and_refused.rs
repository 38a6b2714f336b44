//! What the policy grants, withholds and refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use mohur_client::Question;
use mohur_federation::{Federation, Signed, ask, code, refused};
use mohur_wire::{Ask, RefusalCode, Value};

fn texts(answer: &mohur_message::SealedAnswer) -> Vec<(String, String)> {
    answer.fields().iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_answered_sealed_and_receipted() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let blood = citizen.health.as_ref().unwrap().blood_group.unwrap();

    let read = office.ask(ask::blood_group(citizen.fin)).await.unwrap();
    assert_eq!(texts(&read.answer), [("bloodGroup".to_owned(), blood.to_owned())]);
    assert_eq!(read.answer.issuer().as_str(), "AZ/GOV/MOH/health-card");
    let leaf = read.receipt.leaf();
    assert_eq!((leaf.id.as_ref(), leaf.consumer.as_str()), (Some(&read.id), "AZ/GOV/MIA/id-cards"));

    let matched = office.ask(ask::birth_date(citizen)).await.unwrap();
    assert_eq!(texts(&matched.answer), [("birthDate".to_owned(), "match".to_owned())]);
    let wrong = ask::matching(ask::BIRTH, citizen.fin, &[("birthDate", "1901-01-01")]);
    let mismatched = office.ask(wrong).await.unwrap();
    assert_eq!(texts(&mismatched.answer), [("birthDate".to_owned(), "mismatch".to_owned())]);

    let verified = office.ask(ask::of_age(citizen.fin)).await.unwrap();
    let age = verified.answer.fields().values().next().and_then(Value::as_text);
    assert!(matches!(age, Some("match" | "mismatch")), "an age leaves as yes or no, never as a number: {age:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_does_not_grant_is_refused_sealed_and_logged() {
    let federation = Federation::start().await;
    let fin = federation.citizen().fin;
    let before = entries(&federation).await;

    // A bank may compare a receipt that it is shown, and not look one up.
    let bank = federation.bank();
    let refusal = refused(bank.ask(of_bank(ask::read(ask::PAYMENTS, fin, &["state"]))).await);
    assert_eq!(refusal.problem.code, RefusalCode::Denied);
    let receipt = refusal.receipt.expect("a refusal is an outcome, with its receipt");
    assert_eq!(receipt.leaf().consumer.as_str(), "AZ/COM/BANK/credit");

    // It has no business with blood groups; that policy does not even tell it whether there is such a person.
    assert_eq!(code(bank.ask(of_bank(ask::blood_group(fin))).await), RefusalCode::NotAvailable);

    // The right agency with the wrong purpose, without a case, or with a verb that the owner does not grant.
    let office = federation.office();
    let wrong_purpose = Question { purpose: "border-control".parse().unwrap(), ..ask::blood_group(fin) };
    let without_case = Question { case: None, ..ask::blood_group(fin) };
    let wrong_verb = ask::question(
        ask::VITALS,
        fin,
        ask::ISSUE,
        Ask::Match([(ask::field("bloodGroup"), Value::text("A+".to_owned()))].into()),
    );
    for question in [wrong_purpose, without_case, wrong_verb] {
        let code = code(office.ask(question).await);
        assert!(matches!(code, RefusalCode::Denied | RefusalCode::NotAvailable), "{code}");
    }
    assert!(entries(&federation).await >= before + 5, "every refusal is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_not_granted_is_withheld_and_the_others_come() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    // One question for a field that is granted and one that is not.
    let question = ask::read(ask::VITALS, citizen.fin, &["bloodGroup", "diagnosis"]);
    let signed = Signed::new(&office, question);
    let answered = signed.send(&office).await.unwrap();
    assert_eq!(answered.answer.fields().keys().map(ToString::to_string).collect::<Vec<_>>(), ["bloodGroup"]);

    // What is withheld is not there at all: neither as a disclosure nor in the bytes that came.
    assert_eq!(answered.sealed.matches('~').count(), 2, "one disclosure and the end");
    let only_withheld = ask::read(ask::VITALS, citizen.fin, &["diagnosis"]);
    let code = code(office.ask(only_withheld).await);
    assert!(matches!(code, RefusalCode::Denied | RefusalCode::NotAvailable), "{code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_directory_does_not_know_is_refused() {
    let mut federation = Federation::start().await;
    let fin = federation.citizen().fin;
    let office = federation.office();

    let service = ask::read("AZ/GOV/MOH/health-card/diagnoses/v1", fin, &["bloodGroup"]);
    assert_eq!(code(office.ask(service).await), RefusalCode::UnknownService);
    let owner = ask::read("AZ/GOV/NOBODY/registry/birth/v1", fin, &["bloodGroup"]);
    assert_eq!(code(office.ask(owner).await), RefusalCode::UnknownService);

    // A number that nobody has is an answer of its owner where the policy has nothing to hide, and sealed like any other.
    let nobody = federation.country.unused_fin();
    let answered = office.ask(ask::matching(ask::BIRTH, nobody, &[("birthDate", "1990-01-01")])).await.unwrap();
    assert!(!answered.answer.is_found(), "no such person");

    // A member that has left the directory still has its certificates, and is nobody.
    let border = federation.border();
    federation.publish(|directory| directory.members.retain(|member| member.id.as_str() != "AZ/GOV/SBS/border")).await;
    let question = Question { purpose: "border-control".parse().unwrap(), ..ask::birth_date(federation.citizen()) };
    let response = Signed::new(&border, question).raw(&border).await;
    assert_eq!(mohur_federation::problem(&response).code, RefusalCode::UnknownMember);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_told_what_it_lacks_and_what_to_do_in_two_languages() {
    let federation = Federation::start().await;
    let bank = federation.bank();
    let question = of_bank(ask::read(ask::PAYMENTS, federation.citizen().fin, &["state"]));
    let problem = refused(bank.ask(question).await).problem;
    assert_eq!(problem.kind, "docs/errors.md#denied");
    assert_eq!((problem.status, problem.title.as_str()), (403, RefusalCode::Denied.text().english));
    assert_eq!(problem.title_az, RefusalCode::Denied.text().azerbaijani);
    assert!(problem.id.is_some());
}

fn of_bank(question: Question) -> Question {
    Question { purpose: "credit-check".parse().unwrap(), ..question }
}

async fn entries(federation: &Federation) -> u64 {
    // The published files may lag a moment behind the receipts.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    federation.broker().journal().checkpoint().unwrap().0.size
}
