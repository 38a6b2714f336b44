//! What is issued for the domain's own services and officers, judged by OpenSSL: good for its purpose, and for no other.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use mohur_authority::{Issued, Issuer, Make, National, Reason, Settings};
use mohur_chain::{Profile, Role};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Timestamp;

#[expect(clippy::disallowed_methods, reason = "openssl verify compares with the system's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Pki {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
}

impl Pki {
    fn new() -> (Self, National) {
        let settings = Settings {
            ocsp_url: Some("http://127.0.0.1:1/ocsp".to_owned()),
            crl_url: Some("http://127.0.0.1:1/crl".to_owned()),
            permitted_hosts: Vec::new(),
        };
        let (folder, passphrase) = (tempfile::tempdir().unwrap(), Passphrase::generate());
        let national = National::create_with(&folder.path().join("pki"), "AZ", &settings, &passphrase, now()).unwrap();
        (Self { folder, passphrase }, national)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn make<'a>(&'a self, folder: &'a Path, days: i64) -> Make<'a> {
        Make { folder, passphrase: &self.passphrase, key: KeyKind::P256, days, now: now() }
    }

    fn verify(&self, authority: Issuer, certificate: &Path, more: &[&str]) -> (bool, String) {
        let (root, ca) = (self.path("pki/trust/root.pem"), self.path(&format!("pki/trust/{authority}.pem")));
        let crls = self.path("crls.pem");
        let read = |name: &str| fs::read_to_string(self.path(&format!("pki/trust/{name}.crl"))).unwrap();
        fs::write(&crls, read("root") + &read(&authority.to_string())).unwrap();
        let fixed =
            ["verify", "-x509_strict", "-crl_check_all", "-CAfile", &root, "-untrusted", &ca, "-CRLfile", &crls];
        openssl(&[&fixed[..], more, &[certificate.to_str().unwrap()]].concat())
    }
}

fn openssl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn each_is_good_for_its_purpose_and_for_no_other() {
    let (pki, mut national) = Pki::new();
    let folder = pki.folder.path().join("made");
    let year = pki.make(&folder, 365);
    let server = national.issue_infrastructure(&year, &["directory.example.az".to_owned()]).unwrap();
    let stamps = national.issue_time_stamper(&year).unwrap();
    let officer = national.issue_officer(&year, &"AZ/GOV/MIA/officer-17".parse().unwrap()).unwrap();
    let responders =
        Role::ALL.map(|role| (Issuer::Ca(role, 1), national.issue_ocsp(&pki.make(&folder, 30), role).unwrap()));
    let policy = "2.25.168881632066891434156959818910932949201.3";
    let officers = ["-purpose", "sslclient", "-policy", policy, "-explicit_policy"];
    let other = ["-policy", "2.25.168881632066891434156959818910932949201.1", "-explicit_policy"];
    let judge = |issuer, issued: &Issued, good: bool, more: &[&str]| {
        let (verified, text) = pki.verify(issuer, &issued.chain, more);
        assert_eq!(verified, good, "{} {more:?}: {text}", issued.certificate.profile());
    };
    judge(
        Issuer::INFRASTRUCTURE_CA,
        &server,
        true,
        &["-purpose", "sslserver", "-verify_hostname", "directory.example.az"],
    );
    judge(Issuer::INFRASTRUCTURE_CA, &server, false, &["-verify_hostname", "other.example.az"]);
    judge(Issuer::INFRASTRUCTURE_CA, &server, false, &["-purpose", "sslclient"]);
    judge(Issuer::INFRASTRUCTURE_CA, &server, false, &["-purpose", "timestampsign"]);
    judge(Issuer::INFRASTRUCTURE_CA, &stamps, true, &["-purpose", "timestampsign"]);
    judge(Issuer::INFRASTRUCTURE_CA, &stamps, false, &["-purpose", "sslserver"]);
    judge(Issuer::OFFICER_CA, &officer, true, &officers);
    judge(Issuer::OFFICER_CA, &officer, false, &["-purpose", "sslserver"]);
    judge(Issuer::OFFICER_CA, &officer, false, &other);
    judge(Issuer::TLS_CA, &officer, false, &[]);
    for (issuer, responder) in &responders {
        judge(*issuer, responder, true, &["-purpose", "ocsphelper"]);
        judge(*issuer, responder, false, &["-purpose", "sslserver"]);
        let (_, text) = openssl(&["x509", "-noout", "-text", "-in", responder.chain.to_str().unwrap()]);
        assert!(text.contains("OCSP No Check") && text.contains("OCSP Signing"), "{text}");
        assert!(text.contains(&format!("URI:http://127.0.0.1:1/crl/{issuer}.crl")), "{text}");
        assert!(!text.contains("Authority Information Access"), "{text}");
    }
    let (_, text) = openssl(&["x509", "-noout", "-text", "-in", server.chain.to_str().unwrap()]);
    for expected in
        ["OCSP - URI:http://127.0.0.1:1/ocsp/infrastructure-ca", "URI:http://127.0.0.1:1/crl/infrastructure-ca.crl"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn openssl_knows_the_authorities_across_a_rollover() {
    let (pki, mut national) = Pki::new();
    let (before, after) = (pki.folder.path().join("before"), pki.folder.path().join("after"));
    let old = national.issue_officer(&pki.make(&before, 365), &"AZ/GOV/MIA/a".parse().unwrap()).unwrap();
    let second = national.roll(Role::Officer, &pki.passphrase, now()).unwrap();
    let new = national.issue_officer(&pki.make(&after, 365), &"AZ/GOV/MIA/b".parse().unwrap()).unwrap();
    assert!(pki.verify(Issuer::OFFICER_CA, &old.chain, &[]).0);
    assert!(pki.verify(second, &new.chain, &[]).0);
    assert!(!pki.verify(Issuer::OFFICER_CA, &new.chain, &[]).0, "the old one did not issue it");
    // The old one goes on to revoke what it issued; and both go on after the next start.
    national.revoke(&old.certificate.serial(), Reason::CessationOfOperation, now()).unwrap();
    assert!(pki.verify(Issuer::OFFICER_CA, &old.chain, &[]).1.contains("revoked"));
    drop(national);
    let mut national = National::open(&pki.folder.path().join("pki"), &pki.passphrase).unwrap();
    assert_eq!(national.current(Role::Officer).unwrap(), second);
    assert!(national.trust().unwrap().validate_officer(&new.certificate, now()).is_ok());
    // The theft of the new one: revoked in the root's list, for openssl too; the old one issues again.
    let record = national.certificates().unwrap().into_iter().find(|record| record.subject == "officer-ca-2").unwrap();
    assert_eq!(record.profile, Profile::Issuing(Role::Officer).name());
    national.revoke(&record.serial, Reason::KeyCompromise, now()).unwrap();
    assert!(pki.verify(second, &new.chain, &[]).1.contains("revoked"));
    assert!(national.trust().unwrap().validate_officer(&new.certificate, now()).is_err());
    assert_eq!(national.current(Role::Officer).unwrap(), Issuer::OFFICER_CA);
    assert_eq!(national.roll(Role::Officer, &pki.passphrase, now()).unwrap(), Issuer::Ca(Role::Officer, 3));
}

#[test]
fn constraints_on_hosts_are_kept_by_us_and_by_openssl() {
    let (folder, passphrase) = (tempfile::tempdir().unwrap(), Passphrase::generate());
    let settings = Settings { permitted_hosts: vec!["gov.az".to_owned()], ..Settings::default() };
    let pki = folder.path().join("pki");
    let mut national = National::create_with(&pki, "AZ", &settings, &passphrase, now()).unwrap();
    let pki = Pki { folder, passphrase };
    let (member, within, beyond) =
        ("AZ/GOV/MIA/x".parse().unwrap(), pki.folder.path().join("a"), pki.folder.path().join("b"));
    for (folder, host, good) in [(&within, "cards.mia.gov.az", true), (&beyond, "cards.example.org", false)] {
        let hosts = [host.to_owned(), "127.0.0.1".to_owned()];
        let (passphrase, key, days) = (&pki.passphrase, KeyKind::P256, 7);
        let tls = mohur_authority::Issue { member: &member, folder, passphrase, key, days, now: now() };
        let tls = national.issue_tls(&tls, &hosts).unwrap();
        let server = national.issue_infrastructure(&pki.make(folder, 7), &hosts).unwrap();
        let trust = national.trust().unwrap();
        assert_eq!(trust.validate_tls(&tls.certificate, now()).is_ok(), good, "{host}");
        assert_eq!(trust.validate_infrastructure(&server.certificate, now()).is_ok(), good, "{host}");
        assert_eq!(pki.verify(Issuer::TLS_CA, &tls.chain, &[]).0, good, "{host}");
        let (verified, text) = pki.verify(Issuer::INFRASTRUCTURE_CA, &server.chain, &[]);
        assert_eq!((verified, text.contains("permitted subtree violation")), (good, !good), "{text}");
    }
    let officer = national.issue_officer(&pki.make(&within, 7), &"AZ/GOV/MIA/a".parse().unwrap()).unwrap();
    assert!(pki.verify(Issuer::OFFICER_CA, &officer.chain, &[]).0);
    assert!(national.trust().unwrap().validate_officer(&officer.certificate, now()).is_ok());
}
