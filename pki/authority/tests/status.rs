//! Revocation over HTTP as openssl asks for it: OCSP by POST and GET, with a nonce and without, and the lists.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mohur_attest::ocsp::{
    CertId, CertificateStatus, IdHash, OcspError, OcspRequest, Reason as Code, Refusal, to_path, verify_answer,
};
use mohur_authority::serve::{Freshness, Lender, Responders, Routes, lists, ocsp};
use mohur_authority::{Issue, National, Reason};
use mohur_chain::{SignerCertificate, read_pem_file};
use mohur_http::{Limits, Server, SystemClock};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::{Clock, Timestamp};

struct Shared(Mutex<National>);

impl Lender for Shared {
    fn lend(&self, work: &mut dyn FnMut(&National)) {
        work(&self.0.lock().unwrap());
    }
}

struct Online {
    folder: tempfile::TempDir,
    national: Arc<Shared>,
    responders: Arc<Responders>,
    address: SocketAddr,
}

const SKEW: Duration = Duration::from_secs(5);

impl Online {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let now = SystemClock.now();
        let mut national = National::create(&folder.path().join("pki"), "AZ", &passphrase, now).unwrap();
        for (name, member) in [("good", "AZ/GOV/MIA/id-cards"), ("lost", "AZ/GOV/MOJ/births")] {
            let member = member.parse().unwrap();
            let folder = folder.path().join(name);
            let issue =
                Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
            national.issue_seal(&issue).unwrap();
            national.issue_tls(&issue, &[]).unwrap();
        }
        let responders = Arc::new(Responders::new(Freshness::default()));
        responders.renew(&national, now).unwrap();
        let layout = national.layout().clone();
        let national = Arc::new(Shared(Mutex::new(national)));
        let page = ocsp(Arc::clone(&responders), Arc::clone(&national) as Arc<dyn Lender>);
        let routes = Routes::new().at("/ocsp", page.clone()).under("/ocsp/", page).under("/crl/", lists(layout));
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), Limits::default(), Arc::new(SystemClock));
        let server = server.await.unwrap();
        let address = server.local_addr();
        tokio::spawn(server.serve(Arc::new(routes), std::future::pending()));
        Self { folder, national, responders, address }
    }

    /// Runs a command in the folder: its success and what it says.
    fn run(&self, program: &str, line: &str) -> (bool, String) {
        let folder = self.folder.path();
        let output = Command::new(program).args(line.split_whitespace()).current_dir(folder).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// What `openssl ocsp` says of certificates of one authority.
    fn ask(&self, authority: &str, certificates: &str, options: &str) -> String {
        let url = format!("http://{}/ocsp/{authority}", self.address);
        let ca = format!("pki/trust/{authority}.pem");
        let trust = format!("-issuer {ca} -CAfile pki/trust/root.pem -verify_other {ca}");
        let (_, text) = self.run("openssl", &format!("ocsp {options} {trust} {certificates} -url {url}"));
        text
    }

    fn revoke(&self, file: &str, reason: Reason) {
        let der = read_pem_file(&self.folder.path().join(file)).unwrap().remove(0);
        let fingerprint = mohur_crypto::sha256(&der).to_string();
        self.national.0.lock().unwrap().revoke(&fingerprint, reason, SystemClock.now()).unwrap();
    }

    fn certificate(&self, file: &str) -> SignerCertificate {
        SignerCertificate::parse(&read_pem_file(&self.folder.path().join(file)).unwrap()[0]).unwrap()
    }

    fn fetch(&self, path: &str, options: &str) -> (String, Vec<u8>) {
        let url = format!("http://{}{path}", self.address);
        let (good, head) = self.run("curl", &format!("-sS -D - -o fetched {options} {url}"));
        assert!(good, "{head}");
        (head.to_lowercase(), fs::read(self.folder.path().join("fetched")).unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_asks_by_post_and_hears_of_a_revocation_at_once() {
    let online = Online::start().await;
    let both = "-cert good/seal.pem -cert lost/seal.pem";
    for options in ["-nonce", "-no_nonce", "-nonce -sha256"] {
        let text = online.ask("seal-ca", both, options);
        assert!(text.contains("Response verify OK"), "{text}");
        assert!(text.contains("good/seal.pem: good") && text.contains("lost/seal.pem: good"), "{text}");
    }
    online.revoke("lost/seal.pem", Reason::KeyCompromise);
    for options in ["-nonce", "-no_nonce"] {
        let text = online.ask("seal-ca", both, options);
        assert!(text.contains("good/seal.pem: good") && text.contains("lost/seal.pem: revoked"), "{text}");
        assert!(text.contains("Response verify OK") && text.contains("Reason: keyCompromise"), "{text}");
    }
    let text = online.ask("tls-ca", "-cert good/tls.pem", "-nonce");
    assert!(text.contains("Response verify OK") && text.contains("good/tls.pem: good"), "{text}");
    let text = online.ask("seal-ca", "-serial 0x4711", "-nonce");
    assert!(text.contains("0x4711: unknown"), "{text}");
    // The responder of one authority is nobody's other authority's, and of the root there is none.
    let root = online.ask("root", "-cert pki/trust/seal-ca.pem", "-nonce");
    assert!(root.contains("unauthorized"), "{root}");
    let (head, body) = online.fetch("/ocsp/seal-ca", "-H Content-Type:application/ocsp-request --data-binary nonsense");
    assert!(head.contains("200 ok") && body == Refusal::MalformedRequest.encode(), "{head}");
    let (head, _) = online.fetch("/ocsp/seal-ca", "-X POST -H Content-Type:text/plain --data-binary x");
    assert!(head.contains("415"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_is_answered_and_may_be_cached() {
    let online = Online::start().await;
    let issuer = online.certificate("pki/trust/seal-ca.pem");
    let id = CertId::new(IdHash::Sha1, &issuer, online.certificate("good/seal.pem").serial());
    let request = OcspRequest::new(vec![id.clone()], None);
    let now: Timestamp = SystemClock.now();
    for prefix in ["/ocsp/seal-ca/", "/ocsp/"] {
        let (head, body) = online.fetch(&format!("{prefix}{}", to_path(&request.encode())), "");
        let proved = verify_answer(&body, &request, (&id, &issuer), now, SKEW).unwrap();
        assert_eq!(proved.status, CertificateStatus::Good);
        for expected in ["application/ocsp-response", "max-age=3", "etag: \"", "last-modified: ", "gmt", "public"] {
            assert!(head.contains(expected), "{expected}: {head}");
        }
    }
    let with_nonce = OcspRequest::new(vec![id.clone()], Some([7; 32]));
    let (head, body) = online.fetch(&format!("/ocsp/seal-ca/{}", to_path(&with_nonce.encode())), "");
    assert!(head.contains("no-store"), "{head}");
    verify_answer(&body, &with_nonce, (&id, &issuer), now, SKEW).unwrap();
    online.revoke("good/seal.pem", Reason::Superseded);
    let (_, body) = online.fetch(&format!("/ocsp/{}", to_path(&request.encode())), "");
    let proved = verify_answer(&body, &request, (&id, &issuer), now, SKEW).unwrap();
    let CertificateStatus::Revoked { reason, .. } = proved.status else { panic!("{proved:?}") };
    assert_eq!(reason, Some(Code(4)));
    let (head, body) = online.fetch("/ocsp/seal-ca/####", "");
    assert_eq!(body, Refusal::MalformedRequest.encode(), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_reads_the_lists_and_judges_by_them() {
    let online = Online::start().await;
    online.revoke("lost/seal.pem", Reason::KeyCompromise);
    for authority in ["root", "tls-ca", "seal-ca", "infrastructure-ca", "officer-ca"] {
        let (head, der) = online.fetch(&format!("/crl/{authority}.crl"), "");
        assert!(head.contains("application/pkix-crl") && head.contains("max-age=300"), "{head}");
        fs::write(online.folder.path().join(format!("{authority}.der")), &der).unwrap();
        let issuer = if authority == "root" { "root" } else { authority };
        let read = format!("crl -inform DER -in {authority}.der -CAfile pki/trust/{issuer}.pem -text");
        let (good, text) = online.run("openssl", &read);
        assert!(good && text.contains("verify OK"), "{authority}: {text}");
        assert_eq!(text.contains("Key Compromise"), authority == "seal-ca", "{text}");
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().trim().to_owned();
        let (head, body) = online.fetch(&format!("/crl/{authority}.crl"), &format!("-H If-None-Match:{tag}"));
        assert!(head.contains("304") && body.len() != 1, "{head}");
    }
    let (_, text) = online.run("openssl", "crl -inform DER -in root.der -out all.crl");
    assert!(text.is_empty(), "{text}");
    let (_, seal) = online.run("openssl", "crl -inform DER -in seal-ca.der");
    let all = fs::read_to_string(online.folder.path().join("all.crl")).unwrap() + &seal;
    fs::write(online.folder.path().join("all.crl"), all).unwrap();
    let verify = "verify -crl_check_all -CAfile pki/trust/root.pem -untrusted pki/trust/seal-ca.pem -CRLfile all.crl";
    let (good, text) = online.run("openssl", &format!("{verify} good/seal.pem"));
    assert!(good, "{text}");
    let (good, text) = online.run("openssl", &format!("{verify} lost/seal.pem"));
    assert!(!good && text.contains("certificate revoked"), "{text}");
    let (head, _) = online.fetch("/crl/nobody.crl", "");
    assert!(head.contains("404"), "{head}");
    let (head, _) = online.fetch("/crl/../authority/root.key", "--path-as-is");
    assert!(head.contains("404"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn responders_are_renewed_before_they_end() {
    let online = Online::start().await;
    let now = SystemClock.now();
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let responders = |national: &National| {
        national.certificates().unwrap().iter().filter(|record| record.profile.to_lowercase().contains("ocsp")).count()
    };
    assert_eq!(responders(&online.national.0.lock().unwrap()), 4);
    let renew = |at: Timestamp| online.responders.renew(&online.national.0.lock().unwrap(), at).unwrap();
    renew(now + days(4));
    assert_eq!(responders(&online.national.0.lock().unwrap()), 4, "nothing is due");
    renew(now + days(5));
    assert_eq!(responders(&online.national.0.lock().unwrap()), 8, "a third before their end");
    // What nobody renews ends: the answer never outlives its signer.
    let issuer = online.certificate("pki/trust/seal-ca.pem");
    let id = CertId::new(IdHash::Sha256, &issuer, online.certificate("good/seal.pem").serial());
    let request = OcspRequest::new(vec![id.clone()], Some([1; 32]));
    let answer = |at| online.responders.answer(&*online.national, &request, at);
    let late = now + days(12) - Duration::from_secs(900);
    let last = answer(late).unwrap();
    assert!(last.next_update <= now + days(12), "{last:?}");
    assert_eq!(answer(now + days(13)).unwrap_err(), Refusal::TryLater);
    let stale = verify_answer(&last.der, &request, (&id, &issuer), now + days(13), SKEW);
    assert!(matches!(stale, Err(OcspError::Stale(_))), "{stale:?}");
}
