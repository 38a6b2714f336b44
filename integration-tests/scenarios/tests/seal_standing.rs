//! Seals are judged by their issuer's own answers, fetched in the background and kept as evidence; without a fresh one they count
//! for the grace, which is told, and then no more.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, header};
use mohur_attest::ocsp::{CertificateStatus, OcspRequest, RESPONSE_MEDIA_TYPE, Refusal, Responder};
use mohur_audit::Log;
use mohur_authority::testing::Template;
use mohur_authority::{Issuer, Layout};
use mohur_chain::{Certificate, SignerCertificate, read_pem_file};
use mohur_client::AskError;
use mohur_federation::{Federation, Founded, ask};
use mohur_http::{Handler, Limits, Request, Server};
use mohur_transparency::{Kind, LogKey};
use mohur_wire::{Clock, RefusalCode};
use tokio::sync::oneshot;

/// The Seal CA's responder, which says "good" of everything but what is revoked.
struct Page {
    responder: Responder,
    revoked: Arc<Mutex<HashSet<Vec<u8>>>>,
}

impl Handler for Page {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let (now, revoked) = (request.arrival.0, self.revoked.lock().unwrap().clone());
        let state = |serial: &[u8]| {
            Ok(if revoked.contains(serial) {
                CertificateStatus::Revoked { at: now, reason: None }
            } else {
                CertificateStatus::Good
            })
        };
        let answered = OcspRequest::decode(&request.body).and_then(|asked| self.responder.answer(&asked, now, state));
        let body = answered.map_or_else(Refusal::encode, |answered| answered.der.to_vec());
        Response::builder().header(header::CONTENT_TYPE, RESPONSE_MEDIA_TYPE).body(Bytes::from(body)).unwrap()
    }

    fn refuse(&self, _: RefusalCode) -> Response<Bytes> {
        Response::new(Bytes::new())
    }
}

struct Running {
    federation: Federation,
    revoked: Arc<Mutex<HashSet<Vec<u8>>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    async fn start(files: &[&str]) -> Self {
        let mut founded = Founded::new();
        let now = founded.clock.now();
        let template = Template::ocsp("AZ", Issuer::SEAL_CA, now, 30).unwrap();
        let forged = founded.nation.national().forge(&template).unwrap();
        let layout: Layout = founded.nation.national().layout().clone();
        let issuer = read_pem_file(&layout.trust().join("seal-ca.pem")).unwrap().remove(0);
        let seal = Arc::new(forged.seal().unwrap());
        let responder = Responder::new(&issuer, seal, Duration::from_secs(3600), now).unwrap();
        let revoked = Arc::new(Mutex::new(HashSet::new()));
        let clock: Arc<dyn Clock> = Arc::clone(&founded.clock) as Arc<dyn Clock>;
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), Limits::default(), clock).await.unwrap();
        let url = format!("http://{}/ocsp", server.local_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        let page = Arc::new(Page { responder, revoked: Arc::clone(&revoked) });
        tokio::spawn(server.serve(page, async move { stopped.await.unwrap_or_default() }));
        let lines = format!(
            "[revocation]\ngrace = \"30m\"\n[revocation.ocsp]\nurl = \"{url}\"\nevery = \"1s\"\nretry = \"1s\"\nwait = \"2s\"\n"
        );
        let founded = files.iter().fold(founded, |founded, file| founded.with(file, &lines));
        Self { federation: founded.start().await, revoked, stop: Some(stop) }
    }

    async fn ask(&self) -> Result<(), RefusalCode> {
        let office = self.federation.office();
        match office.ask(ask::blood_group(self.federation.citizen().fin)).await {
            Ok(_) => Ok(()),
            Err(AskError::Refused(refused)) => Err(refused.problem.code),
            Err(other) => panic!("{other}"),
        }
    }

    fn seal(&self) -> Certificate {
        let path = self.federation.nation.path("callers/passport-office/seal.pem");
        Certificate::parse(&read_pem_file(&path).unwrap()[0]).unwrap()
    }

    async fn metric(&self, name: &str) -> f64 {
        let page = self.federation.page(self.federation.broker().admin(), "/metrics").await;
        let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {page}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    async fn wait_for(&self, name: &str, is_so: impl Fn(f64) -> bool) {
        for _ in 0..400 {
            if is_so(self.metric(name).await) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{name} never came");
    }

    fn log(&self) -> Log {
        let keys = LogKey::parse_all(&fs::read_to_string(self.federation.nation.path("broker/log.vkey")).unwrap());
        Log::new(&self.federation.nation.path("broker/log"), keys.unwrap())
    }

    /// The file of the evidence that the last INTENT names.
    async fn evidence(&self) -> PathBuf {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let log = self.log();
        let (checkpoint, _) = log.checkpoint().unwrap();
        let entries = (0..checkpoint.size).rev().map(|index| log.entry(index, checkpoint.size).unwrap().leaf);
        let intent = entries.into_iter().find(|leaf| leaf.kind == Kind::Intent).unwrap();
        let digest = intent.revocation.unwrap();
        let (der, form) = log.revocation(&digest).unwrap();
        let path = self.federation.nation.path(&format!("evidence.{form}"));
        fs::write(&path, der).unwrap();
        path
    }

    fn openssl(&self, line: &str) -> String {
        let folder = self.federation.nation.path("");
        let output = Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

fn trust(running: &mut Running) -> String {
    running.federation.nation.national().layout().trust().display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_fetched_kept_named_in_the_log_and_a_revocation_counts_within_seconds() {
    let mut running = Running::start(&["broker/broker.toml", "hosts/health-card/host.toml"]).await;
    running.ask().await.unwrap();
    running.wait_for("mohur_broker_ocsp_questions_total{outcome=\"answered\"}", |count| count > 0.0).await;
    running.ask().await.unwrap();
    let path = running.evidence().await;
    assert_eq!(path.extension().unwrap(), "ocsp");
    let trust = trust(&mut running);
    let text = running.openssl(&format!(
        "ocsp -no_nonce -issuer {trust}/seal-ca.pem -cert callers/passport-office/seal.pem -respin {} -CAfile {trust}/root.pem \
         -verify_other {trust}/seal-ca.pem",
        path.display()
    ));
    assert!(text.contains("Response verify OK") && text.contains("seal.pem: good"), "{text}");
    // The issuer takes the seal back.
    let serial = SignerCertificate::parse(running.seal().der()).unwrap().serial().to_vec();
    running.revoked.lock().unwrap().insert(serial);
    let before = std::time::Instant::now();
    while running.ask().await.is_ok() {
        assert!(before.elapsed() < Duration::from_secs(20), "still accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(running.ask().await, Err(RefusalCode::CertificateRevoked));
    println!("a seal that its issuer revoked was refused after {:?}", before.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_answers_a_seal_counts_for_the_grace_which_is_told_and_then_no_more() {
    let mut running = Running::start(&["broker/broker.toml"]).await;
    running.ask().await.unwrap();
    running.wait_for("mohur_broker_ocsp_questions_total{outcome=\"answered\"}", |count| count > 0.0).await;
    running.stop.take().unwrap().send(()).unwrap();
    running.wait_for("mohur_broker_ocsp_questions_total{outcome=\"failed\"}", |count| count > 0.0).await;
    running.ask().await.unwrap();
    let before = running.metric("mohur_broker_revocation_in_grace_total").await;
    running.federation.clock.advance(Duration::from_secs(3600 + 600));
    running.ask().await.unwrap();
    running.wait_for("mohur_broker_revocation_in_grace_total", |count| count > before).await;
    running.federation.clock.advance(Duration::from_secs(1500));
    assert_eq!(running.ask().await, Err(RefusalCode::CertificateRefused));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_lists_alone_the_list_is_the_evidence() {
    let mut running = Running::start(&[]).await;
    running.ask().await.unwrap();
    let path = running.evidence().await;
    assert_eq!(path.extension().unwrap(), "crl");
    let trust = trust(&mut running);
    let text = running.openssl(&format!("crl -inform DER -in {} -CAfile {trust}/seal-ca.pem -noout", path.display()));
    assert!(text.contains("verify OK"), "{text}");
}
