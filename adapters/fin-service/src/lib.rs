//! The FIN service's adapter: which links a number has, how many files there are of the same or a similar identity, and a
//! number for a person who has none.
//!
//! It tells counts and colours, never whom a number is linked with: that is for the adjudicators, at the register itself.
//! Nor does it find a number: only the one that it had issued stands in an answer. No number stands in a URL; every reply names whom it is about.

mod issue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use mohur_connection::{Call, Connection};
use mohur_contract::{BoxFuture, Context, Ledger, Registry, RegistryError, service_name};
use mohur_reservation::Reservations;
use mohur_wire::answer::Finding;
use mohur_wire::subject::NameAndBirthDate;
use mohur_wire::{Answer, Ask, FieldName, Fin, Predicate, Query, SubjectKey, Value, Verdict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use mohur_connection::{ConnectionError, Settings};

const LINKS: &str = "links/v1";
const UNIQUENESS: &str = "uniqueness/v1";
const ISSUE: &str = "issue/v1";
const JSON: &str = "application/json";
/// From the worst on: a number with one red link is red.
const COLOURS: [&str; 4] = ["red", "yellow", "green", "white"];

/// The adapter.
pub struct FinService {
    connection: Connection,
    reservations: Option<Reservations>,
}

#[derive(Deserialize)]
struct Links {
    uin: Fin,
    links: Vec<Colour>,
}

#[derive(Deserialize)]
struct Colour {
    colour: String,
}

#[derive(Deserialize)]
struct Counts {
    name: String,
    #[serde(rename = "dateOfBirth")]
    birth_date: String,
    same: i64,
    similar: i64,
    /// Of those, how many have a yellow or a red link.
    linked: i64,
}

/// What the register holds, by field.
type Held = BTreeMap<&'static str, Value>;

impl FinService {
    /// An adapter for the register at that address.
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)?, reservations: None })
    }

    /// The same, with the ledger in which it keeps identities for which a number is to be issued, each for so long.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Arc<dyn Ledger>, held: Duration) -> Self {
        self.reservations = Some(Reservations::again(ledger, held));
        self
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let service = service_name(&query.service);
        if service == ISSUE {
            return self.issue(query, context).await;
        }
        if service != LINKS && service != UNIQUENESS {
            return Err(RegistryError::UnknownService);
        }
        if context.settle.is_some() {
            return Err(RegistryError::Unsupported("this service has nothing to settle"));
        }
        check(&query.ask)?;
        let found = match (service.as_str(), &query.subject) {
            (LINKS, SubjectKey::Fin(fin)) => self.links(*fin, context).await?,
            (LINKS, _) => return Err(RegistryError::Unsupported("this service is keyed by fin")),
            (_, SubjectKey::NameAndBirthDate(who)) => Some((query.subject.clone(), self.counts(who, context).await?)),
            (_, _) => return Err(RegistryError::Unsupported("this service is keyed by name-and-birth-date")),
        };
        let Some((subject, held)) = found else {
            return Ok(Answer { subject: query.subject.clone(), finding: Finding::Absent });
        };
        Ok(Answer { subject, finding: Finding::Found(told(&query.ask, &held)) })
    }

    /// The colours of a number's links, by count; `None` for a number that nobody has.
    async fn links(&self, fin: Fin, context: &Context) -> Result<Option<(SubjectKey, Held)>, RegistryError> {
        let Some(reply) = self.post::<Links>("/v1/links/search", &json!({ "uin": fin }), context).await? else {
            return Ok(None);
        };
        if reply.links.iter().any(|link| !COLOURS.contains(&link.colour.as_str())) {
            return Err(RegistryError::Invalid("a link has a colour that is none of the four"));
        }
        let of = |colour: &str| reply.links.iter().filter(|link| link.colour == colour).count();
        let count = |colour: &str| Value::Number(i64::try_from(of(colour)).unwrap_or(i64::MAX));
        let worst = COLOURS.into_iter().find(|colour| of(colour) > 0).unwrap_or("none");
        let held = Held::from([
            ("state", Value::text(worst)),
            ("red", count("red")),
            ("yellow", count("yellow")),
            ("green", count("green")),
            ("white", count("white")),
        ]);
        Ok(Some((SubjectKey::Fin(reply.uin), held)))
    }

    async fn counts(&self, who: &NameAndBirthDate, context: &Context) -> Result<Held, RegistryError> {
        let reply = self.search(who, context).await?;
        Ok(Held::from([("same", Value::Number(reply.same)), ("similar", Value::Number(reply.similar))]))
    }

    async fn search(&self, who: &NameAndBirthDate, context: &Context) -> Result<Counts, RegistryError> {
        let asked = json!({ "name": who.name, "dateOfBirth": who.birth_date });
        let reply = self.post::<Counts>("/v1/identities/search", &asked, context).await?;
        let reply = reply.ok_or(RegistryError::Invalid("a search has no subject that could be missing"))?;
        if (reply.name.as_str(), reply.birth_date.as_str()) != (who.name.as_str(), who.birth_date.as_str()) {
            return Err(RegistryError::OtherSubject);
        }
        if [reply.same, reply.similar, reply.linked].into_iter().any(|count| count < 0) {
            return Err(RegistryError::Invalid("a count is less than nothing"));
        }
        Ok(reply)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        target: &str,
        body: &impl Serialize,
        context: &Context,
    ) -> Result<Option<T>, RegistryError> {
        // INVARIANT: texts and numbers cannot fail to serialise.
        let body = serde_json::to_vec(body).unwrap_or_default().into();
        let call = Call { method: Method::POST, target, content_type: Some(JSON), accept: JSON, body };
        let response = self.connection.send(call, context).await?;
        match response.status() {
            StatusCode::OK => {
                let read = serde_json::from_slice(response.body());
                read.map(Some).map_err(|_| RegistryError::Invalid("the reply is not the one that was asked for"))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(RegistryError::Invalid("an HTTP status that the FIN service does not name")),
        }
    }
}

/// What the services take at all: the register is not asked for anything else.
fn check(ask: &Ask) -> Result<(), RegistryError> {
    let fits = |field: &FieldName, value: &Value| match (field.as_str(), value) {
        ("state", Value::Text(_)) => Ok(()),
        ("state", _) => Err(RegistryError::Unsupported("state is a text")),
        ("red" | "yellow" | "green" | "white" | "same" | "similar", Value::Number(_)) => Ok(()),
        ("red" | "yellow" | "green" | "white" | "same" | "similar", _) => {
            Err(RegistryError::Unsupported("a count is a whole number"))
        }
        (_, _) => Ok(()),
    };
    match ask {
        Ask::Read(_) => Ok(()),
        Ask::Match(values) => values.iter().try_for_each(|(field, value)| fits(field, value)),
        Ask::Verify(predicates) => predicates.iter().try_for_each(|(field, predicate)| match predicate {
            Predicate::OneOf(values) => values.iter().try_for_each(|value| fits(field, value)),
            Predicate::AtLeast(_) | Predicate::AtMost(_) if field.as_str() == "state" => {
                Err(RegistryError::Unsupported("state takes oneOf"))
            }
            Predicate::AtLeast(_) | Predicate::AtMost(_) => Ok(()),
        }),
        Ask::Change(_) => Err(RegistryError::Unsupported("this service takes no change")),
    }
}

fn told(ask: &Ask, held: &Held) -> BTreeMap<FieldName, Value> {
    let verdict = |field: &FieldName, holds: &dyn Fn(&Value) -> bool| {
        let verdict = held.get(field.as_str()).map_or(Verdict::Unknown, |value| Verdict::of_match(holds(value)));
        (field.clone(), verdict.to_value())
    };
    match ask {
        Ask::Read(fields) => read(fields, held),
        Ask::Match(values) => values.iter().map(|(field, given)| verdict(field, &|value| value == given)).collect(),
        Ask::Verify(predicates) => {
            predicates.iter().map(|(field, predicate)| verdict(field, &|value| holds(predicate, value))).collect()
        }
        Ask::Change(_) => BTreeMap::new(),
    }
}

fn read(fields: &BTreeSet<FieldName>, held: &Held) -> BTreeMap<FieldName, Value> {
    fields.iter().filter_map(|field| Some((field.clone(), held.get(field.as_str())?.clone()))).collect()
}

fn holds(predicate: &Predicate, value: &Value) -> bool {
    match (predicate, value) {
        (Predicate::AtLeast(least), Value::Number(number)) => number >= least,
        (Predicate::AtMost(most), Value::Number(number)) => number <= most,
        (Predicate::AtLeast(_) | Predicate::AtMost(_), _) => false,
        (Predicate::OneOf(values), value) => values.contains(value),
    }
}

impl Registry for FinService {
    fn services(&self) -> Vec<String> {
        vec![LINKS.to_owned(), UNIQUENESS.to_owned(), ISSUE.to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.connection.reach("/v1/health", context))
    }
}

#[cfg(test)]
mod tests;
