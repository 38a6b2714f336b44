//! A national PKI from nothing: what is issued is good here and for OpenSSL, and what is revoked is good for neither.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use mohur_authority::{AuthorityError, Event, Issue, Issuer, National, Reason, create_log_key};
use mohur_chain::{Certificate, CertificateError, Profile};
use mohur_seal::{KeyKind, LogSigner, Passphrase, Seal, SoftwareSeal};
use mohur_wire::{MemberId, Timestamp};

/// OpenSSL reads the system's clock, so these tests do so too.
#[expect(clippy::disallowed_methods, reason = "openssl verify compares with the system's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Pki {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
    member: MemberId,
}

impl Pki {
    fn new() -> (Self, National) {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create(&folder.path().join("pki"), "AZ", &passphrase, now()).unwrap();
        (Self { folder, passphrase, member: "AZ/GOV/MIA/id-cards".parse().unwrap() }, national)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn issue<'a>(&'a self, folder: &'a Path) -> Issue<'a> {
        let (member, passphrase) = (&self.member, &self.passphrase);
        Issue { member, folder, passphrase, key: KeyKind::P256, days: 7, now: now() }
    }
}

fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn openssl_verify(pki: &Pki, authority: &str, certificate: &Path, more: &[&str]) -> (bool, String) {
    let (root, ca) = (pki.path("pki/trust/root.pem"), pki.path(&format!("pki/trust/{authority}.pem")));
    let crls = pki.path("crls.pem");
    let read = |name: &str| fs::read_to_string(pki.path(&format!("pki/trust/{name}.crl"))).unwrap();
    fs::write(&crls, read("root") + &read(authority)).unwrap();
    let fixed = ["verify", "-x509_strict", "-crl_check_all", "-CAfile", &root, "-untrusted", &ca, "-CRLfile", &crls];
    openssl(&[&fixed[..], more, &[certificate.to_str().unwrap()]].concat())
}

#[test]
fn what_is_issued_is_good_and_openssl_agrees() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("members/id-cards");
    let tls = national.issue_tls(&pki.issue(&folder), &["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let seal = national.issue_seal(&pki.issue(&folder)).unwrap();
    let trust = national.trust().unwrap();
    assert_eq!(trust.validate_tls(&tls.certificate, now()).unwrap().member(), &pki.member);
    assert_eq!(trust.validate_seal(&seal.certificate, now()).unwrap().member(), &pki.member);
    assert_eq!((tls.certificate.profile(), seal.certificate.profile()), (Profile::Tls, Profile::Seal));

    let policy = "2.25.168881632066891434156959818910932949201.1";
    for (authority, issued, more) in [
        ("tls-ca", &tls, &["-purpose", "sslserver", "-verify_hostname", "localhost"][..]),
        ("tls-ca", &tls, &["-purpose", "sslclient"]),
        ("seal-ca", &seal, &["-policy", policy, "-explicit_policy"]),
    ] {
        let (good, text) = openssl_verify(&pki, authority, &issued.chain, more);
        assert!(good, "{authority}: {text}");
    }
    let (good, text) = openssl_verify(&pki, "seal-ca", &seal.chain, &["-purpose", "sslclient"]);
    assert!(!good, "a seal opened TLS for openssl: {text}");
    let (_, text) = openssl(&["x509", "-noout", "-text", "-in", seal.chain.to_str().unwrap()]);
    for expected in ["URI:mohur://AZ/GOV/MIA/id-cards", "Digital Signature, Non Repudiation", policy, "CA:FALSE"] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
}

#[test]
fn a_signature_of_an_issued_seal_verifies_under_its_certificate() {
    let (pki, mut national) = Pki::new();
    for kind in [KeyKind::P256, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let folder = pki.folder.path().join(format!("{kind:?}"));
        let issued = national.issue_seal(&Issue { key: kind, ..pki.issue(&folder) }).unwrap();
        let seal = SoftwareSeal::load(&issued.key, &issued.chain, &pki.passphrase).unwrap();
        assert_eq!(seal.key_id(), issued.certificate.fingerprint());
        let certificate = Certificate::parse(seal.certificate()).unwrap();
        certificate.public_key().verify(b"message", &seal.sign(b"message").unwrap()).unwrap();
        national.trust().unwrap().validate_seal(&certificate, now()).unwrap();
    }
}

#[test]
fn what_is_revoked_is_refused_here_and_by_openssl() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("a");
    let tls = national.issue_tls(&pki.issue(&folder), &[]).unwrap();
    let seal = national.issue_seal(&pki.issue(&folder)).unwrap();
    let before = national.trust().unwrap();
    before.validate_tls(&tls.certificate, now()).unwrap();

    let record = national.revoke(&tls.certificate.serial(), Reason::KeyCompromise, now()).unwrap();
    assert_eq!(record.fingerprint, tls.certificate.fingerprint().to_string());
    national.revoke(&seal.certificate.fingerprint().to_string(), Reason::Superseded, now()).unwrap();
    let after = national.trust().unwrap();
    assert_eq!(after.validate_tls(&tls.certificate, now()), Err(CertificateError::Revoked));
    assert_eq!(after.validate_seal(&seal.certificate, now()), Err(CertificateError::Revoked));
    for (authority, issued) in [("tls-ca", &tls), ("seal-ca", &seal)] {
        let (good, text) = openssl_verify(&pki, authority, &issued.chain, &[]);
        assert!(!good && text.contains("revoked"), "{text}");
    }
    let again = national.revoke(&tls.certificate.serial(), Reason::Unspecified, now());
    assert!(matches!(again, Err(AuthorityError::AlreadyRevoked(_))));
    assert!(matches!(national.revoke("0000000000", Reason::Unspecified, now()), Err(AuthorityError::Unknown(_))));
    assert!(matches!(national.revoke("4", Reason::Unspecified, now()), Err(AuthorityError::Unknown(_))));
}

#[test]
fn a_revoked_authority_takes_everything_under_it_along() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("a");
    let seal = national.issue_seal(&pki.issue(&folder)).unwrap();
    let authority =
        national.certificates().unwrap().iter().find(|record| record.subject == "seal-ca").unwrap().serial.clone();
    national.revoke(&authority, Reason::KeyCompromise, now()).unwrap();
    let refused = national.trust().unwrap().validate_seal(&seal.certificate, now());
    assert_eq!(refused, Err(CertificateError::Revoked));
}

#[test]
fn it_can_be_opened_again_without_the_root_but_only_by_one() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("pki");
    let issued = national.issue_tls(&pki.issue(&pki.folder.path().join("a")), &[]).unwrap();
    assert!(matches!(National::open(&folder, &pki.passphrase), Err(AuthorityError::Busy { .. })));
    assert!(matches!(National::create(&folder, "AZ", &pki.passphrase, now()), Err(AuthorityError::Exists { .. })));
    drop(national);

    fs::rename(folder.join("authority/root.key"), folder.join("taken-away")).unwrap();
    let mut national = National::open(&folder, &pki.passphrase).unwrap();
    assert_eq!(national.domain(), "AZ");
    national.issue_seal(&pki.issue(&pki.folder.path().join("b"))).unwrap();
    national.revoke(&issued.certificate.serial(), Reason::Superseded, now()).unwrap();
    assert!(national.trust().unwrap().validate_tls(&issued.certificate, now()).is_err());
    let root =
        national.certificates().unwrap().iter().find(|record| record.subject == "tls-ca").unwrap().serial.clone();
    let refused = national.revoke(&root, Reason::KeyCompromise, now());
    assert!(matches!(refused, Err(AuthorityError::KeyAway { .. })));
    drop(national);
    assert!(matches!(National::open(&folder, &Passphrase::generate()), Err(AuthorityError::Key(_))));
}

#[test]
fn what_the_profiles_forbid_is_not_issued() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("a");
    let too_long = national.issue_tls(&Issue { days: 400, ..pki.issue(&folder) }, &[]);
    assert!(matches!(too_long, Err(AuthorityError::Profile(CertificateError::LivesTooLong { .. }))));
    let foreign = "GE/GOV/MIA/x".parse().unwrap();
    let foreign = national.issue_seal(&Issue { member: &foreign, ..pki.issue(&folder) });
    assert!(matches!(foreign, Err(AuthorityError::OtherDomain { .. })));
    let p384 = national.issue_seal(&Issue { key: KeyKind::P384, ..pki.issue(&folder) });
    assert!(matches!(p384, Err(AuthorityError::Profile(CertificateError::WeakKey))));
    assert!(!folder.exists());
}

#[test]
fn every_key_of_a_whole_demo_is_private() {
    let (pki, mut national) = Pki::new();
    for member in 0..8 {
        let folder = pki.folder.path().join(format!("members/{member}"));
        national.issue_tls(&pki.issue(&folder), &["127.0.0.1".to_owned()]).unwrap();
        national.issue_seal(&pki.issue(&folder)).unwrap();
    }
    let log = pki.folder.path().join("log.key");
    let public = create_log_key(&log, &pki.passphrase).unwrap();
    assert_eq!(LogSigner::load(&log, &pki.passphrase).unwrap().public_key(), public);
    let mut keys = vec![log];
    for folder in ["pki/authority", "members/0", "members/7"] {
        let files = fs::read_dir(pki.folder.path().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        keys.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "key")));
    }
    assert_eq!(keys.len(), 1 + 5 + 2 + 2);
    for key in keys {
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
        let text = fs::read_to_string(&key).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{}", key.display());
    }
}

#[test]
fn what_was_issued_is_found_again_and_the_journal_tells_of_it() {
    let (pki, mut national) = Pki::new();
    let issued = national.issue_tls(&pki.issue(&pki.folder.path().join("a")), &[]).unwrap();
    let serial = issued.certificate.serial();
    let found = national.certificate_of(Issuer::TLS_CA, &serial).unwrap().unwrap();
    assert_eq!((found.subject.as_str(), found.revoked), (pki.member.as_str(), None));
    assert_eq!(national.certificate_of(Issuer::SEAL_CA, &serial).unwrap(), None, "another authority's number");
    national.revoke(&serial, Reason::KeyCompromise, now()).unwrap();
    assert!(matches!(mohur_authority::records(national.layout()), Err(AuthorityError::Busy { .. })));
    let layout = national.layout().clone();
    drop(national);
    let revoked = mohur_authority::records(&layout).unwrap().into_iter().filter(|record| record.revoked.is_some());
    assert_eq!(revoked.count(), 1);
    let entries = mohur_authority::entries(&layout).unwrap();
    let [.., issued, last] = entries.as_slice() else { panic!() };
    assert!(matches!(&issued.event, Event::Issued { certificate, .. } if certificate.serial == serial));
    assert!(matches!(&last.event, Event::Revoked { certificate, .. } if certificate.revoked.is_some()));
    assert_eq!(last.number, u64::try_from(entries.len()).unwrap());
}
