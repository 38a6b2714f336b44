//! The legs of one bundle: reservations first, then the rest in parallel, then the settlements.

use std::sync::Arc;

use futures_util::future::join_all;
use mohur_crypto::Digest;
use mohur_message::hop::Settle;
use mohur_wire::bundle::{Leg, LegAnswer, Outcome, Settlement, leg_verdict, settled};
use mohur_wire::{Arrival, MessageId, Operation, Refusal, RefusalCode, Value, Verdict};
use tokio::time::Instant;

use super::running::Running;
use super::{named, settlement_id};
use crate::World;
use crate::pipeline::Exchange;
use crate::provider::Provider;
use crate::stage::decide::Ruling;
use crate::stage::release::Released;
use crate::stage::verify::{Verified, VerifiedBundle};
use crate::stage::{outcome, route, seal};
use crate::trace::Trace;

/// What all legs of one bundle share.
struct Run<P> {
    exchange: Arc<Exchange<P>>,
    running: Arc<Running>,
    world: Arc<World>,
    certificate: Digest,
}

/// A reservation that waits for its settlement.
struct Reservation {
    leg: Leg,
    answer: LegAnswer,
    released: Released,
    id: MessageId,
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
    let (reserving, others): (Vec<_>, Vec<_>) =
        bundle.into_legs().into_iter().partition(|(_, leg)| leg.operation == Some(Operation::Reserve));
    let wanted = reserving.len();
    let reservations: Vec<_> = run.all(reserving).await.into_iter().flatten().collect();
    if reservations.len() == wanted {
        // Their time begins now: it is not used up by a slow reservation.
        let now = Arrival::read(&*run.exchange.clock);
        run.all(others.into_iter().map(|(verified, leg)| (verified.begun(now), leg)).collect()).await;
    } else {
        others.iter().for_each(|(_, leg)| run.running.enter(not_asked(leg)));
    }
    let outcome = run.running.outcome_of_legs();
    let operation = if outcome == Outcome::Clear { Operation::Consume } else { Operation::Release };
    let settlements = reservations.into_iter().map(|reservation| run.settle(reservation, operation));
    let consumed = join_all(settlements).await.into_iter().all(|state| state.as_deref() == Some("consumed"));
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
    async fn all(self: &Arc<Self>, legs: Vec<(Verified, Leg)>) -> Vec<Option<Reservation>> {
        let tasks = legs.into_iter().map(|(verified, leg)| {
            let (run, id) = (Arc::clone(self), leg.id.clone());
            let task = tokio::spawn(async move { run.leg(verified, leg).await });
            async move {
                task.await.unwrap_or_else(|_| {
                    self.running.enter(refused(id, RefusalCode::Internal));
                    None
                })
            }
        });
        join_all(tasks).await
    }

    /// One leg through the pipeline, logged like any message. Returns what must be settled later.
    async fn leg(&self, verified: Verified, leg: Leg) -> Option<Reservation> {
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
        let answer = self.log(answer, &mut trace).await?;
        if let Ok(released) = &released {
            self.running.read(leg.id.clone(), released.finding());
        }
        self.running.enter(answer.clone());
        let released = released.ok()?;
        let id = reservation_id(&released)?;
        let reserved = leg.operation == Some(Operation::Reserve) && answer.verdict == Verdict::Clear;
        reserved.then_some(Reservation { leg, answer, released, id })
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

    /// Settles one reservation, and returns the state that its owner sealed.
    async fn settle(&self, reservation: Reservation, operation: Operation) -> Option<String> {
        let Reservation { leg, mut answer, released, id } = reservation;
        let result = self.ask_settlement(&leg, &released, Settle { operation, reservation: id }).await;
        let state = result.as_ref().ok().and_then(state);
        if let Ok(released) = &result {
            self.running.read_settlement(leg.id.clone(), released.finding());
        }
        answer.settlement = Some(match result {
            Ok(released) => {
                let (answer, receipt) = (released.sealed().to_owned(), released.receipt().map(str::to_owned));
                Settlement { operation, answer: Some(answer), receipt, refusal: None }
            }
            Err(refusal) => Settlement { operation, answer: None, receipt: None, refusal: Some(refusal.code) },
        });
        self.running.enter(answer);
        state
    }

    async fn ask_settlement(&self, leg: &Leg, reserved: &Released, settle: Settle) -> Result<Released, Refusal> {
        let at = Arrival::read(&*self.exchange.clock);
        let routed = route::settlement(reserved, settle, at);
        let mut trace = Trace::of_leg(routed.verified(), self.certificate, named(self.running.definition()));
        let id = settlement_id(&routed.verified().query().id)?;
        trace.settles(id, routed.verified(), at);
        if let Ruling::Ours(decision) = routed.ruling() {
            trace.decided(decision);
        }
        let released = self.exchange.ask(routed, &self.world, &mut trace).await;
        let record = LegAnswer {
            leg: leg.id.clone(),
            verdict: Verdict::Unknown,
            answer: released.as_ref().ok().map(|released| released.sealed().to_owned()),
            receipt: released.as_ref().ok().and_then(|released| released.receipt().map(str::to_owned)),
            refusal: released.as_ref().err().map(|refusal| refusal.code),
            settlement: None,
        };
        outcome::log(seal::leg(record), &self.exchange.journal, &mut trace).await?;
        released
    }
}

fn state(released: &Released) -> Option<String> {
    text_field(released, "state")
}

fn reservation_id(released: &Released) -> Option<MessageId> {
    text_field(released, "reservation")?.parse().ok()
}

fn text_field(released: &Released, wanted: &str) -> Option<String> {
    let (_, value) = released.fields()?.iter().find(|(name, _)| name.as_str() == wanted)?;
    Value::as_text(value).map(str::to_owned)
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
