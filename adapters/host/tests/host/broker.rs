//! A broker that does whatever a test tells it. Left alone, it is honest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use mohur_crypto::Digest;
use mohur_host::RunningHost;
use mohur_http::{Client, ClientLimits};
use mohur_journal::{Committed, Draft};
use mohur_message::hop::{Ask, Decision, Reply, Settle};
use mohur_message::{Evidence, ProvenRefusal, SealedAnswer, SentOpening, TrustedKeys, prove_refusal, sign_request};
use mohur_seal::Seal;
use mohur_transparency::Kind;
use mohur_transport::{Peers, TlsMaterial, client_config};
use mohur_wire::refusal::Problem;
use mohur_wire::{Clock, FieldName, Operation, Query, RefusalCode, Value};

use crate::nation::{HUB, Nation};

/// Everything that a broker says to a host, each part to be falsified.
pub(crate) struct Case {
    pub(crate) opening: SentOpening,
    pub(crate) evidence: Evidence,
    pub(crate) decision: Decision,
    /// What is logged as INTENT.
    pub(crate) intent: Draft,
    /// Whose seal stands under the decision.
    pub(crate) sealed_by: String,
    /// Whose TLS key opens the connection.
    pub(crate) connects: String,
    /// In whose log INTENT is.
    pub(crate) logs: String,
}

/// What came back, verified as a caller would.
#[derive(Debug)]
pub(crate) enum Came {
    Answer(Box<SealedAnswer>),
    Refusal(RefusalCode),
    Problem(RefusalCode),
}

/// A query's JSON, completed.
pub(crate) fn query(caller: &str, service: &str, rest: serde_json::Value) -> serde_json::Value {
    let salt: [u8; 32] = mohur_crypto::random_bytes();
    let id = format!("q-{}", &Digest(mohur_crypto::random_bytes()).to_string()[..12]);
    let mut query = serde_json::json!({
        "salt": Digest(salt).to_base64url(),
        "id": id,
        "caller": caller,
        "service": service,
        "subject": { "fin": FIN },
        "purpose": "issue-id-document",
        "case": "2026/117",
        "official": "officer 7",
    });
    for (name, value) in rest.as_object().unwrap() {
        query[name] = value.clone();
    }
    query
}

pub(crate) const FIN: &str = "5ABCDE1";

/// Signs a single query as its caller, for the hub.
pub(crate) fn signed(nation: &Nation, by: &str, query: &serde_json::Value, age: i64) -> (SentOpening, Evidence) {
    let body = Bytes::from(query.to_string());
    let request = Request::post("https://127.0.0.1:4443/v1/query")
        .header("content-type", "application/json")
        .header("mohur-client", query["caller"].as_str().unwrap())
        .header("mohur-service", query["service"].as_str().unwrap())
        .header("mohur-id", query["id"].as_str().unwrap());
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let created = nation.clock.now().as_second() - age;
    let sent = sign_request(&mut parts, &body, &nation.party(by).seal, created).unwrap();
    (SentOpening::of_body(body), sent.evidence().clone())
}

/// Signs a bundle of legs as its caller, and gives the leg at `index`.
pub(crate) fn signed_leg(
    nation: &Nation,
    by: &str,
    legs: &[serde_json::Value],
    index: usize,
) -> (SentOpening, Evidence) {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let strings: Vec<String> = legs.iter().map(|leg| BASE64_URL_SAFE_NO_PAD.encode(leg.to_string())).collect();
    let digests: Vec<String> = strings
        .iter()
        .map(|leg| format!(":{}:", BASE64_STANDARD.encode(mohur_crypto::sha256(leg.as_bytes()).0)))
        .collect();
    let request = Request::post("https://127.0.0.1:4443/v1/bundles")
        .header("content-type", "application/json")
        .header("mohur-client", by)
        .header("mohur-service", "issue-id-document@1")
        .header("mohur-id", "bundle-1")
        .header("mohur-legs", digests.join(", "));
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let body = serde_json::to_vec(&strings).unwrap();
    let sent = sign_request(&mut parts, &body, &nation.party(by).seal, nation.clock.now().as_second()).unwrap();
    (SentOpening::of_leg(strings[index].clone()).unwrap(), sent.evidence().clone())
}

impl Case {
    /// What an honest hub makes of a caller's query: it permits every field that the query names.
    pub(crate) fn honest(nation: &Nation, (opening, evidence): (SentOpening, Evidence)) -> Self {
        let query = opening.query().unwrap();
        let now = nation.clock.now();
        let owner = nation.directory.members.iter().find(|member| member.id == *query.service.owner());
        let policy = owner.and_then(|owner| owner.policy.as_ref()).unwrap().digest.0;
        let certificate = mohur_crypto::sha256(evidence.certificate());
        let mut intent = Draft::new(Kind::Intent, now, query.caller.clone())
            .commit("opening", opening.digest().as_bytes().as_slice())
            .commit("subject", "subject");
        intent.id = Some(query.id.clone());
        intent.provider = Some(query.service.owner().clone());
        intent.service = Some(query.service.clone());
        intent.purpose = Some(query.purpose.clone());
        intent.verb = Some(query.verb());
        intent.bundle = query.leg.as_ref().map(|leg| format!("{}@{}", leg.definition, leg.version));
        intent.policy = Some(policy);
        intent.certificate = Some(certificate);
        let decision = Decision {
            iss: HUB.parse().unwrap(),
            aud: query.service.owner().clone(),
            iat: now.as_second(),
            exp: now.as_second() + 10,
            query_digest: *opening.digest(),
            id: query.id.clone(),
            caller: query.caller.clone(),
            service: query.service.clone(),
            verb: query.verb(),
            fields: fields(&query),
            obligations: Vec::new(),
            policy,
            intent: Digest([0; 32]),
            settle: None,
        };
        let [sealed_by, connects, logs] = [HUB; 3].map(str::to_owned);
        Self { opening, evidence, decision, intent, sealed_by, connects, logs }
    }

    /// The settlement of a reservation, with an entry of its own.
    pub(crate) fn settling(mut self, operation: Operation, reservation: &str) -> Self {
        self.intent.id = Some(format!("{}.settle", self.decision.id).parse().unwrap());
        self.decision.settle = Some(Settle { operation, reservation: reservation.parse().unwrap() });
        self
    }

    /// Logs, seals, and gives the ask with the entry.
    pub(crate) async fn prepare(&mut self, nation: &Nation) -> (Ask, Committed) {
        let entry = nation.journal(&self.logs).append(self.intent.clone()).await.unwrap();
        self.decision.intent = entry.leaf_hash();
        (self.ask(nation, &entry), entry)
    }

    /// Seals the decision as it stands, with the receipt of an entry.
    pub(crate) fn ask(&self, nation: &Nation, entry: &Committed) -> Ask {
        let seal: &dyn Seal = &nation.party(&self.sealed_by).seal;
        let receipt = serde_json::to_string(&entry.receipt("opening")).unwrap();
        Ask::new(&self.opening, self.evidence.clone(), self.decision.seal(seal).unwrap(), &receipt).unwrap()
    }

    /// Does what an honest broker does.
    pub(crate) async fn send(mut self, nation: &Nation, host: &RunningHost) -> Came {
        let (ask, _) = self.prepare(nation).await;
        self.deliver(nation, host, &ask).await
    }

    /// Sends an ask, and verifies what comes back as the caller would.
    pub(crate) async fn deliver(&self, nation: &Nation, host: &RunningHost, ask: &Ask) -> Came {
        let response = post(nation, &self.connects, host, "/v1/ask", ask.to_json().unwrap().into()).await;
        read(nation, response, self.opening.digest())
    }
}

/// Posts to a host over mutual TLS.
pub(crate) async fn post(
    nation: &Nation,
    by: &str,
    host: &RunningHost,
    path: &str,
    body: Bytes,
) -> http::Response<Bytes> {
    let uri = format!("https://{}{path}", host.local_addr());
    let request = Request::post(uri).header("content-type", "application/json").body(body).unwrap();
    client(nation, by).send(request, Duration::from_secs(10)).await.unwrap().response
}

pub(crate) fn client(nation: &Nation, by: &str) -> Client {
    let folder = &nation.party(by).folder;
    let material = TlsMaterial::load(&folder.join("tls.pem"), &folder.join("tls.key"), &nation.passphrase).unwrap();
    let clock = Arc::clone(&nation.clock) as Arc<dyn Clock>;
    let peers = Arc::new(Peers::new(nation.trust(), nation.snapshot()));
    let config = client_config(&material, &peers, Arc::clone(&clock)).unwrap();
    Client::https(config, peers, clock, ClientLimits::default())
}

pub(crate) fn read(nation: &Nation, response: http::Response<Bytes>, digest: &Digest) -> Came {
    if response.status() != StatusCode::OK {
        let problem: Problem = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.status().as_u16(), problem.code.text().status);
        return Came::Problem(problem.code);
    }
    let (directory, trust) = (nation.snapshot(), nation.trust());
    let keys = TrustedKeys::new(|key: &Digest| directory.seal(key), &trust, nation.clock.now());
    match Reply::parse(response.body()).unwrap() {
        Reply::Answer(text) => {
            let answer = SealedAnswer::verify(&text, &keys).unwrap();
            assert_eq!(answer.query_digest(), digest, "an answer is bound to its query");
            Came::Answer(Box::new(answer))
        }
        Reply::Refusal(text) => {
            let refusal: ProvenRefusal = prove_refusal(&text, &keys, digest).unwrap();
            Came::Refusal(refusal.refusal().code)
        }
    }
}

fn fields(query: &Query) -> BTreeMap<FieldName, Option<String>> {
    let changed = ["state", "reservation", "expires"].map(|name| name.parse::<FieldName>().unwrap());
    let named: Vec<FieldName> = query.fields().into_iter().cloned().collect();
    let names = if named.is_empty() { changed.to_vec() } else { named };
    names.into_iter().map(|name| (name, None)).collect()
}

impl Came {
    pub(crate) fn fields(self) -> BTreeMap<String, Value> {
        let Self::Answer(answer) = self else { panic!("an answer was expected, not {self:?}") };
        let found = answer.found().expect("the subject is there");
        found.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, code: RefusalCode) {
        assert!(matches!(self, Self::Problem(found) if *found == code), "expected problem {code}, not {self:?}");
    }

    #[track_caller]
    pub(crate) fn is_refusal(&self, code: RefusalCode) {
        assert!(matches!(self, Self::Refusal(found) if *found == code), "expected sealed {code}, not {self:?}");
    }
}
