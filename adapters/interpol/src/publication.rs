//! Reporting a document abroad: reserved here, and sent when the reservation is consumed.
//!
//! What leaves the country cannot be taken back, so it is sent last: a `reserve` only makes sure, in the host's durable
//! ledger, that one caller reports one document; a `release` forgets it. A `consume` is durable here before it is sent.
//! If the databases cannot be reached then, or the process ends, the settlement is said again until it has been sent: abroad
//! the same document is the same record.
//!
//! `publication/<document>` holds the reservations, `published/<document>` the id of the record abroad, and `key/<caller>/<key>`
//! what an idempotency key was first used for.

mod state;

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{Context, Ledger, LedgerError, RegistryError, Settle, Swap};
use mohur_wire::answer::Finding;
use mohur_wire::subject::DocumentKey;
use mohur_wire::{Answer, Effect, Operation, Query, SubjectKey, Timestamp, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abroad::Abroad;
use crate::publication::state::{Outcome, Refused, Reservations, State};

/// How often a change is tried again because another one came first. Each time one of the others got through.
const MAX_TRIES: usize = 256;
/// Why a document is reported (`DocumentReason` in the schema).
const REASONS: [&str; 4] = ["lost", "stolen", "destroyed", "revoked"];

/// The reservations.
pub(crate) struct Publications {
    ledger: Arc<dyn Ledger>,
    reservation: Duration,
}

/// What a key was first used for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    document: DocumentKey,
    operation: Operation,
    reason: Option<String>,
}

impl Publications {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, reservation: Duration) -> Self {
        Self { ledger, reservation }
    }

    pub(crate) async fn change(
        &self,
        abroad: &Abroad,
        document: &DocumentKey,
        effect: &Effect,
        query: &Query,
        context: &Context,
    ) -> Result<Outcome, RegistryError> {
        let (caller, now) = (&query.caller, context.arrival.0);
        let reason = reason(effect)?;
        let outcome = match &context.settle {
            Some(settle) => {
                settles(effect, settle)?;
                self.update(document, |held| held.settle(caller, &effect.key, settle.operation, now)).await?
            }
            None if effect.operation == Operation::Reserve => {
                // Nothing begins here that could not end there.
                abroad.reach(context).await?;
                self.once(document, effect, query, reason).await?;
                let expires = now.checked_add(self.reservation).unwrap_or(Timestamp::MAX);
                let reason = reason.unwrap_or_default();
                self.update(document, |held| held.reserve(caller, &effect.key, reason, now, expires)).await?
            }
            None => {
                self.once(document, effect, query, reason).await?;
                self.update(document, |held| held.end(caller, &effect.key, effect.operation, now)).await?
            }
        };
        if outcome.state == State::Consumed {
            self.send(abroad, document, context).await?;
        }
        Ok(outcome)
    }

    /// A key is taken before anything is changed, and never has an effect on something else.
    async fn once(
        &self,
        document: &DocumentKey,
        effect: &Effect,
        query: &Query,
        reason: Option<&str>,
    ) -> Result<(), RegistryError> {
        let used =
            Use { document: document.clone(), operation: effect.operation, reason: reason.map(ToOwned::to_owned) };
        let place = format!("key/{}/{}", query.caller, effect.key);
        match self.ledger.swap(&place, None, &encode(&used)?).await? {
            Swap::Done => Ok(()),
            Swap::Differs(first) if decode::<Use>(first.as_deref().unwrap_or_default())? == used => Ok(()),
            Swap::Differs(_) => {
                Err(RegistryError::Unsupported("the idempotency key was used for another effect: choose a new one"))
            }
        }
    }

    /// Reads, changes and writes the reservations of a document until nobody came between.
    async fn update(
        &self,
        document: &DocumentKey,
        change: impl Fn(&mut Reservations) -> Result<Outcome, Refused>,
    ) -> Result<Outcome, RegistryError> {
        let place = format!("publication/{}", name(document));
        let mut held = self.ledger.read(&place).await?;
        for _ in 0..MAX_TRIES {
            let mut record: Reservations = held.as_deref().map(decode).transpose()?.unwrap_or_default();
            let before = record.clone();
            let outcome = change(&mut record).map_err(Refused::told)?;
            if record == before {
                return Ok(outcome);
            }
            match self.ledger.swap(&place, held.as_deref(), &encode(&record)?).await? {
                Swap::Done => return Ok(outcome),
                Swap::Differs(current) => held = current,
            }
        }
        Err(LedgerError("too many changes of one document at once".to_owned()).into())
    }

    /// Sends what was consumed, unless it is known to have arrived.
    async fn send(&self, abroad: &Abroad, document: &DocumentKey, context: &Context) -> Result<(), RegistryError> {
        let place = format!("published/{}", name(document));
        if self.ledger.read(&place).await?.is_some() {
            return Ok(());
        }
        let reservations = self.ledger.read(&format!("publication/{}", name(document))).await?;
        let reservations: Reservations = reservations.as_deref().map(decode).transpose()?.unwrap_or_default();
        let record = abroad.publish(document, reservations.reason().ok_or_else(unreadable)?, context).await?;
        // Whoever came first wrote the same id.
        self.ledger.swap(&place, None, record.as_str().as_bytes()).await?;
        Ok(())
    }
}

impl Outcome {
    /// `state`, and for what was reserved `reservation` and `expires`.
    pub(crate) fn answer(&self, subject: &SubjectKey) -> Answer {
        let reservation = self.reservation.as_ref().map(|id| ("reservation", id.to_string()));
        let expires = self.expires.map(|at| ("expires", at.to_string()));
        let texts = [Some(("state", self.state.as_str().to_owned())), reservation, expires];
        let fields =
            texts.into_iter().flatten().filter_map(|(name, text)| Some((name.parse().ok()?, Value::Text(text))));
        Answer { subject: subject.clone(), finding: Finding::Found(fields.collect()) }
    }
}

/// The reason, which a `reserve` needs and nothing else has.
fn reason(effect: &Effect) -> Result<Option<&str>, RegistryError> {
    const TAKES: RegistryError = RegistryError::Unsupported(
        "a reserve takes the value reason: lost, stolen, destroyed or revoked; the rest none",
    );
    if effect.receipt.is_some() {
        return Err(TAKES);
    }
    let mut values = effect.values.iter();
    let given = match (values.next(), values.next()) {
        (None, None) => None,
        (Some((field, Value::Text(text))), None) if field.as_str() == "reason" => Some(text.as_str()),
        _ => return Err(TAKES),
    };
    let known = given.is_none_or(|given| REASONS.contains(&given));
    if known && given.is_some() == (effect.operation == Operation::Reserve) { Ok(given) } else { Err(TAKES) }
}

/// The signature over a `reserve` covers one settlement: of the reservation that it made.
fn settles(reserve: &Effect, settle: &Settle) -> Result<(), RegistryError> {
    if reserve.operation != Operation::Reserve || settle.operation == Operation::Reserve {
        return Err(RegistryError::Settlement("a settlement consumes or releases what a reserve made"));
    }
    if settle.reservation != reserve.key {
        return Err(RegistryError::Settlement("the reservation is not the one that this query made"));
    }
    Ok(())
}

/// A document's place in the ledger. Its parts are letters and digits.
fn name(document: &DocumentKey) -> String {
    format!("{}/{}/{}", document.issuing_state, document.kind, document.number)
}

fn encode(record: &impl Serialize) -> Result<Vec<u8>, RegistryError> {
    serde_json::to_vec(record).map_err(|_| unreadable())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(bytes).map_err(|_| unreadable())
}

fn unreadable() -> RegistryError {
    LedgerError("a publication cannot be read; it was not written by this version of the adapter".to_owned()).into()
}
