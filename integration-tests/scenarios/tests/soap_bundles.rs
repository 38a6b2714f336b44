//! A bundle over SOAP: one signature over the digests of its legs, each of which goes to its own owner and to nobody else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use mohur_client::Caller;
use mohur_federation::{Bundled, Enveloped, FakeHost, Federation, Founded, OwnerKeys, SoapAnswer, ask};
use mohur_message::{Evidence, Form, prove_query};
use mohur_reference::{Citizen, Faults, Oddity};
use mohur_wire::answer::Finding;
use mohur_wire::bundle::Outcome;
use mohur_wire::{Arrival, Operation, RefusalCode, Verdict};

/// Sends a bundle and polls until nothing more is to come.
async fn decide(office: &Caller, citizen: &Citizen) -> SoapAnswer {
    let bundled = Bundled::of(office, citizen).await;
    complete(office, &bundled, Enveloped::bundle(office, &bundled).send(office).await).await
}

async fn complete(office: &Caller, bundled: &Bundled, mut answer: SoapAnswer) -> SoapAnswer {
    let since = Instant::now();
    while !answer.bundle().0.complete {
        assert_eq!(answer.bundle().0.outcome, Outcome::Incomplete, "what is not complete is never clear");
        assert!(since.elapsed() < Duration::from_secs(20), "the bundle never ends");
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = Enveloped::poll(office, &bundled.id).send(office).await;
    }
    answer
}

fn verdicts(answer: &SoapAnswer) -> BTreeMap<String, Verdict> {
    answer.bundle().0.legs.iter().map(|leg| (leg.leg.to_string(), leg.verdict)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_with_whom_all_is_well_is_clear_and_can_be_read() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let done = decide(&office, citizen).await;
    let (answer, readable) = done.bundle();
    assert_eq!(answer.outcome, Outcome::Clear);
    let expected =
        [("birth", Verdict::Match), ("fee", Verdict::Clear), ("marriage", Verdict::Match), ("vitals", Verdict::Value)];
    assert_eq!(verdicts(&done), expected.map(|(leg, verdict)| (leg.to_owned(), verdict)).into());
    let left_out: Vec<_> = answer.left_out.iter().map(|leg| (leg.id.as_str(), leg.title.as_str())).collect();
    assert!(left_out.contains(&("face-duplicate", "Face under another number (1:N)")), "{left_out:?}: it is told, too");

    // Beside each seal stands what it says, for a client that cannot read seals; and it is what it says.
    let keys = mohur_message::TrustedKeys::new(|key| office.directory().seal(key), office.trust(), office.clock.now());
    for leg in &answer.legs {
        let sealed = mohur_message::SealedAnswer::verify(leg.answer.as_ref().unwrap(), &keys).unwrap();
        assert_eq!(readable.legs[&leg.leg], Finding::Found(sealed.fields().clone()), "{}", leg.leg);
    }
    let fee = answer.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    assert_eq!(fee.settlement.as_ref().unwrap().operation, Operation::Consume);
    let Finding::Found(settled) = &readable.settlements[&fee.leg] else { panic!("settled") };
    assert_eq!(settled[&ask::field("state")].as_text(), Some("consumed"));

    // A receipt pays once, whichever dialect it is shown in.
    let again = decide(&office, citizen).await;
    assert_eq!((again.bundle().0.outcome, verdicts(&again)["fee"]), (Outcome::Incomplete, Verdict::Mismatch));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_is_not_clear_and_the_fee_is_given_back() {
    let federation = Federation::start().await;
    let office = federation.office();
    let done = decide(&office, federation.country.with_oddity(Oddity::ClaimsFormerName).unwrap()).await;
    let (answer, readable) = done.bundle();
    assert_eq!((answer.outcome, verdicts(&done)["birth"]), (Outcome::NotClear, Verdict::Mismatch));
    let Finding::Found(settled) = &readable.settlements[&"fee".parse().unwrap()] else { panic!("settled") };
    assert_eq!(settled[&ask::field("state")].as_text(), Some("released"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_answered_and_the_rest_is_polled_in_either_dialect() {
    let federation = Founded::new().with("broker/broker.toml", "[exchange]\nbundle-wait = \"1s\"").start().await;
    let office = federation.office();
    federation.faults("health-card", Faults { delay: Duration::from_millis(1200), ..Faults::default() });
    let bundled = Bundled::of(&office, federation.citizen()).await;
    let enveloped = Enveloped::bundle(&office, &bundled);
    let first = enveloped.send(&office).await;
    let (answer, readable) = first.bundle();
    assert_eq!((answer.outcome, answer.complete), (Outcome::Incomplete, false));
    assert!(answer.legs.iter().all(|leg| leg.leg.as_str() != "vitals"), "what is there is shown");
    assert_eq!((readable.legs.len(), readable.settlements.len()), (answer.legs.len(), 0));
    assert_eq!(enveloped.refusal(&office).await, RefusalCode::Replayed);

    // It is the same bundle, however it is asked for; but only by whom it is.
    let by_rest = mohur_federation::bundle_answer(&bundled.poll(&office).await);
    assert_eq!((by_rest.bundle, by_rest.complete), (bundled.id.clone(), false));
    let border = federation.border();
    assert_eq!(Enveloped::poll(&border, &bundled.id).refusal(&border).await, RefusalCode::BundleUnknown);
    let done = complete(&office, &bundled, first).await;
    assert_eq!((done.bundle().0.outcome, done.bundle().0.legs.len()), (Outcome::Clear, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn openings_that_are_not_those_that_were_signed_are_refused() {
    let federation = Federation::start().await;
    let office = federation.office();
    let bundled = Bundled::of(&office, federation.citizen()).await;
    let other = Bundled::of(&office, federation.country.clear_citizens().nth(1).unwrap()).await;
    let signed = Enveloped::bundle(&office, &bundled);
    let swapped = signed.clone().spoiled(&bundled.strings[1], &other.strings[1]);
    assert_eq!(swapped.refusal(&office).await, RefusalCode::DigestMismatch);
    let missing = format!("<m:opening>{}</m:opening>", bundled.strings[3]);
    assert_eq!(signed.clone().spoiled(&missing, "").refusal(&office).await, RefusalCode::DigestMismatch);
    let mut reordered = bundled.clone();
    reordered.strings.swap(0, 1);
    assert_eq!(Enveloped::bundle(&office, &reordered).refusal(&office).await, RefusalCode::DigestMismatch);
    // A leg short, and signed so.
    let mut short = bundled.clone();
    short.strings.truncate(3);
    short.digests.truncate(3);
    assert_eq!(Enveloped::bundle(&office, &short).refusal(&office).await, RefusalCode::Malformed);
    // Two persons in one application.
    let mixed = Bundled::changed(&office, federation.citizen(), |queries| {
        queries[0].subject = mohur_wire::SubjectKey::Fin(federation.country.unused_fin());
    });
    assert_eq!(Enveloped::bundle(&office, &mixed.await).refusal(&office).await, RefusalCode::Malformed);
    // None of these used the id.
    let answer = signed.send(&office).await;
    assert_eq!(complete(&office, &bundled, answer).await.bundle().0.outcome, Outcome::Clear);
}

/// What the broker sends to one owner: that owner's opening, the signature, and a Body in which the others' legs are digests.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_sees_its_own_leg_and_nothing_of_the_others() {
    let mut federation = Federation::start().await;
    let office = federation.office();
    let asks: Arc<Mutex<Vec<(mohur_message::hop::Ask, String)>>> = Arc::default();
    let keys = OwnerKeys::of(&federation, "health-card");
    let seen = Arc::clone(&asks);
    let _fake = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
        seen.lock().unwrap().push((ask.clone(), String::from_utf8(ask.to_json().unwrap()).unwrap()));
        keys.seal(&keys.claims(ask), &[("bloodGroup", "AB-"), ("eyeColour", "brown"), ("height", "180")])
    })
    .await;
    let citizen = federation.citizen();
    let bundled = Bundled::of(&office, citizen).await;
    let answer = Enveloped::bundle(&office, &bundled).send(&office).await;
    complete(&office, &bundled, answer).await;

    let asks = asks.lock().unwrap();
    let (ask, json) = asks.first().expect("the host was asked");
    assert_eq!(asks.len(), 1);
    // It proves to the host by itself …
    let opening = ask.opening().unwrap();
    let now = Arrival(office.clock.now());
    let trusted = mohur_message::TrustedKeys::new(|key| office.directory().seal(key), office.trust(), now.0);
    let proven = prove_query(&opening, ask.evidence(), &trusted, &|_| Some(String::new())).unwrap();
    assert_eq!((opening.form(), proven.caller().member()), (Form::Leg, &office.me));
    assert_eq!(proven.query().id.as_str(), format!("{}.vitals", bundled.id));
    // … with a Body that lists all the digests, of which three say nothing,
    let Evidence::Soap(evidence) = ask.evidence() else { panic!("a SOAP caller's evidence") };
    let body = String::from_utf8(evidence.body.clone().unwrap()).unwrap();
    for digest in &bundled.digests {
        assert!(body.contains(&BASE64_STANDARD.encode(digest.as_bytes())));
    }
    // … and nothing of the other legs is anywhere in what was sent, however it is looked at.
    let claims = &citizen.claims;
    let others = [
        claims.family_name.as_str(),
        claims.given_name.as_str(),
        &claims.birth_date.to_string(),
        claims.receipt.as_str(),
        ask::BIRTH,
        ask::PAYMENTS,
        "maritalStatus",
    ];
    let pieces: Vec<Vec<u8>> = json
        .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '+' | '/'))
        .flat_map(|piece| {
            [BASE64_URL_SAFE_NO_PAD.decode(piece), BASE64_STANDARD_NO_PAD.decode(piece)].into_iter().flatten()
        })
        .chain([json.clone().into_bytes(), body.into_bytes()])
        .collect();
    let decoded = pieces.iter().map(|piece| String::from_utf8_lossy(piece)).collect::<Vec<_>>().join("\n");
    assert!(decoded.contains(citizen.fin.as_str()), "its own leg is there");
    for other in others {
        assert!(!decoded.contains(other), "of another leg: {other}");
    }
    for string in bundled.strings.iter().filter(|string| !json.contains(*string)) {
        assert!(!decoded.contains(string.as_str()));
    }
    assert_eq!(bundled.strings.iter().filter(|string| json.contains(*string)).count(), 1, "one opening");
}
