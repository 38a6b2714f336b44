//! Confirmation tasks: every full record that was released is one, until the national bureau has asked the record's owner
//! whether it still stands. They lie in the host's durable ledger and never leave the country: they say who asked.
//!
//! `task/<day>-<16 characters>` holds one task. Nothing is ever removed; a day's tasks are listed together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use mohur_contract::{Context, Ledger, LedgerError, RegistryError, Swap};
use mohur_crypto::digest::sha256_parts;
use mohur_wire::answer::Finding;
use mohur_wire::{
    Answer, Ask, CaseReference, Effect, FieldName, MemberId, Official, Operation, Purpose, Query, SubjectKey,
    Timestamp, Value,
};
use serde::{Deserialize, Serialize};

use crate::record::RecordId;

/// The most tasks of one day that are looked at.
const MOST_OF_A_DAY: usize = 10_000;
/// How many are read at once.
const PAGE: usize = 500;
/// The most ids that `tasks` names; `open` says how many there are.
const MOST_NAMED: usize = 100;

/// The tasks.
pub(crate) struct Tasks {
    ledger: Arc<dyn Ledger>,
}

/// One task.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    record: String,
    asked_by: MemberId,
    official: Official,
    case: Option<CaseReference>,
    purpose: Purpose,
    opened: Timestamp,
    closed: Option<Closed>,
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    outcome: Outcome,
    official: Official,
    at: Timestamp,
}

/// What the owner of the record said.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Confirmed,
    NotConfirmed,
}

/// What a query about tasks names.
enum Named {
    Day(Date),
    One(String),
}

impl Tasks {
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger }
    }

    /// Opens the task of a full read, durably. A query that is tried again has one task.
    pub(crate) async fn open(&self, record: &RecordId, query: &Query, now: Timestamp) -> Result<(), RegistryError> {
        let task = Task {
            record: record.as_str().to_owned(),
            asked_by: query.caller.clone(),
            official: query.official.clone(),
            case: query.case.clone(),
            purpose: query.purpose.clone(),
            opened: now,
            closed: None,
        };
        let place = place(&id(query, now));
        match self.ledger.swap(&place, None, &encode(&task)?).await? {
            Swap::Done => Ok(()),
            Swap::Differs(Some(held)) if decode(&held)? == task => Ok(()),
            Swap::Differs(_) => Err(LedgerError("two reads of records want one confirmation task".to_owned()).into()),
        }
    }

    pub(crate) async fn answer(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let named = Named::read(&query.subject)?;
        let found = match (&query.ask, named) {
            (Ask::Read(fields), Named::Day(day)) => Some(self.of_day(day, fields).await?),
            (Ask::Read(fields), Named::One(id)) => self.task(&id).await?.map(|(_, task)| task.told(fields)),
            (Ask::Change(effect), Named::One(id)) => self.close(&id, effect, query, context.arrival.0).await?,
            (Ask::Change(_), Named::Day(_)) => {
                return Err(RegistryError::Unsupported("a task is closed by its id"));
            }
            (Ask::Match(_) | Ask::Verify(_), _) => {
                return Err(RegistryError::Unsupported("this service takes read and change"));
            }
        };
        Ok(Answer { subject: query.subject.clone(), finding: found.map_or(Finding::Absent, Finding::Found) })
    }

    /// How many tasks a day has, how many are open, and the ids of those.
    async fn of_day(
        &self,
        day: Date,
        fields: &BTreeSet<FieldName>,
    ) -> Result<BTreeMap<FieldName, Value>, RegistryError> {
        let prefix = place(&format!("{}-", compact(day)));
        let (mut count, mut open, mut named, mut after) = (0_usize, 0_usize, Vec::new(), None::<String>);
        loop {
            let page = self.ledger.list(&prefix, after.as_deref(), PAGE).await?;
            for (key, bytes) in &page {
                count += 1;
                if decode(bytes)?.closed.is_none() {
                    open += 1;
                    named.extend(key.strip_prefix("task/").filter(|_| open <= MOST_NAMED).map(str::to_owned));
                }
            }
            after = page.last().map(|(key, _)| key.clone());
            if page.len() < PAGE {
                break;
            }
            if count >= MOST_OF_A_DAY {
                return Err(LedgerError("a day has more confirmation tasks than are listed".to_owned()).into());
            }
        }
        let number = |number: usize| Value::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let value = |field: &FieldName| match field.as_str() {
            "count" => Some(number(count)),
            "open" => Some(number(open)),
            "tasks" if open > 0 => Some(Value::Text(named.join(" "))),
            _ => None,
        };
        Ok(fields.iter().filter_map(|field| Some((field.clone(), value(field)?))).collect())
    }

    async fn task(&self, id: &str) -> Result<Option<(Vec<u8>, Task)>, RegistryError> {
        let held = self.ledger.read(&place(id)).await?;
        held.map(|bytes| decode(&bytes).map(|task| (bytes, task))).transpose()
    }

    /// Closes a task with what the owner of the record said: a signed `consume` with the value `outcome`. Once.
    async fn close(
        &self,
        id: &str,
        effect: &Effect,
        query: &Query,
        now: Timestamp,
    ) -> Result<Option<BTreeMap<FieldName, Value>>, RegistryError> {
        let outcome = Outcome::read(effect)?;
        let Some((held, mut task)) = self.task(id).await? else { return Ok(None) };
        match &task.closed {
            Some(closed) if closed.outcome == outcome => return Ok(Some(told_closed())),
            Some(_) => return Err(RegistryError::Settlement("the task was closed otherwise before")),
            None => {}
        }
        task.closed = Some(Closed { outcome, official: query.official.clone(), at: now });
        match self.ledger.swap(&place(id), Some(&held), &encode(&task)?).await? {
            Swap::Done => Ok(Some(told_closed())),
            Swap::Differs(_) => Err(RegistryError::Settlement("the task was closed by somebody else just now")),
        }
    }
}

impl Named {
    fn read(subject: &SubjectKey) -> Result<Self, RegistryError> {
        const SUBJECT: RegistryError =
            RegistryError::Unsupported("this service is keyed by serial: a day as YYYY-MM-DD, or a task's id");
        let SubjectKey::Serial(serial) = subject else { return Err(SUBJECT) };
        let text = serial.as_str();
        match text.len() {
            10 => text.parse().map(Self::Day).map_err(|_| SUBJECT),
            25 => Ok(Self::One(text.to_owned())),
            _ => Err(SUBJECT),
        }
    }
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotConfirmed => "not-confirmed",
        }
    }

    fn read(effect: &Effect) -> Result<Self, RegistryError> {
        const CHANGE: RegistryError =
            RegistryError::Unsupported("a task takes consume with outcome: confirmed or not-confirmed");
        if effect.operation != Operation::Consume || effect.receipt.is_some() || effect.values.len() != 1 {
            return Err(CHANGE);
        }
        let outcome = effect.values.iter().find(|(field, _)| field.as_str() == "outcome");
        match outcome.and_then(|(_, value)| value.as_text()) {
            Some("confirmed") => Ok(Self::Confirmed),
            Some("not-confirmed") => Ok(Self::NotConfirmed),
            _ => Err(CHANGE),
        }
    }
}

impl Task {
    fn told(&self, fields: &BTreeSet<FieldName>) -> BTreeMap<FieldName, Value> {
        let value = |field: &FieldName| match field.as_str() {
            "record" => Some(self.record.clone()),
            "askedBy" => Some(self.asked_by.to_string()),
            "official" => Some(self.official.to_string()),
            "case" => self.case.as_ref().map(ToString::to_string),
            "purpose" => Some(self.purpose.to_string()),
            "openedAt" => Some(self.opened.to_string()),
            "state" => Some(if self.closed.is_some() { "closed" } else { "open" }.to_owned()),
            "outcome" => self.closed.as_ref().map(|closed| closed.outcome.as_str().to_owned()),
            "closedBy" => self.closed.as_ref().map(|closed| closed.official.to_string()),
            "closedAt" => self.closed.as_ref().map(|closed| closed.at.to_string()),
            _ => None,
        };
        fields.iter().filter_map(|field| Some((field.clone(), Value::Text(value(field)?)))).collect()
    }
}

fn told_closed() -> BTreeMap<FieldName, Value> {
    "state".parse().map(|state| BTreeMap::from([(state, Value::text("consumed"))])).unwrap_or_default()
}

/// The day, and of the digest of the message that asked, which has its id from its sender once, the first eight octets.
fn id(query: &Query, now: Timestamp) -> String {
    let day = compact(now.to_zoned(jiff::tz::TimeZone::UTC).date());
    let message = sha256_parts(&[query.caller.as_str().as_bytes(), b"\0", query.id.as_str().as_bytes()]);
    let digest: String = message.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{day}-{digest}")
}

fn compact(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn place(id: &str) -> String {
    format!("task/{id}")
}

fn encode(task: &Task) -> Result<Vec<u8>, RegistryError> {
    serde_json::to_vec(task).map_err(|_| unreadable())
}

fn decode(bytes: &[u8]) -> Result<Task, RegistryError> {
    serde_json::from_slice(bytes).map_err(|_| unreadable())
}

fn unreadable() -> RegistryError {
    LedgerError("a task cannot be read; it was not written by this version of the adapter".to_owned()).into()
}
