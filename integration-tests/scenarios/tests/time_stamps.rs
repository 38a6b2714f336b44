//! The broker has its log stamped by an outside authority; the auditor and openssl verify it; an authority that is gone costs an
//! alarm and no answer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mohur_attest::timestamp::{Accuracy, Authority};
use mohur_audit::{Log, StampProblem, check_time_stamp};
use mohur_authority::serve::{Routes, Serials, time_stamps};
use mohur_chain::{Anchors, read_pem_file};
use mohur_federation::{Federation, Founded, ask};
use mohur_http::{Limits, Server, SystemClock};
use mohur_seal::SoftwareSeal;
use mohur_transparency::LogKey;
use tokio::sync::oneshot;

const EXTENSIONS: &str = "[tsa]\nbasicConstraints = critical, CA:false\nkeyUsage = critical, digitalSignature\n\
    extendedKeyUsage = critical, timeStamping\n";

fn openssl(folder: &Path, line: &str) -> bool {
    Command::new("openssl").args(line.split_whitespace()).current_dir(folder).output().unwrap().status.success()
}

/// Somebody else's authority, with a root of its own.
fn authority(folder: &Path) -> Authority {
    fs::write(folder.join("ext.cnf"), EXTENSIONS).unwrap();
    for line in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root.key",
        "req -x509 -new -key root.key -subj /CN=outside -days 40 -out root.pem -config /dev/null \
         -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out tsa.key",
        "req -new -key tsa.key -subj /CN=tsa -out tsa.csr -config /dev/null",
        "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile ext.cnf -extensions tsa \
         -out tsa.pem",
        "pkcs8 -topk8 -nocrypt -in tsa.key -outform DER -out tsa.p8",
    ] {
        assert!(openssl(folder, line), "{line}");
    }
    let certificate = read_pem_file(&folder.join("tsa.pem")).unwrap().remove(0);
    let seal = SoftwareSeal::from_pkcs8(&fs::read(folder.join("tsa.p8")).unwrap(), &certificate).unwrap();
    Authority::new(Arc::new(seal), Vec::new(), "1.2.3.4".parse().unwrap(), Accuracy(Duration::from_secs(1))).unwrap()
}

async fn metric(federation: &Federation, name: &str) -> f64 {
    let page = federation.page(federation.broker().admin(), "/metrics").await;
    let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {page}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_stamped_from_outside_and_an_authority_that_is_gone_costs_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    let serials = Serials::open(&folder.path().join("serials")).unwrap();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), Limits::default(), Arc::new(SystemClock)).await.unwrap();
    let url = format!("http://{}/", server.local_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving =
        tokio::spawn(server.serve(Arc::new(Routes::new().at("/", time_stamps(authority, serials))), async move {
            stopped.await.unwrap_or_default()
        }));
    let root = folder.path().join("root.pem");
    let lines = format!(
        "[log.time-stamp]\nurl = \"{url}\"\ntrust = [\"{}\"]\npolicy = \"1.2.3.4\"\nevery = \"100ms\"\nretry = \"100ms\"\n",
        root.display()
    );
    let federation = Founded::new().with("broker/broker.toml", &lines).start().await;
    let office = federation.office();
    office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    let log = log(&federation);
    stamped_from(&log, 4).await;
    office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    let path = stamped_from(&log, 6).await;
    let anchors = Anchors::load(std::slice::from_ref(&root)).unwrap();
    let good = check_time_stamp(&log, &path, &anchors, 2).unwrap();
    assert_eq!(good.stamp.policy.to_string(), "1.2.3.4");
    let verified = |path: &Path| {
        let (data, answer) = (path.with_extension("checkpoint"), path.display());
        openssl(folder.path(), &format!("ts -verify -data {} -in {answer} -CAfile root.pem", data.display()))
    };
    assert!(verified(&path), "openssl reads the pair as it lies there");
    assert!(metric(&federation, "mohur_broker_time_stamp_seconds").await > 1_700_000_000.0);

    // The stamp of one checkpoint is no stamp of another.
    let all = log.time_stamps().unwrap();
    assert!(all.len() > 1, "{all:?}");
    let swapped = all[0].with_file_name("00000000000000009999.tsr");
    fs::copy(&all[0], &swapped).unwrap();
    fs::copy(path.with_extension("checkpoint"), swapped.with_extension("checkpoint")).unwrap();
    let refused = check_time_stamp(&log, &swapped, &anchors, 2).unwrap_err();
    assert!(matches!(refused, StampProblem::Token(_)) && !verified(&swapped), "{refused}");

    // Without its authority the broker answers on, and says that it is not stamped.
    stop.send(()).unwrap();
    serving.await.unwrap();
    office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    for attempt in 0.. {
        if metric(&federation, "mohur_broker_time_stamps_failed_total").await > 0.0 {
            break;
        }
        assert!(attempt < 200, "no alarm");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
}

/// Waits for a time stamp of that many entries at least.
async fn stamped_from(log: &Log, entries: u64) -> PathBuf {
    for _ in 0..400 {
        let last = log.time_stamps().unwrap().pop();
        if let Some(path) = last.filter(|path| log.time_stamp(path).unwrap().checkpoint.size >= entries) {
            return path;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no time stamp of {entries} entries");
}

fn log(federation: &Federation) -> Log {
    let key = fs::read_to_string(federation.nation.path("broker/log.vkey")).unwrap();
    let keys = LogKey::parse_all(&key).unwrap();
    Log::new(&federation.nation.path("broker/log"), keys)
}
