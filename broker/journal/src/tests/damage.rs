//! Torn and damaged files.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use super::*;
use crate::record::PAGE;
use crate::segment::{self, Scan};

fn segments(house: &House) -> Vec<(u64, PathBuf)> {
    segment::list(&house.folder.path().join("staging")).unwrap()
}

/// A log with one record an entry, as a power cut leaves it, and how many entries are acknowledged.
async fn written(count: usize) -> House {
    let house = House::new();
    let journal = house.open();
    for id in 0..count {
        journal.append(draft(Kind::Refusal, 0, id)).await.unwrap();
    }
    house.after_power_cut()
}

fn overwrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_segment_cut_off_anywhere_gives_the_records_before_the_cut() {
    let count = 6;
    let house = written(count).await;
    let (number, path) = segments(&house).into_iter().next().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut scan = Scan::open(&path, number).unwrap();
    let mut ends = Vec::new();
    for place in 0..count {
        // A record is whole when its last byte that is not padding is there.
        let page = &whole[PAGE * (place + 1)..PAGE * (place + 2)];
        ends.push(PAGE * (place + 1) + page.iter().rposition(|byte| *byte != 0).unwrap() + 1);
        assert!(scan.next().unwrap().is_some());
    }
    assert!(scan.next().unwrap().is_none() && scan.torn == 0);
    let near = |cut: usize| cut % PAGE < 70 || ends.iter().any(|end| end.abs_diff(cut) < 70);
    for cut in (PAGE..=PAGE * (count + 1)).filter(|cut| near(*cut) || cut % 13 == 0) {
        let before = ends.iter().filter(|end| **end <= cut).count();
        let mut bytes = whole[..PAGE * (count + 1)].to_vec();
        bytes[cut..].fill(0);
        let mut scan = Scan::of(&path, number, bytes).unwrap();
        let mut found = 0;
        while let Some(record) = scan.next().unwrap() {
            assert_eq!(record.first, found as u64);
            found += 1;
        }
        assert_eq!(found, before, "cut at {cut}");
        if cut % 1021 == 0 {
            let copy = house.after_power_cut();
            overwrite(&segments(&copy)[0].1, |bytes| bytes[cut..].fill(0));
            let (journal, report) = Journal::open(copy.settings(), copy.signer()).unwrap();
            assert_eq!((report.entries, texts(&journal).len()), (before as u64, before), "cut at {cut}");
            assert_eq!(report.torn_bytes > 0, scan.torn > 0);
            journal.append(draft(Kind::Refusal, 0, 99)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_acknowledged_entry_that_was_published_is_never_dropped_as_torn() {
    let house = House::new();
    let journal = house.open_with(Settings { publish_every: Duration::ZERO, ..house.settings() });
    for id in 0..6 {
        journal.append(draft(Kind::Refusal, 0, id)).await.unwrap();
    }
    let house = house.after_power_cut();
    let (_, path) = segments(&house).into_iter().next().unwrap();
    overwrite(&path, |bytes| bytes[PAGE * 6 + 100] ^= 1);
    let error = Journal::open(house.settings(), house.signer()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("signs 6 entries, but only 5 can be recovered"), "{error}");
}

#[tokio::test]
async fn damage_in_the_middle_is_told_and_nothing_is_changed() {
    let house = written(6).await;
    let (_, path) = segments(&house).into_iter().next().unwrap();
    for place in [PAGE * 3, PAGE * 3 + 9, PAGE * 3 + 200, 20, 3] {
        let copy = house.after_power_cut();
        let path = copy.folder.path().join("staging").join(path.file_name().unwrap());
        overwrite(&path, |bytes| bytes[place] ^= 1);
        let damaged = fs::read(&path).unwrap();
        let error = Journal::open(copy.settings(), copy.signer()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("restore"), "{error}");
        assert!(fs::read(&path).unwrap() == damaged);
    }
}

#[tokio::test]
async fn a_missing_segment_or_a_changed_state_is_told() {
    let house = House::new();
    let journal = house.open();
    for id in 0..300 {
        journal.append(draft(Kind::Refusal, id, id)).await.unwrap();
    }
    let house = house.after_power_cut();
    for (change, expected) in [("state", "not whole"), ("gone", "is missing"), ("tile", "neither checkpoint nor state")]
    {
        let copy = house.after_power_cut();
        let staging = copy.folder.path().join("staging");
        match change {
            "state" => overwrite(&staging.join("state"), |bytes| {
                let place = bytes.len() / 2;
                bytes[place] ^= 1;
            }),
            "gone" => fs::remove_file(staging.join("state")).unwrap(),
            _ => {
                fs::remove_dir_all(&staging).unwrap();
                fs::remove_file(copy.folder.path().join("checkpoint")).unwrap();
            }
        }
        let error = Journal::open(copy.settings(), copy.signer()).unwrap_err();
        assert!(error.to_string().contains(expected), "{change}: {error}");
    }
}

#[tokio::test]
async fn rubbish_after_the_last_record_is_dropped() {
    let house = written(4).await;
    let (_, path) = segments(&house).into_iter().next().unwrap();
    overwrite(&path, |bytes| bytes[PAGE * 5..PAGE * 5 + 5000].fill(0xab));
    fs::write(path.with_extension("segment.tmp"), b"unfinished").unwrap();
    let (journal, report) = Journal::open(house.settings(), house.signer()).unwrap();
    assert_eq!((report.entries, report.torn_bytes), (4, 5000));
    assert_eq!(texts(&journal).len(), 4);
}

/// A real file system of 4 MiB. Needs the right to mount; without it this is left to the limit of the settings.
#[tokio::test]
async fn a_full_disk_refuses_before_anything_is_released() {
    let house = House::new();
    let place = house.folder.path().join("small");
    fs::create_dir(&place).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
        .arg(&place)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let _mount = Mount(place.clone());
    let (logged, refused, recovered) = fill(&house, &place).await;
    assert!(matches!(refused, JournalError::Full(_)), "{refused}");
    assert!(logged > 50);
    assert_eq!(recovered, logged as u64);
}

struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn fill(house: &House, place: &Path) -> (usize, JournalError, u64) {
    let settings = Settings { folder: place.join("log"), ..house.settings() };
    let journal = house.open_with(settings.clone());
    let ballast = place.join("ballast");
    let mut file = OpenOptions::new().create(true).append(true).open(&ballast).unwrap();
    file.write_all(&vec![1; 1_500_000]).unwrap();
    let mut logged = 0;
    let refused = loop {
        match journal.append(draft(Kind::Refusal, 0, logged)).await {
            Ok(_) => logged += 1,
            Err(error) => break error,
        }
        assert!(logged < 5000, "the disk does not fill");
    };
    assert!(matches!(journal.ready().await, Err(JournalError::Full(_))), "asked, it looks at the disk again");
    drop(file);
    fs::remove_file(&ballast).unwrap();
    journal.ready().await.unwrap();
    let again = journal.append(draft(Kind::Refusal, 0, logged)).await;
    again.unwrap_or_else(|error| panic!("after {logged}: {error}"));
    logged += 1;
    journal.close().await;
    let (journal, report) = Journal::open(settings, house.signer()).unwrap();
    journal.close().await;
    (logged, refused, report.entries)
}
