//! A broker with good keys and bad intentions, against an owner's host. Each test asks honestly first: what is refused
//! afterwards is refused for the one thing that was changed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::Arc;
use std::time::Duration;

use mohur_client::{Caller, Question};
use mohur_crypto::sha256;
use mohur_federation::{BrokerKeys, Federation, Founded, Hop, HostSaid, Signed, ask};
use mohur_message::hop::{Ask, Settle};
use mohur_message::{Evidence, HttpEvidence, SentOpening};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner, SoftwareSeal};
use mohur_transparency::Kind;
use mohur_wire::{Clock, MessageId, Operation, RefusalCode};

const OWNER: &str = "health-card";

struct Stage {
    federation: Federation,
    keys: BrokerKeys,
    office: Caller,
}

impl Stage {
    async fn set() -> Self {
        let federation = Founded::new().start_without_broker().await;
        let keys = BrokerKeys::of(&federation.nation);
        let office = federation.office();
        Self { federation, keys, office }
    }

    fn question(&self) -> Question {
        ask::blood_group(self.federation.citizen().fin)
    }

    fn signed(&self) -> Signed {
        Signed::new(&self.office, self.question())
    }

    /// Asks what an honest broker would ask, but for one change.
    async fn changed(&self, change: impl FnOnce(&mut Hop)) -> HostSaid {
        let mut hop = self.keys.hop(&self.signed(), &self.federation);
        change(&mut hop);
        self.put(hop).await
    }

    async fn put(&self, hop: Hop) -> HostSaid {
        self.keys.put(&self.federation, OWNER, &self.keys.ask(hop)).await
    }

    async fn is_answered_when_honest(&self) {
        let said = self.changed(|_| {}).await;
        assert!(matches!(said, HostSaid::Answer(_)), "{said:?}");
    }

    async fn is_unproved(&self, what: &str, code: RefusalCode, change: impl FnOnce(&mut Hop)) {
        assert_eq!(self.changed(change).await, HostSaid::Unproved(code), "{what}");
    }
}

fn http(hop: &mut Hop) -> &mut HttpEvidence {
    let Evidence::Http(evidence) = &mut hop.evidence else { panic!("signed over HTTP") };
    evidence
}

/// The caller's signature, with a word of the caller's on how long it is good.
fn expiring(office: &Caller, hop: &mut Hop, expires: i64) {
    let evidence = http(hop);
    evidence.base.extend_from_slice(format!(";expires={expires}").as_bytes());
    evidence.signature = office.seal.sign(&evidence.base).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_asks_after_the_callers_signature_has_expired_gets_no_answer() {
    let stage = Stage::set().await;
    let now = stage.federation.clock.now().as_second();
    let said = stage.changed(|hop| expiring(&stage.office, hop, now + 2)).await;
    assert!(matches!(said, HostSaid::Answer(_)), "{said:?}");
    stage.is_unproved("expired", RefusalCode::Stale, |hop| expiring(&stage.office, hop, now - 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_log_the_question_gets_no_answer() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    let unlogged = RefusalCode::JournalUnavailable;

    // No receipt at all.
    let honest = stage.keys.ask(stage.keys.hop(&stage.signed(), &stage.federation));
    let mut json: serde_json::Value = serde_json::from_slice(&honest.to_json().unwrap()).unwrap();
    json["receipt"] = serde_json::Value::Null;
    let without = Ask::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(stage.keys.put(&stage.federation, OWNER, &without).await, HostSaid::Unproved(unlogged));

    // A receipt from a log that nobody listed, under the listed name and under its own.
    for origin in ["log.hub.az", "log.elsewhere.az"] {
        let signer = LogSigner::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap();
        let foreign = BrokerKeys::new(stage.keys.me.clone(), Arc::clone(&stage.keys.seal), signer, origin);
        let said =
            foreign.put(&stage.federation, OWNER, &foreign.ask(foreign.hop(&stage.signed(), &stage.federation))).await;
        assert_eq!(said, HostSaid::Unproved(unlogged), "{origin}");
    }

    // The genuine receipt of another message; of an entry that says something else; of one that commits to something else.
    let other = stage.keys.hop(&stage.signed(), &stage.federation);
    let (receipt, hash) = stage.keys.receipt(other.leaf, "opening", other.committed.as_bytes());
    stage
        .is_unproved("another message's", unlogged, |hop| {
            (hop.receipt, hop.intent) = (Some(receipt.clone()), Some(hash))
        })
        .await;
    stage.is_unproved("not the one that the decision names", unlogged, |hop| hop.receipt = Some(receipt)).await;
    stage.is_unproved("commits to another opening", unlogged, |hop| hop.committed = sha256(b"another")).await;
    stage.is_unproved("an outcome", unlogged, |hop| hop.leaf.kind = Kind::Outcome).await;
    stage
        .is_unproved("another consumer", unlogged, |hop| hop.leaf.consumer = "AZ/GOV/SBS/border".parse().unwrap())
        .await;
    stage
        .is_unproved("another purpose", unlogged, |hop| hop.leaf.purpose = Some("border-control".parse().unwrap()))
        .await;
    stage.is_unproved("another service", unlogged, |hop| hop.leaf.service = Some(ask::BIRTH.parse().unwrap())).await;
    stage.is_unproved("another certificate", unlogged, |hop| hop.leaf.certificate = Some(sha256(b"x"))).await;
    stage.is_unproved("another id", unlogged, |hop| hop.leaf.id = Some("another".parse().unwrap())).await;
    stage
        .is_unproved("an entry of yesterday", RefusalCode::Stale, |hop| {
            hop.leaf.at = hop.leaf.at.checked_sub(Duration::from_secs(86_400)).unwrap();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_cannot_ask_in_a_ministrys_name() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    let seal: Arc<SoftwareSeal> = Arc::clone(&stage.keys.seal);
    // The broker signs the ministry's query itself; or has another member sign it.
    let mut broker_as_office = stage.federation.office();
    broker_as_office.seal = seal;
    let mut bank_as_office = stage.federation.office();
    bank_as_office.seal = stage.federation.bank().seal;
    for forger in [&broker_as_office, &bank_as_office] {
        let forged = Signed::new(forger, stage.question());
        let said = stage.put(stage.keys.hop(&forged, &stage.federation)).await;
        let expected = [RefusalCode::IdentityMismatch, RefusalCode::SignatureInvalid, RefusalCode::KeyUnknown];
        assert!(matches!(&said, HostSaid::Unproved(code) if expected.contains(code)), "{said:?}");
    }
    // A signature of the ministry's, from another of its messages; and one that was broken.
    let other = stage.signed();
    let said = stage.changed(|hop| hop.evidence = other.sent.evidence().clone()).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
    stage.is_unproved("a broken signature", RefusalCode::SignatureInvalid, |hop| http(hop).signature[10] ^= 1).await;
    stage.is_unproved("a changed base", RefusalCode::SignatureInvalid, |hop| http(hop).base[5] ^= 1).await;
    // The broker names another caller than the one that signed.
    let said = stage.changed(|hop| hop.decision.caller = "AZ/GOV/SBS/border".parse().unwrap()).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_cannot_change_the_question_or_widen_what_is_released() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    // The opening with one more field, with the digest that goes with it, under the old signature.
    let said = stage
        .changed(|hop| {
            let text = String::from_utf8(hop.opening.sent().to_vec()).unwrap();
            hop.opening = SentOpening::of_body(text.replace("\"bloodGroup\"", "\"bloodGroup\",\"height\"").into());
            hop.decision.query_digest = *hop.opening.digest();
            hop.committed = *hop.opening.digest();
        })
        .await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::DigestMismatch));

    // A decision that lets out more than was asked changes nothing.
    let said = stage.changed(|hop| drop(hop.decision.fields.insert(ask::field("height"), None))).await;
    let HostSaid::Answer(answer) = said else { panic!("{said:?}") };
    assert_eq!(answer.matches('~').count(), 2, "one field");

    // A decision that permits what the owner's own policy does not: the host asks its own policy.
    let bank = stage.federation.bank();
    let of_bank = Signed::new(&bank, Question { purpose: "credit-check".parse().unwrap(), ..stage.question() });
    let said = stage.put(stage.keys.hop(&of_bank, &stage.federation)).await;
    assert_eq!(said, HostSaid::Refused(RefusalCode::NotAvailable), "the bank has a corrupt broker, and no blood group");
    let diagnosis = Signed::new(&stage.office, ask::read(ask::VITALS, stage.federation.citizen().fin, &["diagnosis"]));
    let said = stage.put(stage.keys.hop(&diagnosis, &stage.federation)).await;
    assert_eq!(said, HostSaid::Refused(RefusalCode::NotAvailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_counts_only_from_the_callers_broker_for_this_host_and_now() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    let civil_registry = "AZ/GOV/MOJ/civil-registry".parse().unwrap();
    for (what, said) in [
        ("for another host", stage.changed(|hop| hop.decision.aud = civil_registry).await),
        ("about another query", stage.changed(|hop| hop.decision.query_digest = sha256(b"x")).await),
        ("about another id", stage.changed(|hop| hop.decision.id = "another".parse().unwrap()).await),
        (
            "expired",
            stage
                .changed(|hop| (hop.decision.iat, hop.decision.exp) = (hop.decision.iat - 300, hop.decision.iat - 290))
                .await,
        ),
        (
            "of tomorrow",
            stage
                .changed(|hop| (hop.decision.iat, hop.decision.exp) = (hop.decision.iat + 300, hop.decision.iat + 310))
                .await,
        ),
        ("for ever", stage.changed(|hop| hop.decision.exp += 1_000_000).await),
        (
            "with an obligation that nobody knows",
            stage.changed(|hop| hop.decision.obligations.push("dance".to_owned())).await,
        ),
        (
            "with a mask that nobody knows",
            stage
                .changed(|hop| hop.decision.fields.values_mut().for_each(|mask| *mask = Some("veil".to_owned())))
                .await,
        ),
        ("under a caller's seal", stage.changed(|hop| hop.seal = Arc::clone(&stage.office.seal)).await),
        ("in another's name", stage.changed(|hop| hop.decision.iss = stage.office.me.clone()).await),
    ] {
        assert!(matches!(said, HostSaid::Unproved(_)), "{what}: {said:?}");
    }
    // A member that is no broker brings the very ask of the broker.
    let ask = stage.keys.ask(stage.keys.hop(&stage.signed(), &stage.federation));
    let said = stage.keys.put_as(&stage.federation, OWNER, &ask, "callers/bank").await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::UnknownMember));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_once_however_often_the_broker_brings_it() {
    let mut stage = Stage::set().await;
    let signed = stage.signed();
    let ask = stage.keys.ask(stage.keys.hop(&signed, &stage.federation));
    assert!(matches!(stage.keys.put(&stage.federation, OWNER, &ask).await, HostSaid::Answer(_)));
    assert_eq!(stage.keys.put(&stage.federation, OWNER, &ask).await, HostSaid::Refused(RefusalCode::Replayed));
    // The caller's message once more, logged and decided afresh.
    let again = stage.keys.hop(&signed, &stage.federation);
    assert_eq!(stage.put(again).await, HostSaid::Refused(RefusalCode::Replayed));
    // The host remembers across a restart of its own.
    stage.federation.restart_host(OWNER).await;
    let again = stage.keys.hop(&signed, &stage.federation);
    assert_eq!(stage.put(again).await, HostSaid::Refused(RefusalCode::Replayed));
    // What the caller signed long ago is not asked today.
    let old = stage.signed();
    stage.federation.clock.advance(Duration::from_secs(400));
    let said = stage.put(stage.keys.hop(&old, &stage.federation)).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::Stale));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_reservation_that_was_signed_is_settled_and_only_once() {
    let stage = Stage::set().await;
    let fees = "state-fees";
    let citizen = stage.federation.citizen();
    let put = async |signed: &Signed, settle: Option<(Operation, &str)>| {
        let mut hop = stage.keys.hop(signed, &stage.federation);
        hop.decision.fields = ["state", "reservation", "expires"].map(|name| (ask::field(name), None)).into();
        if let Some((operation, reservation)) = settle {
            hop.decision.settle = Some(Settle { operation, reservation: reservation.parse().unwrap() });
            let id: MessageId = format!("{}.settle", signed.query.id).parse().unwrap();
            hop.leaf.id = Some(id);
        }
        stage.keys.put(&stage.federation, fees, &stage.keys.ask(hop)).await
    };
    // Nothing to settle: a question that reserves nothing.
    let reading = Signed::new(&stage.office, ask::read(ask::PAYMENTS, citizen.fin, &["state"]));
    let said = put(&reading, Some((Operation::Consume, "r-1"))).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::SettlementRefused));

    let reserve = Signed::new(&stage.office, ask::reserve(citizen, "r-1"));
    assert!(matches!(put(&reserve, None).await, HostSaid::Answer(_)), "reserved");
    for (what, settle) in
        [("another reservation", (Operation::Consume, "r-2")), ("a second reservation", (Operation::Reserve, "r-1"))]
    {
        let said = put(&reserve, Some(settle)).await;
        let refused = matches!(
            said,
            HostSaid::Refused(RefusalCode::SettlementRefused) | HostSaid::Unproved(RefusalCode::SettlementRefused)
        );
        assert!(refused, "{what}: {said:?}");
    }
    // Without INTENT's entry of the settlement itself, under its own id, nothing is settled.
    let mut hop = stage.keys.hop(&reserve, &stage.federation);
    hop.decision.settle = Some(Settle { operation: Operation::Consume, reservation: "r-1".parse().unwrap() });
    let said = stage.keys.put(&stage.federation, fees, &stage.keys.ask(hop)).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::JournalUnavailable));

    let HostSaid::Answer(_) = put(&reserve, Some((Operation::Release, "r-1"))).await else { panic!("released") };
    // What was given back cannot be used up with the same signature.
    let said = put(&reserve, Some((Operation::Consume, "r-1"))).await;
    match said {
        HostSaid::Refused(RefusalCode::SettlementRefused) => {}
        HostSaid::Answer(answer) => assert!(!disclosed(&answer).contains("consumed"), "given back and used up"),
        other @ (HostSaid::Refused(_) | HostSaid::Unproved(_)) => panic!("{other:?}"),
    }
}

/// The disclosures in clear.
fn disclosed(answer: &str) -> String {
    use base64::Engine;
    let parts = answer.split('~').skip(1);
    parts
        .map(|part| {
            String::from_utf8_lossy(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).into_owned()
        })
        .collect()
}
