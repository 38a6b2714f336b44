//! Chains that OpenSSL made from its own configuration, with nothing of ours: those that fit the profiles are good here, those
//! that do not are refused, and two authorities may share a name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::fs;
use std::process::Command;

use mohur_chain::{Certificate, CertificateError, Profile, Trust, TrustError};
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const POLICIES: &str = "2.25.168881632066891434156959818910932949201";
const AUTHORITY: &str =
    "keyUsage=critical,keyCertSign,cRLSign|subjectKeyIdentifier=hash|basicConstraints=critical,CA:TRUE,pathlen:";

/// A domain whose root and authorities OpenSSL made.
struct Domain(tempfile::TempDir);

impl Domain {
    fn new() -> Self {
        let domain = Self(tempfile::tempdir().unwrap());
        domain.make("root", "/CN=AZ root", None, &format!("{AUTHORITY}1"), 7000);
        for (name, rest) in [
            ("tls-ca", "extendedKeyUsage=serverAuth,clientAuth".to_owned()),
            ("seal-ca", format!("extendedKeyUsage=1.3.6.1.5.5.7.3.36|certificatePolicies={POLICIES}.1")),
            ("infrastructure-ca", "extendedKeyUsage=serverAuth,timeStamping".to_owned()),
            ("officer-ca", format!("extendedKeyUsage=clientAuth|certificatePolicies={POLICIES}.3")),
        ] {
            domain.make(name, &format!("/CN=AZ {name}"), Some("root"), &format!("{AUTHORITY}0|{rest}"), 1800);
            domain.list(name, &[], 1);
        }
        domain.list("root", &[], 1);
        domain
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Key and certificate `name`, issued by `issuer` or by itself.
    fn make(&self, name: &str, subject: &str, issuer: Option<&str>, extensions: &str, days: u32) -> Vec<u8> {
        let file = |suffix: &str| format!("{name}.{suffix}");
        fs::write(self.0.path().join("extensions"), extensions.replace('|', "\n")).unwrap();
        let curve = if extensions.contains("CA:TRUE") { "ec_paramgen_curve:P-384" } else { "ec_paramgen_curve:P-256" };
        let (key, csr, pem) = (file("key"), file("csr"), file("pem"));
        self.openssl(&[
            "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt", curve, "-subj", subject, "-keyout", &key, "-out",
            &csr,
        ]);
        let days = days.to_string();
        let (ca, ca_key) = issuer.map_or_else(Default::default, |one| (format!("{one}.pem"), format!("{one}.key")));
        let by = if issuer.is_some() { vec!["-CA", &ca, "-CAkey", &ca_key] } else { vec!["-signkey", &key] };
        let serial = format!("0x40{}", mohur_crypto::sha256(name.as_bytes()).to_string().get(..30).unwrap());
        let sign = [
            "x509",
            "-req",
            "-in",
            &csr,
            "-sha384",
            "-days",
            &days,
            "-extfile",
            "extensions",
            "-set_serial",
            &serial,
            "-out",
            &pem,
        ];
        self.openssl(&[&sign[..], &by].concat());
        CertificateDer::from_pem_slice(self.read(&pem).as_bytes()).unwrap().to_vec()
    }

    /// The revocation list of `issuer` with these certificates on it.
    fn list(&self, issuer: &str, revoked: &[&str], number: u32) {
        let at = |name: &str| self.0.path().join(name);
        fs::write(at("number"), format!("{number:02X}\n")).unwrap();
        fs::write(at("index"), "").unwrap();
        let configuration = "[ca]\ndefault_ca=own\n[own]\ndatabase=index\ncrlnumber=number\ndefault_md=sha384\n\
                             default_crl_days=30\ncrl_extensions=list\n[list]\nauthorityKeyIdentifier=keyid:always\n";
        fs::write(at("ca.cnf"), configuration).unwrap();
        let (pem, key, out) = (format!("{issuer}.pem"), format!("{issuer}.key"), format!("{issuer}.crl"));
        let common = ["ca", "-config", "ca.cnf", "-cert", &pem, "-keyfile", &key];
        for name in revoked {
            self.openssl(&[&common[..], &["-revoke", &format!("{name}.pem")]].concat());
        }
        self.openssl(&[&common[..], &["-gencrl", "-out", &out]].concat());
    }

    fn trust(&self) -> Result<Trust, TrustError> {
        let names = ["tls-ca", "seal-ca", "infrastructure-ca", "officer-ca"];
        let issuing = names.map(|name| self.read(&format!("{name}.pem")));
        let crls = ["root", "tls-ca", "seal-ca", "infrastructure-ca", "officer-ca"]
            .map(|name| self.read(&format!("{name}.crl")));
        Trust::from_pem(&self.read("root.pem"), &issuing, &crls)
    }
}

#[expect(clippy::disallowed_methods, reason = "openssl reads the system's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// What openssl is asked for, by profile: authority, extensions, days.
fn orders() -> Vec<(Profile, &'static str, String, u32)> {
    let leaf = "basicConstraints=critical,CA:FALSE|keyUsage=critical,digitalSignature";
    let member = "subjectAltName=URI:mohur://AZ/GOV/MIA/id-cards";
    vec![
        (Profile::Tls, "tls-ca", format!("{leaf}|extendedKeyUsage=serverAuth,clientAuth|{member},DNS:a.example"), 300),
        (
            Profile::Seal,
            "seal-ca",
            format!(
                "{leaf},nonRepudiation|extendedKeyUsage=1.3.6.1.5.5.7.3.36|certificatePolicies={POLICIES}.1|{member}"
            ),
            700,
        ),
        (
            Profile::Infrastructure,
            "infrastructure-ca",
            format!("{leaf}|extendedKeyUsage=serverAuth|subjectAltName=DNS:d.example"),
            300,
        ),
        (Profile::Ocsp, "seal-ca", format!("{leaf}|extendedKeyUsage=OCSPSigning|noCheck=ignored"), 30),
        (Profile::TimeStamp, "infrastructure-ca", format!("{leaf}|extendedKeyUsage=critical,timeStamping"), 300),
        (
            Profile::Officer,
            "officer-ca",
            format!(
                "{leaf}|extendedKeyUsage=clientAuth|certificatePolicies={POLICIES}.3|subjectAltName=URI:mohur-officer://AZ/GOV/MIA/officer-17"
            ),
            300,
        ),
    ]
}

fn judge(trust: &Trust, certificate: &Certificate) -> Result<(), CertificateError> {
    match certificate.profile() {
        Profile::Tls => trust.validate_tls(certificate, now()).map(drop),
        Profile::Seal => trust.validate_seal(certificate, now()).map(drop),
        Profile::Infrastructure => trust.validate_infrastructure(certificate, now()).map(drop),
        Profile::Ocsp => trust.validate_ocsp_responder(certificate, certificate, now()).map(drop),
        Profile::TimeStamp => trust.validate_time_stamper(certificate, now()).map(drop),
        Profile::Officer => trust.validate_officer(certificate, now()).map(drop),
        Profile::Root | Profile::Issuing(_) => panic!("an authority is no leaf"),
    }
}

#[test]
fn what_fits_a_profile_is_good_and_from_any_other_authority_it_is_refused() {
    let domain = Domain::new();
    let trust = domain.trust().unwrap();
    for (profile, issuer, extensions, days) in orders() {
        let certificate = Certificate::parse(&domain.make("leaf", "/CN=x", Some(issuer), &extensions, days)).unwrap();
        assert_eq!((certificate.profile(), judge(&trust, &certificate)), (profile, Ok(())), "{profile}");
        for other in ["root", "tls-ca", "seal-ca", "infrastructure-ca", "officer-ca"] {
            if other == issuer || profile == Profile::Ocsp && other != "root" {
                continue;
            }
            let der = domain.make("leaf", "/CN=x", Some(other), &extensions, days);
            let judged = judge(&trust, &Certificate::parse(&der).unwrap());
            assert_eq!(judged, Err(CertificateError::UntrustedIssuer), "{profile} by {other}");
        }
        let late =
            domain.make("leaf", "/CN=x", Some(issuer), &extensions, u32::try_from(profile.max_days()).unwrap() + 1);
        assert!(matches!(Certificate::parse(&late), Err(CertificateError::LivesTooLong { .. })), "{profile}");
        let open = extensions.replace("digitalSignature", "digitalSignature,keyEncipherment");
        let open = domain.make("leaf", "/CN=x", Some(issuer), &open, days);
        assert_eq!(Certificate::parse(&open).unwrap_err(), CertificateError::KeyUsage(profile));
    }
}

#[test]
fn what_openssl_revokes_is_revoked_leaf_and_authority() {
    let domain = Domain::new();
    let (_, issuer, extensions, days) = orders().into_iter().next().unwrap();
    let leaf = Certificate::parse(&domain.make("leaf", "/CN=x", Some(issuer), &extensions, days)).unwrap();
    domain.list(issuer, &["leaf"], 2);
    assert_eq!(judge(&domain.trust().unwrap(), &leaf), Err(CertificateError::Revoked));
    domain.list(issuer, &[], 3);
    judge(&domain.trust().unwrap(), &leaf).unwrap();
    domain.list("root", &[issuer], 2);
    assert_eq!(judge(&domain.trust().unwrap(), &leaf), Err(CertificateError::Revoked));
}

#[test]
fn an_authority_may_change_its_key_and_keep_its_name() {
    let domain = Domain::new();
    let (_, issuer, extensions, days) = orders().into_iter().next().unwrap();
    let old = Certificate::parse(&domain.make("old", "/CN=x", Some(issuer), &extensions, days)).unwrap();
    let rest = format!("{AUTHORITY}0|extendedKeyUsage=serverAuth,clientAuth");
    domain.make("tls-ca-2", "/CN=AZ tls-ca", Some("root"), &rest, 1800);
    domain.list("tls-ca-2", &[], 1);
    let new = Certificate::parse(&domain.make("new", "/CN=x", Some("tls-ca-2"), &extensions, days)).unwrap();
    let trust = |names: &[&str]| {
        let issuing: Vec<_> =
            names.iter().chain(&["seal-ca"]).map(|name| domain.read(&format!("{name}.pem"))).collect();
        let lists = names.iter().chain(&["seal-ca", "root"]).map(|name| domain.read(&format!("{name}.crl")));
        Trust::from_pem(&domain.read("root.pem"), &issuing, &lists.collect::<Vec<_>>()).unwrap()
    };
    for order in [["tls-ca", "tls-ca-2"], ["tls-ca-2", "tls-ca"]] {
        let both = trust(&order);
        judge(&both, &old).unwrap();
        judge(&both, &new).unwrap();
        assert_ne!(both.issuer_of(&old), both.issuer_of(&new));
    }
    assert_eq!(judge(&trust(&["tls-ca"]), &new), Err(CertificateError::UntrustedIssuer));
    assert_eq!(judge(&trust(&["tls-ca-2"]), &old), Err(CertificateError::UntrustedIssuer));
    // The list of the one says nothing about the other.
    domain.list("tls-ca", &["old"], 2);
    let both = trust(&["tls-ca", "tls-ca-2"]);
    assert_eq!(judge(&both, &old), Err(CertificateError::Revoked));
    judge(&both, &new).unwrap();
}

#[test]
fn authorities_that_do_not_fit_are_no_trust_anchors() {
    for (name, subject, extensions, days) in [
        // Longer than an authority lives, longer a path, a purpose more, another policy, and any purpose at all.
        ("tls-ca", "/CN=x", format!("{AUTHORITY}0|extendedKeyUsage=serverAuth,clientAuth"), 1828),
        ("tls-ca", "/CN=x", format!("{AUTHORITY}1|extendedKeyUsage=serverAuth,clientAuth"), 1000),
        ("tls-ca", "/CN=x", format!("{AUTHORITY}0|extendedKeyUsage=serverAuth,clientAuth,OCSPSigning"), 1000),
        (
            "seal-ca",
            "/CN=x",
            format!("{AUTHORITY}0|extendedKeyUsage=1.3.6.1.5.5.7.3.36|certificatePolicies={POLICIES}.2"),
            1000,
        ),
        (
            "officer-ca",
            "/CN=x",
            format!("{AUTHORITY}0|extendedKeyUsage=clientAuth|certificatePolicies=2.5.29.32.0"),
            1000,
        ),
        ("infrastructure-ca", "/CN=x", format!("{AUTHORITY}0|extendedKeyUsage=serverAuth"), 1000),
        ("officer-ca", "/CN=x", format!("{AUTHORITY}0"), 1000),
    ] {
        let domain = Domain::new();
        domain.make(name, subject, Some("root"), &extensions, days);
        domain.list(name, &[], 1);
        let error = domain.trust().unwrap_err();
        assert!(matches!(error, TrustError::Authority { .. }), "{name} {extensions}: {error}");
    }
}
