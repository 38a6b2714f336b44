//! A broker with good keys and bad intentions and a SOAP caller's signature, against an owner's host. Each test asks honestly
//! first: what is refused afterwards is refused for the one thing that was changed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::Arc;
use std::time::Duration;

use mohur_client::{Caller, Question};
use mohur_federation::{BrokerKeys, Bundled, Enveloped, Federation, Founded, Hop, HostSaid, Signed, ask};
use mohur_message::ws_security::SoapEvidence;
use mohur_message::{Evidence, SentOpening};
use mohur_soap::Version;
use mohur_soap::message::query_xml;
use mohur_wire::{Query, RefusalCode};

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

    fn query(&self, caller: &Caller, question: Question) -> Query {
        caller.query(question, Caller::fresh_id().unwrap())
    }

    /// What an honest broker would ask for a query that `caller` signed as SOAP.
    fn hop(&self, caller: &Caller, query: &Query) -> Hop {
        let (opening, evidence) = Enveloped::of(caller, query).evidence(&self.office);
        self.keys.hop_of(query, opening, evidence, &self.federation)
    }

    fn blood_group(&self) -> Question {
        ask::blood_group(self.federation.citizen().fin)
    }

    async fn changed(&self, change: impl FnOnce(&mut Hop)) -> HostSaid {
        let mut hop = self.hop(&self.office, &self.query(&self.office, self.blood_group()));
        change(&mut hop);
        self.put(hop).await
    }

    async fn put(&self, hop: Hop) -> HostSaid {
        self.keys.put(&self.federation, OWNER, &self.keys.ask(hop)).await
    }

    async fn is_unproved(&self, what: &str, codes: &[RefusalCode], change: impl FnOnce(&mut Hop)) {
        let said = self.changed(change).await;
        assert!(matches!(&said, HostSaid::Unproved(code) if codes.contains(code)), "{what}: {said:?}");
    }
}

fn soap(hop: &mut Hop) -> &mut SoapEvidence {
    let Evidence::Soap(evidence) = &mut hop.evidence else { panic!("a SOAP caller's evidence") };
    evidence
}

fn replaced(octets: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(octets.clone()).unwrap();
    assert!(text.contains(from), "{from}");
    *octets = text.replacen(from, to, 1).into_bytes();
}

/// Puts another Body in the place of the opening, with everything of the broker's own that goes with it.
fn with_body(hop: &mut Hop, change: impl FnOnce(String) -> String) {
    let text = change(String::from_utf8(hop.opening.sent().to_vec()).unwrap());
    hop.opening = SentOpening::of_soap_body(text.into_bytes().into());
    hop.decision.query_digest = *hop.opening.digest();
    hop.committed = *hop.opening.digest();
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_that_the_caller_did_not_sign_prove_nothing() {
    use RefusalCode::{AlgorithmRefused, ComponentUncovered, DigestMismatch, Malformed, SignatureInvalid, XmlRefused};
    let stage = Stage::set().await;
    let said = stage.changed(|_| {}).await;
    assert!(matches!(said, HostSaid::Answer(_)), "{said:?}");

    let field = "<m:field>bloodGroup</m:field>";
    stage
        .is_unproved("a Body with one more field", &[DigestMismatch], |hop| {
            with_body(hop, |body| body.replace(field, &format!("{field}<m:field>height</m:field>")));
        })
        .await;
    let nobody = stage.federation.country.unused_fin();
    stage
        .is_unproved("a Body about another person", &[DigestMismatch], |hop| {
            let fin = stage.federation.citizen().fin;
            with_body(hop, |body| body.replace(fin.as_str(), nobody.as_str()));
        })
        .await;
    stage
        .is_unproved("a Body that is written otherwise", &[DigestMismatch], |hop| {
            with_body(hop, |body| body.replace("<m:id>", "<m:id >"));
        })
        .await;
    stage
        .is_unproved("a Body without its id", &[ComponentUncovered, DigestMismatch], |hop| {
            with_body(hop, |body| body.replace(" wsu:Id=\"mohur-body\"", ""));
        })
        .await;
    stage
        .is_unproved("a SignedInfo with another digest", &[SignatureInvalid], |hop| {
            let digest = base64_of(hop.opening.digest().as_bytes());
            replaced(&mut soap(hop).signed_info, &digest, &base64_of(&[7; 32]));
        })
        .await;
    stage
        .is_unproved("a broken SignedInfo", &[SignatureInvalid, Malformed, XmlRefused], |hop| {
            soap(hop).signed_info[40] ^= 1;
        })
        .await;
    stage.is_unproved("a broken signature", &[SignatureInvalid], |hop| soap(hop).signature[10] ^= 1).await;
    stage
        .is_unproved("another algorithm's name", &[AlgorithmRefused], |hop| {
            soap(hop).algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".to_owned();
        })
        .await;
    stage
        .is_unproved("a Body of the broker's beside the opening", &[SignatureInvalid], |hop| {
            soap(hop).body = Some(hop.opening.sent().to_vec());
        })
        .await;
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_is_the_messages_own_and_an_old_message_stays_old() {
    let stage = Stage::set().await;
    let old = stage.query(&stage.office, stage.blood_group());
    let old_hop = stage.hop(&stage.office, &old);
    let (old_opening, old_evidence) = (old_hop.opening.clone(), old_hop.evidence.clone());
    stage.federation.clock.advance(Duration::from_secs(400));
    let again = stage.keys.hop_of(&old, old_opening.clone(), old_evidence.clone(), &stage.federation);
    assert_eq!(stage.put(again).await, HostSaid::Unproved(RefusalCode::Stale));

    // With the Timestamp of a fresh message, and with one that says another time.
    let fresh = stage.hop(&stage.office, &stage.query(&stage.office, stage.blood_group()));
    let Evidence::Soap(fresh) = fresh.evidence else { panic!("SOAP") };
    let mut swapped = stage.keys.hop_of(&old, old_opening.clone(), old_evidence.clone(), &stage.federation);
    soap(&mut swapped).timestamp = fresh.timestamp;
    assert_eq!(stage.put(swapped).await, HostSaid::Unproved(RefusalCode::DigestMismatch));
    let mut rewritten = stage.keys.hop_of(&old, old_opening, old_evidence, &stage.federation);
    let text = String::from_utf8(soap(&mut rewritten).timestamp.clone()).unwrap();
    soap(&mut rewritten).timestamp = text.replacen("<wsu:Created>20", "<wsu:Created>21", 1).into_bytes();
    assert_eq!(stage.put(rewritten).await, HostSaid::Unproved(RefusalCode::DigestMismatch));
    let mut body_as_time = stage.hop(&stage.office, &stage.query(&stage.office, stage.blood_group()));
    soap(&mut body_as_time).timestamp = body_as_time.opening.sent().to_vec();
    let said = stage.put(body_as_time).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_cannot_ask_in_a_ministrys_name() {
    let stage = Stage::set().await;
    let query = stage.query(&stage.office, stage.blood_group());
    // The broker signs the ministry's query itself; or has another member sign it.
    let mut broker_as_office = stage.federation.office();
    broker_as_office.seal = Arc::clone(&stage.keys.seal) as Arc<dyn mohur_seal::Seal>;
    let mut bank_as_office = stage.federation.office();
    bank_as_office.seal = stage.federation.bank().seal;
    for forger in [&broker_as_office, &bank_as_office] {
        let said = stage.put(stage.hop(forger, &query)).await;
        assert_eq!(said, HostSaid::Unproved(RefusalCode::IdentityMismatch));
    }
    // Another member's signature over its own message, under the ministry's opening; the ministry's own, over another message.
    let bank = stage.federation.bank();
    let of_bank = stage.query(&bank, Question { purpose: "credit-check".parse().unwrap(), ..stage.blood_group() });
    let foreign = stage.hop(&bank, &of_bank).evidence;
    let other = stage.hop(&stage.office, &stage.query(&stage.office, stage.blood_group())).evidence;
    for (what, evidence) in [("the bank's", foreign), ("another message's", other)] {
        let said = stage.changed(|hop| hop.evidence = evidence).await;
        assert_eq!(said, HostSaid::Unproved(RefusalCode::DigestMismatch), "{what}");
    }
    // One dialect's signature with the other's opening.
    let rest = Signed::of(&stage.office, query.clone());
    let said = stage.changed(|hop| hop.evidence = rest.sent.evidence().clone()).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
    let soap = stage.hop(&stage.office, &query).evidence;
    let mut crossed = stage.keys.hop(&rest, &stage.federation);
    crossed.evidence = soap;
    let said = stage.put(crossed).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_once_in_whichever_dialect_it_was_signed() {
    let stage = Stage::set().await;
    let query = stage.query(&stage.office, stage.blood_group());
    let ask = stage.keys.ask(stage.hop(&stage.office, &query));
    assert!(matches!(stage.keys.put(&stage.federation, OWNER, &ask).await, HostSaid::Answer(_)));
    assert_eq!(stage.keys.put(&stage.federation, OWNER, &ask).await, HostSaid::Refused(RefusalCode::Replayed));
    let again = stage.hop(&stage.office, &query);
    assert_eq!(again.opening.digest(), stage.hop(&stage.office, &query).opening.digest(), "the same octets");
    assert_eq!(stage.put(again).await, HostSaid::Refused(RefusalCode::Replayed), "logged and decided afresh");
    // What the owner's own policy does not permit, the broker's word does not either.
    let bank = stage.federation.bank();
    let of_bank = stage.query(&bank, Question { purpose: "credit-check".parse().unwrap(), ..stage.blood_group() });
    assert_eq!(stage.put(stage.hop(&bank, &of_bank)).await, HostSaid::Refused(RefusalCode::NotAvailable));
    // And without a receipt of this very opening nobody is asked.
    let said = stage.changed(|hop| hop.committed = mohur_crypto::sha256(b"another")).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::JournalUnavailable));
}

/// A bundle's signature lists four digests; only an opening with one of them was signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_leg_that_the_body_does_not_list_was_not_signed() {
    let mut stage = Stage::set().await;
    stage.federation.start_broker().await;
    let (mine, other) = {
        let citizens: Vec<_> = stage.federation.country.clear_citizens().take(2).collect();
        (Bundled::of(&stage.office, citizens[0]).await, Bundled::of(&stage.office, citizens[1]).await)
    };
    stage.federation.stop_broker().await;
    let enveloped = Enveloped::bundle(&stage.office, &mine);
    let vitals = |bundled: &Bundled| {
        let strings = bundled.strings.iter().map(|string| SentOpening::of_leg(string.clone()).unwrap());
        strings.into_iter().find(|opening| opening.query().unwrap().service.as_str() == ask::VITALS).unwrap()
    };
    let hop = |opening: SentOpening, evidence: Evidence| {
        let query = opening.query().unwrap();
        let leg = query.leg.clone().unwrap();
        let mut hop = stage.keys.hop_of(&query, opening, evidence, &stage.federation);
        hop.leaf.bundle = Some(format!("{}@{}", leg.definition, leg.version));
        hop
    };
    let evidence = enveloped.bundle_evidence(&stage.office);
    let said = stage.put(hop(vitals(&other), evidence.clone())).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::DigestMismatch), "another citizen's leg");
    let mut listed = hop(vitals(&other), evidence.clone());
    let digest = base64_of(listed.opening.digest().as_bytes());
    let mine_digest = base64_of(vitals(&mine).digest().as_bytes());
    replaced(soap(&mut listed).body.as_mut().unwrap(), &mine_digest, &digest);
    assert_eq!(stage.put(listed).await, HostSaid::Unproved(RefusalCode::DigestMismatch), "listed by the broker");
    let mut bodiless = hop(vitals(&mine), evidence.clone());
    soap(&mut bodiless).body = None;
    let said = stage.put(bodiless).await;
    assert!(matches!(said, HostSaid::Unproved(RefusalCode::SignatureInvalid)), "{said:?}");
    let said = stage.put(hop(vitals(&mine), evidence)).await;
    assert!(matches!(said, HostSaid::Answer(_)), "the one that was signed: {said:?}");
    // A single query's signature is none over a leg.
    let query = stage.query(&stage.office, stage.blood_group());
    let single = Enveloped::signed(&stage.office, Version::Soap11, &query_xml(&query), "");
    let said = stage.put(hop(vitals(&mine), single.evidence(&stage.office).1)).await;
    assert!(matches!(said, HostSaid::Unproved(_)), "{said:?}");
}
