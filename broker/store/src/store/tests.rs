use std::process::{Command, Stdio};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn caller() -> MemberId {
    "AZ/GOV/MIA/id-cards".parse().unwrap()
}

fn id(number: usize) -> MessageId {
    format!("m-{number}").parse().unwrap()
}

/// Opens again as soon as the writer of the last one has let go.
fn reopen(path: &Path) -> Store {
    for _ in 0..200 {
        match Store::open(path) {
            Ok(store) => return store,
            Err(_) => thread::sleep(std::time::Duration::from_millis(10)),
        }
    }
    Store::open(path).unwrap()
}

#[test]
fn nobody_else_reads_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(Store::open(&path).unwrap());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_claims_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..320 {
        let store = store.clone();
        tasks.spawn(async move { store.claim(&caller(), &id(task % 10), at(0), at(120)).await.unwrap() });
    }
    let claimed = tasks.join_all().await.into_iter().filter(|claim| *claim == Claim::Claimed).count();
    assert_eq!(claimed, 10);
    let other: MemberId = "AZ/GOV/SBS/border".parse().unwrap();
    assert_eq!(store.claim(&other, &id(0), at(0), at(120)).await.unwrap(), Claim::Claimed);
}

#[tokio::test]
async fn a_claim_stands_until_its_end_also_after_a_restart_and_is_purged_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    for number in 0..20 {
        assert_eq!(store.claim(&caller(), &id(number), at(0), at(120)).await.unwrap(), Claim::Claimed);
    }
    drop(store);
    let store = reopen(&path);
    assert_eq!(store.claim(&caller(), &id(7), at(119), at(240)).await.unwrap(), Claim::Repeated);
    assert_eq!(store.claim(&caller(), &id(7), at(120), at(240)).await.unwrap(), Claim::Claimed);
    for number in 100..120 {
        store.claim(&caller(), &id(number), at(121), at(240)).await.unwrap();
    }
    use redb::ReadableTableMetadata;
    let reading = store.database.begin_read().unwrap();
    assert_eq!(reading.open_table(CLAIMS).unwrap().len().unwrap(), 21);
    assert_eq!(reading.open_table(EXPIRY).unwrap().len().unwrap(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_swaps_from_one_expectation_one_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0u8..64 {
        let store = store.clone();
        tasks.spawn(async move { store.swap("receipt-1", None, Some(&[task])).await.unwrap() == Swap::Done });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|done| *done).count(), 1);
    let now = store.read("receipt-1").await.unwrap().unwrap();
    assert_eq!(store.swap("receipt-1", Some(b"other"), Some(b"x")).await.unwrap(), Swap::Differs(Some(now.clone())));
    drop(store);
    let store = reopen(&path);
    assert_eq!(store.read("receipt-1").await.unwrap(), Some(now.clone()));
    assert_eq!(store.swap("receipt-1", Some(&now), None).await.unwrap(), Swap::Done);
    assert_eq!(store.read("receipt-1").await.unwrap(), None);
    let long = "k".repeat(MAX_KEY + 1);
    assert_eq!(store.swap(&long, None, Some(b"x")).await, Err(StoreError::KeyTooLong));
}

#[tokio::test]
async fn a_list_keeps_to_its_prefix_and_goes_on_after_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    for key in ["a/1", "a/2", "a/3", "b/1", "ab"] {
        store.swap(key, None, Some(key.as_bytes())).await.unwrap();
    }
    let keys = |records: Vec<Record>| records.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys(store.list("a/", None, 10).await.unwrap()), ["a/1", "a/2", "a/3"]);
    assert_eq!(keys(store.list("a/", Some("a/1"), 1).await.unwrap()), ["a/2"]);
    assert_eq!(keys(store.list("a/", Some("a/3"), 9).await.unwrap()), Vec::<String>::new());
    assert_eq!(keys(store.list("b", Some("a"), 9).await.unwrap()), ["b/1"]);
}

#[tokio::test]
async fn only_one_process_holds_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _first = Store::open(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Open { .. })));
}

/// Not a test by itself: the process that is killed below.
#[tokio::test]
async fn child_that_claims_until_it_is_killed() {
    let Some(path) = std::env::var_os("MOHUR_STORE_CHILD") else { return };
    let store = Store::open(Path::new(&path)).unwrap();
    for number in 0.. {
        store.claim(&caller(), &id(number), at(0), at(120)).await.unwrap();
        println!("claimed {number}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    use std::io::BufRead;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut seen = 0;
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::child_that_claims_until_it_is_killed", "--nocapture"])
            .env("MOHUR_STORE_CHILD", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.by_ref() {
            if let Some((_, number)) = line.unwrap().split_once("claimed ") {
                seen = seen.max(number.trim().parse::<usize>().unwrap());
                if seen >= round * 40 {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some((_, number)) = line.split_once("claimed ") {
                seen = seen.max(number.trim().parse().unwrap_or(0));
            }
        }
        let store = reopen(&path);
        for number in 0..=seen {
            assert_eq!(store.claim(&caller(), &id(number), at(1), at(120)).await.unwrap(), Claim::Repeated, "{number}");
        }
        drop(store);
        drop(reopen(&path));
    }
}
