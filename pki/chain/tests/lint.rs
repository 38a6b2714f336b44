//! The linter against certificates that OpenSSL made wrongly, each rule at least once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::process::Command;

use mohur_authority::National;
use mohur_chain::{CertificateError, Finding, Form, Profile, Role, lint};
use mohur_seal::Passphrase;
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const MEMBER: &str = "URI:mohur://AZ/GOV/MIA/id-cards";
const SEAL: &str = "2.25.168881632066891434156959818910932949201.1";
const LEAF: &str = "basicConstraints=critical,CA:FALSE";
const SIGN: &str = "keyUsage=critical,keyCertSign,cRLSign";

struct Shop(tempfile::TempDir);

/// What to ask OpenSSL for.
#[derive(Clone, Copy)]
struct Order<'a> {
    extensions: &'a str,
    subject: &'a str,
    key: &'a [&'a str],
    options: &'a [&'a str],
    own: bool,
}

const P256: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const ORDER: Order<'static> = Order { extensions: "", subject: "/CN=x", key: P256, options: &[], own: false };

fn openssl(folder: &std::path::Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Shop {
    fn open() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        let root = ["req", "-x509", "-nodes", "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.pem", "-newkey"];
        openssl(shop.0.path(), &[&root[..], P256].concat());
        shop
    }

    fn make(&self, order: Order<'_>) -> Vec<u8> {
        let folder = self.0.path();
        fs::write(folder.join("extensions"), order.extensions.replace('|', "\n")).unwrap();
        let request = ["req", "-new", "-nodes", "-subj", order.subject, "-keyout", "key", "-out", "csr", "-newkey"];
        openssl(folder, &[&request[..], order.key].concat());
        let issuer = if order.own { &["-signkey", "key"][..] } else { &["-CA", "ca.pem", "-CAkey", "ca.key"] };
        let serial: &[&str] = if order.options.contains(&"-set_serial") { &[] } else { &["-set_serial", "99"] };
        let days: &[&str] = if order.options.contains(&"-days") { &[] } else { &["-days", "300"] };
        let sign = ["x509", "-req", "-in", "csr", "-out", "pem", "-extfile", "extensions"];
        openssl(folder, &[&sign[..], issuer, serial, days, order.options].concat());
        CertificateDer::from_pem_slice(&fs::read(folder.join("pem")).unwrap()).unwrap().to_vec()
    }

    fn findings(&self, order: Order<'_>, profile: Profile) -> Vec<Finding> {
        lint(&self.make(order), Some(profile)).unwrap().1
    }

    /// Exactly these are wrong, and each says who demands it and what to set.
    fn expect(&self, order: Order<'_>, profile: Profile, expected: &[CertificateError]) {
        let found = self.findings(order, profile);
        let problems: Vec<_> = found.iter().map(|finding| finding.problem.clone()).collect();
        assert_eq!(problems, expected, "{}", order.extensions);
        for finding in found {
            assert!(finding.source.contains("RFC") || finding.source.contains("record"), "{finding:?}");
            assert!(!finding.remedy.is_empty(), "{finding:?}");
        }
    }
}

fn tls() -> String {
    format!("{LEAF}|keyUsage=critical,digitalSignature|extendedKeyUsage=serverAuth,clientAuth|subjectAltName={MEMBER}")
}

fn seal() -> String {
    format!(
        "{LEAF}|keyUsage=critical,digitalSignature,nonRepudiation|extendedKeyUsage=1.3.6.1.5.5.7.3.36|\
         certificatePolicies={SEAL}|subjectAltName={MEMBER}"
    )
}

fn root() -> String {
    format!("basicConstraints=critical,CA:TRUE,pathlen:1|{SIGN}|subjectKeyIdentifier=hash")
}

#[test]
fn what_openssl_makes_well_is_found_good() {
    let shop = Shop::open();
    for (extensions, profile, own) in [
        (tls(), Profile::Tls, false),
        (seal(), Profile::Seal, false),
        (root(), Profile::Root, true),
        (root().replace(":1", ":0") + "|extendedKeyUsage=serverAuth,clientAuth", Profile::Issuing(Role::Tls), false),
    ] {
        let order = Order { extensions: &extensions, own, ..ORDER };
        shop.expect(order, profile, &[]);
        assert_eq!(lint(&shop.make(order), None).unwrap(), (Some(profile), Vec::new()));
    }
}

#[test]
fn what_we_make_is_found_good() {
    let folder = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    National::create(folder.path(), "AZ", &Passphrase::generate(), now).unwrap();
    for (name, profile) in [
        ("root", Profile::Root),
        ("tls-ca", Profile::Issuing(Role::Tls)),
        ("seal-ca", Profile::Issuing(Role::Seal)),
        ("infrastructure-ca", Profile::Issuing(Role::Infrastructure)),
        ("officer-ca", Profile::Issuing(Role::Officer)),
    ] {
        let pem = fs::read(folder.path().join(format!("trust/{name}.pem"))).unwrap();
        let der = CertificateDer::from_pem_slice(&pem).unwrap();
        assert_eq!(lint(&der, None).unwrap(), (Some(profile), Vec::new()), "{name}");
    }
}

#[test]
fn each_rule_of_a_profile_broken_alone_is_named_alone() {
    let shop = Shop::open();
    let tls_profile = Profile::Tls;
    for (from, to, expected) in [
        (MEMBER, "DNS:localhost", CertificateError::NoMember),
        (MEMBER, "URI:https://example.org", CertificateError::BadMember),
        (MEMBER, "URI:mohur://AZ/GOV/A/b,URI:mohur://AZ/GOV/A/c", CertificateError::SeveralMembers),
        ("=URI", "=email:a@example.org,URI", CertificateError::UnexpectedNames(tls_profile)),
        ("digitalSignature", "digitalSignature,keyEncipherment", CertificateError::KeyUsage(tls_profile)),
        ("serverAuth,clientAuth", "serverAuth", CertificateError::ExtendedKeyUsage(tls_profile)),
        ("CA:FALSE", "CA:FALSE|certificatePolicies=1.2.3.4", CertificateError::Policy(tls_profile)),
    ] {
        shop.expect(Order { extensions: &tls().replace(from, to), ..ORDER }, tls_profile, &[expected]);
    }
    let lasting = Order { extensions: &tls(), options: &["-days", "367"], ..ORDER };
    shop.expect(lasting, tls_profile, &[CertificateError::LivesTooLong { profile: tls_profile, days: 366 }]);
    let weak = Order { extensions: &tls(), key: &["rsa:1024"], ..ORDER };
    shop.expect(weak, tls_profile, &[CertificateError::WeakKey]);
    let odd = Order { extensions: &tls(), key: &["rsa:2052"], ..ORDER };
    shop.expect(odd, tls_profile, &[CertificateError::WeakKey]);
    let old = Order { extensions: &tls(), options: &["-sha1"], ..ORDER };
    shop.expect(old, tls_profile, &[CertificateError::WeakSignature]);
    let free = root().replace(",pathlen:1", "");
    let unbounded = Order { extensions: &free, own: true, ..ORDER };
    shop.expect(unbounded, Profile::Root, &[CertificateError::BasicConstraints(Profile::Root)]);
    shop.expect(
        Order { own: false, ..Order { extensions: &root(), ..ORDER } },
        Profile::Root,
        &[CertificateError::Issuer(Profile::Root)],
    );
}

#[test]
fn each_rule_of_form_broken_alone_is_named_alone() {
    let shop = Shop::open();
    let plus = |extension: &str| format!("{}|{extension}", tls());
    for (extensions, subject, options, fault) in [
        (tls(), "/CN=x", &["-set_serial", "0"][..], Form::SerialNumber),
        (tls(), "/CN=x", &["-set_serial", "-5"], Form::SerialNumber),
        (tls(), "/CN=x", &["-set_serial", "0x1234567890123456789012345678901234567890ab"], Form::SerialNumber),
        (tls(), "/", &[], Form::NamesNotCritical),
        (tls().replace("=URI", "=critical,URI"), "/CN=x", &[], Form::NamesCritical),
        (tls() + ",DNS:a_b.example", "/CN=x", &[], Form::DnsName),
        (tls() + ",DNS:*.example", "/CN=x", &[], Form::DnsName),
        (tls() + ",DNS:a.example", "/CN=A.example", &[], Form::CommonName),
        (plus("authorityKeyIdentifier=none"), "/CN=x", &[], Form::NoAuthorityKey),
        (plus("2.5.29.35=critical,DER:30028000"), "/CN=x", &[], Form::AuthorityKey),
        (plus("2.5.29.14=critical,DER:04020102"), "/CN=x", &[], Form::SubjectKey),
        (plus("nameConstraints=critical,permitted;DNS:a.example"), "/CN=x", &[], Form::NameConstraints),
        (tls().replace("=serverAuth", "=critical,serverAuth"), "/CN=x", &[], Form::Purposes),
        (plus("policyConstraints=critical,requireExplicitPolicy:0"), "/CN=x", &[], Form::PolicyConstraints),
        (plus("1.2.3.4=critical,DER:0500"), "/CN=x", &[], Form::CriticalExtension),
    ] {
        let order = Order { extensions: &extensions, subject, options, ..ORDER };
        shop.expect(order, Profile::Tls, &[CertificateError::Form(fault)]);
    }
    for (extensions, fault) in [
        (root().replace("critical,CA", "CA"), Form::BasicConstraintsNotCritical),
        (root().replace("=hash", "=none"), Form::SubjectKey),
        (root() + "|2.5.29.35=DER:3006800401020304", Form::AuthorityKey),
        (root() + "|nameConstraints=permitted;DNS:a.example", Form::NameConstraints),
        (root() + "|nameConstraints=critical,permitted;DNS:.a.example", Form::NameConstraints),
    ] {
        let order = Order { extensions: &extensions, own: true, ..ORDER };
        shop.expect(order, Profile::Root, &[CertificateError::Form(fault)]);
    }
    let nameless = Order { extensions: &root(), subject: "/", own: true, ..ORDER };
    shop.expect(nameless, Profile::Root, &[CertificateError::Form(Form::NamelessAuthority)]);
    let idle = root().replace("keyCertSign,", "");
    let found = shop.findings(Order { extensions: &idle, own: true, ..ORDER }, Profile::Root);
    assert!(found.iter().any(|one| one.problem == CertificateError::Form(Form::CertificateSigning)), "{found:?}");
}

#[test]
fn all_faults_are_named_at_once_against_whichever_profile() {
    let shop = Shop::open();
    let foreign =
        Order { extensions: "subjectAltName=DNS:*.example.org", options: &["-days", "4000", "-sha1"], ..ORDER };
    let named = shop.findings(foreign, Profile::Seal);
    for expected in [
        CertificateError::WeakSignature,
        CertificateError::KeyUsage(Profile::Seal),
        CertificateError::ExtendedKeyUsage(Profile::Seal),
        CertificateError::Policy(Profile::Seal),
        CertificateError::LivesTooLong { profile: Profile::Seal, days: 731 },
        CertificateError::NoMember,
        CertificateError::UnexpectedNames(Profile::Seal),
        CertificateError::Form(Form::DnsName),
    ] {
        assert!(named.iter().any(|one| one.problem == expected), "{expected:?}: {named:?}");
    }
    let (claimed, found) = lint(&shop.make(Order { extensions: LEAF, ..ORDER }), None).unwrap();
    assert_eq!((claimed, found[0].problem.clone(), found.len()), (None, CertificateError::NoProfile, 1));
    let tls = shop.make(Order { extensions: &tls(), ..ORDER });
    assert!(lint(&tls, Some(Profile::Seal)).unwrap().1.len() >= 3, "a TLS certificate is no seal");
    assert!(lint(b"no certificate", None).is_err());
}

#[test]
fn a_certificate_of_one_profile_is_told_what_keeps_it_from_every_other() {
    let shop = Shop::open();
    let tls = shop.make(Order { extensions: &tls(), ..ORDER });
    for profile in Profile::ALL {
        let (_, found) = lint(&tls, Some(profile)).unwrap();
        assert_eq!(found.is_empty(), profile == Profile::Tls, "{profile}");
        for finding in found {
            assert!(finding.source.contains("RFC") || finding.source.contains("record"), "{finding:?}");
            assert!(!finding.remedy.is_empty(), "{finding:?}");
        }
    }
    for (extensions, profile, remedies) in [
        (
            LEAF.to_owned(),
            Profile::Ocsp,
            &["keyUsage=critical,digitalSignature", "extendedKeyUsage=OCSPSigning", "noCheck=ignored"][..],
        ),
        (
            format!("{LEAF}|keyUsage=critical,digitalSignature|extendedKeyUsage=timeStamping"),
            Profile::TimeStamp,
            &["extendedKeyUsage=critical,timeStamping"],
        ),
        (
            format!("{LEAF}|keyUsage=critical,digitalSignature|extendedKeyUsage=clientAuth"),
            Profile::Officer,
            &[
                "certificatePolicies=2.25.168881632066891434156959818910932949201.3",
                "subjectAltName with exactly one URI:mohur-officer://instance/class/member/officer",
            ],
        ),
        (
            format!("{LEAF}|keyUsage=critical,digitalSignature|extendedKeyUsage=serverAuth|noCheck=ignored"),
            Profile::Infrastructure,
            &["no noCheck", "subjectAltName with DNS:… or IP:… of the server"],
        ),
    ] {
        let found = shop.findings(Order { extensions: &extensions, options: &["-days", "20"], ..ORDER }, profile);
        let told: Vec<&str> = found.iter().map(|finding| finding.remedy.as_str()).collect();
        assert_eq!(told, remedies, "{profile}");
    }
}
