//! Power cuts and kills at any moment: what was acknowledged is there, and nothing else is.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn recovery_begins_at_the_snapshot_however_long_the_log_is() {
    let house = House::new();
    let journal = house.open();
    let mut last = None;
    // Single batches take a page each, so this fills more than six of the smallest segments.
    for id in 0..800 {
        last = Some(journal.append(draft(Kind::Refusal, id, id)).await.unwrap());
    }
    let copy = house.after_power_cut();
    let (recovered, report) = Journal::open(copy.settings(), copy.signer()).unwrap();
    assert_eq!(report.entries, 800);
    assert!(report.replayed < 300, "{} entries were read again", report.replayed);
    assert_eq!(texts(&recovered).last().unwrap(), last.unwrap().leaf());
    let next = recovered.append(draft(Kind::Refusal, 0, 800)).await.unwrap();
    next.receipt("answer").verify(recovered.key()).unwrap();
    recovered.close().await;
    let staging = fs::read_dir(copy.folder.path().join("staging")).unwrap();
    let mut names: Vec<_> = staging.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["lock", "state"], "nothing is left behind after a good end");
}

#[derive(Clone, Debug)]
enum Step {
    Append { consumer: usize, kind: Kind, together: usize },
    PowerCut,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Intent), Just(Kind::Outcome), Just(Kind::Refusal)];
    prop_oneof![
        12 => (0usize..3, kind, 1usize..90)
            .prop_map(|(consumer, kind, together)| Step::Append { consumer, kind, together }),
        1 => Just(Step::PowerCut),
        1 => Just(Step::Restart),
    ]
}

async fn play(steps: Vec<Step>) {
    let mut house = House::new();
    let mut journal = house.open();
    let mut acknowledged: Vec<String> = Vec::new();
    let mut id = 0;
    for step in steps.into_iter().chain([Step::PowerCut]) {
        match step {
            Step::Append { consumer, kind, together } => {
                let mut tasks = tokio::task::JoinSet::new();
                for _ in 0..together {
                    id += 1;
                    let (journal, draft) = (journal.clone(), draft(kind, consumer, id));
                    tasks.spawn(async move { journal.append(draft).await.unwrap() });
                }
                let mut done = tasks.join_all().await;
                done.sort_by_key(Committed::index);
                let sample = done.last().unwrap().receipt("answer").verify(journal.key()).unwrap();
                assert_eq!(sample.index() + 1, (acknowledged.len() + done.len()) as u64);
                acknowledged.extend(done.iter().map(|entry| entry.leaf().to_owned()));
            }
            Step::PowerCut => {
                house = house.after_power_cut();
                journal = house.open();
                assert_eq!(texts(&journal), acknowledged);
            }
            Step::Restart => {
                journal.close().await;
                journal = house.open();
                assert_eq!(texts(&journal), acknowledged);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_happens_the_log_is_what_was_acknowledged(steps in prop::collection::vec(step(), 1..25)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap().block_on(play(steps));
    }
}

const CHILD: &str = "tests::crash::child_that_logs_until_it_is_killed";

/// Not a test by itself: the process that is killed below. It says what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_logs_until_it_is_killed() {
    let Some(folder) = std::env::var_os("MOHUR_JOURNAL_CHILD") else { return };
    let key = fs::read(Path::new(&folder).join("key")).unwrap();
    let mut settings = Settings::new(Path::new(&folder).join("log"), "mohur.example/log");
    settings.segment_bytes = 0;
    settings.publish_every = Duration::from_millis(5);
    let (journal, _) = Journal::open(settings, LogSigner::from_pkcs8(&key).unwrap()).unwrap();
    for task in 0..16 {
        let journal = journal.clone();
        tokio::spawn(async move {
            for id in 0.. {
                let committed = journal.append(draft(Kind::Refusal, task, id)).await.unwrap();
                println!("logged {} {} .", committed.index(), committed.leaf_hash());
            }
        });
    }
    journal.failed().await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let house = House::new();
    let folder = house.folder.path();
    fs::write(folder.join("key"), &*house.key).unwrap();
    let mut acknowledged = std::collections::BTreeMap::new();
    for round in 1..=6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env("MOHUR_JOURNAL_CHILD", folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let before = acknowledged.len();
        let mut killed = false;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let words: Vec<_> = line.split(' ').skip_while(|word| *word != "logged").collect();
            if let [_, index, hash, "."] = words[..] {
                acknowledged.insert(index.parse::<u64>().unwrap(), hash.to_owned());
            }
            if !killed && acknowledged.len() >= before + round * 60 {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child ended by itself");
        let settings = Settings { folder: folder.join("log"), ..house.settings() };
        let (journal, report) = Journal::open(settings, house.signer()).unwrap();
        assert!(report.entries >= acknowledged.len() as u64);
        for (index, hash) in &acknowledged {
            let receipt = journal.prove(*index).unwrap().verify(journal.key()).unwrap();
            assert_eq!(receipt.leaf_hash().to_string(), *hash, "entry {index}");
        }
        journal.close().await;
    }
}
