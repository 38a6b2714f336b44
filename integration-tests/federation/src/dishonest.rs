//! A broker that does not keep to the pipeline: it has its own keys, its own log, and asks hosts whatever it likes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mohur::nation::{BROKER, LOG_ORIGIN, Nation};
use mohur_crypto::commitment::commit;
use mohur_crypto::{Digest, sha256};
use mohur_http::{Client, ClientLimits};
use mohur_message::hop::{Ask, Decision, Reply};
use mohur_message::{Evidence, SentOpening, TrustedKeys, prove_refusal};
use mohur_seal::{LogSigner, Passphrase, Seal, SoftwareSeal};
use mohur_transparency::leaf::Version;
use mohur_transparency::{Checkpoint, Kind, Leaf, LogKey, NoteSigner, Receipt, Tree, leaf_hash, proof};
use mohur_transport::{Peers, TlsMaterial, client_config};
use mohur_wire::refusal::Problem;
use mohur_wire::{MemberId, Query, RefusalCode, Timestamp};

use crate::{Federation, Signed};

/// Everything that a broker signs with, in the hands of a test.
pub struct BrokerKeys {
    /// Who it is.
    pub me: MemberId,
    /// Its seal.
    pub seal: Arc<SoftwareSeal>,
    /// What receipts of its log are verified with.
    pub log: LogKey,
    signer: Signer,
}

struct Signer(LogSigner);

impl NoteSigner for Signer {
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text)
    }
}

/// An ask as an honest broker would put it together, before a test spoils it.
pub struct Hop {
    /// The caller's opening.
    pub opening: SentOpening,
    /// The caller's signature.
    pub evidence: Evidence,
    /// The decision; its `intent` is filled in when it is sealed, unless `intent` says otherwise.
    pub decision: Decision,
    /// INTENT's entry, without its commitment.
    pub leaf: Leaf,
    /// What the entry commits to under `opening`.
    pub committed: Digest,
    /// A receipt to send instead.
    pub receipt: Option<Receipt>,
    /// The entry that the decision names, if not the receipt's.
    pub intent: Option<Digest>,
    /// Who seals the decision.
    pub seal: Arc<dyn Seal>,
}

/// What a host said to a broker.
#[derive(Debug, PartialEq, Eq)]
pub enum HostSaid {
    /// A sealed answer.
    Answer(String),
    /// A refusal under the owner's seal, to the caller.
    Refused(RefusalCode),
    /// A plain problem, to the broker: it did not prove its case.
    Unproved(RefusalCode),
}

impl BrokerKeys {
    /// The broker's keys, from its folder.
    pub fn of(nation: &Nation) -> Self {
        let pass = passphrase(nation);
        let file = |name: &str| nation.path(&format!("broker/{name}"));
        let seal = SoftwareSeal::load(&file("seal.key"), &file("seal.pem"), &pass).unwrap();
        let log = LogSigner::load(&file("log.key"), &pass).unwrap();
        Self::new(nation.id(BROKER), Arc::new(seal), log, &nation.origin(LOG_ORIGIN))
    }

    /// Any keys, for any broker.
    pub fn new(me: MemberId, seal: Arc<SoftwareSeal>, log: LogSigner, origin: &str) -> Self {
        let key = LogKey::new(origin, &log.public_key()).unwrap();
        Self { me, seal, log: key, signer: Signer(log) }
    }

    /// A receipt of an entry that commits to `value`, from a log that holds this entry alone.
    pub fn receipt(&self, mut leaf: Leaf, tag: &str, value: &[u8]) -> (Receipt, Digest) {
        let (commitment, opening) = commit(tag, value);
        leaf.commitments.insert(tag.to_owned(), commitment);
        let text = leaf.to_text().unwrap();
        let hash = leaf_hash(text.as_bytes());
        let mut tree = Tree::default();
        let index = tree.push(hash);
        let head = tree.head().unwrap();
        let checkpoint = Checkpoint { origin: self.log.name().to_owned(), size: head.size(), root: head.root() };
        let note = checkpoint.seal(&self.log, &self.signer);
        let proof = proof::text(index, &head.inclusion(&tree, index).unwrap(), &note);
        (Receipt::new(text, Some((tag, opening)), proof), hash)
    }

    /// What an honest broker would ask for a signed query, permitting all its fields.
    pub fn hop(&self, signed: &Signed, federation: &Federation) -> Hop {
        let opening = SentOpening::of_body(signed.opening.clone());
        self.hop_of(&signed.query, opening, signed.sent.evidence().clone(), federation)
    }

    /// The same for a query in either dialect.
    pub fn hop_of(&self, query: &Query, opening: SentOpening, evidence: Evidence, federation: &Federation) -> Hop {
        let now = mohur_wire::Clock::now(&*federation.clock);
        let policy = mohur_crypto::sha256(b"the policy");
        let decision = Decision {
            iss: self.me.clone(),
            aud: query.service.owner().clone(),
            iat: now.as_second(),
            exp: now.as_second() + 15,
            query_digest: *opening.digest(),
            id: query.id.clone(),
            caller: query.caller.clone(),
            service: query.service.clone(),
            verb: query.verb(),
            fields: query.fields().into_iter().map(|name| (name.clone(), None)).collect(),
            obligations: Vec::new(),
            policy,
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
            policy: Some(policy),
            ..entry(Kind::Intent, now, query.caller.clone())
        };
        let committed = *opening.digest();
        let seal: Arc<dyn Seal> = Arc::<SoftwareSeal>::clone(&self.seal);
        Hop { opening, evidence, decision, leaf, committed, receipt: None, intent: None, seal }
    }

    /// Puts an ask together.
    pub fn ask(&self, hop: Hop) -> Ask {
        let (logged, hash) = self.receipt(hop.leaf, "opening", hop.committed.as_bytes());
        let receipt = hop.receipt.unwrap_or(logged);
        let decision = Decision { intent: hop.intent.unwrap_or(hash), ..hop.decision };
        let decision = decision.seal(&*hop.seal).unwrap();
        Ask::new(&hop.opening, hop.evidence, decision, &serde_json::to_string(&receipt).unwrap()).unwrap()
    }

    /// Asks an owner's host over the broker's own TLS certificate.
    pub async fn put(&self, federation: &Federation, owner: &str, ask: &Ask) -> HostSaid {
        self.put_as(federation, owner, ask, "broker").await
    }

    /// Asks an owner's host with the TLS certificate in a folder.
    pub async fn put_as(&self, federation: &Federation, owner: &str, ask: &Ask, folder: &str) -> HostSaid {
        let caller = federation.office();
        let nation = &federation.nation;
        let file = |name: &str| nation.path(&format!("{folder}/{name}"));
        let material = TlsMaterial::load(&file("tls.pem"), &file("tls.key"), &passphrase(nation)).unwrap();
        let peers = Arc::new(Peers::of(caller.domains.clone()));
        let tls = client_config(&material, &peers, Arc::clone(&caller.clock)).unwrap();
        let client = Client::https(tls, peers, Arc::clone(&caller.clock), ClientLimits::default());
        let address = federation.owner(owner).host.local_addr();
        let request = http::Request::post(format!("https://{address}/v1/ask"))
            .header("content-type", "application/json")
            .body(Bytes::from(ask.to_json().unwrap()))
            .unwrap();
        let response = client.send(request, Duration::from_secs(20)).await.unwrap().response;
        if !response.status().is_success() {
            let problem: Problem = serde_json::from_slice(response.body()).unwrap();
            return HostSaid::Unproved(problem.code);
        }
        match Reply::parse(response.body()).unwrap() {
            Reply::Answer(answer) => HostSaid::Answer(answer),
            Reply::Refusal(refusal) => {
                let keys = TrustedKeys::new(|key| caller.directory().seal(key), caller.trust(), caller.clock.now());
                let digest = *ask.opening().unwrap().digest();
                HostSaid::Refused(prove_refusal(&refusal, &keys, &digest).unwrap().refusal().code)
            }
        }
    }
}

/// An entry of a log with nothing in it.
pub(crate) fn entry(kind: Kind, at: Timestamp, consumer: MemberId) -> Leaf {
    Leaf {
        v: Version,
        kind,
        at,
        id: None,
        consumer,
        provider: None,
        service: None,
        purpose: None,
        basis: None,
        verb: None,
        bundle: None,
        policy: None,
        certificate: None,
        revocation: None,
        seq: 0,
        commitments: BTreeMap::new(),
    }
}

/// What opens every key of the nation.
pub(crate) fn passphrase(nation: &Nation) -> Passphrase {
    Passphrase::from_credential_file(&nation.path("passphrase")).unwrap()
}
