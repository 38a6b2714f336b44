//! Reporting a document abroad: reserved here, and sent when the reservation is settled with `consume`.
//!
//! What leaves the country cannot be taken back, so it is sent last, and only by the settlement of what was reserved: whoever
//! signs a `consume` alone has not had the holder checked. A `reserve` makes sure, in the host's durable ledger, that one caller
//! reports one document; a `release` forgets it. A settlement is begun in the ledger, sent, and only then consumed. If the
//! databases cannot be reached, or the process ends, it stays begun, and whoever settles it again sends again, however late:
//! abroad the same document is the same record.

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{Context, Ledger, RegistryError};
use mohur_reservation::{Begun, Outcome, Reservations, check_settlement, item};
use mohur_wire::answer::Finding;
use mohur_wire::subject::DocumentKey;
use mohur_wire::{Answer, Effect, Operation, Query, SubjectKey, Value};

use crate::abroad::Abroad;

/// Why a document is reported (`DocumentReason` in the schema).
const REASONS: [&str; 4] = ["lost", "stolen", "destroyed", "revoked"];

/// The reservations.
pub(crate) struct Publications {
    reservations: Reservations,
}

impl Publications {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, reservation: Duration) -> Self {
        Self { reservations: Reservations::new(ledger, reservation) }
    }

    pub(crate) async fn change(
        &self,
        abroad: &Abroad,
        document: &DocumentKey,
        effect: &Effect,
        query: &Query,
        context: &Context,
    ) -> Result<Outcome, RegistryError> {
        if effect.operation != Operation::Reserve {
            return Err(RegistryError::Unsupported(
                "this service takes a reserve, which is settled with its signature",
            ));
        }
        let publication = Publication { document, reason: reason(effect)?, thing: name(document) };
        match &context.settle {
            None => {
                // Nothing begins here that could not end there.
                abroad.reach(context).await?;
                self.reservations.change(&query.caller, &publication.thing, effect, context.arrival.0).await
            }
            Some(settle) => {
                check_settlement(effect, settle)?;
                self.settle(abroad, &publication, effect, query, (settle.operation, context)).await
            }
        }
    }

    async fn settle(
        &self,
        abroad: &Abroad,
        publication: &Publication<'_>,
        effect: &Effect,
        query: &Query,
        (operation, context): (Operation, &Context),
    ) -> Result<Outcome, RegistryError> {
        let (reservations, thing) = (&self.reservations, publication.thing.as_str());
        let (caller, key, now) = (&query.caller, &effect.key, context.arrival.0);
        // Whether this very effect was reserved: the key of another one settles nothing.
        if reservations.earlier(caller, thing, effect).await?.is_none() {
            return Err(RegistryError::Settlement("there is no such reservation of this caller"));
        }
        if operation != Operation::Consume {
            return reservations.settle(caller, thing, key, operation, now).await;
        }
        match reservations.begin(caller, thing, key, now).await? {
            Begun::Already(outcome) => Ok(outcome),
            Begun::Apply => {
                // If this fails it may have arrived or not: it stays begun, and is sent again.
                abroad.publish(publication.document, publication.reason, context).await?;
                reservations.finish(caller, thing, key).await
            }
        }
    }
}

/// What is reported.
struct Publication<'q> {
    document: &'q DocumentKey,
    reason: &'q str,
    /// Its place in the ledger.
    thing: String,
}

/// A document's place in the ledger, which does not say whose it is.
fn name(document: &DocumentKey) -> String {
    item("publication", &[document.issuing_state.as_str(), document.kind.as_str(), document.number.as_str()])
}

/// `state`, and for what was reserved `reservation` and `expires`.
pub(crate) fn answer(subject: &SubjectKey, outcome: &Outcome) -> Answer {
    let reservation = outcome.reservation.as_ref().map(|id| ("reservation", id.to_string()));
    let expires = outcome.expires.map(|at| ("expires", at.to_string()));
    let texts = [Some(("state", outcome.state.as_str().to_owned())), reservation, expires];
    let fields = texts.into_iter().flatten().filter_map(|(name, text)| Some((name.parse().ok()?, Value::Text(text))));
    Answer { subject: subject.clone(), finding: Finding::Found(fields.collect()) }
}

/// The reason, without which nothing is reserved.
fn reason(effect: &Effect) -> Result<&str, RegistryError> {
    const TAKES: RegistryError =
        RegistryError::Unsupported("it takes one value, reason: lost, stolen, destroyed or revoked");
    let mut values = effect.values.iter();
    match (values.next(), values.next(), &effect.receipt) {
        (Some((field, Value::Text(text))), None, None)
            if field.as_str() == "reason" && REASONS.contains(&text.as_str()) =>
        {
            Ok(text)
        }
        _ => Err(TAKES),
    }
}
