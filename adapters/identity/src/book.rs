//! The book's records, and what is done with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use mohur_chain::Trust;
use mohur_contract::{Ledger, LedgerError, Record, Swap};
use mohur_crypto::digest::sha256_parts;
use mohur_crypto::random_bytes;
use mohur_wire::{Fin, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decision;
use crate::file::{File, Identity};
use crate::link::{Kept, Link, Notice, Panel, State};
use crate::rules::{self, Biometric, Document, Facts};
use crate::similar::{self, compare};

/// Records that are read at once.
const PAGE: usize = 500;

/// The book.
pub struct Book {
    ledger: Arc<dyn Ledger>,
}

/// Why something was not done. Never carries who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The ledger failed; nothing changed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record cannot be read.
    #[error("the record {0} cannot be read; look at the disk that holds the book")]
    Record(&'static str),
    /// The transaction was used for somebody else.
    #[error("this transaction issued a number for another identity; a new request has a new transactionId")]
    Transaction,
    /// There is a file of the same identity.
    #[error("this identity has a number already; present biometrics, or have it confirmed that these are two persons")]
    SameIdentity,
    /// There is no such file or link.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// A file was compared with itself.
    #[error("a file is not linked with itself")]
    Itself,
    /// The signed decision does not count.
    #[error("the decision was refused: {0}")]
    Statement(String),
    /// It was about other facts.
    #[error("the facts have changed since the decision was signed; look at the link again")]
    OtherFacts,
    /// The facts do not bear the conclusion.
    #[error("the facts do not bear this conclusion; see the table of Articles 30 to 33")]
    NotBorne,
    /// Two officers have decided.
    #[error("two officers have decided this link already")]
    Decided,
}

/// A biometric comparison, as a service reports it.
#[derive(Clone, Debug)]
pub struct Match {
    /// One file.
    pub one: Fin,
    /// The other.
    pub other: Fin,
    /// How the samples compare.
    pub biometric: Biometric,
    /// Which service says so, e.g. `AZ/GOV/MIA/finger`.
    pub engine: String,
}

/// Files that may be of one person.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Of the same identity.
    pub same: Vec<Fin>,
    /// Of a similar one.
    pub similar: Vec<Fin>,
}

#[derive(Serialize, Deserialize)]
struct Transaction {
    fin: Fin,
    identity: String,
}

impl Book {
    /// A book in that ledger.
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger }
    }

    /// Issues a number: drawn at random, given to one identity in one transaction. Said twice, or after a crash at any
    /// moment, it is the same number. `is_distinct`: somebody has confirmed that a person of the same identity is another.
    pub async fn issue(
        &self,
        transaction: &str,
        identity: &Identity,
        is_distinct: bool,
        now: Timestamp,
    ) -> Result<Fin, BookError> {
        let digest = digest_of(identity);
        let key = format!("transaction/{}", sha256_parts(&[transaction.as_bytes()]).to_base64url());
        // An identity whose claim is another transaction's has a number, or will have one.
        if !is_distinct {
            let claim = format!("identity/{digest}");
            if let Swap::Differs(Some(held)) = self.ledger.swap(&claim, None, key.as_bytes()).await?
                && held != key.as_bytes()
            {
                return Err(BookError::SameIdentity);
            }
        }
        loop {
            let Some(raw) = self.ledger.read(&key).await? else {
                let is_taken = !is_distinct && !self.candidates(identity).await?.same.is_empty();
                // Unless the file is this transaction's own, begun by another thread a moment ago.
                if is_taken && self.ledger.read(&key).await?.is_none() {
                    return Err(BookError::SameIdentity);
                }
                let drawn = written(&Transaction { fin: draw(), identity: digest.clone() })?;
                self.ledger.swap(&key, None, &drawn).await?;
                continue;
            };
            let begun: Transaction = read(&raw, "transaction")?;
            if begun.identity != digest {
                return Err(BookError::Transaction);
            }
            let file = File { fin: begun.fin, transaction: key.clone(), opened: now, identity: identity.clone() };
            if self.open(&file).await? {
                return Ok(begun.fin);
            }
            // The number is another's: this transaction draws again.
            let drawn = written(&Transaction { fin: draw(), identity: digest.clone() })?;
            self.ledger.swap(&key, Some(&raw), &drawn).await?;
        }
    }

    /// Takes a file over that was opened elsewhere, with its number. Whether it is there now: false if the number is another's.
    pub async fn adopt(&self, fin: Fin, identity: &Identity, now: Timestamp) -> Result<bool, BookError> {
        self.open(&File { fin, transaction: "adopted".to_owned(), opened: now, identity: identity.clone() }).await
    }

    /// Whether the file stands there, or was there already by the same transaction.
    async fn open(&self, file: &File) -> Result<bool, BookError> {
        // The way to a file is laid before the file, so that no search misses one.
        let way = format!("born/{}/{}", file.identity.birth_date, file.fin);
        self.ledger.swap(&way, None, &[]).await?;
        match self.ledger.swap(&format!("file/{}", file.fin), None, &written(file)?).await? {
            Swap::Done => Ok(true),
            Swap::Differs(Some(held)) => {
                let held: File = read(&held, "file")?;
                Ok(held.transaction == file.transaction && held.identity == file.identity)
            }
            Swap::Differs(None) => Ok(false),
        }
    }

    /// The file of that number.
    pub async fn file(&self, fin: Fin) -> Result<Option<File>, BookError> {
        self.ledger.read(&format!("file/{fin}")).await?.map(|raw| read(&raw, "file")).transpose()
    }

    /// The files of the same and of a similar identity.
    pub async fn candidates(&self, identity: &Identity) -> Result<Candidates, BookError> {
        let mut found = Candidates::default();
        let mut days = similar::near(identity.birth_date);
        days.insert(identity.birth_date);
        // Whoever has an unknown day of birth stands under 1 January; whoever asks with one finds the whole year.
        let whole_year = (identity.birth_date.month(), identity.birth_date.day()) == (1, 1);
        let mut ways: BTreeSet<String> = days.iter().map(|day| format!("born/{day}/")).collect();
        if whole_year {
            ways.insert(format!("born/{:04}-", identity.birth_date.year()));
        }
        let mut seen = BTreeSet::new();
        for way in ways {
            for fin in self.fins_under(&way).await? {
                if !seen.insert(fin) {
                    continue;
                }
                let Some(file) = self.file(fin).await? else { continue };
                match compare(identity, &file.identity) {
                    rules::Identity::Same => found.same.push(fin),
                    rules::Identity::Similar => found.similar.push(fin),
                    rules::Identity::Different => {}
                }
            }
        }
        Ok(found)
    }

    async fn fins_under(&self, way: &str) -> Result<Vec<Fin>, BookError> {
        let records = self.all(way).await?;
        Ok(records.iter().filter_map(|(key, _)| key.rsplit_once('/')?.1.parse().ok()).collect())
    }

    async fn all(&self, prefix: &str) -> Result<Vec<Record>, BookError> {
        let mut all: Vec<Record> = Vec::new();
        loop {
            let after = all.last().map(|(key, _)| key.clone());
            let page = self.ledger.list(prefix, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Takes a biometric comparison as a fact, and gives the link that it opens or changes.
    pub async fn report(&self, found: &Match, now: Timestamp) -> Result<Option<Link>, BookError> {
        let (one, other) = (found.one.min(found.other), found.one.max(found.other));
        if one == other {
            return Err(BookError::Itself);
        }
        let (Some(first), Some(second)) = (self.file(one).await?, self.file(other).await?) else {
            return Err(BookError::Unknown("file"));
        };
        let facts = Facts {
            biometric: found.biometric,
            identity: compare(&first.identity, &second.identity),
            document: documents(&first.identity, &second.identity),
        };
        let pair = format!("pair/{one}/{other}");
        let id = match self.ledger.read(&pair).await? {
            Some(id) => String::from_utf8(id).map_err(|_| BookError::Record("pair"))?,
            None if rules::automatic(facts).is_none() => return Ok(None),
            None => {
                let fresh = new_id();
                match self.ledger.swap(&pair, None, fresh.as_bytes()).await? {
                    Swap::Done => fresh,
                    Swap::Differs(held) => {
                        String::from_utf8(held.unwrap_or_default()).map_err(|_| BookError::Record("pair"))?
                    }
                }
            }
        };
        // The ways to the link come first: what they lead to may not be there yet, and never the other way round.
        for fin in [one, other] {
            self.ledger.swap(&format!("of/{fin}/{id}"), None, &[]).await?;
        }
        loop {
            let held = self.ledger.read(&format!("link/{id}")).await?;
            let before: Option<Link> = held.as_ref().map(|raw| read(raw, "link")).transpose()?;
            let next = match &before {
                Some(link) if link.facts == facts => return Ok(before),
                Some(link) => Some(link.with_facts(facts, &found.engine, now)),
                None => Link::open(id.clone(), (one, other), facts, &found.engine, now),
            };
            let Some(next) = next else { return Ok(None) };
            if self.ledger.swap(&format!("link/{id}"), held.as_deref(), &written(&next)?).await? == Swap::Done {
                return Ok(Some(next));
            }
        }
    }

    /// The link of that id.
    pub async fn link(&self, id: &str) -> Result<Option<Link>, BookError> {
        self.ledger.read(&format!("link/{id}")).await?.map(|raw| read(&raw, "link")).transpose()
    }

    /// Every link of a file.
    pub async fn links_of(&self, fin: Fin) -> Result<Vec<Link>, BookError> {
        let mut links = Vec::new();
        for (key, _) in self.all(&format!("of/{fin}/")).await? {
            let id = key.rsplit_once('/').map(|(_, id)| id).unwrap_or_default();
            links.extend(self.link(id).await?);
        }
        Ok(links)
    }

    /// The links that wait for officers, the oldest first.
    pub async fn queue(&self) -> Result<Vec<Link>, BookError> {
        let links: Result<Vec<Link>, _> = self.all("link/").await?.iter().map(|(_, raw)| read(raw, "link")).collect();
        let mut waiting: Vec<_> =
            links?.into_iter().filter(|link| matches!(link.state, State::Pending | State::Disputed)).collect();
        waiting.sort_by(|one, other| (one.opened, &one.id).cmp(&(other.opened, &other.id)));
        Ok(waiting)
    }

    /// What a member or a person is told, with the link that it is about.
    pub async fn notices(&self, to: &str) -> Result<Vec<(String, Notice)>, BookError> {
        let mut notices = Vec::new();
        for (_, raw) in self.all("link/").await? {
            let link: Link = read(&raw, "link")?;
            let theirs = link.notices.into_iter().filter(|notice| notice.to == to);
            notices.extend(theirs.map(|notice| (link.id.clone(), notice)));
        }
        notices.sort_by_key(|(_, notice)| notice.at);
        Ok(notices)
    }

    /// Takes an officer's signed decision. With the second that concludes the same the link has its colour, and all whom
    /// it concerns have their notices, in the same change.
    pub async fn decide(
        &self,
        statement: &str,
        trust: &Trust,
        panel: &Panel,
        now: Timestamp,
    ) -> Result<Link, BookError> {
        let (decision, officer) = decision::verify(statement, trust, now)?;
        let officer = officer.officer();
        let agency = format!("{}/{}/{}", officer.instance(), officer.member_class(), officer.member_code());
        if !panel.agencies.contains(&agency) {
            return Err(BookError::Statement(format!("officers of {agency} do not decide here")));
        }
        let key = format!("link/{}", decision.link);
        loop {
            let raw = self.ledger.read(&key).await?.ok_or(BookError::Unknown("link"))?;
            let link: Link = read(&raw, "link")?;
            if link.state == State::Decided {
                return Err(BookError::Decided);
            }
            if link.facts != decision.facts {
                return Err(BookError::OtherFacts);
            }
            let kept = Kept {
                officer: officer.clone(),
                conclusion: decision.conclusion,
                facts: decision.facts,
                statement: statement.trim_end().to_owned(),
            };
            let stands = |kept: &Kept| decision::signed(&kept.statement, trust, now).is_ok();
            let next = link.with_decision(kept, panel, now, &stands).ok_or(BookError::NotBorne)?;
            if self.ledger.swap(&key, Some(&raw), &written(&next)?).await? == Swap::Done {
                return Ok(next);
            }
        }
    }
}

/// What the identity is found by: the same for two spellings of one name.
fn digest_of(identity: &Identity) -> String {
    let fold = |name: &str| mohur_wire::names::fold(name).0;
    let patronymic = identity.patronymic.as_deref().map(fold).unwrap_or_default();
    let sex = identity.sex.map(|sex| format!("{sex:?}")).unwrap_or_default();
    let (family_name, given_name) = (fold(&identity.family_name), fold(&identity.given_name));
    let text = [family_name, given_name, patronymic, identity.birth_date.to_string(), sex].join("\n");
    sha256_parts(&[text.as_bytes()]).to_base64url()
}

fn documents(one: &Identity, other: &Identity) -> Document {
    match (&one.document, &other.document) {
        (Some(one), Some(other)) if one == other => Document::Same,
        (Some(_), Some(_)) => Document::Different,
        _ => Document::Missing,
    }
}

/// A number of 34⁷, each as likely as any other: bytes that would favour some characters are thrown away.
#[expect(clippy::expect_used, reason = "by INVARIANT: seven characters of Fin::ALPHABET are a FIN")]
fn draw() -> Fin {
    let mut text = String::new();
    while text.len() < 7 {
        let [byte] = random_bytes::<1>();
        if byte < 238
            && let Some(letter) = Fin::ALPHABET.get(usize::from(byte) % 34)
        {
            text.push(char::from(*letter));
        }
    }
    text.parse().expect("characters of the alphabet are a FIN")
}

fn new_id() -> String {
    random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read<T: DeserializeOwned>(raw: &[u8], what: &'static str) -> Result<T, BookError> {
    serde_json::from_slice(raw).map_err(|_| BookError::Record(what))
}

fn written(record: &impl Serialize) -> Result<Vec<u8>, BookError> {
    serde_json::to_vec(record).map_err(|_| BookError::Record("to be written"))
}

#[cfg(test)]
mod tests;
