use std::sync::atomic::{AtomicUsize, Ordering};

use mohur_authority::{Make, National, Reason};
use mohur_contract::BoxFuture;
use mohur_contract::ledger::VolatileLedger;
use mohur_host::LedgerStore;
use mohur_seal::{KeyKind, Passphrase, Seal, SoftwareSeal};
use mohur_wire::OfficerId;

use super::*;
use crate::decision::{Decision, sign_decision};
use crate::rules::{Colour, Conclusion};

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn person(number: usize) -> Identity {
    // Names of letters only: digits do not tell two people apart.
    let name: String = format!("{number:06}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
    Identity {
        family_name: format!("Q{name}ov"),
        given_name: "Rauf".to_owned(),
        patronymic: None,
        birth_date: "1990-05-06".parse().unwrap(),
        sex: None,
        document: None,
    }
}

fn book() -> Book {
    Book::new(Arc::new(VolatileLedger::default()))
}

/// A ledger that dies before or after a chosen write, as a process does.
struct Mortal {
    inner: Arc<VolatileLedger>,
    writes: AtomicUsize,
    dies_at: usize,
    after: bool,
}

impl Ledger for Mortal {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        self.inner.read(key)
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        Box::pin(async move {
            let died = || Err(LedgerError("killed".to_owned()));
            let number = self.writes.fetch_add(1, Ordering::SeqCst);
            if number > self.dies_at || number == self.dies_at && !self.after {
                return died();
            }
            let done = self.inner.swap(key, expected, new).await;
            if number == self.dies_at { died() } else { done }
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        self.inner.list(prefix, after, limit)
    }
}

#[tokio::test]
async fn a_crash_at_any_write_costs_no_number_and_gives_no_second_one() {
    let mut crashes = 0;
    for dies_at in 0..8 {
        for after in [false, true] {
            let inner = Arc::new(VolatileLedger::default());
            let mortal = Mortal { inner: Arc::clone(&inner), writes: AtomicUsize::new(0), dies_at, after };
            let first = Book::new(Arc::new(mortal)).issue("T-1", &person(1), false, NOW).await;
            crashes += usize::from(first.is_err());
            let book = Book::new(Arc::clone(&inner) as Arc<dyn Ledger>);
            let fin = book.issue("T-1", &person(1), false, NOW).await.unwrap();
            assert_eq!(book.issue("T-1", &person(1), false, NOW).await.unwrap(), fin);
            assert!(first.is_ok_and(|told| told == fin) || dies_at < 4);
            let files = inner.list("file/", None, 9).await.unwrap();
            assert_eq!(files.len(), 1, "one transaction, one number, killed at write {dies_at}");
            assert!(book.file(fin).await.unwrap().is_some());
            assert_eq!(book.candidates(&person(1)).await.unwrap().same, [fin]);
        }
    }
    assert_eq!(crashes, 8, "four writes, killed before and after each");
}

#[test]
fn many_threads_on_one_disk_get_different_numbers_and_each_transaction_its_own() {
    const THREADS: usize = 16;
    const EACH: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let ledger: Arc<dyn Ledger> = Arc::new(LedgerStore::open(&folder.path().join("ledger.redb")).unwrap());
    let issue = |transaction: usize| {
        let book = Book::new(Arc::clone(&ledger));
        async move { book.issue(&format!("T-{transaction}"), &person(transaction), false, NOW).await.unwrap() }
    };
    let numbers: Vec<(usize, Fin)> = std::thread::scope(|scope| {
        let threads = (0..THREADS).map(|thread| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                // Every transaction is begun by two threads, in different order.
                let transactions = (0..EACH).flat_map(|at| [thread / 2 * EACH + at, thread / 2 * EACH + EACH - 1 - at]);
                runtime.block_on(futures_util::future::join_all(
                    transactions.map(|transaction| async move { (transaction, issue(transaction).await) }),
                ))
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(numbers.len(), THREADS * EACH * 2);
    let by_transaction: BTreeSet<(usize, Fin)> = numbers.into_iter().collect();
    let transactions = THREADS / 2 * EACH;
    assert_eq!(by_transaction.len(), transactions, "a transaction has one number, whoever asks for it");
    let fins: BTreeSet<_> = by_transaction.iter().map(|(_, fin)| *fin).collect();
    assert_eq!(fins.len(), transactions, "a number has one transaction");
}

#[tokio::test]
async fn one_identity_gets_one_number_unless_somebody_confirms_a_second_person() {
    let book = book();
    let mut spelled = person(7);
    let fin = book.issue("T-1", &person(7), false, NOW).await.unwrap();
    spelled.family_name = spelled.family_name.to_uppercase();
    assert!(matches!(book.issue("T-2", &spelled, false, NOW).await, Err(BookError::SameIdentity)));
    assert!(matches!(book.issue("T-1", &person(8), false, NOW).await, Err(BookError::Transaction)));
    let second = book.issue("T-3", &spelled, true, NOW).await.unwrap();
    assert_ne!(fin, second);
    // A number that came from elsewhere counts as well.
    assert!(book.adopt("5ABCDE1".parse().unwrap(), &person(9), NOW).await.unwrap());
    assert!(matches!(book.issue("T-4", &person(9), false, NOW).await, Err(BookError::SameIdentity)));
}

#[tokio::test]
async fn two_at_once_with_one_identity_get_one_number_between_them() {
    for _ in 0..50 {
        let book = book();
        let person = person(3);
        let both = tokio::join!(book.issue("T-1", &person, false, NOW), book.issue("T-2", &person, false, NOW));
        assert_eq!([both.0.is_ok(), both.1.is_ok()].into_iter().filter(|issued| *issued).count(), 1);
    }
}

#[test]
fn numbers_are_drawn_evenly() {
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..20_000 {
        for letter in draw().as_str().bytes() {
            *counts.entry(letter).or_insert(0_u32) += 1;
        }
    }
    // 140,000 characters of 34: 4118 each, and six standard deviations are 380.
    assert_eq!(counts.len(), 34);
    assert!(counts.values().all(|count| (3_738..4_498).contains(count)), "{counts:?}");
}

/// A nation with officers, and a book with two files.
struct Bench {
    folder: tempfile::TempDir,
    national: National,
    passphrase: Passphrase,
    book: Book,
    panel: Panel,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create(&folder.path().join("national"), "AZ", &passphrase, NOW).unwrap();
        let panel = Panel { agencies: vec!["AZ/GOV/MOJ".to_owned()], owners: vec!["AZ/GOV/MIA/id-cards".to_owned()] };
        Self { folder, national, passphrase, book: book(), panel }
    }

    fn officer(&mut self, name: &str) -> SoftwareSeal {
        let folder = self.folder.path().join(name.replace('/', "-"));
        let make = Make { folder: &folder, passphrase: &self.passphrase, key: KeyKind::P256, days: 30, now: NOW };
        let officer: OfficerId = name.parse().unwrap();
        let issued = self.national.issue_officer(&make, &officer).unwrap();
        SoftwareSeal::load(&issued.key, &issued.chain, &self.passphrase).unwrap()
    }

    async fn two(&self, biometric: Biometric) -> Option<Link> {
        let one = self.book.issue("T-1", &person(1), false, NOW).await.unwrap();
        let other = self.book.issue("T-2", &person(200_002), false, NOW).await.unwrap();
        let found = Match { one, other, biometric, engine: "AZ/GOV/MIA/finger".to_owned() };
        self.book.report(&found, NOW).await.unwrap()
    }

    async fn decide(&self, officer: &SoftwareSeal, link: &Link, conclusion: Conclusion) -> Result<Link, BookError> {
        let why = "photographs compared".to_owned();
        let decision = Decision { link: link.id.clone(), facts: link.facts, conclusion, why, at: NOW };
        let statement = sign_decision(&decision, officer).unwrap();
        self.book.decide(&statement, &self.national.trust().unwrap(), &self.panel, NOW).await
    }
}

#[tokio::test]
async fn a_yellow_link_takes_two_officers_and_keeps_what_they_signed() {
    let mut bench = Bench::new();
    let (one, two) = (bench.officer("AZ/GOV/MOJ/officer-1"), bench.officer("AZ/GOV/MOJ/officer-2"));
    let link = bench.two(Biometric::Same).await.unwrap();
    assert_eq!((link.colour, link.state, link.article.as_str()), (Colour::Yellow, State::Pending, "30(1)(a)"));
    assert_eq!(bench.book.queue().await.unwrap().len(), 1);

    // One officer is not two, however often.
    for _ in 0..2 {
        let link = bench.decide(&one, &link, Conclusion::OnePersonUnjustified).await.unwrap();
        assert_eq!((link.colour, link.state, link.decisions.len()), (Colour::Yellow, State::Pending, 1));
    }
    let disputed = bench.decide(&two, &link, Conclusion::OnePersonJustified).await.unwrap();
    assert_eq!((disputed.colour, disputed.state), (Colour::Yellow, State::Disputed));
    let decided = bench.decide(&two, &link, Conclusion::OnePersonUnjustified).await.unwrap();
    assert_eq!((decided.colour, decided.state, decided.article.as_str()), (Colour::Red, State::Decided, "32(1)(a)"));
    assert_eq!(decided.decisions.len(), 2);
    assert!(bench.book.queue().await.unwrap().is_empty());
    assert!(matches!(bench.decide(&one, &link, Conclusion::OnePersonJustified).await, Err(BookError::Decided)));

    // Both files' keepers and both persons are told.
    let told = |to: String| {
        let book = &bench.book;
        async move { book.notices(&to).await.unwrap() }
    };
    for to in ["AZ/GOV/MIA/id-cards".to_owned(), link.one.to_string(), link.other.to_string()] {
        let notices = told(to).await;
        assert_eq!((notices.len(), notices[0].1.colour), (1, Colour::Red));
    }
    assert_eq!(bench.book.links_of(link.one).await.unwrap().len(), 1);
    assert_eq!(bench.book.links_of(link.other).await.unwrap()[0].colour, Colour::Red);
}

#[tokio::test]
async fn what_officers_may_not_do_is_refused() {
    let mut bench = Bench::new();
    let (one, foreign) = (bench.officer("AZ/GOV/MOJ/officer-1"), bench.officer("AZ/GOV/MIA/officer-9"));
    let link = bench.two(Biometric::Same).await.unwrap();
    let refused = bench.decide(&foreign, &link, Conclusion::TwoPersons).await;
    assert!(matches!(refused, Err(BookError::Statement(_))), "another agency's officer");
    let borne = bench.decide(&one, &link, Conclusion::TwoPersonsUnjustified).await;
    assert!(matches!(borne, Err(BookError::NotBorne)), "the samples are of one body");
    let unknown = Link { id: "no-such-link".to_owned(), ..link.clone() };
    assert!(matches!(bench.decide(&one, &unknown, Conclusion::TwoPersons).await, Err(BookError::Unknown("link"))));

    let (trust, panel) = (bench.national.trust().unwrap(), bench.panel.clone());
    let decision = Decision {
        link: link.id.clone(),
        facts: link.facts,
        conclusion: Conclusion::TwoPersons,
        why: "x".to_owned(),
        at: NOW,
    };
    let statement = sign_decision(&decision, &one).unwrap();
    let late = Timestamp::from_second(NOW.as_second() + 90_000).unwrap();
    assert!(matches!(bench.book.decide(&statement, &trust, &panel, late).await, Err(BookError::Statement(_))));
    let (signed, signature) = statement.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = sign_decision(&Decision { why: "y".to_owned(), ..decision }, &one).unwrap();
    let claims = other.split('.').nth(1).unwrap();
    let forged = format!("{header}.{claims}.{signature}");
    for text in [forged.as_str(), "x.y.z", "", "{}"] {
        let answer = bench.book.decide(text, &trust, &panel, NOW).await;
        assert!(matches!(answer, Err(BookError::Statement(_))), "{text}");
    }
    assert!(bench.book.link(&link.id).await.unwrap().unwrap().decisions.is_empty());
}

#[tokio::test]
async fn new_facts_reopen_a_link_and_old_decisions_count_no_more() {
    let mut bench = Bench::new();
    let (one, two) = (bench.officer("AZ/GOV/MOJ/officer-1"), bench.officer("AZ/GOV/MOJ/officer-2"));
    assert!(bench.two(Biometric::Different).await.is_none(), "two different people have nothing in common");
    let link = bench.two(Biometric::Same).await.unwrap();
    bench.decide(&one, &link, Conclusion::TwoPersons).await.unwrap();
    let decided = bench.decide(&two, &link, Conclusion::TwoPersons).await.unwrap();
    assert_eq!(decided.colour, Colour::Green);
    assert_eq!(bench.two(Biometric::Same).await.unwrap().state, State::Decided, "nothing new");
    // Better samples: two bodies after all.
    let again = bench.two(Biometric::Different).await.unwrap();
    assert_eq!((again.id.as_str(), again.colour, again.state), (link.id.as_str(), Colour::Yellow, State::Pending));
    assert!(matches!(bench.decide(&one, &link, Conclusion::TwoPersons).await, Err(BookError::OtherFacts)));
    bench.decide(&one, &again, Conclusion::TwoPersons).await.unwrap();
    let settled = bench.decide(&two, &again, Conclusion::TwoPersons).await.unwrap();
    assert_eq!((settled.colour, settled.decisions.len()), (Colour::Green, 4), "all that was signed is kept");
}

#[tokio::test]
async fn what_a_revoked_officer_concluded_counts_no_more() {
    let mut bench = Bench::new();
    let (one, two) = (bench.officer("AZ/GOV/MOJ/officer-1"), bench.officer("AZ/GOV/MOJ/officer-2"));
    let three = bench.officer("AZ/GOV/MOJ/officer-3");
    let link = bench.two(Biometric::Same).await.unwrap();
    bench.decide(&one, &link, Conclusion::TwoPersons).await.unwrap();
    let fingerprint: String = Seal::key_id(&one).0.iter().map(|byte| format!("{byte:02x}")).collect();
    bench.national.revoke(&fingerprint, Reason::KeyCompromise, NOW).unwrap();
    let waiting = bench.decide(&two, &link, Conclusion::TwoPersons).await.unwrap();
    assert_eq!((waiting.state, waiting.decisions.len()), (State::Pending, 2), "kept, and one of them does not count");
    let decided = bench.decide(&three, &link, Conclusion::TwoPersons).await.unwrap();
    assert_eq!((decided.state, decided.colour), (State::Decided, Colour::Green));
}
