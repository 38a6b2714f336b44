//! Every rule of the profiles and of path validation, each broken alone.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use mohur_authority::testing::{ExtendedKeyUsagePurpose, Forged, KeyUsagePurpose, Template};
use mohur_authority::{Issuer, National, Reason};
use mohur_chain::{Certificate, CertificateError, Profile, Trust, TrustError, inspect, oid};
use mohur_crypto::Algorithm;
use mohur_seal::{KeyKind, Passphrase, Seal};
use mohur_wire::{MemberId, RefusalCode, Timestamp};
use proptest::prelude::*;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + number * DAY).unwrap()
}

struct World {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
    national: National,
    member: MemberId,
}

impl World {
    fn new() -> Self {
        Self::at(day(0))
    }

    /// OpenSSL 3.0 issues from now on only.
    #[expect(clippy::disallowed_methods, reason = "openssl reads the system's clock")]
    fn now() -> (Self, Timestamp) {
        let now = Timestamp::now();
        (Self::at(now), now)
    }

    fn at(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create(folder.path(), "AZ", &passphrase, now).unwrap();
        Self { folder, passphrase, national, member: "AZ/GOV/MIA/id-cards".parse().unwrap() }
    }

    fn trust(&self) -> Trust {
        self.national.trust().unwrap()
    }

    fn tls(&self) -> Template {
        Template::tls(&self.member, &["localhost".to_owned()], day(0), 7).unwrap()
    }

    fn seal(&self) -> Template {
        Template::seal(&self.member, day(0), 365).unwrap()
    }

    fn forge(&self, template: &Template) -> Forged {
        self.national.forge(template).unwrap()
    }

    fn parse(&self, template: &Template) -> Result<Certificate, CertificateError> {
        Certificate::parse(&self.forge(template).der)
    }

    /// What becomes of a certificate wherever it is shown: as a seal and as a TLS certificate.
    fn judge_tls(&self, template: &Template, at: Timestamp) -> Result<(), CertificateError> {
        self.trust().validate_tls(&self.parse(template)?, at).map(drop)
    }

    fn judge_seal(&self, template: &Template, at: Timestamp) -> Result<(), CertificateError> {
        self.trust().validate_seal(&self.parse(template)?, at).map(drop)
    }

    fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("trust").join(name)).unwrap()
    }

    fn trust_of(&self, root: &str, tls_ca: &str, seal_ca: &str) -> Result<Trust, TrustError> {
        let crls = ["root.crl", "tls-ca.crl", "seal-ca.crl"].map(|name| self.pem(name));
        Trust::from_pem(&self.pem(root), &[self.pem(tls_ca), self.pem(seal_ca)], &crls)
    }
}

#[test]
fn a_good_certificate_proves_its_member() {
    let world = World::new();
    let (trust, tls, seal) = (world.trust(), world.parse(&world.tls()).unwrap(), world.parse(&world.seal()).unwrap());
    for _ in 0..2 {
        let peer = trust.validate_tls(&tls, day(1)).unwrap();
        assert_eq!((peer.member(), peer.fingerprint()), (&world.member, tls.fingerprint()));
        let holder = trust.validate_seal(&seal, day(1)).unwrap();
        assert_eq!((holder.member(), holder.certificate()), (&world.member, &seal));
    }
    assert_eq!(tls.hosts(), ["localhost"]);
    assert_eq!(trust.fresh_until(), day(30));
}

#[test]
fn outside_its_time_it_is_refused_remembered_or_not() {
    let world = World::new();
    let (trust, tls) = (world.trust(), world.parse(&world.tls()).unwrap());
    assert!(matches!(trust.validate_tls(&tls, day(-1)), Err(CertificateError::NotYetValid(_))));
    assert!(matches!(trust.validate_tls(&tls, day(8)), Err(CertificateError::Expired(_))));
    trust.validate_tls(&tls, day(1)).unwrap();
    for at in [day(-1), day(8), Timestamp::MIN, Timestamp::MAX] {
        let error = trust.validate_tls(&tls, at).unwrap_err();
        assert_eq!(error.refusal(), RefusalCode::CertificateExpired, "{at}");
    }
}

#[test]
fn a_stale_revocation_list_refuses_everything() {
    let world = World::new();
    let seal = world.parse(&world.seal()).unwrap();
    let trust = world.trust();
    trust.validate_seal(&seal, day(29)).unwrap();
    assert_eq!(trust.validate_seal(&seal, day(31)), Err(CertificateError::StaleRevocationList), "remembered");
    assert_eq!(world.trust().validate_seal(&seal, day(31)), Err(CertificateError::StaleRevocationList), "first seen");

    world.national.forge_revocation_list(Issuer::Root, (day(0), day(2)), true).unwrap();
    let trust = world.trust();
    trust.validate_seal(&seal, day(1)).unwrap();
    assert_eq!(trust.validate_seal(&seal, day(3)), Err(CertificateError::StaleRevocationList), "the root's list");
}

#[test]
fn the_newest_revocation_list_counts_and_each_authority_needs_one() {
    let mut world = World::new();
    let issue = mohur_authority::Issue {
        member: &world.member,
        folder: &world.folder.path().join("member"),
        passphrase: &world.passphrase,
        key: KeyKind::P256,
        days: 300,
        now: day(0),
    };
    let seal = world.national.issue_seal(&issue).unwrap().certificate;
    let old = ["root.crl", "tls-ca.crl", "seal-ca.crl"].map(|name| world.pem(name));
    world.national.revoke(&seal.serial(), Reason::KeyCompromise, day(1)).unwrap();
    let new = world.pem("seal-ca.crl");
    let trust = |crls: &[String]| {
        Trust::from_pem(&world.pem("root.pem"), &[world.pem("tls-ca.pem"), world.pem("seal-ca.pem")], crls)
    };
    trust(&old).unwrap().validate_seal(&seal, day(2)).unwrap();
    for order in [[old.concat(), new.clone()], [new.clone(), old.concat()]] {
        let error = trust(&order).unwrap().validate_seal(&seal, day(2)).unwrap_err();
        assert_eq!((error.refusal(), error), (RefusalCode::CertificateRevoked, CertificateError::Revoked));
    }
    assert!(matches!(trust(&old[..2]), Err(TrustError::NoRevocationList { authority: "Seal CA" })));
    assert!(matches!(trust(&old[1..]), Err(TrustError::NoRevocationList { authority: "root" })));

    let foreign = World::new();
    let crls = [old.concat(), foreign.pem("seal-ca.crl")];
    assert!(matches!(trust(&crls), Err(TrustError::RevocationList)), "a list that none of ours signed");
}

#[test]
fn a_certificate_names_exactly_one_member() {
    let world = World::new();
    for template in [world.tls(), world.seal()] {
        let with =
            |uris: &[&str]| Template { uris: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..template.clone() };
        let one = "mohur://AZ/GOV/MIA/id-cards";
        for (uris, expected) in [
            (&[][..], CertificateError::NoMember),
            (&[one, "mohur://AZ/GOV/MOJ/civil-registry"], CertificateError::SeveralMembers),
            (&[one, one], CertificateError::SeveralMembers),
            (&[one, "https://example.org/"], CertificateError::SeveralMembers),
            (&["https://example.org/"], CertificateError::BadMember),
            (&["mohur://AZ/GOV/MIA"], CertificateError::BadMember),
            (&["mohur://AZ/GOV/MIA/id-cards/birth/v1"], CertificateError::BadMember),
        ] {
            assert_eq!(world.parse(&with(uris)).unwrap_err(), expected, "{uris:?}");
            assert_eq!(expected.refusal(), RefusalCode::CertificateRefused);
        }
    }
    let seal_with_host = Template { hosts: vec!["localhost".to_owned()], ..world.seal() };
    assert_eq!(world.parse(&seal_with_host).unwrap_err(), CertificateError::UnexpectedNames(Profile::Seal));
}

#[test]
fn no_profile_does_the_work_of_another() {
    let world = World::new();
    let trust = world.trust();
    let tls = world.parse(&world.tls()).unwrap();
    let seal = world.parse(&world.seal()).unwrap();
    let wrong = |expected, found| CertificateError::WrongProfile { expected, found };
    assert_eq!(trust.validate_seal(&tls, day(1)), Err(wrong(Profile::Seal, Profile::Tls)));
    assert_eq!(trust.validate_tls(&seal, day(1)), Err(wrong(Profile::Tls, Profile::Seal)));
}

#[test]
fn an_authority_issues_its_own_profile_only() {
    let world = World::new();
    for (template, judge) in [
        (
            Template { issuer: Issuer::SEAL_CA, ..world.tls() },
            World::judge_tls as fn(&World, &Template, Timestamp) -> _,
        ),
        (Template { issuer: Issuer::Root, ..world.tls() }, World::judge_tls),
        (Template { issuer: Issuer::TLS_CA, ..world.seal() }, World::judge_seal),
        (Template { issuer: Issuer::Root, ..world.seal() }, World::judge_seal),
    ] {
        assert_eq!(judge(&world, &template, day(1)), Err(CertificateError::UntrustedIssuer), "{:?}", template.issuer);
    }
}

#[test]
fn a_foreign_root_of_the_same_name_is_no_root() {
    let (world, foreign) = (World::new(), World::new());
    let (tls, seal) = (foreign.parse(&foreign.tls()).unwrap(), foreign.parse(&foreign.seal()).unwrap());
    // Its issuer has the name of ours, but another key.
    assert_eq!(world.trust().validate_tls(&tls, day(1)), Err(CertificateError::UntrustedIssuer));
    assert_eq!(world.trust().validate_seal(&seal, day(1)), Err(CertificateError::UntrustedIssuer));
}

#[test]
fn key_usage_is_that_of_the_profile_and_nothing_more() {
    let world = World::new();
    let (digital, content) = (KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment);
    for (template, usages) in [
        (
            world.tls(),
            vec![
                vec![],
                vec![digital, content],
                vec![digital, KeyUsagePurpose::KeyEncipherment],
                vec![KeyUsagePurpose::KeyAgreement],
                vec![digital, KeyUsagePurpose::KeyCertSign],
            ],
        ),
        (
            world.seal(),
            vec![vec![], vec![digital], vec![content], vec![digital, content, KeyUsagePurpose::KeyCertSign]],
        ),
    ] {
        for key_usage in usages {
            let error = world.parse(&Template { key_usage: key_usage.clone(), ..template.clone() }).unwrap_err();
            assert!(matches!(error, CertificateError::KeyUsage(_)), "{key_usage:?}: {error}");
        }
    }
}

#[test]
fn extended_key_usage_and_policy_are_those_of_the_profile() {
    let world = World::new();
    let documents = || ExtendedKeyUsagePurpose::Other(oid::DOCUMENT_SIGNING_ARCS.to_vec());
    let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
    for (template, purposes) in [
        (world.tls(), vec![server.clone()]),
        (world.tls(), vec![client.clone()]),
        (world.tls(), vec![server.clone(), client.clone(), documents()]),
        (world.tls(), vec![server, client.clone(), ExtendedKeyUsagePurpose::Any]),
        (world.seal(), vec![documents(), ExtendedKeyUsagePurpose::CodeSigning]),
    ] {
        let error = world.parse(&Template { purposes: purposes.clone(), ..template }).unwrap_err();
        assert!(matches!(error, CertificateError::ExtendedKeyUsage(_)), "{purposes:?}: {error}");
    }
    for purposes in [vec![], vec![ExtendedKeyUsagePurpose::Any], vec![ExtendedKeyUsagePurpose::CodeSigning]] {
        let error = world.parse(&Template { purposes, ..world.seal() }).unwrap_err();
        assert_eq!(error, CertificateError::NoProfile);
    }
    // With a TLS purpose it claims to be a TLS certificate, whose key usage it has not.
    let both = Template { purposes: vec![documents(), client], ..world.seal() };
    assert_eq!(world.parse(&both).unwrap_err(), CertificateError::KeyUsage(Profile::Tls));
    let without = Template { policy: None, ..world.seal() };
    assert_eq!(world.parse(&without).unwrap_err(), CertificateError::Policy(Profile::Seal));
    let with = Template { policy: Some(oid::SEAL_POLICY), ..world.tls() };
    assert_eq!(world.parse(&with).unwrap_err(), CertificateError::Policy(Profile::Tls));
}

#[test]
fn a_certificate_authority_is_no_end_entity_and_lives_are_bounded() {
    let world = World::new();
    let authority = Template { authority: Some(0), ..world.tls() };
    assert!(world.parse(&authority).is_err());
    for name in ["root.pem", "tls-ca.pem", "seal-ca.pem"] {
        let der = CertificateDer::from_pem_slice(world.pem(name).as_bytes()).unwrap();
        assert!(matches!(Certificate::parse(&der), Err(CertificateError::BasicConstraints(_))), "{name}");
    }
    let tls = Template::tls(&world.member, &[], day(0), 367).unwrap();
    assert_eq!(world.parse(&tls).unwrap_err(), CertificateError::LivesTooLong { profile: Profile::Tls, days: 366 });
    let seal = Template::seal(&world.member, day(0), 732).unwrap();
    assert_eq!(world.parse(&seal).unwrap_err(), CertificateError::LivesTooLong { profile: Profile::Seal, days: 731 });
}

#[test]
fn a_leaf_cannot_issue() {
    // A seal's own key signs another seal: the chain never goes through a leaf, whatever is sent along.
    let (world, now) = World::now();
    let seal = world.forge(&world.seal());
    let signer = seal.seal().unwrap();
    assert_eq!(signer.certificate(), seal.der);
    let ca = world.folder.path().join("leaf");
    let (pem, key) = seal.write(&ca, "seal", &world.passphrase).unwrap();
    let forged = openssl_leaf(&world, (&pem, &key), "ec", "sha256");
    let parsed = Certificate::parse(&forged).unwrap();
    assert!(now.as_second() <= parsed.not_before().as_second());
    let refused = world.trust().validate_tls(&parsed, parsed.not_before());
    assert_eq!(refused, Err(CertificateError::UntrustedIssuer));
}

#[test]
fn weak_signatures_and_weak_keys_are_refused() {
    let (world, _) = World::now();
    let authority = (world.folder.path().join("trust/tls-ca.pem"), world.folder.path().join("authority/tls-ca.key"));
    let issue = |key: &str, digest: &str| openssl_leaf(&world, (&authority.0, &authority.1), key, digest);
    let good = Certificate::parse(&issue("ec", "sha256")).unwrap();
    world.trust().validate_tls(&good, good.not_before()).unwrap();
    assert_eq!(Certificate::parse(&issue("ec", "sha1")).unwrap_err(), CertificateError::WeakSignature);
    assert_eq!(Certificate::parse(&issue("rsa:1024", "sha256")).unwrap_err(), CertificateError::WeakKey);
    let p384 = Template { key: KeyKind::P384, ..world.tls() };
    assert_eq!(world.parse(&p384).unwrap_err(), CertificateError::WeakKey);
}

/// A TLS certificate as OpenSSL makes one, so that it can be made badly.
fn openssl_leaf(world: &World, (ca, ca_key): (&Path, &Path), key: &str, digest: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    world.passphrase.write_credential_file(path("pass").as_ref()).unwrap();
    let extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                      extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:mohur://AZ/GOV/MIA/id-cards\n";
    fs::write(path("extensions"), extensions).unwrap();
    let curve = ["-pkeyopt", "ec_paramgen_curve:P-256"];
    let request = ["req", "-new", "-nodes", "-subj", "/CN=x", "-newkey", key];
    let files = ["-keyout", &path("key"), "-out", &path("csr")];
    openssl(&[&request[..], if key == "ec" { &curve } else { &[] }, &files].concat());
    let pass = format!("file:{}", path("pass"));
    let (ca, ca_key) = (ca.to_str().unwrap(), ca_key.to_str().unwrap());
    let sign =
        ["x509", "-req", "-in", &path("csr"), "-CA", ca, "-CAkey", ca_key, "-passin", &pass, "-set_serial", "99"];
    let digest = format!("-{digest}");
    openssl(&[&sign[..], &["-days", "300", &digest, "-extfile", &path("extensions"), "-out", &path("pem")]].concat());
    let pem = fs::read(path("pem")).unwrap();
    CertificateDer::from_pem_slice(&pem).unwrap().to_vec()
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_trust_anchors_must_be_in_their_places() {
    let (world, foreign) = (World::new(), World::new());
    world.trust_of("root.pem", "tls-ca.pem", "seal-ca.pem").unwrap();
    // Which is which, the certificates say.
    world.trust_of("root.pem", "seal-ca.pem", "tls-ca.pem").unwrap();
    let without_seals = world.trust_of("root.pem", "tls-ca.pem", "tls-ca.pem").unwrap_err();
    assert!(matches!(without_seals, TrustError::NoAuthority { authority: "Seal CA" }), "{without_seals}");
    // A certificate that is no authority's.
    let path = |name: &str| world.folder.path().join("trust").join(name).display().to_string();
    fs::write(path("leaf.der"), world.forge(&world.seal()).der).unwrap();
    openssl(&["x509", "-inform", "DER", "-in", &path("leaf.der"), "-out", &path("leaf.pem")]);
    for (root, tls_ca, seal_ca) in [
        ("root.pem", "root.pem", "seal-ca.pem"),
        ("tls-ca.pem", "tls-ca.pem", "seal-ca.pem"),
        ("leaf.pem", "tls-ca.pem", "seal-ca.pem"),
        ("root.pem", "leaf.pem", "seal-ca.pem"),
    ] {
        let error = world.trust_of(root, tls_ca, seal_ca).unwrap_err();
        assert!(matches!(error, TrustError::Authority { .. }), "{root} {tls_ca} {seal_ca}: {error}");
    }
    fs::copy(foreign.folder.path().join("trust/tls-ca.pem"), world.folder.path().join("trust/foreign.pem")).unwrap();
    let error = world.trust_of("root.pem", "foreign.pem", "seal-ca.pem").unwrap_err();
    assert!(matches!(error, TrustError::NotUnderRoot { authority: "TLS CA" }), "{error}");
    fs::write(world.folder.path().join("trust/two.pem"), world.pem("root.pem").repeat(2)).unwrap();
    assert!(matches!(world.trust_of("two.pem", "tls-ca.pem", "seal-ca.pem"), Err(TrustError::NotOne { .. })));
}

#[test]
fn a_plain_rsa_key_may_be_pinned_to_the_older_padding_and_nothing_else() {
    let world = World::new();
    let forged = world.forge(&Template { key: KeyKind::Rsa2048, ..world.seal() });
    let certificate = Certificate::parse(&forged.der).unwrap();
    assert_eq!(certificate.public_key().algorithm(), Algorithm::RsaPssSha512);
    let pinned = certificate.pinned_to(Algorithm::RsaV15Sha256).unwrap();
    let seal = forged.seal().unwrap().pinned_to(Algorithm::RsaV15Sha256).unwrap();
    let signature = seal.sign(b"message").unwrap();
    pinned.public_key().verify(b"message", &signature).unwrap();
    assert!(certificate.public_key().verify(b"message", &signature).is_err());
    assert!(certificate.pinned_to(Algorithm::Ed25519).is_err());
    let p256 = world.parse(&world.seal()).unwrap();
    assert_eq!(p256.pinned_to(Algorithm::RsaV15Sha256).unwrap_err(), CertificateError::WrongAlgorithm);
}

#[test]
fn an_inspection_names_every_fault_at_once() {
    let world = World::new();
    let spoiled = Template { uris: vec![], key_usage: vec![], policy: None, ..world.seal() };
    let found = inspect(&world.forge(&spoiled).der, Some(&world.trust()), day(400)).unwrap();
    assert_eq!(found.profile, Some(Profile::Seal));
    assert_eq!(found.member, None);
    assert_eq!(found.problems.len(), 4, "{:?}", found.problems);
    let good = inspect(&world.forge(&world.seal()).der, Some(&world.trust()), day(1)).unwrap();
    assert_eq!((good.member.as_ref(), good.problems.as_slice()), (Some(&world.member), &[][..]));
    let foreign = inspect(&World::new().forge(&world.seal()).der, Some(&world.trust()), day(1)).unwrap();
    assert_eq!(foreign.problems, [CertificateError::UntrustedIssuer]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_break_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Certificate::parse(&bytes).is_err());
    }
}

#[test]
fn no_changed_byte_is_trusted() {
    let world = World::new();
    let good = world.forge(&world.seal()).der;
    let trust = world.trust();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        if let Ok(certificate) = Certificate::parse(&bytes) {
            assert!(trust.validate_seal(&certificate, day(1)).is_err(), "byte {at}");
        }
    }
    assert!(Certificate::parse(&[&good[..], &[0]].concat()).is_err(), "bytes after the certificate");
}
