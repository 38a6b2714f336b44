//! Who is at the other end, on both ends, over HTTP/1.1 and HTTP/2.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mohur_authority::{Issue, National};
use mohur_directory::{Directory, Domains, Snapshot};
use mohur_seal::{KeyKind, Passphrase};
use mohur_transport::{Peers, TlsMaterial, client_config, server_config};
use mohur_wire::{Clock, MemberId, RefusalCode, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Client, ClientError, ClientLimits, Handler, Limits, Request, Server, Stats, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

/// Says who asks.
#[derive(Default)]
struct Mirror {
    asked: AtomicU64,
}

impl Handler for Mirror {
    async fn handle(&self, request: Request) -> http::Response<Bytes> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let peer = request.peer.as_ref().map(|peer| peer.member().to_string()).unwrap_or_default();
        let mut response = http::Response::new(Bytes::from(peer));
        response.headers_mut().insert("x-authority", request.authority().parse().unwrap());
        response.headers_mut().insert("x-version", format!("{:?}", request.parts.version).parse().unwrap());
        response
    }

    fn refuse(&self, code: RefusalCode) -> http::Response<Bytes> {
        http::Response::builder().status(code.text().status).body(Bytes::from(code.as_str())).unwrap()
    }
}

/// A domain with a broker and a caller.
struct Domain {
    national: National,
    folder: tempfile::TempDir,
    pass: Passphrase,
    now: Timestamp,
}

impl Domain {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (pass, now) = (Passphrase::generate(), SystemClock.now());
        let national = National::create(&folder.path().join("pki"), "AZ", &pass, now).unwrap();
        Self { national, folder, pass, now }
    }

    fn material(&mut self, member: &str) -> TlsMaterial {
        let (chain, key) = self.files(member, "first");
        TlsMaterial::load(&chain, &key, &self.pass).unwrap()
    }

    /// Gives what the material shows a new certificate and key.
    fn renew(&mut self, member: &str, material: &TlsMaterial) {
        let (chain, key) = self.files(member, "second");
        material.reload(&chain, &key, &self.pass).unwrap();
    }

    fn files(&mut self, member: &str, which: &str) -> (PathBuf, PathBuf) {
        let member: MemberId = member.parse().unwrap();
        let folder = self.folder.path().join(member.subsystem_code()).join(which);
        let issue = Issue {
            member: &member,
            folder: Path::new(&folder),
            passphrase: &self.pass,
            key: KeyKind::P256,
            days: 1,
            now: self.now,
        };
        let issued = self.national.issue_tls(&issue, &["127.0.0.1".to_owned()]).unwrap();
        (issued.chain, issued.key)
    }

    fn directory(&self, denied: &[&TlsMaterial]) -> Snapshot {
        let directory = Directory {
            version: 1,
            expires: self.now + SECOND * 3600,
            domain: "AZ".to_owned(),
            brokers: Vec::new(),
            members: Vec::new(),
            foreign: Vec::new(),
            denied: denied.iter().map(|material| material.certificate().fingerprint().into()).collect(),
            definitions: Vec::new(),
        };
        Snapshot::unsigned(directory).unwrap()
    }

    fn known(&self, denied: &[&TlsMaterial]) -> Domains {
        let trust = Arc::new(self.national.trust().unwrap());
        Domains::alone(mohur_directory::Domain { directory: self.directory(denied), trust })
    }

    fn peers(&self) -> Arc<Peers> {
        Arc::new(Peers::of(self.known(&[])))
    }

    fn client(&self, material: &TlsMaterial, http2: bool) -> (Client, Arc<Peers>) {
        let peers = self.peers();
        let config = client_config(material, &peers, Arc::new(SystemClock)).unwrap();
        let limits = ClientLimits { http2, ..ClientLimits::default() };
        (Client::https(config, Arc::clone(&peers), Arc::new(SystemClock), limits), peers)
    }

    async fn serve(&self, material: &TlsMaterial) -> Running {
        let peers = self.peers();
        let config = server_config(material, &peers, Arc::new(SystemClock)).unwrap();
        let limits = Limits { tls_timeout: SECOND / 5, ..Limits::default() };
        let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits, Arc::new(SystemClock)).await.unwrap();
        let server = bound.with_tls(config, Arc::clone(&peers));
        let (address, stats) = (server.local_addr(), server.stats());
        let mirror = Arc::new(Mirror::default());
        tokio::spawn(server.serve(Arc::clone(&mirror), std::future::pending()));
        Running { address, stats, peers, mirror }
    }
}

struct Running {
    address: SocketAddr,
    stats: Arc<Stats>,
    peers: Arc<Peers>,
    mirror: Arc<Mirror>,
}

impl Running {
    fn request(&self) -> http::Request<Bytes> {
        http::Request::post(format!("https://{}/v1/query", self.address)).body(Bytes::from("{}")).unwrap()
    }
}

const HUB: &str = "AZ/GOV/OPERATOR/hub";
const CALLER: &str = "AZ/GOV/MIA/id-cards";

#[tokio::test]
async fn each_end_knows_the_other_over_both_protocols() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    for (http2, version) in [(false, "HTTP/1.1"), (true, "HTTP/2.0")] {
        let (client, _) = domain.client(&caller, http2);
        for _ in 0..3 {
            let reply = client.send(server.request(), SECOND).await.unwrap();
            assert_eq!(reply.response.body(), CALLER);
            assert_eq!(reply.response.headers()["x-version"], version);
            assert_eq!(reply.response.headers()["x-authority"], server.address.to_string());
            assert_eq!(reply.peer.unwrap().member().as_str(), HUB);
        }
    }
    assert_eq!((server.stats.accepted(), server.stats.handshakes_failed()), (2, 0));
}

#[tokio::test]
async fn what_is_meant_for_one_member_is_not_sent_to_another() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    for http2 in [false, true] {
        let (client, _) = domain.client(&caller, http2);
        let (hub, other) = (HUB.parse().unwrap(), CALLER.parse().unwrap());
        let before = server.mirror.asked.load(Ordering::Relaxed);
        for _ in 0..2 {
            // Over a new connection, and then over a kept one.
            let error = client.send_to(&other, server.request(), SECOND).await.unwrap_err();
            assert!(matches!(error, ClientError::Stranger { .. }), "{error}");
            assert_eq!(server.mirror.asked.load(Ordering::Relaxed), before, "nothing was sent");
            client.send_to(&hub, server.request(), SECOND).await.unwrap();
            server.mirror.asked.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn many_http2_requests_share_one_connection() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    let (client, _) = domain.client(&caller, true);
    client.send(server.request(), SECOND).await.unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (client, request) = (client.clone(), server.request());
            tokio::spawn(async move { client.send(request, 5 * SECOND).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().response.body(), CALLER);
    }
    assert_eq!(server.stats.accepted(), 1);
}

#[tokio::test]
async fn strangers_stop_at_tls() {
    let (mut domain, mut elsewhere) = (Domain::new(), Domain::new());
    let (hub, stranger) = (domain.material(HUB), elsewhere.material(CALLER));
    let server = domain.serve(&hub).await;
    // A caller of another domain's authority that trusts this one's, so that only the server objects.
    let peers = domain.peers();
    let config = client_config(&stranger, &peers, Arc::new(SystemClock)).unwrap();
    let client = Client::https(config, peers, Arc::new(SystemClock), ClientLimits::default());
    let error = client.send(server.request(), SECOND).await.unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. } | ClientError::Broken { .. }), "{error}");
    // A caller that does not trust this server.
    let (client, _) = elsewhere.client(&stranger, false);
    let error = client.send(server.request(), SECOND).await.unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");
    let both = async {
        while server.stats.handshakes_failed() < 2 {
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    tokio::time::timeout(5 * SECOND, both).await.expect("a handshake did not fail");
}

#[tokio::test]
async fn a_server_under_another_name_is_refused() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    let (client, _) = domain.client(&caller, false);
    let address = format!("https://localhost:{}/", server.address.port());
    let request = http::Request::get(address).body(Bytes::new()).unwrap();
    let error = client.send(request, SECOND).await.unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_denied_member_is_refused_on_its_open_connection() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    for http2 in [false, true] {
        server.peers.set(domain.known(&[]));
        let (client, _) = domain.client(&caller, http2);
        assert_eq!(client.send(server.request(), SECOND).await.unwrap().response.body(), CALLER);
        server.peers.set(domain.known(&[&caller]));
        let reply = client.send(server.request(), SECOND).await.unwrap();
        assert_eq!(reply.response.body(), "certificate-revoked");
    }
}

#[tokio::test]
async fn a_denied_server_is_not_asked_again() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    for http2 in [false, true] {
        let (client, peers) = domain.client(&caller, http2);
        assert!(client.send(server.request(), SECOND).await.is_ok());
        peers.set(domain.known(&[&hub]));
        let error = client.send(server.request(), SECOND).await.unwrap_err();
        assert!(matches!(error, ClientError::Tls { .. } | ClientError::Peer { .. }), "{error}");
    }
}

#[tokio::test]
async fn half_a_handshake_and_plain_http_are_closed() {
    let mut domain = Domain::new();
    let hub = domain.material(HUB);
    let server = domain.serve(&hub).await;
    for bytes in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(2 * SECOND, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok() && !answer.starts_with(b"HTTP"));
    }
    assert_eq!(server.stats.handshakes_failed(), 3);
}

#[tokio::test]
async fn a_renewed_client_shows_its_new_certificate_and_loses_no_request() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    for http2 in [false, true] {
        let caller = caller.clone();
        let (client, peers) = domain.client(&caller, http2);
        let old_is_denied = domain.known(&[&caller]);
        let load = |client: Client, request: http::Request<Bytes>| {
            tokio::spawn(async move {
                for _ in 0..100 {
                    let reply = client.send(request.clone(), 5 * SECOND).await.unwrap();
                    assert_eq!(reply.response.body(), CALLER);
                }
            })
        };
        let busy: Vec<_> = (0..8).map(|_| load(client.clone(), server.request())).collect();
        tokio::time::sleep(SECOND / 50).await;
        if !http2 {
            domain.renew(CALLER, &caller);
        }
        client.begin_anew(client_config(&caller, &peers, Arc::new(SystemClock)).unwrap());
        for task in busy {
            task.await.unwrap();
        }
        // Whoever still showed the old one, on a kept connection or in a resumed session, would be refused.
        if !http2 {
            server.peers.set(old_is_denied);
        }
        for _ in 0..20 {
            assert_eq!(client.send(server.request(), SECOND).await.unwrap().response.body(), CALLER);
        }
    }
}

#[tokio::test]
async fn a_session_with_a_servers_old_certificate_is_not_gone_on_with() {
    let mut domain = Domain::new();
    let (hub, caller) = (domain.material(HUB), domain.material(CALLER));
    let server = domain.serve(&hub).await;
    let (client, peers) = domain.client(&caller, false);
    client.send(server.request(), SECOND).await.unwrap();
    let old_is_denied = domain.known(&[&hub]);
    domain.renew(HUB, &hub);
    peers.set(old_is_denied);
    let reply = client.send(server.request(), SECOND).await.unwrap();
    assert_eq!(reply.peer.unwrap().fingerprint(), hub.certificate().fingerprint());
}
