use std::process::Command;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use rustls_pki_types::PrivatePkcs8KeyDer;

use super::*;
use crate::request;

struct Folder {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), passphrase: Passphrase::generate() }
    }

    fn pair(&self) -> Pair {
        Pair { certificate: self.folder.path().join("tls.pem"), key: self.folder.path().join("tls.key") }
    }

    /// What an authority would issue for that key, as far as the profile goes.
    fn issue(key: &[u8], member: &str) -> String {
        let pair = KeyPair::try_from(&PrivatePkcs8KeyDer::from(key)).unwrap();
        let authority = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(member.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 6, 1);
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        let issuer = rcgen::Issuer::new(issuer, authority);
        params.signed_by(&pair, &issuer).unwrap().pem()
    }

    fn fits(&self, pair: &Pair) -> bool {
        SoftwareSeal::load(&pair.key, &pair.certificate, &self.passphrase).is_ok()
    }
}

const MEMBER: &str = "mohur://AZ/GOV/MIA/id-cards";

#[test]
fn at_every_step_of_a_renewal_the_pair_is_good() {
    let folder = Folder::new();
    let pair = folder.pair();
    assert_eq!(pair.current().unwrap(), None);
    let first = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    let again = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    assert_eq!(*first, *again, "the key that waits is taken again after a crash");
    pair.install(&Folder::issue(&first, MEMBER)).unwrap();
    assert!(folder.fits(&pair));

    let second = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    assert_ne!(*first, *second);
    assert!(folder.fits(&pair), "the next key is there, the certificate not yet");
    assert_eq!(*pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap(), *second);
    pair.install(&Folder::issue(&second, MEMBER)).unwrap();
    assert!(folder.fits(&pair), "both are new");

    let third = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    let keys = read_all_encrypted(&pair.key, &folder.passphrase).unwrap();
    assert_eq!(keys.iter().map(|key| key.to_vec()).collect::<Vec<_>>(), [third.to_vec(), second.to_vec()]);
    pair.install(&Folder::issue(&third, MEMBER)).unwrap();
    let kept = pair.next_key(KeyKind::P256, false, &folder.passphrase).unwrap();
    assert_eq!(*kept, *third, "the same key where no new one is wanted");
}

#[test]
fn a_certificate_that_waits_is_not_in_use() {
    let folder = Folder::new();
    let pair = folder.pair();
    let first = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    pair.install(&Folder::issue(&first, MEMBER)).unwrap();
    let in_use = pair.current().unwrap().unwrap();
    let second = pair.next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    pair.put_aside(&Folder::issue(&second, MEMBER)).unwrap();
    assert_eq!(pair.current().unwrap(), Some(in_use.clone()));
    let waiting = pair.put_aside_earlier().unwrap().unwrap();
    assert_ne!(waiting, in_use);
    pair.switch().unwrap();
    assert_eq!((pair.current().unwrap(), pair.put_aside_earlier().unwrap()), (Some(waiting), None));
    assert!(folder.fits(&pair));
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    let folder = Folder::new();
    let key = folder.pair().next_key(KeyKind::P256, true, &folder.passphrase).unwrap();
    let chain = Folder::issue(&key, MEMBER);
    let mine: MemberId = "AZ/GOV/MIA/id-cards".parse().unwrap();
    let other: MemberId = "AZ/GOV/MOH/cards".parse().unwrap();
    let ours = |der: &[u8]| fits(&key, der);
    check(&chain, Enrols::Tls, Some(&mine), ours).unwrap();
    check(&chain, Enrols::Tls, None, ours).unwrap();
    let said = |result: Result<Certificate, EnrolError>| result.unwrap_err().to_string();
    assert!(said(check(&chain, Enrols::Tls, Some(&other), ours)).contains("another member"));
    assert!(said(check(&chain, Enrols::Seal, None, ours)).contains("another profile"));
    assert!(said(check(&chain, Enrols::Tls, None, |_| false)).contains("another key"));
    assert!(check("nothing", Enrols::Tls, None, ours).is_err());
}

#[test]
fn openssl_reads_and_verifies_our_requests() {
    let folder = Folder::new();
    let member: MemberId = "AZ/GOV/MIA/id-cards".parse().unwrap();
    for kind in [KeyKind::P256, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let key = generate(kind).unwrap();
        let path = folder.folder.path().join("request.pem");
        fs::write(&path, request(Some(&member), Enrols::Seal, &key).unwrap()).unwrap();
        let out =
            Command::new("openssl").args(["req", "-verify", "-noout", "-text", "-in"]).arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && text.contains("verify OK"), "{text}");
        assert!(text.contains("mohur://AZ/GOV/MIA/id-cards"), "{text}");
    }
}
