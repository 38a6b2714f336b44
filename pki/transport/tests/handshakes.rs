//! Real handshakes in memory: who gets in, and who does not.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mohur_authority::testing::{KeyUsagePurpose, Template};
use mohur_authority::{Issue, Issuer, National, Reason};
use mohur_directory::{Directory, Domain, Domains, Snapshot};
use mohur_seal::{KeyKind, Passphrase};
use mohur_transport::{MaterialError, PeerError, Peers, TlsMaterial, client_config, server_config};
use mohur_wire::{Clock, MemberId, RefusalCode, Timestamp};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, ServerConfig, ServerConnection,
};

const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + number * DAY).unwrap()
}

struct FakeClock(Mutex<Timestamp>);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
    national: National,
    peers: Arc<Peers>,
    clock: Arc<FakeClock>,
}

fn directory(national: &National, version: u64, denied: &[&TlsMaterial]) -> Snapshot {
    let directory = Directory {
        version,
        expires: day(300),
        domain: national.domain().to_owned(),
        brokers: Vec::new(),
        members: Vec::new(),
        foreign: Vec::new(),
        denied: denied.iter().map(|material| material.certificate().fingerprint().into()).collect(),
        definitions: Vec::new(),
    };
    Snapshot::unsigned(directory).unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create(folder.path(), "AZ", &passphrase, day(0)).unwrap();
        let peers = Peers::new(Arc::new(national.trust().unwrap()), directory(&national, 1, &[]));
        let clock = Arc::new(FakeClock(Mutex::new(day(1))));
        Self { folder, passphrase, national, peers: Arc::new(peers), clock }
    }

    fn know(&self, directory: Snapshot) {
        self.peers.set(Domains::alone(Domain { directory, trust: Arc::new(self.national.trust().unwrap()) }));
    }

    fn issue(&mut self, member: &str, hosts: &[&str]) -> TlsMaterial {
        let folder = self.folder.path().join(member);
        let member: MemberId = member.parse().unwrap();
        let issue = Issue {
            member: &member,
            folder: &folder,
            passphrase: &self.passphrase,
            key: KeyKind::P256,
            days: 7,
            now: day(0),
        };
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let issued = self.national.issue_tls(&issue, &hosts).unwrap();
        TlsMaterial::load(&issued.chain, &issued.key, &self.passphrase).unwrap()
    }

    fn template(&self) -> Template {
        Template::tls(&"AZ/GOV/MIA/id-cards".parse().unwrap(), &["localhost".to_owned()], day(0), 7).unwrap()
    }

    fn forge(&self, template: &Template, name: &str) -> (PathBuf, PathBuf) {
        let forged = self.national.forge(template).unwrap();
        forged.write(&self.folder.path().join("forged"), name, &self.passphrase).unwrap()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    fn server(&self, material: &TlsMaterial) -> Arc<ServerConfig> {
        server_config(material, &self.peers, self.clock()).unwrap()
    }

    fn client(&self, material: &TlsMaterial) -> Arc<ClientConfig> {
        client_config(material, &self.peers, self.clock()).unwrap()
    }
}

type Ends = (ClientConnection, ServerConnection);

/// Carries bytes to and fro until both are content or one is not.
fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &'static str) -> Result<Ends, Error> {
    let mut client = ClientConnection::new(Arc::clone(client), name.try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    for _ in 0..8 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            server.read_tls(&mut bytes).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

fn refused(result: Result<Ends, Error>) -> Error {
    result.map(drop).unwrap_err()
}

#[test]
fn two_members_find_out_who_the_other_is() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost", "127.0.0.1"]);
    let caller = world.issue("AZ/GOV/MIA/id-cards", &[]);
    let (client_config, server_config) = (world.client(&caller), world.server(&broker));
    for name in ["localhost", "127.0.0.1"] {
        let (client, server) = connect(&client_config, &server_config, name).unwrap();
        assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
        let at = day(1);
        let asked = world.peers.identify(server.peer_certificates().unwrap(), at).unwrap();
        let answering = world.peers.identify(client.peer_certificates().unwrap(), at).unwrap();
        assert_eq!(Some(asked.member()), caller.member().as_ref());
        assert_eq!(Some(answering.member()), broker.member().as_ref());
    }
    assert_eq!(world.peers.identify(&[], day(1)), Err(PeerError::NoCertificate));
}

#[test]
fn a_server_is_believed_only_under_its_own_name() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let caller = world.issue("AZ/GOV/MIA/id-cards", &[]);
    let error = refused(connect(&world.client(&caller), &world.server(&broker), "other.example"));
    assert!(matches!(error, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })), "{error}");
}

#[test]
fn a_client_without_a_certificate_stays_outside() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let root = std::fs::read(world.folder.path().join("trust/root.pem")).unwrap();
    roots.add(rustls_pki_types::pem::PemObject::from_pem_slice(&root).unwrap()).unwrap();
    let clock: Arc<dyn rustls::time_provider::TimeProvider> = Arc::new(At(day(1)));
    let anonymous = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let error = refused(connect(&Arc::new(anonymous), &world.server(&broker), "localhost"));
    assert_eq!(error, Error::NoCertificatesPresented);
}

/// A stock client's clock.
#[derive(Debug)]
struct At(Timestamp);

impl rustls::time_provider::TimeProvider for At {
    fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.as_second()).unwrap();
        Some(rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

#[test]
fn time_counts_on_both_sides_and_resumption_escapes_nothing() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let caller = world.issue("AZ/GOV/MIA/id-cards", &[]);
    let (client, server) = (world.client(&caller), world.server(&broker));
    let (_, ends) = connect(&client, &server, "localhost").unwrap();
    let peer = world.peers.identify(ends.peer_certificates().unwrap(), day(1)).unwrap();
    world.peers.admits(&peer, day(1)).unwrap();
    // An open connection after the certificate's end: each message is judged.
    assert_eq!(world.peers.admits(&peer, day(8)).unwrap_err().refusal(), RefusalCode::CertificateExpired);

    *world.clock.0.lock().unwrap() = day(8);
    if let Ok((_, resumed)) = connect(&client, &server, "localhost") {
        // rustls asks no verifier when it resumes: identifying does.
        let judged = world.peers.identify(resumed.peer_certificates().unwrap(), day(8));
        assert_eq!(judged.unwrap_err().refusal(), RefusalCode::CertificateExpired);
    }
    let fresh = refused(connect(&world.client(&caller), &world.server(&broker), "localhost"));
    assert!(matches!(fresh, Error::InvalidCertificate(CertificateError::Expired)), "{fresh}");
}

#[test]
fn the_revoked_and_the_denied_get_in_no_more_and_what_is_open_is_shut() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let (revoked, denied) = (world.issue("AZ/GOV/MIA/id-cards", &[]), world.issue("AZ/COM/BANK/credit", &[]));
    let server = world.server(&broker);
    let mut open = Vec::new();
    for caller in [&revoked, &denied] {
        let (_, ends) = connect(&world.client(caller), &server, "localhost").unwrap();
        open.push(world.peers.identify(ends.peer_certificates().unwrap(), day(1)).unwrap());
    }
    world.national.revoke(&revoked.certificate().serial(), Reason::KeyCompromise, day(1)).unwrap();
    world.know(directory(&world.national, 2, &[&denied]));
    for (caller, peer) in [&revoked, &denied].into_iter().zip(&open) {
        let judged = world.peers.admits(peer, day(1)).unwrap_err();
        assert_eq!(judged.refusal(), RefusalCode::CertificateRevoked);
        let error = refused(connect(&world.client(caller), &server, "localhost"));
        assert!(matches!(error, Error::InvalidCertificate(CertificateError::Revoked)), "{error}");
    }
}

#[test]
fn a_stale_revocation_list_shuts_the_door() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    world.national.forge_revocation_list(Issuer::TLS_CA, (day(-2), day(-1)), true).unwrap();
    world.know(directory(&world.national, 1, &[]));
    let error = refused(connect(&world.client(&broker), &world.server(&broker), "localhost"));
    assert!(matches!(error, Error::InvalidCertificate(CertificateError::ExpiredRevocationList)), "{error}");
}

#[test]
fn wrong_certificates_are_not_even_loaded() {
    let world = World::new();
    let load = |(chain, key): (PathBuf, PathBuf)| TlsMaterial::load(&chain, &key, &world.passphrase).map(drop);
    let one = world.template();
    load(world.forge(&one, "good")).unwrap();
    let second = "mohur://AZ/GOV/MOJ/civil-registry".to_owned();
    let two_members = Template { uris: [one.uris.clone(), vec![second]].concat(), ..one.clone() };
    let no_member = Template { uris: Vec::new(), ..one.clone() };
    let seal = Template::seal(&"AZ/GOV/MIA/id-cards".parse().unwrap(), day(0), 7).unwrap();
    let usage = Template { key_usage: vec![KeyUsagePurpose::ContentCommitment], ..one.clone() };
    for (number, template) in [two_members, no_member, seal, usage].iter().enumerate() {
        let error = load(world.forge(template, &number.to_string())).unwrap_err();
        assert!(matches!(error, MaterialError::Certificate { .. }), "{number}: {error}");
    }
    let (chain, _) = world.forge(&one, "one");
    let (_, key) = world.forge(&one, "other");
    assert!(matches!(load((chain.clone(), key)), Err(MaterialError::Mismatch { .. })));
    let nothing = Path::new("/dev/null").to_owned();
    assert!(matches!(load((nothing, chain)), Err(MaterialError::Chain { .. })));
}

/// A client that shows whatever it is told to: what a stranger's own program would do.
#[derive(Debug)]
struct Shows(Arc<rustls::sign::CertifiedKey>);

impl rustls::client::ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn a_strangers_program_gets_no_further_with_a_wrong_certificate() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let server = world.server(&broker);
    let one = world.template();
    let second = "mohur://AZ/GOV/MOJ/civil-registry".to_owned();
    let seal = Template::seal(&"AZ/GOV/MIA/id-cards".parse().unwrap(), day(0), 7).unwrap();
    let templates = [
        (true, one.clone()),
        (false, Template { uris: [one.uris.clone(), vec![second]].concat(), ..one.clone() }),
        (false, Template { uris: Vec::new(), ..one.clone() }),
        (false, Template { issuer: Issuer::SEAL_CA, ..one.clone() }),
        (false, seal),
    ];
    let foreign = World::new();
    for (number, (good, template)) in templates.into_iter().enumerate() {
        let forged = world.national.forge(&template).unwrap();
        let result = connect(&showing(&world, &broker, &forged.der, &forged.pkcs8), &server, "localhost");
        assert_eq!(result.is_ok(), good, "{number}: {:?}", result.map(drop));
    }
    let forged = foreign.national.forge(&one).unwrap();
    let error = refused(connect(&showing(&world, &broker, &forged.der, &forged.pkcs8), &server, "localhost"));
    assert!(matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer)), "{error}");
}

fn showing(world: &World, any: &TlsMaterial, der: &[u8], pkcs8: &[u8]) -> Arc<ClientConfig> {
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(pkcs8.to_vec()).into();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let shown = rustls::sign::CertifiedKey::new(vec![der.to_vec().into()], key);
    let mut config = ClientConfig::clone(&world.client(any));
    config.client_auth_cert_resolver = Arc::new(Shows(Arc::new(shown)));
    Arc::new(config)
}

#[test]
fn new_material_is_shown_without_a_restart() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let server = world.server(&broker);
    let before = broker.certificate();
    let (chain, key) = world.forge(&world.template(), "renewed");
    broker.reload(&chain, &key, &world.passphrase).unwrap();
    assert!(broker.reload(&key, &key, &world.passphrase).is_err(), "a bad one changes nothing");
    let (client, _) = connect(&world.client(&broker), &server, "localhost").unwrap();
    let shown = world.peers.identify(client.peer_certificates().unwrap(), day(1)).unwrap();
    assert_eq!(shown.certificate(), &broker.certificate());
    assert_ne!(shown.certificate(), &before);
}

#[test]
fn the_peer_learns_why_by_an_alert() {
    let mut world = World::new();
    let broker = world.issue("AZ/GOV/OPERATOR/hub", &["localhost"]);
    let caller = world.issue("AZ/GOV/MIA/id-cards", &[]);
    world.know(directory(&world.national, 2, &[&caller]));
    let error = refused(connect(&world.client(&caller), &world.server(&broker), "localhost"));
    let Error::InvalidCertificate(reason) = error else { panic!("{error}") };
    assert_eq!(AlertDescription::from(reason), AlertDescription::CertificateRevoked);
}

/// The library can speak TLS 1.2 (inside, to a ministry's own systems); between members it must not.
#[test]
fn members_speak_tls_1_3_only() {
    let mut world = World::new();
    let material = world.issue("AZ/GOV/MIA/id-cards", &["localhost"]);
    let provider = || Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let old_client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let refused = connect(&Arc::new(old_client), &world.server(&material), "localhost");
    assert!(matches!(refused, Err(Error::PeerIncompatible(_))), "{refused:?}");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let old_server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let refused = connect(&world.client(&material), &Arc::new(old_server), "localhost");
    assert!(matches!(refused, Err(Error::PeerIncompatible(_))), "{refused:?}");
}
