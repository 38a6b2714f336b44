//! Bundles: one signed request, each leg through the pipeline. Incomplete never equals clear.
//!
//! What is reserved is reserved first; only then are the other registers asked, so that nothing is read for an application
//! that cannot be decided. At the end each reservation is consumed if every leg is clear, and otherwise released.

mod kept;
mod legs;
mod running;
mod settle;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use kept::{KeptError, Settlements};
pub use mohur_wire::bundle::{BundleAnswer, LegAnswer, Settlement};
use mohur_wire::bundle::{Definition, Leg, Outcome};
use mohur_wire::subject::{KeyPart, SubjectKind};
use mohur_wire::{Arrival, Ask, FieldName, MessageId, Query, Refusal, RefusalCode, SubjectKey, Value};

use crate::World;
use crate::pipeline::Exchange;
use crate::provider::Provider;
use crate::stage::claim;
use crate::stage::verify::{VerifiedBundle, VerifiedPoll};
use crate::trace::Trace;

use running::Running;
pub(crate) use running::{Bundles, Report};

impl<P: Provider> Exchange<P> {
    /// The published definitions, as JSON.
    pub fn definitions(&self) -> Vec<u8> {
        serde_json::to_vec(&self.world().definitions.values().collect::<Vec<_>>()).unwrap_or_default()
    }

    /// One published definition, as JSON.
    pub fn definition(&self, id: &MessageId) -> Option<Vec<u8>> {
        self.world().definitions.get(id).and_then(|definition| serde_json::to_vec(definition).ok())
    }

    /// Opens a bundle, and waits for its legs as long as a first answer may. The rest can be polled.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        bundle: VerifiedBundle,
        world: Arc<World>,
        trace: &mut Trace,
    ) -> Result<Report, Refusal> {
        trace.of_bundle(named(bundle.definition()));
        claim::id(bundle.signer(), bundle.id(), bundle.arrival(), &self.claims, trace)?;
        let running = self.bundles.open(&bundle, &self.settings)?;
        let task = legs::run(Arc::clone(self), Arc::clone(&running), bundle, world, *trace.certificate());
        self.watch(Arc::clone(&running), tokio::spawn(task));
        running.wait(self.settings.bundle_wait).await;
        Ok(running.report())
    }

    /// A bundle whose task panicked has ended, too: what it reserved expires, or is settled at the next start.
    fn watch(&self, running: Arc<Running>, task: tokio::task::JoinHandle<()>) {
        tokio::spawn(async move {
            if task.await.is_err() {
                tracing::error!("a bundle ended in a panic; it is incomplete, and repaired at the next start");
                running.complete(Outcome::Incomplete);
            }
        });
    }

    /// The legs of a bundle that are there by now.
    pub(crate) fn look(&self, poll: &VerifiedPoll, trace: &mut Trace) -> Result<Report, Refusal> {
        claim::id(poll.signer(), poll.id(), poll.arrival(), &self.claims, trace)?;
        let found = self.bundles.find(poll.signer(), poll.bundle(), poll.arrival(), &self.settings);
        let running = found.ok_or(RefusalCode::BundleUnknown)?;
        trace.of_bundle(named(running.definition()));
        Ok(running.report())
    }

    /// Forgets the bundles that can no longer be polled, also where nobody asks.
    pub fn upkeep(&self, now: Arrival) {
        drop(self.bundles.swept(now, &self.settings));
    }

    /// Resolves when no bundle is under way, so that what was reserved is settled; but not later than `patience`.
    pub async fn bundles_settled(&self, patience: Duration) {
        self.bundles.settled(patience).await;
    }
}

/// `issue-id-document@1`.
pub(crate) fn named(definition: &Definition) -> String {
    format!("{}@{}", definition.id, definition.version)
}

/// The id of the entries of a reservation's settlement.
pub(crate) fn settlement_id(reserved: &MessageId) -> Result<MessageId, Refusal> {
    format!("{reserved}.settle").parse().map_err(|_| RefusalCode::Malformed.into())
}

/// Whether a leg's query is the one that the definition asks for.
pub(crate) fn fits(query: &Query, leg: &Leg, definition: &Definition, bundle: &MessageId) -> Result<(), Refusal> {
    let reference = query.leg.as_ref();
    let problem = if reference.is_none_or(|r| r.definition != definition.id || r.leg != leg.id) {
        "`bundle` must name the definition and this leg"
    } else if reference.is_none_or(|r| r.version != definition.version) {
        return Err(RefusalCode::BundleStale.into());
    } else if query.id.as_str() != format!("{bundle}.{}", leg.id) {
        "`id` must be <bundle id>.<leg id>"
    } else if query.service != leg.service {
        "`service` is not the definition's"
    } else if query.purpose != definition.purpose {
        "`purpose` is not the definition's"
    } else if query.message.is_some() {
        "a leg encloses no message"
    } else if SubjectKind::of(&query.subject) != leg.subject {
        "`subject` is not of the definition's kind"
    } else if !is_own_sample(query, leg, bundle) {
        "the sample's reference must be <bundle id>.<leg id>"
    } else if !same_operands(query, leg) {
        "verb, fields or operation are not the definition's"
    } else if !as_expected(query, leg) {
        "a value is not the one that the definition expects"
    } else {
        return Ok(());
    };
    Err(Refusal::new(RefusalCode::Malformed, format!("Leg {}: {problem}.", leg.id)))
}

/// A bundle decides one application: its legs of one kind of key carry the same key, what ties a key to another is that key,
/// and all are in one case, by one official. Otherwise the registers' answers about several persons would add up to one "clear".
pub(crate) fn one_application(queries: &[&Query], definition: &Definition) -> Result<(), Refusal> {
    let refuse = |detail: String| Err(Refusal::new(RefusalCode::Malformed, detail));
    let application = |query: &Query| (query.case.clone(), query.official.clone(), query.on_behalf_of.clone());
    if queries.windows(2).any(|pair| matches!(pair, [one, other] if application(one) != application(other))) {
        return refuse("All legs of a bundle have the same case, official and onBehalfOf.".to_owned());
    }
    let mut keys: BTreeMap<SubjectKind, &SubjectKey> = BTreeMap::new();
    for query in queries {
        let kind = SubjectKind::of(&query.subject);
        let first = *keys.entry(kind).or_insert(&query.subject);
        if kind != SubjectKind::Biometric && *first != query.subject {
            return refuse(format!("All legs of a bundle whose key is of the kind {kind} have the same key."));
        }
    }
    for (query, leg) in queries.iter().zip(&definition.legs) {
        let tied = |(field, part): (&FieldName, &KeyPart)| {
            keys.get(&part.kind()).and_then(|key| part.of(key)).is_some_and(|key| given(query, field) == Some(&key))
        };
        if !leg.ties.iter().all(tied) {
            return refuse(format!("Leg {}: what ties it to another leg's key is not that key.", leg.id));
        }
    }
    Ok(())
}

/// The sample of a leg is of this leg of this bundle: one that was taken for another cannot be shown again.
fn is_own_sample(query: &Query, leg: &Leg, bundle: &MessageId) -> bool {
    let SubjectKey::Biometric(sample) = &query.subject else { return true };
    leg.sample(bundle).is_ok_and(|own| own == *sample)
}

fn as_expected(query: &Query, leg: &Leg) -> bool {
    leg.expect.iter().all(|(field, value)| given(query, field) == Some(value))
}

/// The value that a query compares a field with, or has it take.
fn given<'a>(query: &'a Query, field: &FieldName) -> Option<&'a Value> {
    match &query.ask {
        Ask::Match(values) => values.get(field),
        Ask::Change(effect) => effect.values.get(field),
        Ask::Read(_) | Ask::Verify(_) => None,
    }
}

fn same_operands(query: &Query, leg: &Leg) -> bool {
    let (operation, named) = match &query.ask {
        Ask::Change(effect) => (Some(effect.operation), effect.inputs()),
        Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => {
            (None, query.fields().into_iter().map(FieldName::as_str).collect())
        }
    };
    let wanted = leg.operands().into_iter().map(FieldName::as_str);
    query.verb() == leg.verb && operation == leg.operation && wanted.eq(named)
}
