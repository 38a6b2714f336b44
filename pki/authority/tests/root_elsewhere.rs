//! A PKI whose root lies elsewhere: it takes over what the root signed, and nothing that it did not.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::process::Command;

use mohur_authority::{
    AuthorityError, AuthorityKey, Brought, FromRoot, Issue, Issuer, National, Reason, Record, Revocation, Root,
    Settings, Terms, key_of_authority, key_of_request, request_authority,
};
use mohur_chain::{Certificate, CertificateError, Form, Profile, Role, Trust, TrustError, inspect};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + number * 86_400).unwrap()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64::prelude::BASE64_STANDARD.encode(der)
    )
}

struct Offline {
    root: Root,
    settings: Settings,
    dry_run: bool,
}

impl Offline {
    fn new(dry_run: bool) -> Self {
        let settings = Settings::default();
        let (root, _) = Root::make(&Terms { domain: "AZ", settings: &settings, now: day(0), dry_run }, 7300).unwrap();
        Self { root, settings, dry_run }
    }

    fn terms(&self) -> Terms<'_> {
        Terms { domain: "AZ", settings: &self.settings, now: day(0), dry_run: self.dry_run }
    }

    fn authority(&self, issuer: Issuer) -> Brought {
        let pkcs8 = generate(KeyKind::P384).unwrap();
        let certificate = self.root.certify(issuer, AuthorityKey::Made(&pkcs8), &self.terms(), 1800).unwrap();
        Brought { issuer, certificate, pkcs8 }
    }

    fn all(&self) -> Vec<Brought> {
        Role::ALL.map(|role| self.authority(Issuer::Ca(role, 1))).into()
    }

    fn list(&self, number: u64, revoked: &[&Brought]) -> String {
        let records = revoked.iter().map(|brought| {
            let found = inspect(&brought.certificate, None, day(0)).unwrap();
            Record {
                serial: found.serial,
                fingerprint: found.fingerprint.to_string(),
                issuer: Issuer::Root,
                profile: "x".to_owned(),
                subject: brought.issuer.to_string(),
                not_after: found.not_after,
                revoked: Some(Revocation { at: day(0), reason: Reason::KeyCompromise }),
            }
        });
        self.root.list(number, &records.collect::<Vec<_>>(), (day(0), day(180))).unwrap()
    }

    fn found(&self, folder: &std::path::Path, passphrase: &Passphrase) -> Result<National, AuthorityError> {
        let (root, list, authorities) = (pem(self.root.certificate()), self.list(1, &[]), self.all());
        let from_root = FromRoot { root: &root, list: &list, authorities: &authorities };
        National::found(folder, "AZ", &self.settings, &from_root, (passphrase, day(0)))
    }
}

#[test]
fn it_issues_and_revokes_without_the_root_and_takes_over_what_the_root_does_later() {
    let (offline, folder, passphrase) = (Offline::new(false), tempfile::tempdir().unwrap(), Passphrase::generate());
    let pki = folder.path().join("national");
    drop(offline.found(&pki, &passphrase).unwrap());
    assert!(!pki.join("authority/root.key").exists());
    let mut national = National::open(&pki, &passphrase).unwrap();
    let (member, members) = ("AZ/GOV/MIA/id-cards".parse().unwrap(), folder.path().join("members"));
    let issue =
        Issue { member: &member, folder: &members, passphrase: &passphrase, key: KeyKind::P256, days: 7, now: day(0) };
    let old = national.issue_tls(&issue, &[]).unwrap().certificate;
    national.trust().unwrap().validate_tls(&old, day(1)).unwrap();
    assert!(matches!(
        national.roll(Role::Tls, &passphrase, day(1)),
        Err(AuthorityError::KeyAway { issuer: Issuer::Root, .. })
    ));

    // The TLS CA was stolen: the root signs another, and revokes the first.
    let stolen = fs::read(pki.join("trust/tls-ca.pem")).unwrap();
    let stolen = CertificateDer::from_pem_slice(&stolen).unwrap().to_vec();
    let stolen = Brought { issuer: Issuer::TLS_CA, certificate: stolen, pkcs8: generate(KeyKind::P384).unwrap() };
    let second = [offline.authority(Issuer::Ca(Role::Tls, 2))];
    let (root, list) = (pem(offline.root.certificate()), offline.list(2, &[&stolen]));
    national.adopt(&FromRoot { root: &root, list: &list, authorities: &second }, &passphrase, day(1)).unwrap();
    assert_eq!(national.trust().unwrap().validate_tls(&old, day(1)), Err(CertificateError::Revoked));
    assert_eq!(national.current(Role::Tls).unwrap(), Issuer::Ca(Role::Tls, 2));
    let issue = Issue { folder: &folder.path().join("again"), ..issue };
    let new = national.issue_tls(&issue, &[]).unwrap().certificate;
    national.trust().unwrap().validate_tls(&new, day(1)).unwrap();
    // Once more the same: nothing changes.
    national.adopt(&FromRoot { root: &root, list: &list, authorities: &[] }, &passphrase, day(1)).unwrap();
}

#[test]
fn what_another_root_signed_is_not_taken_over() {
    let (offline, other) = (Offline::new(false), Offline::new(false));
    let (folder, passphrase) = (tempfile::tempdir().unwrap(), Passphrase::generate());
    let mut national = offline.found(&folder.path().join("a"), &passphrase).unwrap();
    let (root, foreign_root) = (pem(offline.root.certificate()), pem(other.root.certificate()));
    let (list, foreign_list) = (offline.list(2, &[]), other.list(2, &[]));
    let foreign = [other.authority(Issuer::Ca(Role::Seal, 2))];
    let mut adopt = |root: &str, list: &str, authorities: &[Brought]| {
        national.adopt(&FromRoot { root, list, authorities }, &passphrase, day(1)).unwrap_err()
    };
    assert!(matches!(adopt(&foreign_root, &foreign_list, &foreign), AuthorityError::OtherRoot));
    assert!(matches!(adopt(&root, &foreign_list, &[]), AuthorityError::Profile(CertificateError::BadSignature)));
    assert!(matches!(adopt(&root, &list, &foreign), AuthorityError::Profile(CertificateError::BadSignature)));
    let swapped = [Brought { pkcs8: generate(KeyKind::P384).unwrap(), ..offline.authority(Issuer::Ca(Role::Seal, 2)) }];
    assert!(matches!(adopt(&root, &list, &swapped), AuthorityError::OtherKey));
    let pkcs8 = generate(KeyKind::P384).unwrap();
    assert!(matches!(Root::open(&pkcs8, offline.root.certificate()), Err(AuthorityError::OtherKey)));
}

#[test]
fn what_a_dry_run_made_is_refused_everywhere() {
    let (offline, folder, passphrase) = (Offline::new(true), tempfile::tempdir().unwrap(), Passphrase::generate());
    let refused = offline.found(&folder.path().join("a"), &passphrase);
    assert!(matches!(refused, Err(AuthorityError::Profile(CertificateError::Form(Form::DryRun)))));
    let issuing: Vec<_> = offline.all().iter().map(|brought| pem(&brought.certificate)).collect();
    let refused = Trust::from_pem(&pem(offline.root.certificate()), &issuing, &[offline.list(1, &[])]);
    let expected = CertificateError::Form(Form::DryRun);
    assert!(matches!(refused, Err(TrustError::Authority { authority: "root", source }) if source == expected));
    // Nor does a real root's folder take an authority of a dry run.
    let brought = offline.authority(Issuer::SEAL_CA);
    let found = inspect(&brought.certificate, None, day(1)).unwrap();
    assert_eq!((found.profile, found.problems), (Some(Profile::Issuing(Role::Seal)), vec![expected]));
    assert!(found.subject.contains("DRY RUN"), "{}", found.subject);
    assert!(Certificate::parse(&brought.certificate).is_err());
    let file = |name: &str, der: &[u8]| fs::write(folder.path().join(name), pem(der)).unwrap();
    file("root.pem", offline.root.certificate());
    file("ca.pem", &brought.certificate);
    let arguments = ["verify", "-attime", "1772540000", "-CAfile", "root.pem", "ca.pem"];
    let output = Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("unhandled critical extension"), "{text}");
}

#[test]
fn a_request_proves_its_key() {
    let (offline, pkcs8) = (Offline::new(false), generate(KeyKind::P384).unwrap());
    let request = request_authority(Issuer::TLS_CA, "AZ", &pkcs8).unwrap();
    assert_eq!(key_of_request(&request).unwrap(), key_of_authority(&pkcs8).unwrap());
    let made = offline.root.certify(Issuer::TLS_CA, AuthorityKey::Requested(&request), &offline.terms(), 1800).unwrap();
    let found = inspect(&made, None, day(1)).unwrap();
    assert_eq!((found.problems, found.public_key), (vec![], key_of_authority(&pkcs8).unwrap()));
    let at = request.find('\n').unwrap() + 200;
    let spoiled =
        format!("{}{}{}", &request[..at], if &request[at..=at] == "A" { "B" } else { "A" }, &request[at + 1..]);
    assert!(key_of_request(&spoiled).is_err());
    assert!(key_of_request("no request").is_err());
}
