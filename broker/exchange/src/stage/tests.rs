//! The types make it impossible to leave a stage out or to forge its result. Each pair below differs in one type or one
//! word: the first compiles, the second does not.
//!
//! # Without `accept`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Accepted, world: &World, me: &MemberId) {
//!     let _ = authenticate::caller(it, world, me);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Incoming, world: &World, me: &MemberId) {
//!     let _ = authenticate::caller(it, world, me);
//! }
//! ```
//!
//! # Without `authenticate`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Authenticated, world: &World, me: &MemberId, settings: &Settings, to: &mut ReplyTo, trace: &mut Trace) {
//!     let _ = verify::signature(it, world, me, settings, to, trace);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Accepted, world: &World, me: &MemberId, settings: &Settings, to: &mut ReplyTo, trace: &mut Trace) {
//!     let _ = verify::signature(it, world, me, settings, to, trace);
//! }
//! ```
//!
//! # Without `verify signature`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Verified, claims: &Claims, trace: &mut Trace) {
//!     let _ = claim::once(it, claims, trace);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Authenticated, claims: &Claims, trace: &mut Trace) {
//!     let _ = claim::once(it, claims, trace);
//! }
//! ```
//!
//! # Without `claim once`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Claimed, me: &MemberId, world: &World, trace: &mut Trace) {
//!     let _ = decide::by_policy(it, me, world, trace);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: std::sync::Arc<Verified>, me: &MemberId, world: &World, trace: &mut Trace) {
//!     let _ = decide::by_policy(it, me, world, trace);
//! }
//! ```
//!
//! # Without `decide`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Decided, world: &World) {
//!     let _ = route::to_owner(it, world);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Claimed, world: &World) {
//!     let _ = route::to_owner(it, world);
//! }
//! ```
//!
//! # Without `route`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Routed, journal: &Journal, trace: &mut Trace) {
//!     let _ = intent::log(it, journal, trace).await;
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Decided, journal: &Journal, trace: &mut Trace) {
//!     let _ = intent::log(it, journal, trace).await;
//! }
//! ```
//!
//! # Without `log INTENT`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Recorded, provider: &impl Provider, me: &MemberId, seal: &dyn Seal) {
//!     let _ = call::provider(it, provider, me, seal).await;
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Routed, provider: &impl Provider, me: &MemberId, seal: &dyn Seal) {
//!     let _ = call::provider(it, provider, me, seal).await;
//! }
//! ```
//!
//! # Without `call provider`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Asked, world: &World, trace: &mut Trace) {
//!     let _ = release::fields(it, world, trace);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Recorded, world: &World, trace: &mut Trace) {
//!     let _ = release::fields(it, world, trace);
//! }
//! ```
//!
//! # Without `release`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Released, to: &ReplyTo, seal: &dyn Seal) {
//!     let _ = seal::answer(it, to, seal);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Asked, to: &ReplyTo, seal: &dyn Seal) {
//!     let _ = seal::answer(it, to, seal);
//! }
//! ```
//!
//! # Without `seal`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Sealed<Answer>, journal: &Journal, trace: &mut Trace) {
//!     let _ = outcome::log(it, journal, trace).await;
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! async fn next(it: Answer, journal: &Journal, trace: &mut Trace) {
//!     let _ = outcome::log(it, journal, trace).await;
//! }
//! ```
//!
//! # Without `log OUTCOME`
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Logged<Answer>) {
//!     let _ = respond::with(it);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Sealed<Answer>) {
//!     let _ = respond::with(it);
//! }
//! ```
//!
//! # Without asking which kind of message was signed
//!
//! Both dialects lead to one type, whose kinds each carry what only the verified signature gives.
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Message, claims: &Claims, trace: &mut Trace) {
//!     let Message::Query(query) = it else { return };
//!     let _ = claim::once(query, claims, trace);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn next(it: Message, claims: &Claims, trace: &mut Trace) {
//!     let Message::Bundle(query) = it else { return };
//!     let _ = claim::once(query, claims, trace);
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn kind(it: Verified) -> Message {
//!     Message::Query(it)
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn kind(it: Authenticated) -> Message {
//!     Message::Query(it)
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: VerifiedBundle) -> VerifiedBundle {
//!     VerifiedBundle { legs: it.legs, ..it }
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: VerifiedPoll) -> VerifiedPoll {
//!     VerifiedPoll { signer: it.signer, ..it }
//! }
//! ```
//!
//! # No result can be forged
//!
//! A value that was proved can be passed on; nothing outside its stage can make one, or change one.
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Accepted) -> Accepted {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Accepted) -> Accepted {
//!     Accepted { received: it.received, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Authenticated) -> Authenticated {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Authenticated) -> Authenticated {
//!     Authenticated { accepted: it.accepted, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Verified) -> Verified {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Verified) -> Verified {
//!     Verified { query: it.query, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Claimed) -> Claimed {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Claimed) -> Claimed {
//!     Claimed { verified: it.verified, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Decided) -> Decided {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Decided) -> Decided {
//!     Decided { ruling: it.ruling, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Routed) -> Routed {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Routed) -> Routed {
//!     Routed { settle: it.settle, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Recorded) -> Recorded {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Recorded) -> Recorded {
//!     Recorded { intent: it.intent, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Asked) -> Asked {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Asked) -> Asked {
//!     Asked { reply: it.reply, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Released) -> Released {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Released) -> Released {
//!     Released { sealed: it.sealed, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Sealed<Answer>) -> Sealed<Answer> {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Sealed<Answer>) -> Sealed<Answer> {
//!     Sealed { digest: it.digest, ..it }
//! }
//! ```
//!
//! ```
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn pass(it: Logged<Answer>) -> Logged<Answer> {
//!     it
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use mohur_exchange::stage::{accept::*, authenticate::*, call::*, claim::*, decide::*, intent::*, outcome::*, release::*, route::*, seal::*, verify::*};
//! # use mohur_exchange::stage::{accept, authenticate, call, claim, decide, intent, outcome, release, respond, route, seal, verify};
//! # use mohur_exchange::{Claims, Incoming, Provider, ReplyTo, Settings, Trace, World};
//! # use mohur_journal::Journal;
//! # use mohur_seal::Seal;
//! # use mohur_wire::{MemberId, Refusal};
//! # type Answer = http::Response<bytes::Bytes>;
//! fn forge(it: Logged<Answer>) -> Logged<Answer> {
//!     Logged { receipt: it.receipt, ..it }
//! }
//! ```
//!
