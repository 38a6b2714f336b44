//! XML signatures of ours verify with Debian's `xmlsec1` and PyPI `signxml`, and theirs with us: every method and digest that
//! both sides have. `integration-tests/all` installs them; without them the tests are skipped with a notice.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test harness: a panic is how it fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_authority::{Issue, National};
use mohur_chain::{Certificate, Trust};
use mohur_crypto::{Algorithm, Digest};
use mohur_message::TrustedKeys;
use mohur_message::ws_security::{sign_envelope, verify_envelope};
use mohur_seal::key_file::read_encrypted;
use mohur_seal::{KeyKind, Passphrase, Seal, SoftwareSeal};
use mohur_soap::{Document, Envelope, Limits, Version, ns};
use mohur_wire::{Arrival, MemberId, Refusal, RefusalCode, Timestamp};
use tempfile::TempDir;

/// 2026-06-15T12:00:00Z.
const NOW: i64 = 1_781_524_800;
const KEYS: [(KeyKind, Algorithm); 3] = [
    (KeyKind::P256, Algorithm::EcdsaP256Sha256),
    (KeyKind::Rsa2048, Algorithm::RsaV15Sha256),
    (KeyKind::Rsa2048, Algorithm::RsaPssSha512),
];
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";

/// A member with its seal, as files too.
struct Member {
    folder: TempDir,
    id: MemberId,
    seal: SoftwareSeal,
    certificate: Certificate,
    trust: Trust,
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

impl Member {
    fn new(kind: KeyKind, algorithm: Algorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pass = Passphrase::generate();
        let mut national = National::create(&folder.path().join("pki"), "AZ", &pass, now()).unwrap();
        let id: MemberId = "AZ/GOV/MIA/id-cards".parse().unwrap();
        let issue = Issue { member: &id, folder: folder.path(), passphrase: &pass, key: kind, days: 30, now: now() };
        let certificate = national.issue_seal(&issue).unwrap().certificate.pinned_to(algorithm).unwrap();
        let pkcs8 = read_encrypted(&folder.path().join("seal.key"), &pass).unwrap();
        let seal = SoftwareSeal::from_pkcs8(&pkcs8, certificate.der()).unwrap().pinned_to(algorithm).unwrap();
        let member = Self { trust: national.trust().unwrap(), folder, id, seal, certificate };
        member.write("key.pem", &pem("PRIVATE KEY", &pkcs8));
        member.write("certificate.pem", &pem("CERTIFICATE", member.seal.certificate()));
        member
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn verify(&self, text: &str) -> Result<String, Refusal> {
        let document = Document::parse(text, &Limits::default())?;
        let find =
            |key_id: &Digest| (*key_id == self.certificate.fingerprint()).then_some((&self.id, &self.certificate));
        let keys = TrustedKeys::new(find, &self.trust, now());
        let verified = verify_envelope(Envelope::read(&document)?, &[], &keys, &[], Arrival(now()), 60)?;
        Ok(verified.payload().text()?.into_owned())
    }

    /// Verifies, and nothing that was changed does.
    fn assert_verifies(&self, what: &str, text: &str) {
        assert_eq!(self.verify(text).unwrap_or_else(|refusal| panic!("{what}: {}", refusal.detail)), "a question");
        let changed = self.verify(&text.replace("a question", "another")).unwrap_err();
        assert_eq!(changed.code, RefusalCode::DigestMismatch, "{what}");
        let digest = text.find("DigestValue>").unwrap() + 12;
        let flipped = if text.as_bytes()[digest] == b'A' { "B" } else { "A" };
        let mut changed = text.to_owned();
        changed.replace_range(digest..=digest, flipped);
        assert_eq!(self.verify(&changed).unwrap_err().code, RefusalCode::SignatureInvalid, "{what}");
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn is_there(program: &Path, what: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: {what} is not there; integration-tests/all installs it");
    }
    there
}

fn xmlsec1(command: &str, version: Version) -> Command {
    let mut xmlsec1 = Command::new("xmlsec1");
    xmlsec1.arg(command);
    for node in [format!("{}:Body", version.namespace()), format!("{}:Timestamp", ns::WSU)] {
        xmlsec1.arg("--id-attr:Id").arg(node);
    }
    xmlsec1.arg("--id-attr:Id").arg(format!("{}:SignatureConfirmation", ns::WSSE11));
    xmlsec1
}

/// `integration-tests/clients/python/xml_signatures.py`, where there is a Python for it.
fn signxml() -> Option<impl Fn(&[&str]) -> Output> {
    let Some(venv) = std::env::var_os("MOHUR_VENV") else {
        eprintln!("skipped: MOHUR_VENV is not set; integration-tests/all makes one with signxml");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/clients/python/xml_signatures.py");
    Some(move |arguments: &[&str]| {
        Command::new(Path::new(&venv).join("bin/python")).arg(&script).args(arguments).output().unwrap()
    })
}

fn ours(member: &Member, version: Version, confirm: Option<&[u8]>) -> String {
    sign_envelope(version, "<q xmlns=\"urn:q\">a question</q>", "<h xmlns=\"urn:h\"></h>", &member.seal, now(), confirm)
        .unwrap()
}

/// What a client signs: Security with its Timestamp, and the Body.
fn unsigned(in_security: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{}\" xmlns:unused=\"urn:unused\">\n<s:Header>\
         <wsse:Security xmlns:wsse=\"{}\" xmlns:wsu=\"{}\">\n<wsu:Timestamp wsu:Id=\"times\"><wsu:Created>2026-06-15T12:00:00Z\
         </wsu:Created></wsu:Timestamp>{in_security}</wsse:Security></s:Header>\n<s:Body xmlns:wsu=\"{}\" wsu:Id=\"body\">\
         <q xmlns=\"urn:q\" b='2'  a='&#9;1'>a question</q></s:Body></s:Envelope>",
        ns::SOAP11,
        ns::WSSE,
        ns::WSU,
        ns::WSU
    )
}

#[test]
fn xmlsec1_verifies_what_we_sign() {
    if !is_there(Path::new("xmlsec1"), "Debian's xmlsec1") {
        return;
    }
    // Debian's xmlsec1 1.2 does not know RSA-PSS: signxml judges that.
    for (kind, algorithm) in KEYS.into_iter().filter(|(_, algorithm)| *algorithm != Algorithm::RsaPssSha512) {
        let member = Member::new(kind, algorithm);
        for (version, confirm) in [(Version::Soap11, None), (Version::Soap12, Some(&[1, 2, 3][..]))] {
            let text = ours(&member, version, confirm);
            let judge = |text: &str| {
                let file = member.write("ours.xml", text);
                let certificate = member.path("certificate.pem");
                xmlsec1("--verify", version).arg("--pubkey-cert-pem").arg(certificate).arg(file).output().unwrap()
            };
            let output = judge(&text);
            assert!(output.status.success(), "{algorithm:?} {version:?}: {}", said(&output));
            assert!(!judge(&text.replace("a question", "another")).status.success(), "{algorithm:?}");
            assert!(!judge(&text.replace("12:00:00Z", "12:00:01Z")).status.success(), "{algorithm:?}");
        }
    }
}

#[test]
fn signxml_verifies_what_we_sign() {
    let Some(signxml) = signxml() else { return };
    for (kind, algorithm) in KEYS {
        let member = Member::new(kind, algorithm);
        for (version, confirm, covered) in [
            (Version::Soap11, None, "Body Timestamp"),
            (Version::Soap12, Some(&[1, 2, 3][..]), "Body Timestamp SignatureConfirmation"),
        ] {
            let text = ours(&member, version, confirm);
            let judge = |text: &str| {
                let (file, certificate) = (member.write("ours.xml", text), member.path("certificate.pem"));
                signxml(&["verify", file.to_str().unwrap(), certificate.to_str().unwrap(), "2026-06-15T12:00:00Z"])
            };
            let output = judge(&text);
            assert!(output.status.success(), "{algorithm:?} {version:?}: {}", said(&output));
            assert_eq!(said(&output).trim(), covered, "{algorithm:?}");
            assert!(!judge(&text.replace("a question", "another")).status.success(), "{algorithm:?}");
        }
    }
}

#[test]
fn we_verify_what_xmlsec1_signs() {
    if !is_there(Path::new("xmlsec1"), "Debian's xmlsec1") {
        return;
    }
    for (kind, algorithm, methods) in [
        (KeyKind::P256, Algorithm::EcdsaP256Sha256, &["ecdsa-sha256"][..]),
        (KeyKind::Rsa2048, Algorithm::RsaV15Sha256, &["rsa-sha256", "rsa-sha512"][..]),
    ] {
        let member = Member::new(kind, algorithm);
        for method in methods {
            for digest in [format!("{XENC}sha256"), format!("{MORE}sha384"), format!("{XENC}sha512")] {
                for prefixes in ["", "<e:InclusiveNamespaces xmlns:e=\"EXC\" PrefixList=\"unused wsu\"/>"] {
                    let text = by_xmlsec1(&member, method, &digest, &prefixes.replace("EXC", ns::EXC_C14N));
                    member.assert_verifies(&format!("{method} {digest} {prefixes}"), &text);
                }
            }
        }
        let refused = by_xmlsec1(
            &member,
            if kind == KeyKind::P256 { "ecdsa-sha384" } else { "rsa-sha384" },
            &format!("{XENC}sha256"),
            "",
        );
        assert_eq!(member.verify(&refused).unwrap_err().code, RefusalCode::AlgorithmRefused);
    }
}

/// Signed after a template, as `xmlsec1 --sign` and all that builds on libxmlsec1 do.
fn by_xmlsec1(member: &Member, method: &str, digest: &str, prefixes: &str) -> String {
    let c14n = |name: &str| format!("<ds:{name} Algorithm=\"{}\">{prefixes}</ds:{name}>", ns::EXC_C14N);
    let references: String = ["times", "body"]
        .iter()
        .map(|id| {
            format!(
                "<ds:Reference URI=\"#{id}\"><ds:Transforms>{}</ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/>\
                 <ds:DigestValue/></ds:Reference>",
                c14n("Transform")
            )
        })
        .collect();
    let template = unsigned(&format!(
        "<ds:Signature xmlns:ds=\"{}\"><ds:SignedInfo>{}<ds:SignatureMethod Algorithm=\"{MORE}{method}\"/>{references}\
         </ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>",
        ns::DS,
        c14n("CanonicalizationMethod"),
    ));
    let file = member.write("template.xml", &template);
    let keys = format!("{},{}", member.path("key.pem").display(), member.path("certificate.pem").display());
    let output = xmlsec1("--sign", Version::Soap11).arg("--privkey-pem").arg(keys).arg(file).output().unwrap();
    assert!(output.status.success(), "{method}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn we_verify_what_signxml_signs() {
    let Some(signxml) = signxml() else { return };
    for ((kind, algorithm), methods) in KEYS.into_iter().zip([
        &["ECDSA_SHA256"][..],
        &["RSA_SHA256", "RSA_SHA512"],
        &["SHA256_RSA_MGF1", "SHA384_RSA_MGF1", "SHA512_RSA_MGF1"],
    ]) {
        let member = Member::new(kind, algorithm);
        let file = member.write("unsigned.xml", &unsigned(""));
        let (key, certificate) = (member.path("key.pem"), member.path("certificate.pem"));
        let sign = |method: &str, digest: &str, way: &str| {
            let files = [&file, &key, &certificate].map(|path| path.to_str().unwrap());
            let output = signxml(&["sign", files[0], files[1], files[2], method, digest, way]);
            assert!(output.status.success(), "{method}: {}", said(&output));
            String::from_utf8(output.stdout).unwrap()
        };
        for method in methods {
            for digest in ["SHA256", "SHA384", "SHA512"] {
                member.assert_verifies(&format!("{method} {digest}"), &sign(method, digest, "detached"));
            }
            member.assert_verifies(&format!("{method} enveloped"), &sign(method, "SHA256", "enveloped"));
        }
        // The other padding of the same key is not what the directory pins.
        let other = if algorithm == Algorithm::RsaV15Sha256 { "SHA256_RSA_MGF1" } else { "RSA_SHA256" };
        if kind == KeyKind::Rsa2048 {
            let refusal = member.verify(&sign(other, "SHA256", "detached")).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::AlgorithmRefused);
            assert!(refusal.detail.contains(algorithm.name()), "{}", refusal.detail);
        }
    }
}
