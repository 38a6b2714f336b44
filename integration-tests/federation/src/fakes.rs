//! Servers that stand in a member's place, with that member's own certificate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use mohur_client::Caller;
use mohur_crypto::sha256;
use mohur_http::{Handler, Limits, Request, Server};
use mohur_message::hop::{Ask, Reply};
use mohur_message::http_signature::sign_response;
use mohur_message::{OwnerClaims, sd_jwt};
use mohur_seal::SoftwareSeal;
use mohur_transparency::{Leaf, Receipt};
use mohur_transport::{Peers, TlsMaterial, server_config};
use mohur_wire::{Clock, FieldName, MemberId, RefusalCode, Value};
use tokio::task::JoinHandle;

use crate::dishonest::{BrokerKeys, passphrase};
use crate::raw::{RawConnector, message, response};
use crate::{Federation, MovableClock};

/// An owner's name and seal, in the hands of a test.
pub struct OwnerKeys {
    /// Who it is.
    pub me: MemberId,
    /// Its seal.
    pub seal: SoftwareSeal,
    clock: Arc<MovableClock>,
}

impl OwnerKeys {
    /// The keys of an owner.
    pub fn of(federation: &Federation, owner: &str) -> Self {
        let me =
            federation.member(&federation.nation.cast().owners.iter().find(|part| part.name == owner).unwrap().member);
        let file = |name: &str| federation.nation.path(&format!("hosts/{owner}/{name}"));
        let seal = SoftwareSeal::load(&file("seal.key"), &file("seal.pem"), &passphrase(&federation.nation)).unwrap();
        Self { me, seal, clock: Arc::clone(&federation.clock) }
    }

    /// The claims of an honest answer to an ask.
    pub fn claims(&self, ask: &Ask) -> OwnerClaims {
        let opening = ask.opening().unwrap();
        let query = opening.query().unwrap();
        OwnerClaims {
            issuer: self.me.clone(),
            service: query.service.clone(),
            verb: query.verb(),
            issued: self.clock.now().as_second(),
            query_digest: *opening.digest(),
        }
    }

    /// A sealed answer with these fields.
    pub fn seal(&self, claims: &OwnerClaims, fields: &[(&str, &str)]) -> Bytes {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.parse::<FieldName>().unwrap(), Value::text((*value).to_owned())))
            .collect();
        let text = sd_jwt::issue(claims, Some(&fields), &self.seal).unwrap();
        Reply::Answer(text).to_json().into()
    }
}

/// A host that answers what a test wants, at the owner's address.
pub struct FakeHost(JoinHandle<()>);

type Answer = dyn Fn(&Ask) -> Bytes + Send + Sync;

struct FakeDoor(Box<Answer>);

impl Handler for FakeDoor {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let mut response = Response::new((self.0)(&Ask::parse(&request.body).unwrap()));
        response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        response
    }

    fn refuse(&self, _: RefusalCode) -> Response<Bytes> {
        refusing()
    }
}

fn refusing() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

impl FakeHost {
    /// Takes the place of an owner's host, with the owner's TLS certificate or another's.
    pub async fn replace(
        federation: &mut Federation,
        owner: &str,
        certificate_of: &str,
        answer: impl Fn(&Ask) -> Bytes + Send + Sync + 'static,
    ) -> Self {
        let address = federation.stop_host(owner).await;
        let server = server(federation, address, certificate_of).await;
        let door = Arc::new(FakeDoor(Box::new(answer)));
        Self(tokio::spawn(server.serve(door, std::future::pending())))
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A server at a broker's address, with its certificate, that listens and never says a word.
pub struct SilentBroker(JoinHandle<()>);

struct Silence;

impl Handler for Silence {
    async fn handle(&self, _: Request) -> Response<Bytes> {
        std::future::pending().await
    }

    fn refuse(&self, _: RefusalCode) -> Response<Bytes> {
        refusing()
    }
}

impl SilentBroker {
    /// Takes the place of a nation's broker.
    pub async fn replace(federation: &mut Federation) -> Self {
        federation.stop_broker().await;
        let server = server(federation, federation.broker_address(), "broker").await;
        Self(tokio::spawn(server.serve(Arc::new(Silence), std::future::pending())))
    }
}

impl Drop for SilentBroker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn server(federation: &Federation, address: SocketAddr, folder: &str) -> Server {
    let file = |name: &str| federation.nation.path(&format!("{folder}/{name}"));
    let material = TlsMaterial::load(&file("tls.pem"), &file("tls.key"), &passphrase(&federation.nation)).unwrap();
    let caller = federation.office();
    let peers = Arc::new(Peers::of(caller.domains.clone()));
    let tls = server_config(&material, &peers, Arc::clone(&caller.clock)).unwrap();
    let clock: Arc<dyn Clock> = Arc::<MovableClock>::clone(&federation.clock);
    Server::bind(address, Limits::default(), clock).await.unwrap().with_tls(tls, peers)
}

/// How a lie goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Under the broker's own seal, logged in its own log, with a receipt that verifies.
    Perfect,
    /// The same, but the entry says another purpose than was asked.
    Misfiled,
    /// Sealed by the broker, but with whatever receipt the response has.
    Unlogged,
    /// As it is.
    Crude,
}

type Meddle = dyn Fn(&mut Response<Bytes>) -> Lie + Send + Sync;

/// Stands between a caller and an honest broker, with all of the broker's keys, and changes what the broker says.
pub struct LyingBroker(JoinHandle<()>);

struct Liar {
    honest: RawConnector,
    host: String,
    keys: BrokerKeys,
    clock: Arc<MovableClock>,
    meddle: Box<Meddle>,
}

impl LyingBroker {
    /// Takes the published address of a broker that was founded with `listen` on another port ([`Self::founded`]).
    pub async fn start(
        federation: &Federation,
        caller: &Caller,
        meddle: impl Fn(&mut Response<Bytes>) -> Lie + Send + Sync + 'static,
    ) -> Self {
        let authority = caller.directory().broker_of(&caller.me).unwrap().authority.as_str().to_owned();
        let server = server(federation, authority.parse().unwrap(), "broker").await;
        let liar = Liar {
            honest: RawConnector::of_caller(federation, "passport-office"),
            host: authority,
            keys: BrokerKeys::of(&federation.nation),
            clock: Arc::clone(&federation.clock),
            meddle: Box::new(meddle),
        };
        Self(tokio::spawn(server.serve(Arc::new(liar), std::future::pending())))
    }
}

impl Drop for LyingBroker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Handler for Liar {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let target = request.parts.uri.path();
        let bytes = message(request.parts.method.as_str(), target, &self.host, &request.parts.headers, &request.body);
        let mut connection = self.honest.open().await.unwrap();
        connection.send(&bytes).await;
        let mut response = response(&connection.read_to_end(Duration::from_secs(15)).await);
        for name in ["connection", "content-length", "transfer-encoding"] {
            response.headers_mut().remove(name);
        }
        if !response.headers().contains_key("signature") {
            // Definitions are not signed, and compared with the directory.
            return response;
        }
        let honest = Receipt::from_header(response.headers()["mohur-receipt"].to_str().unwrap()).unwrap();
        let honest = Leaf::parse(honest.leaf.as_bytes()).unwrap();
        let lie = (self.meddle)(&mut response);
        if lie != Lie::Crude {
            sign_response(&mut response, &request.parts, &*self.keys.seal, self.clock.now().as_second()).unwrap();
        }
        if matches!(lie, Lie::Perfect | Lie::Misfiled) {
            let mut leaf = honest;
            leaf.commitments.clear();
            if lie == Lie::Misfiled {
                leaf.purpose = "border-control".parse().ok();
            }
            let (receipt, _) = self.keys.receipt(leaf, "answer", sha256(response.body()).as_bytes());
            let header = HeaderValue::from_str(&receipt.to_header()).unwrap();
            response.headers_mut().insert("mohur-receipt", header);
        }
        response
    }

    fn refuse(&self, _: RefusalCode) -> Response<Bytes> {
        refusing()
    }
}
