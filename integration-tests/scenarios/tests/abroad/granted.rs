//! A question to a register of another domain, asked and answered.

use mohur_client::Caller;
use mohur_federation::{Abroad, Enveloped, Signed, ask, code, services};
use mohur_transparency::{ExpectedOutcome, Kind, LogKey};
use mohur_wire::RefusalCode;

use crate::logs;

#[tokio::test(flavor = "multi_thread")]
async fn a_register_abroad_answers_under_its_own_seal_and_both_brokers_have_it_in_their_logs() {
    let both = Abroad::start().await;
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let answered = office.ask(ask::read(services::VITALS, citizen.fin, &["bloodGroup"])).await.unwrap();
    let expected = citizen.health.as_ref().unwrap().blood_group.unwrap().to_owned();
    assert_eq!(answered.answer.fields()[&ask::field("bloodGroup")].as_text(), Some(expected.as_str()));
    assert_eq!(answered.answer.issuer().as_str(), "GE/GOV/MOH/health-card");
    assert_eq!(answered.receipt.checkpoint().origin, "log.hub.az");

    // The other broker's receipt travels, too, and verifies under that domain's log key and no other.
    let receipt = answered.provider_receipt.as_deref().unwrap();
    let key = |of: &mohur_federation::Federation| of.nation.directory().brokers[0].log.key.parse::<LogKey>().unwrap();
    let body = format!("{{\"answer\":\"{}\"}}", answered.sealed);
    let query = office.query(ask::read(services::VITALS, citizen.fin, &["bloodGroup"]), answered.id.clone());
    let outcome = ExpectedOutcome { query: &query, settles: false, answer: &mohur_crypto::sha256(body.as_bytes()) };
    let entry = outcome.verify(receipt, &key(&both.ge)).unwrap();
    assert!(outcome.verify(receipt, &key(&both.az)).is_err());

    for federation in [&both.az, &both.ge] {
        let entries = logs::of(federation, answered.id.as_str()).await;
        assert_eq!(logs::kinds(&entries), [Kind::Intent, Kind::Outcome]);
        for leaf in &entries {
            assert_eq!((leaf.consumer.as_str(), leaf.certificate), (office.me.as_str(), Some(office.seal.key_id())));
            assert_eq!(leaf.service.as_ref().unwrap().as_str(), services::VITALS);
            assert_eq!(leaf.policy.is_some(), std::ptr::eq(federation, &both.ge), "the owner's broker decided");
        }
    }
    // Each log names the other's entry: INTENT abroad that at home, OUTCOME at home that abroad.
    let (home, abroad) =
        (logs::of(&both.az, answered.id.as_str()).await, logs::of(&both.ge, answered.id.as_str()).await);
    assert!(abroad[0].commitment("home-intent").is_some() && home[1].commitment("provider-outcome").is_some());
    assert_eq!(mohur_transparency::leaf_hash(abroad[1].to_text().unwrap().as_bytes()), entry);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_and_a_negative_cross_the_border() {
    let both = Abroad::start().await;
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let birth = citizen.claims.birth_date.to_string();
    let matched = office.ask(ask::matching(services::BIRTH, citizen.fin, &[("birthDate", &birth)])).await.unwrap();
    assert_eq!(matched.answer.fields()[&ask::field("birthDate")].to_string(), "match");
    let wrong = office.ask(ask::matching(services::BIRTH, citizen.fin, &[("birthDate", "1901-01-01")])).await.unwrap();
    assert_eq!(wrong.answer.fields()[&ask::field("birthDate")].to_string(), "mismatch");
    // Nobody of that number: the owner abroad says so under its seal.
    let nobody = both.az.country.unused_fin();
    let absent = office.ask(ask::matching(services::BIRTH, nobody, &[("birthDate", &birth)])).await.unwrap();
    assert!(!absent.answer.is_found() && absent.provider_receipt.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_over_soap() {
    let both = Abroad::start().await;
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let enveloped = Enveloped::new(&office, ask::read(services::VITALS, citizen.fin, &["bloodGroup"]));
    let answer = enveloped.send(&office).await;
    assert!(answer.response.headers().contains_key("mohur-provider-receipt"));
    let sealed = enveloped.clone();
    let mohur_federation::Said::Answer(answered, seal) = answer.said else { panic!("an answer") };
    assert_eq!(seal.issuer().as_str(), "GE/GOV/MOH/health-card");
    assert_eq!(*seal.query_digest(), sealed.opening());
    let entries = logs::of(&both.ge, answered.id.as_str()).await;
    assert_eq!(logs::kinds(&entries), [Kind::Intent, Kind::Outcome]);
    // Refused abroad, it is a fault of the home broker's.
    let bank = both.az.bank();
    let question = ask::read(services::VITALS, citizen.fin, &["bloodGroup"]);
    assert_eq!(Enveloped::new(&bank, question).refusal(&bank).await, RefusalCode::NotAvailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_once_at_both_brokers_and_after_a_restart() {
    let mut both = Abroad::start().await;
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let signed = Signed::new(&office, ask::read(services::VITALS, citizen.fin, &["bloodGroup"]));
    let first = signed.send(&office).await.unwrap();
    assert_eq!(code(signed.send(&office).await), RefusalCode::Replayed);
    // The home broker forgets: the other one does not, and not after a restart either.
    both.ge.restart_broker().await;
    let keys = mohur_federation::BrokerKeys::of(&both.az.nation);
    let hub = both.ge.nation.directory().brokers[0].id.clone();
    let handing = keys.handing(&signed, &hub, mohur_wire::Clock::now(&*both.az.clock));
    let said = keys.hand(handing, (&both.az, "broker"), &both.ge).await;
    assert_eq!(said, mohur_federation::BrokerSaid::Refused(RefusalCode::Replayed));
    let kinds = logs::kinds(&logs::of(&both.ge, first.id.as_str()).await);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Intent).count(), 1);
    let _: Caller = office;
}
