//! A broker that lies about the caller, to the broker of the other domain; and a broker that lies to its own hosts about
//! where a question came from. Each test is honest first: what is refused afterwards is refused for the one thing that changed.

use std::sync::Arc;

use mohur_client::{Caller, Question};
use mohur_crypto::sha256;
use mohur_federation::{Abroad, BrokerKeys, BrokerSaid, Enveloped, Handing, HostSaid, Signed, ask, services};
use mohur_message::{Evidence, SentOpening};
use mohur_transparency::Kind;
use mohur_wire::{Clock, MemberId, Operation, RefusalCode, Timestamp};

struct Stage {
    both: Abroad,
    keys: BrokerKeys,
    office: Caller,
    hub: MemberId,
}

impl Stage {
    async fn set() -> Self {
        let both = Abroad::start().await;
        let (keys, office) = (BrokerKeys::of(&both.az.nation), both.az.office());
        let hub = both.ge.nation.directory().brokers[0].id.clone();
        Self { both, keys, office, hub }
    }

    fn now(&self) -> Timestamp {
        self.both.az.clock.now()
    }

    fn question(&self) -> Question {
        ask::read(services::VITALS, self.both.az.citizen().fin, &["bloodGroup"])
    }

    fn signed(&self) -> Signed {
        Signed::new(&self.office, self.question())
    }

    fn handing(&self, signed: &Signed) -> Handing {
        self.keys.handing(signed, &self.hub, self.now())
    }

    async fn put(&self, handing: Handing) -> BrokerSaid {
        self.keys.hand(handing, (&self.both.az, "broker"), &self.both.ge).await
    }

    /// What an honest broker hands on, but for one change.
    async fn changed(&self, change: impl FnOnce(&mut Handing)) -> BrokerSaid {
        let mut handing = self.handing(&self.signed());
        change(&mut handing);
        self.put(handing).await
    }

    async fn is_refused(&self, what: &str, code: RefusalCode, change: impl FnOnce(&mut Handing)) {
        assert_eq!(self.changed(change).await, BrokerSaid::Refused(code), "{what}");
    }

    async fn is_answered_when_honest(&self) {
        let said = self.changed(|_| {}).await;
        assert!(matches!(said, BrokerSaid::Answer(_)), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_cannot_ask_abroad_in_anyones_name() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    // The broker signs the ministry's question itself; or has another member sign it.
    let mut broker_as_office = stage.both.az.office();
    broker_as_office.seal = Arc::<mohur_seal::SoftwareSeal>::clone(&stage.keys.seal);
    let mut bank_as_office = stage.both.az.office();
    bank_as_office.seal = stage.both.az.bank().seal;
    for forger in [&broker_as_office, &bank_as_office] {
        let forged = Signed::new(forger, stage.question());
        assert_eq!(stage.put(stage.handing(&forged)).await, BrokerSaid::Refused(RefusalCode::IdentityMismatch));
    }
    // A signature borrowed from another of the ministry's messages; and one that was bent.
    let other = stage.signed();
    stage
        .is_refused("borrowed", RefusalCode::DigestMismatch, |handing| {
            handing.evidence = other.sent.evidence().clone();
        })
        .await;
    stage
        .is_refused("bent", RefusalCode::SignatureInvalid, |handing| {
            let Evidence::Http(evidence) = &mut handing.evidence else { panic!("signed over HTTP") };
            evidence.signature[8] ^= 1;
        })
        .await;
    stage
        .is_refused("another question", RefusalCode::DigestMismatch, |handing| {
            let text = String::from_utf8(handing.opening.sent().to_vec()).unwrap().replace("bloodGroup", "eyeColour");
            handing.opening = SentOpening::of_body(text.into());
            handing.handover.query_digest = *handing.opening.digest();
            handing.committed = *handing.opening.digest();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_brings_its_own_members_only_and_those_of_its_own_domain() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    // Somebody of the other domain, truly signed: not a member of the domain that the broker belongs to.
    let theirs = stage.both.ge.office();
    let signed = Signed::new(&theirs, stage.question());
    assert_eq!(stage.put(stage.handing(&signed)).await, BrokerSaid::Refused(RefusalCode::KeyUnknown));
    // A member of the right domain that says in the handover that it is somebody else.
    stage
        .is_refused("another caller", RefusalCode::SignatureInvalid, |handing| {
            handing.handover.caller = "AZ/GOV/SBS/border".parse().unwrap();
        })
        .await;
    // Sealed by another broker than is on the line; or for another than is asked.
    let ge_keys = BrokerKeys::of(&stage.both.ge.nation);
    stage
        .is_refused("a foreign seal", RefusalCode::KeyUnknown, |handing| {
            handing.seal = Arc::<mohur_seal::SoftwareSeal>::clone(&ge_keys.seal);
        })
        .await;
    stage
        .is_refused("for another broker", RefusalCode::SignatureInvalid, |handing| {
            handing.handover.aud = "GE/GOV/OPERATOR/other".parse().unwrap();
        })
        .await;
    // Only brokers hand on: a member's certificate of another domain does not even open a connection.
    let handing = stage.handing(&stage.signed());
    let said = stage.keys.hand(handing, (&stage.both.az, "callers/passport-office"), &stage.both.ge).await;
    assert_eq!(said, BrokerSaid::Unheard);
    // A service that was not granted, though the policy knows the caller.
    let unnamed =
        ask::matching("GE/GOV/MOJ/civil-registry/marriage/v1", stage.both.az.citizen().fin, &[("status", "single")]);
    let signed = Signed::new(&stage.office, unnamed);
    assert_eq!(stage.put(stage.handing(&signed)).await, BrokerSaid::Refused(RefusalCode::UnknownService));
    // A service of the home domain is not handed back: there is no way round in a circle.
    let ours = Signed::new(&stage.office, ask::blood_group(stage.both.az.citizen().fin));
    assert_eq!(stage.put(stage.handing(&ours)).await, BrokerSaid::Refused(RefusalCode::UnknownService));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_home_broker_has_not_logged_is_not_decided() {
    let stage = Stage::set().await;
    stage.is_answered_when_honest().await;
    let unlogged = RefusalCode::SignatureInvalid;
    stage.is_refused("commits to another opening", unlogged, |handing| handing.committed = sha256(b"another")).await;
    stage.is_refused("an outcome", unlogged, |handing| handing.leaf.kind = Kind::Outcome).await;
    stage
        .is_refused("another consumer", unlogged, |handing| {
            handing.leaf.consumer = "AZ/GOV/SBS/border".parse().unwrap()
        })
        .await;
    stage
        .is_refused("another purpose", unlogged, |handing| {
            handing.leaf.purpose = Some("border-control".parse().unwrap());
        })
        .await;
    stage.is_refused("another entry", unlogged, |handing| handing.intent = Some(sha256(b"another"))).await;
    // The genuine receipt of another message; and one from the log of the other domain.
    let other = stage.handing(&stage.signed());
    let (receipt, hash) = stage.keys.receipt(other.leaf, "opening", other.committed.as_bytes());
    stage
        .is_refused("another message's", unlogged, |handing| {
            (handing.receipt, handing.intent) = (Some(receipt), Some(hash));
        })
        .await;
    let ge_keys = BrokerKeys::of(&stage.both.ge.nation);
    stage
        .is_refused("a foreign log's", unlogged, |handing| {
            let (receipt, hash) = ge_keys.receipt(handing.leaf.clone(), "opening", handing.committed.as_bytes());
            (handing.receipt, handing.intent) = (Some(receipt), Some(hash));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_or_repeated_handover_is_refused() {
    let stage = Stage::set().await;
    let signed = stage.signed();
    assert!(matches!(stage.put(stage.handing(&signed)).await, BrokerSaid::Answer(_)));
    assert_eq!(stage.put(stage.handing(&signed)).await, BrokerSaid::Refused(RefusalCode::Replayed));
    stage.is_refused("old", RefusalCode::Stale, |handing| handing.handover.iat -= 120).await;
    stage.is_refused("of the future", RefusalCode::Future, |handing| handing.handover.iat += 120).await;
    stage.is_refused("impatient", RefusalCode::ProviderTimeout, |handing| handing.handover.patience = 400).await;
    // A settlement of what is no reservation.
    stage
        .is_refused("a settlement of a read", RefusalCode::SettlementRefused, |handing| {
            let reservation = "r-1".parse().unwrap();
            handing.handover.settle = Some(mohur_message::hop::Settle { operation: Operation::Consume, reservation });
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soap_signature_is_handed_on_as_it_came_and_no_envelope_is_good_without_its_home_broker() {
    let stage = Stage::set().await;
    let query = stage.office.query(stage.question(), Caller::fresh_id().unwrap());
    let (opening, evidence) = Enveloped::of(&stage.office, &query).evidence(&stage.office);
    let handing = || stage.keys.handing_of(&query, opening.clone(), evidence.clone(), &stage.hub, stage.now());
    // No part of an envelope names a broker: the home broker's word does, to the host as well.
    let ge = BrokerKeys::of(&stage.both.ge.nation);
    let ask = || ge.ask(ge.hop_of(&query, opening.clone(), evidence.clone(), &stage.both.ge));
    let said = ge.put(&stage.both.ge, "health-card", &ask()).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::WrongBroker));
    let said = ge.put(&stage.both.ge, "health-card", &ask().brought_by(Some(ge.word(&handing())))).await;
    assert_eq!(said, HostSaid::Unproved(RefusalCode::JournalUnavailable), "with a receipt of its own log only");
    let mut bent = handing();
    let Evidence::Soap(evidence) = &mut bent.evidence else { panic!("signed in an envelope") };
    evidence.signature[8] ^= 1;
    assert_eq!(stage.put(bent).await, BrokerSaid::Refused(RefusalCode::SignatureInvalid));
    assert!(matches!(stage.put(handing()).await, BrokerSaid::Answer(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deciding_broker_cannot_ask_its_own_hosts_without_the_callers_home_broker() {
    let mut stage = Stage::set().await;
    stage.both.ge.stop_broker().await;
    let ge = BrokerKeys::of(&stage.both.ge.nation);
    let signed = stage.signed();
    let ask_with = |signed: &Signed, home: Option<mohur_message::handover::HomeWord>| {
        ge.ask(ge.hop(signed, &stage.both.ge)).brought_by(home)
    };
    // It has the caller's signature, and no word of the home broker's.
    let put = |ask: mohur_message::hop::Ask| {
        let (ge, federation) = (&ge, &stage.both.ge);
        async move { ge.put(federation, "health-card", &ask).await }
    };
    assert_eq!(put(ask_with(&signed, None)).await, HostSaid::Unproved(RefusalCode::WrongBroker));
    // A word that it made up; one about another question; one that the home broker has not logged.
    let forged = ge.handing(&signed, &stage.hub, stage.now());
    assert_eq!(put(ask_with(&signed, Some(ge.word(&forged)))).await, HostSaid::Unproved(RefusalCode::KeyUnknown));
    let other = stage.handing(&stage.signed());
    assert_eq!(
        put(ask_with(&signed, Some(stage.keys.word(&other)))).await,
        HostSaid::Unproved(RefusalCode::SignatureInvalid)
    );
    let mut unlogged = stage.handing(&signed);
    unlogged.committed = sha256(b"another");
    assert_eq!(
        put(ask_with(&signed, Some(stage.keys.word(&unlogged)))).await,
        HostSaid::Unproved(RefusalCode::JournalUnavailable)
    );
    // With the home broker's true word the owner answers.
    let honest = stage.keys.word(&stage.handing(&signed));
    let said = put(ask_with(&signed, Some(honest))).await;
    assert!(matches!(said, HostSaid::Answer(_)), "{said:?}");
}
