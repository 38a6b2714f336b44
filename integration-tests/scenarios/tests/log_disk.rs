//! A disk that fills, and a disk that breaks: what cannot be logged is not released, and a log that failed ends the process.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use http::StatusCode;
use mohur_audit::{Options, check_receipt};
use mohur_client::Caller;
use mohur_federation::{ChildBroker, Federation, Founded, Signed, ask, problem};
use mohur_journal::Log;
use mohur_transparency::Receipt;
use mohur_wire::RefusalCode;

/// A small file system of its own for the log; `None` where this process may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(place: &Path, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "mohur-test"]).arg(place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_owned()));
        }
        eprintln!("skipped: only root may mount a small file system");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _left_mounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A nation whose log lies on a disk of that size, in segments of 512 KiB, published at the end only.
fn on_a_disk_of(kilobytes: u32) -> Option<(Founded, SmallDisk)> {
    let founded = Founded::new().rewritten("broker/broker.toml", |text| {
        text.replace("origin = ", "publish-every = \"1h\"\nsegment-bytes = 524288\norigin = ")
    });
    let disk = SmallDisk::mount(&founded.nation.path("broker/log"), kilobytes)?;
    Some((founded, disk))
}

/// Asks until it is refused, and gives the receipts of what was answered.
async fn ask_until_refused(office: &Caller, federation: &Federation) -> Vec<String> {
    let mut receipts = Vec::new();
    for _ in 0..500 {
        match office.ask(ask::blood_group(federation.citizen().fin)).await {
            Ok(answered) => receipts.push(answered.receipt_header),
            Err(_refused_or_gone) => return receipts,
        }
    }
    panic!("the disk does not fill");
}

/// The log verifies, and every receipt is proved by it.
fn audit(federation: &Federation, receipts: &[String]) {
    let key = federation.nation.directory().brokers[0].log.key.parse().unwrap();
    let log = Log::new(&federation.nation.path("broker/log"), key);
    let report = mohur_audit::verify(&log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} }).unwrap();
    assert!(report.is_sound() && report.open_intents.is_empty(), "{report:?}");
    for header in receipts {
        check_receipt(&log, &Receipt::from_header(header).unwrap()).unwrap();
    }
}

fn answers_of_the_host(page: &str) -> String {
    page.lines().find(|line| line.starts_with("mohur_host_asks_total{outcome=\"answered\"")).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_everything_and_room_heals_it() {
    // Room for one segment, and then not for another one beside the tiles.
    let Some((founded, _disk)) = on_a_disk_of(1700) else { return };
    let mut federation = founded.start().await;
    let office = federation.office();
    let admin = federation.broker().admin();
    assert!(federation.page(admin, "/health").await.contains("\"log\":\"ok\""));
    let mut receipts = ask_until_refused(&office, &federation).await;
    assert!(receipts.len() > 20, "{}", receipts.len());

    let host = federation.owner("health-card").host.admin_addr();
    let before = federation.page(host, "/metrics").await;
    for _ in 0..3 {
        let response = Signed::new(&office, ask::blood_group(federation.citizen().fin)).raw(&office).await;
        assert_eq!(problem(&response).code, RefusalCode::JournalUnavailable);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
        assert!(!String::from_utf8_lossy(response.body()).contains("answer\":"), "nothing of the owner's leaves");
    }
    // A bundle is nobody's, either.
    let bundle = mohur_federation::Bundled::of(&office, federation.citizen()).await;
    assert_eq!(bundle.refusal(&office).await, RefusalCode::JournalUnavailable);
    let after = federation.page(host, "/metrics").await;
    assert_eq!(answers_of_the_host(&before), answers_of_the_host(&after), "what cannot be logged is not asked");
    assert!(federation.page(admin, "/health").await.contains("\"log\":\"full\""), "the operator is told");

    let place = federation.nation.path("broker/log");
    let larger = Command::new("mount").args(["-o", "remount,size=8m"]).arg(&place).status().unwrap();
    assert!(larger.success());
    assert!(federation.page(admin, "/health").await.contains("\"log\":\"ok\""), "without a restart");
    receipts.push(office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap().receipt_header);
    federation.stop_broker().await;
    federation.start_broker().await;
    federation.stop_broker().await;
    audit(&federation, &receipts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_somebody_else_filled_ends_the_process_and_it_recovers_with_room() {
    let Some((founded, _disk)) = on_a_disk_of(4096) else { return };
    let founded = founded.rewritten("broker/broker.toml", |text| text.replace("\"1h\"", "\"1ms\""));
    let mut federation = founded.start_without_broker().await;
    let child = ChildBroker::start(&federation).await;
    let office = federation.office();
    let answered = office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    let mut receipts = vec![answered.receipt_header];
    let ballast = federation.nation.path("broker/log/ballast");
    let _full = fs::write(&ballast, vec![1; 8 << 20]).unwrap_err();
    receipts.extend(ask_until_refused(&office, &federation).await);
    assert_eq!(child.ended().await.code(), Some(5), "{}", ChildBroker::said(&federation));

    // Without room it does not start, and says why.
    let status = ChildBroker::try_start(&federation, &["env"]).ended().await;
    assert_eq!(status.code(), Some(2), "{}", ChildBroker::said(&federation));
    fs::remove_file(&ballast).unwrap();
    federation.start_broker().await;
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    federation.stop_broker().await;
    audit(&federation, &receipts);
}

/// A library that makes fdatasync fail as on a broken disk, as soon as the file `$BROKEN_DISK` is there.
fn broken_disk(federation: &Federation) -> PathBuf {
    const SOURCE: &str = "#include <errno.h>\n#include <stdlib.h>\n#include <unistd.h>\n\
        int fdatasync(int file) {\n\
          const char *broken = getenv(\"BROKEN_DISK\");\n\
          if (broken && access(broken, F_OK) == 0) { errno = EIO; return -1; }\n\
          return fsync(file);\n\
        }\n";
    let (source, library) = (federation.nation.path("broken.c"), federation.nation.path("broken.so"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(built.success(), "the linker of every Rust build is a C compiler, too");
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fsync_ends_the_process_before_anything_is_released() {
    let mut federation = Founded::new().start_without_broker().await;
    let (library, broken) = (broken_disk(&federation), federation.nation.path("broken"));
    let preload = format!("LD_PRELOAD={}", library.display());
    let when = format!("BROKEN_DISK={}", broken.display());
    let child = ChildBroker::start_under(&federation, &["env", &preload, &when]).await;
    let office = federation.office();
    let mut receipts = Vec::new();
    for _ in 0..3 {
        receipts.push(office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap().receipt_header);
    }
    let host = federation.owner("health-card").host.admin_addr();
    let before = federation.page(host, "/metrics").await;
    fs::write(&broken, "").unwrap();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    signed.send(&office).await.unwrap_err();
    assert_eq!(child.ended().await.code(), Some(5), "{}", ChildBroker::said(&federation));
    let after = federation.page(host, "/metrics").await;
    assert_eq!(answers_of_the_host(&before), answers_of_the_host(&after), "INTENT is not durable: nobody is asked");
    let said = ChildBroker::said(&federation);
    assert!(said.contains("the log has failed") && said.contains("Input/output error"), "{said}");

    // With a disk that works it recovers, whether or not the last entry reached the old one.
    federation.start_broker().await;
    let office = federation.office();
    receipts.push(office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap().receipt_header);
    federation.stop_broker().await;
    audit(&federation, &receipts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_the_system_refuses_ends_the_process_like_a_failed_fsync() {
    let mut federation = Founded::new().start_without_broker().await;
    // The signal would end it without a word; ignored, the write itself fails.
    let child = ChildBroker::start_under(&federation, &["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]).await;
    let office = federation.office();
    let answered = office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    let limited = Command::new("prlimit").args(["--pid", &child.id().to_string(), "--fsize=4096"]).status();
    if !limited.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no prlimit here");
        return;
    }
    let refused = office.ask(ask::blood_group(federation.citizen().fin)).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(child.ended().await.code(), Some(5), "{}", ChildBroker::said(&federation));
    tokio::time::sleep(Duration::from_millis(50)).await;
    federation.start_broker().await;
    federation.stop_broker().await;
    audit(&federation, &[answered.receipt_header]);
}
