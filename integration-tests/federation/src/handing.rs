//! A home broker that does not keep to the pipeline: it hands on to another broker whatever it likes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mohur_crypto::{Digest, sha256};
use mohur_http::{Client, ClientLimits};
use mohur_message::handover::{Forward, Handover, HomeWord};
use mohur_message::hop::Reply;
use mohur_message::{Evidence, SentOpening, TrustedKeys, prove_refusal};
use mohur_seal::{Seal, SoftwareSeal};
use mohur_transparency::{Kind, Leaf, Receipt};
use mohur_transport::{Peers, TlsMaterial, client_config};
use mohur_wire::refusal::Problem;
use mohur_wire::{Clock, MemberId, Query, RefusalCode};

use crate::dishonest::{BrokerKeys, entry, passphrase};
use crate::{Federation, Signed};

/// A forward as an honest broker would put it together, before a test spoils it.
pub struct Handing {
    /// The caller's opening.
    pub opening: SentOpening,
    /// The caller's signature.
    pub evidence: Evidence,
    /// The handover; its `intent` is filled in when it is sealed, unless `intent` says otherwise.
    pub handover: Handover,
    /// INTENT's entry, without its commitment.
    pub leaf: Leaf,
    /// What the entry commits to under `opening`.
    pub committed: Digest,
    /// A receipt to send instead.
    pub receipt: Option<Receipt>,
    /// The entry that the handover names, if not the receipt's.
    pub intent: Option<Digest>,
    /// Who seals the handover.
    pub seal: Arc<dyn Seal>,
}

/// What a broker said to another.
#[derive(Debug, PartialEq, Eq)]
pub enum BrokerSaid {
    /// An owner's sealed answer.
    Answer(String),
    /// A refusal under the broker's own seal.
    Refused(RefusalCode),
    /// A plain problem: nothing that could be sealed for was there.
    Unproved(RefusalCode),
    /// The connection was refused.
    Unheard,
}

impl BrokerKeys {
    /// What an honest home broker would hand on for a signed query.
    pub fn handing(&self, signed: &Signed, to: &MemberId, now: mohur_wire::Timestamp) -> Handing {
        let opening = SentOpening::of_body(signed.opening.clone());
        self.handing_of(&signed.query, opening, signed.sent.evidence().clone(), to, now)
    }

    /// The same for a query in either dialect.
    pub fn handing_of(
        &self,
        query: &Query,
        opening: SentOpening,
        evidence: Evidence,
        to: &MemberId,
        now: mohur_wire::Timestamp,
    ) -> Handing {
        let handover = Handover {
            iss: self.me.clone(),
            aud: to.clone(),
            iat: now.as_second(),
            patience: 10_000,
            query_digest: *opening.digest(),
            id: query.id.clone(),
            caller: query.caller.clone(),
            service: query.service.clone(),
            verb: query.verb(),
            intent: Digest([0; 32]),
            settle: None,
        };
        let leaf = Leaf {
            certificate: Some(sha256(evidence.certificate())),
            id: Some(query.id.clone()),
            provider: Some(query.service.owner().clone()),
            service: Some(query.service.clone()),
            purpose: Some(query.purpose.clone()),
            verb: Some(query.verb()),
            ..entry(Kind::Intent, now, query.caller.clone())
        };
        let committed = *opening.digest();
        let seal: Arc<dyn Seal> = Arc::<SoftwareSeal>::clone(&self.seal);
        Handing { opening, evidence, handover, leaf, committed, receipt: None, intent: None, seal }
    }

    /// The home broker's word alone.
    pub fn word(&self, handing: &Handing) -> HomeWord {
        let (logged, hash) = self.receipt(handing.leaf.clone(), "opening", handing.committed.as_bytes());
        let receipt = handing.receipt.clone().unwrap_or(logged);
        let handover = Handover { intent: handing.intent.unwrap_or(hash), ..handing.handover.clone() };
        let handover = handover.seal(&*handing.seal).unwrap();
        HomeWord::new(handover, &serde_json::to_string(&receipt).unwrap()).unwrap()
    }

    /// Hands on to the broker of another domain, over the TLS certificate in a folder of this one.
    pub async fn hand(&self, handing: Handing, from: (&Federation, &str), to: &Federation) -> BrokerSaid {
        self.hand_at(handing, from, (to, to.broker_address())).await
    }

    /// The same, to any broker of that domain.
    pub async fn hand_at(
        &self,
        handing: Handing,
        from: (&Federation, &str),
        to: (&Federation, SocketAddr),
    ) -> BrokerSaid {
        let forward = Forward::new(&handing.opening, handing.evidence.clone(), self.word(&handing));
        let about = (*handing.opening.digest(), handing.handover.aud.clone());
        put(forward.to_json().unwrap(), about, from, to).await
    }
}

/// Sends a forward as it is.
async fn put(
    body: Vec<u8>,
    (digest, addressee): (Digest, MemberId),
    (from, folder): (&Federation, &str),
    (to, address): (&Federation, SocketAddr),
) -> BrokerSaid {
    let caller = from.office();
    let file = |name: &str| from.nation.path(&format!("{folder}/{name}"));
    let material = TlsMaterial::load(&file("tls.pem"), &file("tls.key"), &passphrase(&from.nation)).unwrap();
    let peers = Arc::new(Peers::of(caller.domains.clone()));
    let tls = client_config(&material, &peers, Arc::clone(&caller.clock)).unwrap();
    let client = Client::https(tls, peers, Arc::clone(&caller.clock), ClientLimits::default());
    let request = http::Request::post(format!("https://{address}/v1/forward"))
        .header("content-type", "application/json")
        .body(Bytes::from(body))
        .unwrap();
    let Ok(reply) = client.send(request, Duration::from_secs(20)).await else { return BrokerSaid::Unheard };
    let response = reply.response;
    if !response.status().is_success() {
        let problem: Problem = serde_json::from_slice(response.body()).unwrap();
        return BrokerSaid::Unproved(problem.code);
    }
    assert!(response.headers().contains_key("mohur-receipt"), "logged, whatever it is");
    match Reply::parse(response.body()).unwrap() {
        Reply::Answer(answer) => BrokerSaid::Answer(answer),
        Reply::Refusal(refusal) => {
            let judge = to.office();
            let home = judge.domains.home();
            let keys = TrustedKeys::new(|key| home.directory.seal(key), &home.trust, to.clock.now());
            let proven = prove_refusal(&refusal, &keys, &digest).unwrap();
            // What is addressed to another broker is refused by whoever got it.
            let own = &to.nation.directory().brokers[0].id;
            assert!(*proven.owner() == addressee || proven.owner() == own, "{} refuses", proven.owner());
            BrokerSaid::Refused(proven.refusal().code)
        }
    }
}
