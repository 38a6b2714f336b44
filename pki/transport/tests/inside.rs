//! TLS with systems that are no members: real handshakes in memory, with self-signed certificates.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mohur_seal::Passphrase;
use mohur_transport::{
    CertificatePin, InsideClient, InsideClientFiles, InsideError, InsideKeyFiles, InsideMaterial, InsideServer,
    InsideServerFiles, Pins,
};
use mohur_wire::{Clock, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::version::TLS12;
use rustls::{ClientConfig, ClientConnection, Error, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(Fixed)
}

/// A folder of certificates.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, certificate: &str, key: &str) -> InsideKeyFiles {
        let (certificate_path, key_path) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        std::fs::write(&certificate_path, certificate).unwrap();
        std::fs::write(&key_path, key).unwrap();
        std::fs::set_permissions(&key_path, std::fs::Permissions::from_mode(0o600)).unwrap();
        InsideKeyFiles { certificate: certificate_path, key: key_path, passphrase: None }
    }

    /// A self-signed certificate for a host, as an administrator makes one.
    fn self_signed(&self, name: &str) -> InsideKeyFiles {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![format!("{name}.ministry.example")]).unwrap();
        self.write(name, &params.self_signed(&key).unwrap().pem(), &key.serialize_pem())
    }
}

fn server(own: &InsideKeyFiles, clients: Option<&[&InsideKeyFiles]>) -> Arc<ServerConfig> {
    let clients = clients.map(|clients| clients.iter().map(|files| files.certificate.clone()).collect());
    InsideServerFiles { own: own.clone(), clients }.open(clock()).unwrap().config()
}

fn client(servers: &[&Path], own: Option<&InsideKeyFiles>) -> Arc<ClientConfig> {
    let servers = servers.iter().map(|path| path.to_path_buf()).collect();
    InsideClientFiles { servers, own: own.cloned() }.open(clock()).unwrap().config()
}

fn chain(files: &InsideKeyFiles) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(&files.certificate).unwrap()]
}

fn key(files: &InsideKeyFiles) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(&files.key).unwrap()
}

type Ends = (ClientConnection, ServerConnection);

fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &'static str) -> Result<Ends, Error> {
    let mut client = ClientConnection::new(Arc::clone(client), name.try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    for _ in 0..8 {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

fn refused(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &'static str) -> bool {
    connect(client, server, name).is_err()
}

#[test]
fn a_pinned_server_is_known_whatever_its_name() {
    let folder = Folder::new();
    let (own, other) = (folder.self_signed("server"), folder.self_signed("other"));
    let server = server(&own, None);
    let (client_end, server_end) = connect(&client(&[&own.certificate], None), &server, "10-0-0-7.local").unwrap();
    assert_eq!(client_end.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(server_end.peer_certificates(), None, "nobody asked the client");
    assert!(refused(&client(&[&other.certificate], None), &server, "server.ministry.example"));
}

#[test]
fn only_pinned_clients_are_let_in() {
    let folder = Folder::new();
    let [own, one, two, stranger] = ["server", "one", "two", "stranger"].map(|name| folder.self_signed(name));
    let server = server(&own, Some(&[&one, &two]));
    for known in [&one, &two] {
        let client = client(&[&own.certificate], Some(known));
        let (_, server_end) = connect(&client, &server, "localhost").unwrap();
        let pin = CertificatePin::of_chain(server_end.peer_certificates().unwrap()).unwrap();
        assert_eq!(Some(pin), known.open().unwrap().pin());
    }
    assert!(refused(&client(&[&own.certificate], Some(&stranger)), &server, "localhost"));
    assert!(refused(&client(&[&own.certificate], None), &server, "localhost"), "a certificate must be shown");
}

#[test]
fn a_listed_authority_vouches_for_names_of_servers_and_for_no_client() {
    let folder = Folder::new();
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_certificate = params.self_signed(&ca_key).unwrap().pem();
    let ca = folder.write("ca", &ca_certificate, &ca_key.serialize_pem());
    let issuer = Issuer::new(params, &ca_key);
    let key = KeyPair::generate().unwrap();
    let issued = CertificateParams::new(vec!["register.ministry.example".to_owned()]).unwrap();
    let issued = folder.write("issued", &issued.signed_by(&key, &issuer).unwrap().pem(), &key.serialize_pem());
    let trusting = client(&[&ca.certificate], None);
    assert!(connect(&trusting, &server(&issued, None), "register.ministry.example").is_ok());
    assert!(refused(&trusting, &server(&issued, None), "elsewhere.ministry.example"), "issued for another name");
    let strict = server(&issued, Some(&[&ca]));
    let shown = client(&[&issued.certificate], Some(&issued));
    assert!(refused(&shown, &strict, "register.ministry.example"), "clients are pinned one by one");
}

#[test]
fn tls_1_2_is_spoken_on_the_inside_leg() {
    let folder = Folder::new();
    let (own, one) = (folder.self_signed("server"), folder.self_signed("one"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&own.certificate).unwrap()).unwrap();
    let old = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain(&one), key(&one))
        .unwrap();
    let old = Arc::new(old);
    let (end, _) = connect(&old, &server(&own, Some(&[&one])), "server.ministry.example").unwrap();
    assert_eq!(end.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert!(refused(&old, &server(&own, Some(&[&own])), "server.ministry.example"));
}

#[test]
fn an_old_server_is_reached_too() {
    let folder = Folder::new();
    let own = folder.self_signed("server");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let old = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(&own), key(&own))
        .unwrap();
    let (end, _) = connect(&client(&[&own.certificate], None), &Arc::new(old), "localhost").unwrap();
    assert_eq!(end.protocol_version(), Some(ProtocolVersion::TLSv1_2));
}

#[test]
fn files_that_cannot_be_used_say_so() {
    let folder = Folder::new();
    let (one, two) = (folder.self_signed("one"), folder.self_signed("two"));
    let load = |certificate: &Path, key: &Path| InsideMaterial::load(certificate, key, None);
    assert!(matches!(load(&one.certificate, &two.key), Err(InsideError::Mismatch { .. })));
    assert!(matches!(load(&one.key, &one.key), Err(InsideError::Certificates { .. })));
    assert!(matches!(load(&one.certificate, &one.certificate), Err(InsideError::Open { .. })));
    assert!(matches!(load(&folder.path("none"), &one.key), Err(InsideError::Io { .. })));
    std::fs::set_permissions(&one.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = load(&one.certificate, &one.key).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    assert!(matches!(Pins::load(&[folder.path("none")]), Err(InsideError::Io { .. })));
    let material = two.open().unwrap();
    assert!(matches!(InsideClient::new(Pins::default(), None, clock()), Err(InsideError::NoPins)));
    assert!(matches!(InsideServer::new(&material, Some(Pins::default()), clock()), Err(InsideError::NoPins)));
    let locked = InsideMaterial::load(&two.certificate, &two.key, Some(&Passphrase::generate()));
    assert!(matches!(locked, Err(InsideError::Encrypted(_))), "a plain key is not taken for an encrypted one");
}

#[test]
fn an_encrypted_key_is_opened_with_its_passphrase() {
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["x.example".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let path = folder.path("x.pem");
    std::fs::write(&path, certificate).unwrap();
    let (key_path, passphrase) = (folder.path("x.key"), Passphrase::generate());
    mohur_seal::key_file::write_encrypted(&key_path, key.serialized_der(), &passphrase).unwrap();
    assert!(InsideMaterial::load(&path, &key_path, Some(&passphrase)).is_ok());
    assert!(InsideMaterial::load(&path, &key_path, Some(&Passphrase::generate())).is_err());
}
