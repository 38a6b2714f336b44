//! How seals stand by answers: what is fresh, what grace is, and what nothing takes back.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::sync::Arc;
use std::time::Duration;

use mohur_authority::{Issue, National};
use mohur_chain::standing::{Answer, Word};
use mohur_chain::{Certificate, CertificateError, Standing, Trust};
use mohur_crypto::sha256;
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

struct World {
    national: National,
    seal: Certificate,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (passphrase, now) = (Passphrase::generate(), "2026-05-06T07:08:09Z".parse().unwrap());
        let mut national = National::create(&folder.path().join("pki"), "AZ", &passphrase, now).unwrap();
        let member = "AZ/GOV/MIA/id-cards".parse().unwrap();
        let target = folder.path().join("out");
        let key = KeyKind::P256;
        let issue = Issue { member: &member, folder: &target, passphrase: &passphrase, key, days: 365, now };
        let seal = national.issue_seal(&issue).unwrap().certificate;
        Self { national, seal, now, _folder: folder }
    }

    fn trust(&self, standing: &Arc<Standing>) -> Trust {
        Trust::load(&self.national.layout().trust_files().judged_by(Arc::clone(standing))).unwrap()
    }

    fn answer(&self, word: Word, after: Duration) -> Answer {
        let this_update = self.now + after;
        Answer { word, this_update, next_update: this_update + HOUR, digest: sha256(format!("{word:?}").as_bytes()) }
    }
}

#[test]
fn a_seal_counts_by_its_answer_then_by_grace_and_then_no_more() {
    let world = World::new();
    let standing = Arc::new(Standing::by_answers(HOUR / 2));
    let trust = world.trust(&standing);
    let judge =
        |after: Duration| trust.validate_seal(&world.seal, world.now + after).map(|identity| identity.evidence());
    let list = judge(Duration::ZERO).unwrap();
    assert_eq!(standing.in_grace(), 1, "nothing is known of it yet");
    assert_eq!(judge(HOUR / 2), Err(CertificateError::NoFreshAnswer), "nobody answered");
    let good = world.answer(Word::Good, Duration::ZERO);
    standing.answered(&world.seal, good);
    let before = standing.in_grace();
    assert_eq!(judge(HOUR / 2), Ok(good.digest), "the answer is the evidence");
    assert_ne!(good.digest, list);
    assert_eq!(standing.in_grace(), before);
    assert_eq!(judge(HOUR + HOUR / 4), Ok(good.digest));
    assert_eq!(standing.in_grace(), before + 1);
    assert_eq!(judge(HOUR + HOUR / 2), Err(CertificateError::NoFreshAnswer));
}

#[test]
fn nothing_takes_revoked_back_and_an_older_answer_counts_for_nothing() {
    let world = World::new();
    let standing = Arc::new(Standing::by_answers(HOUR));
    standing.watch([&world.seal], world.now);
    let trust = world.trust(&standing);
    let judge = || trust.validate_seal(&world.seal, world.now + HOUR / 2).map(|identity| identity.evidence());
    standing.answered(&world.seal, world.answer(Word::Unknown, HOUR / 4));
    assert_eq!(judge(), Err(CertificateError::NotKnownToIssuer));
    standing.answered(&world.seal, world.answer(Word::Good, Duration::ZERO));
    assert_eq!(judge(), Err(CertificateError::NotKnownToIssuer), "an older one");
    standing.answered(&world.seal, world.answer(Word::Revoked, HOUR / 3));
    standing.answered(&world.seal, world.answer(Word::Good, HOUR / 2));
    assert_eq!(judge(), Err(CertificateError::Revoked));
}

#[test]
fn lists_have_the_same_grace() {
    let world = World::new();
    let standing = Arc::new(Standing::by_lists(HOUR));
    let trust = world.trust(&standing);
    let end = trust.fresh_until();
    let judge = |at: Timestamp| trust.validate_seal(&world.seal, at).map(drop);
    assert_eq!(judge(end), Ok(()));
    assert!(standing.in_grace() > 0);
    assert_eq!(judge(end + HOUR), Err(CertificateError::StaleRevocationList));
    let strict = Trust::load(&world.national.layout().trust_files()).unwrap();
    assert_eq!(strict.validate_seal(&world.seal, end).map(drop), Err(CertificateError::StaleRevocationList));
}
