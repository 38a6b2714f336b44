//! The way of one message, top to bottom. Each stage takes what the stage before it returned; the fields of those types
//! are private to their stages, so leaving a stage out, or forging its result, does not compile.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use mohur_journal::Journal;
use mohur_seal::CurrentSeal;
use mohur_wire::{Clock, MemberId, Refusal};
use tokio::sync::Semaphore;

use crate::bundle::{Bundles, Settlements};
pub use crate::parties::Parties;
use crate::provider::Provider;
use crate::reply::{Incoming, ReplyTo};
use crate::stage::verify::Message;
use crate::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
use crate::trace::Trace;
use crate::{Claims, Settings, World};

/// Everything that a broker answers with.
pub struct Exchange<P> {
    pub(crate) me: MemberId,
    pub(crate) seal: CurrentSeal,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) provider: P,
    pub(crate) world: ArcSwap<World>,
    pub(crate) claims: Claims,
    pub(crate) bundles: Bundles,
    pub(crate) settlements: Settlements,
    pub(crate) settings: Settings,
    /// Places among the settlements in the background.
    pub(crate) settling: Semaphore,
}

impl<P: Provider> Exchange<P> {
    /// An exchange that judges by `world` and knows the claims that the log's tail still holds.
    pub fn new(parties: Parties<P>, world: World, claims: Claims, settings: Settings) -> Self {
        let Parties { me, seal, journal, provider, clock, settlements } = parties;
        let (bundles, settling) = (Bundles::default(), Semaphore::new(settings.settlements_at_once));
        let world = ArcSwap::from_pointee(world);
        Self { me, seal, journal, clock, provider, world, claims, bundles, settlements, settings, settling }
    }

    /// Judges by another world from now on; messages under way keep the one that they started with.
    pub fn enter(&self, world: World) {
        self.world.store(Arc::new(world));
    }

    /// The world that messages are judged by now.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Answers one message: a query, a bundle or a poll, in either dialect.
    pub async fn message(self: &Arc<Self>, incoming: Incoming) -> http::Response<Bytes> {
        let (mut reply_to, mut trace) = (ReplyTo::of(&incoming), Trace::of(&incoming));
        match self.answer(incoming, &mut reply_to, &mut trace).await {
            Ok(response) => response,
            Err(refusal) => self.refuse(refusal, &reply_to, trace).await,
        }
    }

    async fn answer(
        self: &Arc<Self>,
        incoming: Incoming,
        to: &mut ReplyTo,
        trace: &mut Trace,
    ) -> Result<http::Response<Bytes>, Refusal> {
        let world = self.world.load_full();
        let accepted = accept::message(incoming, &self.settings)?;
        let authenticated = authenticate::caller(accepted, &world, &self.me)?;
        let sealed = match verify::signature(authenticated, &world, &self.me, &self.settings, to, trace)? {
            Message::Query(verified) => {
                seal::answer(self.exchange(verified, &world, trace).await?, to, &*self.seal.get())?
            }
            Message::Bundle(verified) => {
                seal::report(&self.begin(verified, world, trace).await?, to, &*self.seal.get())?
            }
            Message::Poll(verified) => seal::report(&self.look(&verified, trace)?, to, &*self.seal.get())?,
        };
        let logged = outcome::log(sealed, &self.journal, trace).await?;
        Ok(respond::with(logged))
    }

    /// The middle of the way, the same for a single query and for each leg of a bundle.
    pub(crate) async fn exchange(
        &self,
        verified: verify::Verified,
        world: &World,
        trace: &mut Trace,
    ) -> Result<release::Released, Refusal> {
        let claimed = claim::once(verified, &self.claims, trace)?;
        let decided = decide::by_policy(claimed, &self.me, world, trace)?;
        let routed = route::to_owner(decided, world)?;
        self.ask(routed, world, trace).await
    }

    /// From the route on: what a settlement shares with a query. Nothing is asked that is not in the log.
    pub(crate) async fn ask(
        &self,
        routed: route::Routed,
        world: &World,
        trace: &mut Trace,
    ) -> Result<release::Released, Refusal> {
        let recorded = intent::log(routed, &self.journal, trace).await?;
        let asked = call::provider(recorded, &self.provider, &self.me, &*self.seal.get()).await;
        let asked = asked.map_err(|unanswered| unanswered.told(trace))?;
        release::fields(asked, world, trace)
    }
}
