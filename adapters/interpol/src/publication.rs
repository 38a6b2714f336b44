//! Reporting a document abroad: reserved here, and sent when the reservation is consumed.
//!
//! What leaves the country cannot be taken back, so it is sent last: a `reserve` only makes sure, in the host's durable
//! ledger, that one caller reports one document; a `release` forgets it. A `consume` is durable here before it is sent.
//! If the databases cannot be reached then, or the process ends, the settlement is said again until it has been sent: abroad
//! the same document is the same record, whose id is kept.

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{Context, Ledger, RegistryError};
use mohur_reservation::{Outcome, Reservations, State, check_settlement, item};
use mohur_wire::answer::Finding;
use mohur_wire::subject::DocumentKey;
use mohur_wire::{Answer, Effect, Operation, Query, SubjectKey, Value};

use crate::abroad::Abroad;

/// Why a document is reported (`DocumentReason` in the schema).
const REASONS: [&str; 4] = ["lost", "stolen", "destroyed", "revoked"];

/// The reservations, and what was sent.
pub(crate) struct Publications {
    reservations: Reservations,
    ledger: Arc<dyn Ledger>,
}

impl Publications {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, reservation: Duration) -> Self {
        Self { reservations: Reservations::new(Arc::clone(&ledger), reservation), ledger }
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
        let (reason, thing) = (reason(effect)?, name("publication", document));
        let outcome = match &context.settle {
            Some(settle) => {
                check_settlement(effect, settle)?;
                // Whether this very effect was reserved: the key of another one settles nothing.
                if self.reservations.earlier(caller, &thing, effect).await?.is_none() {
                    return Err(RegistryError::Settlement("there is no such reservation of this caller"));
                }
                self.reservations.settle(caller, &thing, &effect.key, settle.operation, now).await?
            }
            None => {
                if effect.operation == Operation::Reserve {
                    // Nothing begins here that could not end there.
                    abroad.reach(context).await?;
                }
                self.reservations.change(caller, &thing, effect, now).await?
            }
        };
        if let (State::Consumed, Some(reason)) = (outcome.state, reason) {
            self.send(abroad, document, reason, context).await?;
        }
        Ok(outcome)
    }

    /// Sends what was consumed, unless it is known to have arrived.
    async fn send(
        &self,
        abroad: &Abroad,
        document: &DocumentKey,
        reason: &str,
        context: &Context,
    ) -> Result<(), RegistryError> {
        let place = name("published", document);
        if self.ledger.read(&place).await?.is_some() {
            return Ok(());
        }
        let record = abroad.publish(document, reason, context).await?;
        // Whoever came first wrote the same id.
        self.ledger.swap(&place, None, record.as_str().as_bytes()).await?;
        Ok(())
    }
}

/// A document's place in the ledger, which does not say whose it is.
fn name(kind: &str, document: &DocumentKey) -> String {
    item(kind, &[document.issuing_state.as_str(), document.kind.as_str(), document.number.as_str()])
}

/// `state`, and for what was reserved `reservation` and `expires`.
pub(crate) fn answer(subject: &SubjectKey, outcome: &Outcome) -> Answer {
    let reservation = outcome.reservation.as_ref().map(|id| ("reservation", id.to_string()));
    let expires = outcome.expires.map(|at| ("expires", at.to_string()));
    let texts = [Some(("state", outcome.state.as_str().to_owned())), reservation, expires];
    let fields = texts.into_iter().flatten().filter_map(|(name, text)| Some((name.parse().ok()?, Value::Text(text))));
    Answer { subject: subject.clone(), finding: Finding::Found(fields.collect()) }
}

/// The reason, without which nothing is reserved or consumed; a `release` has none.
fn reason(effect: &Effect) -> Result<Option<&str>, RegistryError> {
    const TAKES: RegistryError = RegistryError::Unsupported(
        "reserve and consume take the value reason: lost, stolen, destroyed or revoked; release takes none",
    );
    let mut values = effect.values.iter();
    let given = match (values.next(), values.next()) {
        (None, None) => None,
        (Some((field, Value::Text(text))), None) if field.as_str() == "reason" => Some(text.as_str()),
        _ => return Err(TAKES),
    };
    let known = given.is_none_or(|given| REASONS.contains(&given));
    let fits = given.is_some() == (effect.operation != Operation::Release) && effect.receipt.is_none();
    if known && fits { Ok(given) } else { Err(TAKES) }
}
