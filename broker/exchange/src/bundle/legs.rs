//! The legs of one bundle: reservations first, then the rest in parallel, then the settlements.

use std::sync::Arc;

use futures_util::future::join_all;
use mohur_crypto::Digest;
use mohur_wire::bundle::{Leg, LegAnswer, Outcome, Settlement, leg_verdict, settled};
use mohur_wire::{Arrival, MessageId, Operation, RefusalCode, Value, Verdict};
use tokio::time::Instant;

use super::kept::{Kept, Record};
use super::named;
use super::running::Running;
use super::settle::{Settled, reservation_of, state};
use crate::World;
use crate::pipeline::Exchange;
use crate::provider::Provider;
use crate::stage::release::Released;
use crate::stage::verify::{Verified, VerifiedBundle};
use crate::stage::{outcome, seal};
use crate::trace::Trace;

/// What all legs of one bundle share.
struct Run<P> {
    exchange: Arc<Exchange<P>>,
    running: Arc<Running>,
    world: Arc<World>,
    certificate: Digest,
}

/// What a leg left at its owner.
enum Left {
    /// Nothing.
    Nothing,
    /// Nobody knows: the leg reserves, and its answer did not come, or cannot be used.
    Perhaps(MessageId),
    /// A reservation.
    Reservation(LegAnswer),
}

/// Runs a bundle to its end. Nothing here fails: whatever goes wrong is a verdict.
pub(crate) async fn run<P: Provider>(
    exchange: Arc<Exchange<P>>,
    running: Arc<Running>,
    bundle: VerifiedBundle,
    world: Arc<World>,
    certificate: Digest,
) {
    let run = Arc::new(Run { exchange, running, world, certificate });
    let Ok(record) = run.keep(&bundle).await else { return run.running.complete(Outcome::Incomplete) };
    let (reserving, others): (Vec<_>, Vec<_>) =
        bundle.into_legs().into_iter().partition(|(_, leg)| leg.operation == Some(Operation::Reserve));
    let left = run.all(reserving).await;
    if left.iter().all(|left| matches!(left, Left::Reservation(_))) {
        // Their time begins now: it is not used up by a slow reservation.
        let now = Arrival::read(&*run.exchange.clock);
        run.all(others.into_iter().map(|(verified, leg)| (verified.begun(now), leg)).collect()).await;
    } else {
        others.iter().for_each(|(_, leg)| run.running.enter(not_asked(leg)));
    }
    let outcome = run.running.outcome_of_legs();
    let consumed = match record {
        Some(record) => run.end(record, left, outcome).await,
        None => true,
    };
    run.running.complete(settled(outcome, consumed));
}

fn not_asked(leg: &Leg) -> LegAnswer {
    LegAnswer {
        leg: leg.id.clone(),
        verdict: Verdict::Unknown,
        answer: None,
        receipt: None,
        refusal: None,
        settlement: None,
    }
}

impl<P: Provider> Run<P> {
    /// Runs legs side by side, each in a task of its own: one that panics is one that is unavailable.
    async fn all(self: &Arc<Self>, legs: Vec<(Verified, Leg)>) -> Vec<Left> {
        let tasks = legs.into_iter().map(|(verified, leg)| {
            let (run, id) = (Arc::clone(self), leg.id.clone());
            let task = tokio::spawn(async move { run.leg(verified, leg).await });
            async move {
                task.await.unwrap_or_else(|_| {
                    self.running.enter(refused(id.clone(), RefusalCode::Internal));
                    Left::Perhaps(id)
                })
            }
        });
        join_all(tasks).await
    }

    /// One leg through the pipeline, logged like any message. Returns what must be settled later.
    async fn leg(&self, verified: Verified, leg: Leg) -> Left {
        let since = Instant::now();
        let mut trace = Trace::of_leg(&verified, self.certificate, named(self.running.definition()));
        let released = self.exchange.exchange(verified, &self.world, &mut trace).await;
        if let Err(refusal) = &released {
            self.exchange.conceal(refusal, since, &mut trace).await;
        }
        let answer = match &released {
            Ok(released) => LegAnswer {
                leg: leg.id.clone(),
                verdict: leg_verdict(&leg, released.fields()),
                answer: Some(released.sealed().to_owned()),
                receipt: released.receipt().map(str::to_owned),
                refusal: None,
                settlement: None,
            },
            Err(refusal) => refused(leg.id.clone(), refusal.code),
        };
        let Some(answer) = self.log(answer, &mut trace).await else {
            return match &released {
                Err(refusal) if !may_have_reserved(refusal.code, trace.has_left_nothing()) => Left::Nothing,
                Ok(_) | Err(_) => Left::Perhaps(leg.id),
            };
        };
        if let Ok(released) = &released {
            self.running.read(leg.id.clone(), released.finding());
        }
        self.running.enter(answer.clone());
        left(&leg, &released, answer, trace.has_left_nothing())
    }

    /// A leg that cannot be logged is not released.
    async fn log(&self, answer: LegAnswer, trace: &mut Trace) -> Option<LegAnswer> {
        let leg = answer.leg.clone();
        match outcome::log(seal::leg(answer), &self.exchange.journal, trace).await {
            Ok(logged) => Some(logged.into_parts().0),
            Err(refusal) => {
                self.running.enter(refused(leg, refusal.code));
                None
            }
        }
    }

    /// Writes down what must be known to settle the bundle, before anything is reserved. `None`: it reserves nothing.
    async fn keep(&self, bundle: &VerifiedBundle) -> Result<Option<Record>, ()> {
        let Some(kept) = Kept::of(bundle, self.certificate) else { return Ok(None) };
        self.exchange.settlements.keep(kept).await.map(Some).map_err(|error| {
            tracing::error!(%error, "nothing is reserved that could not be settled after a crash");
            for leg in &bundle.definition().legs {
                self.running.enter(refused(leg.id.clone(), RefusalCode::JournalUnavailable));
            }
        })
    }

    /// Decides, durably, and settles. Whether each reservation was consumed.
    async fn end(&self, mut record: Record, left: Vec<Left>, outcome: Outcome) -> bool {
        let exchange = &self.exchange;
        let operation = if outcome == Outcome::Clear { Operation::Consume } else { Operation::Release };
        let holds = |id: &MessageId| left.iter().any(|left| left.may_hold(id));
        let decided = exchange.settlements.decide(&mut record, operation, holds).await;
        if let Err(error) = decided {
            // Not written is not decided: at the next start all of it is released, and so it is released now.
            tracing::error!(%error, "what a bundle came to could not be written; what it reserved is released");
            record.kept.decision = Some(Operation::Release);
        }
        let operation = record.kept.decision.unwrap_or(Operation::Release);
        let deadline = Instant::now() + exchange.settings.settlement_wait;
        let answers: Vec<_> = left.into_iter().filter_map(Left::into_answer).collect();
        let settlements = answers.into_iter().map(|answer| self.settle(&record.kept, answer, operation, deadline));
        let states = join_all(settlements).await;
        let consumed = states.iter().all(|(_, state)| state.as_deref() == Some("consumed"));
        record.kept.legs.retain(|leg| !states.iter().any(|(settled, state)| *settled == leg.leg && state.is_some()));
        if record.kept.legs.is_empty() {
            if let Err(error) = exchange.settlements.forget(&record).await {
                tracing::error!(%error, "a settled bundle could not be forgotten; it is settled again at the next start");
            }
        } else {
            tokio::spawn(Arc::clone(exchange).finish(record));
        }
        consumed
    }

    /// Settles one reservation, and returns the state that its owner sealed.
    async fn settle(
        &self,
        kept: &Kept,
        mut answer: LegAnswer,
        operation: Operation,
        deadline: Instant,
    ) -> (MessageId, Option<String>) {
        let leg = answer.leg.clone();
        let Some(owed) = kept.legs.iter().find(|kept| kept.leg == leg) else { return (leg, None) };
        let result: Settled = self.exchange.settled_by(kept, owed, operation, deadline).await;
        let reached = result.as_ref().ok().and_then(state).map(str::to_owned);
        if reached.is_some() {
            // It is final: the background does not come to it any more.
            self.exchange.look_at(kept, owed, operation, &result);
        }
        if let Ok(released) = &result {
            self.running.read_settlement(leg.clone(), released.finding());
        }
        answer.settlement = Some(match result {
            Ok(released) => {
                let (answer, receipt) = (released.sealed().to_owned(), released.receipt().map(str::to_owned));
                Settlement { operation, answer: Some(answer), receipt, refusal: None }
            }
            Err(refusal) => Settlement { operation, answer: None, receipt: None, refusal: Some(refusal.code) },
        });
        self.running.enter(answer);
        (leg, reached)
    }
}

impl Left {
    /// Whether that leg may hold something.
    fn may_hold(&self, id: &MessageId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Perhaps(leg) => leg == id,
            Self::Reservation(answer) => answer.leg == *id,
        }
    }

    fn into_answer(self) -> Option<LegAnswer> {
        match self {
            Self::Nothing | Self::Perhaps(_) => None,
            Self::Reservation(answer) => Some(answer),
        }
    }
}

/// What a leg left at its owner, by its answer.
fn left(leg: &Leg, released: &Settled, answer: LegAnswer, nothing_left: bool) -> Left {
    match released {
        _ if leg.operation != Some(Operation::Reserve) => Left::Nothing,
        Ok(released) if answer.verdict == Verdict::Clear => {
            let is_named = reservation_id(released) == reservation_of(&released.query().ask);
            if is_named { Left::Reservation(answer) } else { Left::Perhaps(answer.leg) }
        }
        Ok(_) => Left::Nothing,
        Err(refusal) if may_have_reserved(refusal.code, nothing_left) => Left::Perhaps(answer.leg),
        Err(_) => Left::Nothing,
    }
}

/// Whether the owner may have reserved although this is what came of it. If the owner itself says that its register cannot be
/// had, or the question did not even leave, nothing was reserved there.
const fn may_have_reserved(code: RefusalCode, nothing_left: bool) -> bool {
    matches!(code, RefusalCode::ProviderUnavailable if !nothing_left)
        || matches!(
            code,
            RefusalCode::ProviderTimeout
                | RefusalCode::ProviderInvalid
                | RefusalCode::SubjectMismatch
                | RefusalCode::Internal
        )
}

fn reservation_id(released: &Released) -> Option<MessageId> {
    let (_, value) = released.fields()?.iter().find(|(name, _)| name.as_str() == "reservation")?;
    Value::as_text(value)?.parse().ok()
}

/// A leg that brought a refusal: the verdict says whose matter it is.
fn refused(leg: MessageId, code: RefusalCode) -> LegAnswer {
    let verdict = match code {
        RefusalCode::Denied => Verdict::NotInProfile,
        RefusalCode::NotAvailable => Verdict::Unknown,
        RefusalCode::Malformed
        | RefusalCode::XmlRefused
        | RefusalCode::NotUnderstood
        | RefusalCode::NotMapped
        | RefusalCode::TooLarge
        | RefusalCode::UnsupportedMediaType
        | RefusalCode::NoSuchEndpoint
        | RefusalCode::MethodNotAllowed
        | RefusalCode::RequestTimeout
        | RefusalCode::SignatureMissing
        | RefusalCode::SignatureInvalid
        | RefusalCode::ComponentUncovered
        | RefusalCode::DigestMismatch
        | RefusalCode::AlgorithmRefused
        | RefusalCode::KeyUnknown
        | RefusalCode::CertificateRefused
        | RefusalCode::CertificateExpired
        | RefusalCode::CertificateRevoked
        | RefusalCode::IdentityMismatch
        | RefusalCode::WrongBroker
        | RefusalCode::Stale
        | RefusalCode::Future
        | RefusalCode::Replayed
        | RefusalCode::InProgress
        | RefusalCode::UnknownMember
        // The definition is published, and nobody offers the service (yet), e.g. a biometric one.
        | RefusalCode::UnknownService
        | RefusalCode::RateLimited
        | RefusalCode::BundleUnknown
        | RefusalCode::BundleStale
        | RefusalCode::ProviderUnavailable
        | RefusalCode::ProviderTimeout
        | RefusalCode::ProviderInvalid
        | RefusalCode::SubjectMismatch
        | RefusalCode::SettlementRefused
        | RefusalCode::DirectoryStale
        | RefusalCode::PolicyUnavailable
        | RefusalCode::JournalUnavailable
        | RefusalCode::Overloaded
        | RefusalCode::ShuttingDown
        | RefusalCode::Internal => Verdict::Unavailable,
    };
    LegAnswer { leg, verdict, answer: None, receipt: None, refusal: Some(code), settlement: None }
}
