//! The way of one ask through the host, top to bottom.
//!
//! First the broker must prove its case: who it is, what it decided, that the caller itself asked this, and that it stands in the
//! log. Only then does the host speak as the owner, and then everything it says is sealed, refusals too (decision 40).

use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_http::Request;
use mohur_seal::CurrentSeal;
use mohur_store::Claims;
use mohur_wire::MemberId;

use crate::guard::Guarded;
use crate::metrics::Metrics;
use crate::stage::receipt::Logged;
use crate::stage::release::Released;
use crate::stage::seal::Sealed;
use crate::stage::{caller, claim, connect, decision, policy, receipt, register, release, seal};
use crate::stop::Stop;
use crate::times::Times;
use crate::world::World;

/// Everything that a host answers with.
pub(crate) struct House {
    pub(crate) me: MemberId,
    pub(crate) seal: CurrentSeal,
    pub(crate) times: Times,
    pub(crate) world: ArcSwap<World>,
    pub(crate) claims: Arc<dyn Claims>,
    pub(crate) guard: Guarded,
    pub(crate) metrics: Arc<Metrics>,
}

impl House {
    /// Answers one ask. An error is for the broker alone: it did not prove its case, or the seal failed.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Sealed, Stop> {
        let logged = self.prove(request)?;
        let (bound, trace) = (logged.bound(), Trace::of(&logged));
        match self.exchange(logged).await.and_then(|released| seal::answer(&released, &self.me, &*self.seal.get())) {
            Ok(sealed) => {
                trace.answered();
                self.metrics.answered();
                Ok(sealed)
            }
            Err(stop) => {
                trace.refused(&stop);
                self.metrics.refused(stop.refusal().code);
                seal::refusal(&bound, stop.refusal(), &self.me, &*self.seal.get())
            }
        }
    }

    /// What the broker has to prove before the owner says anything at all.
    fn prove(&self, request: &Request) -> Result<Logged, Stop> {
        let connected = connect::broker(request, self.world.load_full())?;
        let decided = decision::sealed(connected, &self.me, &self.times)?;
        let proved = caller::signed(decided, &self.times)?;
        receipt::logged(proved, &self.times)
    }

    /// What the owner does with a query that is proved: once, and only what its own policy permits.
    async fn exchange(&self, logged: Logged) -> Result<Released, Stop> {
        let claimed = claim::once(logged, &*self.claims, &self.times).await?;
        let permitted = policy::permit(claimed, &self.me, &self.guard)?;
        let answered = register::ask(permitted, &self.guard).await?;
        release::fields(answered)
    }
}

/// What the operator reads about an ask: names of agencies and services, ids and codes, nothing of a person.
struct Trace {
    span: tracing::Span,
}

impl Trace {
    fn of(logged: &Logged) -> Self {
        let query = logged.proved().query();
        let settles = logged.proved().decided().settle().is_some();
        let (id, caller, service, verb) = (&query.id, &query.caller, &query.service, query.verb());
        Self { span: tracing::info_span!("ask", %id, %caller, %service, %verb, settles) }
    }

    fn answered(&self) {
        tracing::info!(parent: &self.span, "answered");
    }

    fn refused(&self, stop: &Stop) {
        tracing::warn!(parent: &self.span, code = %stop.refusal().code, reason = stop.reason(), "refused");
    }
}
