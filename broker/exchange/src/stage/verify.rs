//! Verify signature: the caller's own signature covers this very message, and was made by the peer.

use std::sync::Arc;
use std::time::Duration;

use mohur_crypto::{Digest, sha256};
use mohur_message::hop::Settle;
use mohur_message::{Evidence, SentOpening};
use mohur_wire::bundle::{Definition, Leg};
use mohur_wire::{Arrival, MemberId, MessageId, Operation, Query, Refusal, RefusalCode, SubjectKey};

use super::authenticate::Authenticated;
use crate::dialect::{Brought, Circumstances, Content, SignedBundle};
use crate::reply::ReplyTo;
use crate::trace::Trace;
use crate::{Settings, World};

/// A query whose signature was proved. What is read from here on is what was signed.
pub struct Verified {
    query: Query,
    opening: SentOpening,
    signer: MemberId,
    evidence: Arc<Evidence>,
    revocation: Digest,
    arrival: Arrival,
    deadline: Duration,
    brought: Option<Brought>,
}

/// A bundle whose signature was proved: one verified query per leg.
pub struct VerifiedBundle {
    signer: MemberId,
    id: MessageId,
    definition: Definition,
    legs: Vec<Verified>,
    arrival: Arrival,
}

/// A poll whose signature was proved.
pub struct VerifiedPoll {
    signer: MemberId,
    id: MessageId,
    bundle: MessageId,
    arrival: Arrival,
}

/// A message whose signature was proved.
#[expect(clippy::large_enum_variant, reason = "a query is the rule; it is moved once, and a box would cost each one")]
pub enum Message {
    /// One query.
    Query(Verified),
    /// A bundle.
    Bundle(VerifiedBundle),
    /// A poll.
    Poll(VerifiedPoll),
}

/// Verifies a message's signature, and what the message says as far as that needs no policy.
pub fn signature(
    authenticated: Authenticated,
    world: &World,
    me: &MemberId,
    settings: &Settings,
    to: &mut ReplyTo,
    trace: &mut Trace,
) -> Result<Message, Refusal> {
    let accepted = authenticated.into_accepted();
    let (peer, arrival) = (accepted.peer().member().clone(), accepted.arrival());
    let by = Circumstances { world, me, peer: &peer, arrival, settings };
    let signed = accepted.into_received().verify(&by, to)?;
    // Who brings another's query has proved to be the signer's home broker.
    if signed.brought.is_none() && *signed.signer.member() != peer {
        return Err(RefusalCode::IdentityMismatch.into());
    }
    trace.signed_by(&signed);
    let (signer, revocation) = (signed.signer.member().clone(), signed.signer.evidence());
    let whose = Whose { signer, evidence: signed.evidence, revocation, arrival };
    match (signed.content?, signed.brought) {
        (Content::Query(opening, query), Some(brought)) => {
            let verified = self::brought(&whose, opening, query, brought, world, settings)?;
            if let Some(leg) = &verified.query.leg {
                trace.of_bundle(format!("{}@{}", leg.definition, leg.version));
            }
            Ok(Message::Query(verified))
        }
        (content, None) => sent(&whose, content, world, settings),
        (Content::Bundle(_) | Content::Poll { .. }, Some(_)) => Err(RefusalCode::Malformed.into()),
    }
}

/// What the signer itself sent.
fn sent(whose: &Whose, content: Content, world: &World, settings: &Settings) -> Result<Message, Refusal> {
    match content {
        Content::Query(opening, query) => self::query(whose, opening, query, settings).map(Message::Query),
        Content::Bundle(bundle) => self::bundle(whose, bundle, world, settings).map(Message::Bundle),
        Content::Poll { id, bundle } => {
            let (signer, arrival) = (whose.signer.clone(), whose.arrival);
            Ok(Message::Poll(VerifiedPoll { signer, id, bundle, arrival }))
        }
    }
}

/// What every query of one message shares.
struct Whose {
    signer: MemberId,
    evidence: Arc<Evidence>,
    revocation: Digest,
    arrival: Arrival,
}

fn query(whose: &Whose, opening: SentOpening, query: Query, settings: &Settings) -> Result<Verified, Refusal> {
    if query.id.as_str().ends_with(".settle") {
        return Err(Refusal::new(
            RefusalCode::Malformed,
            "An id that ends in .settle is the broker's own: choose another.",
        ));
    }
    enclosed(&query, settings)?;
    if query.leg.is_some() {
        return Err(Refusal::new(RefusalCode::Malformed, "A query outside a bundle names no leg; send a bundle."));
    }
    Verified::of(whose, opening, query, settings.provider_deadline)
}

/// What another broker hands on: a single query, or a leg of a bundle that is published where its caller is at home. We give
/// up a little sooner than that broker does.
fn brought(
    whose: &Whose,
    opening: SentOpening,
    query: Query,
    brought: Brought,
    world: &World,
    settings: &Settings,
) -> Result<Verified, Refusal> {
    enclosed(&query, settings)?;
    if let Some(leg) = &query.leg {
        let home = world.domain_of(&whose.signer, whose.arrival).ok_or(RefusalCode::UnknownMember)?;
        let published = home.directory.definition(&leg.definition).ok_or(RefusalCode::BundleUnknown)?;
        // What was reserved under a version that was in force is settled all the same.
        if published.version != leg.version && brought.settle.is_none() {
            return Err(RefusalCode::BundleStale.into());
        }
    }
    let left = brought.patience.saturating_sub(settings.hop_margin).min(settings.provider_deadline);
    if left.is_zero() {
        let detail = "The broker that handed the query on does not wait long enough for an answer.";
        return Err(Refusal::new(RefusalCode::ProviderTimeout, detail));
    }
    Ok(Verified { brought: Some(brought), ..Verified::of(whose, opening, query, left)? })
}

/// A message of another protocol has its limit, and if it is the subject it is the one that the subject names.
fn enclosed(query: &Query, settings: &Settings) -> Result<(), Refusal> {
    let most = settings.message_bytes;
    match (&query.message, &query.subject) {
        (Some(message), _) if message.content.len() > most => {
            Err(Refusal::new(RefusalCode::TooLarge, format!("An enclosed message has at most {most} bytes.")))
        }
        (Some(message), SubjectKey::Message(digest)) if digest.as_str() != sha256(&message.content).to_base64url() => {
            Err(Refusal::new(RefusalCode::DigestMismatch, "The subject is not the SHA-256 of the enclosed message."))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// The legs must fit the definition in force.
fn bundle(whose: &Whose, bundle: SignedBundle, world: &World, settings: &Settings) -> Result<VerifiedBundle, Refusal> {
    let SignedBundle { id, openings, .. } = bundle;
    let definition = definition(&bundle.definition, &bundle.version, world)?;
    if openings.len() != definition.legs.len() || openings.len() > settings.bundle_legs {
        let legs = definition.legs.len();
        return Err(Refusal::new(RefusalCode::Malformed, format!("The definition has {legs} legs; send as many.")));
    }
    let mut legs = Vec::with_capacity(openings.len());
    for (opening, leg) in openings.into_iter().zip(&definition.legs) {
        let deadline = Duration::from_millis(leg.deadline_ms).min(settings.provider_deadline);
        let verified = opening
            .query()
            .and_then(|query| Verified::of(whose, opening, query, deadline))
            .map_err(|refusal| Refusal { detail: format!("Leg {}: {}", leg.id, refusal.detail), ..refusal })?;
        crate::bundle::fits(&verified.query, leg, &definition, &id)?;
        legs.push(verified);
    }
    crate::bundle::one_application(&legs.iter().map(Verified::query).collect::<Vec<_>>(), &definition)?;
    Ok(VerifiedBundle { signer: whose.signer.clone(), id, definition, legs, arrival: whose.arrival })
}

/// The definition of that name, in the version in force.
fn definition(name: &MessageId, version: &str, world: &World) -> Result<Definition, Refusal> {
    let definition = world.definitions.get(name).ok_or(RefusalCode::BundleUnknown)?;
    if version != definition.version.to_string() {
        return Err(Refusal::new(
            RefusalCode::BundleStale,
            format!("The version in force is {}; fetch it from /v1/definitions/{}.", definition.version, definition.id),
        ));
    }
    Ok(definition.clone())
}

impl Verified {
    fn of(whose: &Whose, opening: SentOpening, query: Query, deadline: Duration) -> Result<Self, Refusal> {
        let Whose { signer, evidence, revocation, arrival } = whose;
        if query.caller != *signer {
            return Err(Refusal::new(RefusalCode::IdentityMismatch, "The query's `caller` must be the one who signs."));
        }
        let (signer, evidence) = (signer.clone(), Arc::clone(evidence));
        let revocation = *revocation;
        Ok(Self { query, opening, signer, evidence, revocation, arrival: *arrival, deadline, brought: None })
    }

    /// A reservation whose signature this broker proved before, perhaps in an earlier life.
    ///
    /// INVARIANT: all of it comes from the broker's own record, which nobody else can have written (`bundle::kept`).
    pub(crate) fn remembered(
        opening: SentOpening,
        (signer, evidence): (MemberId, Arc<Evidence>),
        revocation: Digest,
        (arrival, deadline): (Arrival, Duration),
    ) -> Result<Self, Refusal> {
        let query = opening.query()?;
        Ok(Self { query, opening, signer, evidence, revocation, arrival, deadline, brought: None })
    }

    pub(crate) const fn query(&self) -> &Query {
        &self.query
    }

    pub(crate) const fn opening(&self) -> &SentOpening {
        &self.opening
    }

    pub(crate) const fn signer(&self) -> &MemberId {
        &self.signer
    }

    pub(crate) const fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// Digest of what says that the signer's seal was not revoked.
    pub(crate) const fn revocation(&self) -> Digest {
        self.revocation
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// The word of the broker that handed it on, if one did.
    pub(crate) const fn brought(&self) -> Option<&Brought> {
        self.brought.as_ref()
    }

    /// The settlement that it asks for instead of what it says, where another broker asks for one.
    pub(crate) fn settle(&self) -> Option<&Settle> {
        self.brought.as_ref()?.settle.as_ref()
    }

    /// The same, begun later: a leg that waited for the reservations.
    pub(crate) const fn begun(mut self, at: Arrival) -> Self {
        self.arrival = at;
        self
    }

    /// How long the register may take.
    pub(crate) const fn deadline(&self) -> Duration {
        self.deadline
    }
}

impl VerifiedBundle {
    pub(crate) const fn signer(&self) -> &MemberId {
        &self.signer
    }

    pub(crate) const fn id(&self) -> &MessageId {
        &self.id
    }

    pub(crate) const fn definition(&self) -> &Definition {
        &self.definition
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// The legs that reserve something.
    pub(crate) fn reserving(&self) -> impl Iterator<Item = (&Verified, &Leg)> {
        self.legs.iter().zip(&self.definition.legs).filter(|(_, leg)| leg.operation == Some(Operation::Reserve))
    }

    /// Each leg's query, with the leg that it fits.
    pub(crate) fn into_legs(self) -> Vec<(Verified, Leg)> {
        self.legs.into_iter().zip(self.definition.legs).collect()
    }
}

impl VerifiedPoll {
    pub(crate) const fn signer(&self) -> &MemberId {
        &self.signer
    }

    pub(crate) const fn id(&self) -> &MessageId {
        &self.id
    }

    pub(crate) const fn bundle(&self) -> &MessageId {
        &self.bundle
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }
}
