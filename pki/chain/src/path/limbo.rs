//! C2SP x509-limbo, read from `MOHUR_SUITES/x509-limbo`, through what judges certificates here: [`Reading`], the lists of
//! [`RevocationList`] and [`walk`]. Left out are the profiles alone, by which no certificate of the suite names anybody; a test
//! of its own shows that. `docs/x509-limbo.md` says what came out, and why. Any other file in that format, e.g. with the
//! BetterTLS and PKITS families, is judged in the same way with `MOHUR_LIMBO=<file>`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use mohur_wire::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName};
use serde_json::Value;
use webpki::{EndEntityCert, ExpirationPolicy, KeyUsage};

use super::{revocation, walk};
use crate::certificate::check_time;
use crate::profile::{KEY_CERT_SIGN, Profile, has_accepted_key};
use crate::reading::{KeyKind, Reading};
use crate::revocation::RevocationList;
use crate::{Certificate, CertificateError, Form, oid};

/// When the suite does not say: it was made in that month, and its certificates hold for decades.
const DEFAULT_TIME: &str = "2026-03-01T00:00:00Z";

fn suite() -> Option<Vec<Value>> {
    let Some(suites) = std::env::var_os("MOHUR_SUITES") else {
        eprintln!("skipped: MOHUR_SUITES is not set, so the cases of x509-limbo were not run");
        return None;
    };
    Some(cases(&PathBuf::from(suites).join("x509-limbo/limbo.json")))
}

fn cases(path: &Path) -> Vec<Value> {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let suite: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(suite["version"], 1, "another format");
    suite["testcases"].as_array().unwrap().clone()
}

/// The list of that name; the schema lets it be absent.
fn list<'a>(case: &'a Value, name: &str) -> &'a [Value] {
    case[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A certificate of the suite; base64 that is none is no certificate.
fn certificate(text: &Value) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(text.as_str().unwrap().as_bytes()).ok()
}

fn certificates(texts: &[Value]) -> Vec<CertificateDer<'static>> {
    texts.iter().filter_map(certificate).collect()
}

/// What a certificate has to fulfil in every profile.
fn read(der: &[u8], authority: bool) -> Result<Reading, CertificateError> {
    let reading = Reading::of(der)?;
    if let Some(fault) = reading.form.first() {
        return Err(CertificateError::Form(*fault));
    }
    if !reading.strong_signature {
        return Err(CertificateError::WeakSignature);
    }
    // The suite's authorities have RSA keys, too, which the profiles do not let an authority have.
    let accepted = has_accepted_key(&reading, Profile::Tls) || authority && reading.key == Some(KeyKind::P384);
    if !accepted {
        return Err(CertificateError::WeakKey);
    }
    // A profile's key usage is exact.
    if authority && !(reading.authority && reading.key_usage & KEY_CERT_SIGN != 0) {
        return Err(CertificateError::Form(Form::CertificateSigning));
    }
    // Nor does a profile let a leaf be without a purpose.
    if !authority && reading.purposes.is_empty() {
        return Err(CertificateError::ExtendedKeyUsage(Profile::Tls));
    }
    Ok(reading)
}

fn judge(case: &Value) -> Result<(), CertificateError> {
    let leaf = certificate(&case["peer_certificate"]).ok_or(CertificateError::Unreadable)?;
    read(&leaf, false)?;
    let at: Timestamp = case["validation_time"].as_str().unwrap_or(DEFAULT_TIME).parse().unwrap();
    let readable = |ders: Vec<CertificateDer<'static>>| {
        let read = ders.into_iter().map(|der| read(&der, true).map(|reading| (der, reading)));
        let (good, bad): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        let pairs: (Vec<_>, Vec<_>) = good.into_iter().flatten().unzip();
        (pairs, bad.into_iter().find_map(Result::err))
    };
    let ((roots, root_readings), bad_root) = readable(certificates(list(case, "trusted_certs")));
    let ((intermediates, readings), bad) = readable(certificates(list(case, "untrusted_intermediates")));
    // A root that cannot be used ends the start of every process.
    if let (true, Some(error)) = (roots.is_empty(), bad_root) {
        return Err(error);
    }
    for root in &root_readings {
        check_time(root.not_before, root.not_after, at)?;
    }
    let mut lists = Vec::new();
    for text in list(case, "crls") {
        let der = CertificateRevocationListDer::from_pem_slice(text.as_str().unwrap().as_bytes());
        let der = der.map_err(|_| CertificateError::RevocationUnknown)?;
        let mut issuers = root_readings.iter().chain(&readings);
        let list = issuers.find_map(|issuer| RevocationList::read(&der, issuer));
        lists.push(list.ok_or(CertificateError::RevocationUnknown)?.list);
    }
    let lists: Vec<_> = lists.iter().collect();
    let revocation = if lists.is_empty() { None } else { Some(revocation(&lists, ExpirationPolicy::Enforce)?) };
    let purpose = if case["validation_kind"] == "CLIENT" { oid::CLIENT_AUTH } else { oid::SERVER_AUTH };
    walk(&leaf, (&roots, &intermediates), KeyUsage::required_if_present(purpose), revocation, at)
        .map_err(|error| bad.filter(|_| error == CertificateError::UntrustedIssuer).unwrap_or(error))?;
    match case["expected_peer_name"]["value"].as_str() {
        Some(name) => {
            let name = ServerName::try_from(name).map_err(|_| CertificateError::InvalidPath)?;
            let leaf = EndEntityCert::try_from(&leaf).unwrap();
            leaf.verify_is_valid_for_subject_name(&name).map_err(|_| CertificateError::UntrustedIssuer)
        }
        None => Ok(()),
    }
}

/// What a case asks that nothing here has a setting for.
fn is_not_applicable(case: &Value) -> bool {
    let mail = |name: &Value| name["kind"] == "RFC822";
    // Whoever validates would have to say which policies count; here each profile says it, exactly.
    let policies = list(case, "features").iter().any(|feature| feature == "has-cert-policies");
    !case["max_chain_depth"].is_null()
        || policies
        || mail(&case["expected_peer_name"])
        || list(case, "expected_peer_names").iter().any(mail)
}

fn features(case: &Value) -> Vec<String> {
    let named: Vec<_> = list(case, "features").iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    if named.is_empty() { vec!["(none)".to_owned()] } else { named }
}

/// The first part of a case's name: which collection it comes from.
fn family(case: &Value) -> String {
    case["id"].as_str().unwrap().split("::").next().unwrap().to_owned()
}

/// What was found: lines of the document's two tables.
#[derive(Default)]
struct Report {
    features: BTreeMap<String, [usize; 3]>,
    families: BTreeMap<String, [usize; 3]>,
    all: [usize; 3],
    disagreements: Vec<(String, CertificateError)>,
    accepted: Vec<String>,
}

fn report(cases: &[Value]) -> Report {
    let mut report = Report::default();
    for case in cases {
        let id = case["id"].as_str().unwrap().to_owned();
        let (found, must_hold) = (judge(case), case["expected_result"] == "SUCCESS");
        let outcome = match found {
            Ok(()) if !must_hold && !is_not_applicable(case) => {
                report.accepted.push(id);
                1
            }
            _ if is_not_applicable(case) => 2,
            Err(error) if must_hold => {
                report.disagreements.push((id, error));
                1
            }
            _ => 0,
        };
        report.all[outcome] += 1;
        report.families.entry(family(case)).or_default()[outcome] += 1;
        for feature in features(case) {
            report.features.entry(feature).or_default()[outcome] += 1;
        }
    }
    report
}

impl Report {
    fn table(&self) -> String {
        self.table_of("Feature", &self.features)
    }

    fn table_of(&self, kind: &str, rows: &BTreeMap<String, [usize; 3]>) -> String {
        let mut out = format!("| {kind} | Agree | Disagree | Not applicable |\n|---|---|---|---|\n");
        for (name, [agree, disagree, other]) in rows {
            writeln!(out, "| {name} | {agree} | {disagree} | {other} |").unwrap();
        }
        let [agree, disagree, other] = self.all;
        writeln!(out, "| **all cases** | {agree} | {disagree} | {other} |").unwrap();
        out
    }
}

impl Report {
    fn print(&self) {
        println!("{}\n{}", self.table(), self.table_of("Family", &self.families));
        for (id, error) in &self.disagreements {
            println!("| `{id}` | {error:?}: {error} |");
        }
    }

    fn accepts_nothing_that_must_be_refused(&self) {
        assert!(self.accepted.is_empty(), "accepted though they must be refused: {:#?}", self.accepted);
    }
}

#[test]
fn any_file_in_the_format_is_judged() {
    let Some(path) = std::env::var_os("MOHUR_LIMBO") else {
        eprintln!("skipped: MOHUR_LIMBO names no file of cases");
        return;
    };
    let report = report(&cases(Path::new(&path)));
    report.print();
    report.accepts_nothing_that_must_be_refused();
}

#[test]
fn the_suite_and_we_agree_as_the_document_says() {
    let Some(cases) = suite() else { return };
    let report = report(&cases);
    report.print();
    report.accepts_nothing_that_must_be_refused();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/x509-limbo.md");
    let document = std::fs::read_to_string(path).unwrap();
    assert!(document.contains(&report.table()), "docs/x509-limbo.md has another table than:\n{}", report.table());
    let explained: Vec<&str> =
        document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let disagree: Vec<&str> = report.disagreements.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(explained, disagree, "docs/x509-limbo.md explains other disagreements than there are");
}

#[test]
fn no_certificate_of_the_suite_names_a_member_or_an_officer() {
    let Some(cases) = suite() else { return };
    for case in &cases {
        let leaf = certificate(&case["peer_certificate"]).and_then(|leaf| Certificate::parse(&leaf).ok());
        // A web server's certificate may have the form of one of the domain's own servers; it is under no root of ours.
        assert!(leaf.is_none_or(|leaf| leaf.profile() == Profile::Infrastructure), "{}", case["id"]);
    }
}
