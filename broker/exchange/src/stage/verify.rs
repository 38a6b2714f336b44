//! Verify signature: the caller's own signature covers this very message, and was made by the peer.

use std::sync::Arc;
use std::time::Duration;

use mohur_message::http_signature::{VerifiedRequest, verify_request};
use mohur_message::{Evidence, SentOpening};
use mohur_wire::bundle::{Definition, Leg};
use mohur_wire::{Arrival, MemberId, MessageId, Query, Refusal, RefusalCode};

use super::authenticate::Authenticated;
use crate::reply::Incoming;
use crate::trace::Trace;
use crate::{Settings, World};

/// A query whose signature was proved. What is read from here on is what was signed.
pub struct Verified {
    query: Query,
    opening: SentOpening,
    signer: MemberId,
    evidence: Arc<Evidence>,
    arrival: Arrival,
    deadline: Duration,
}

/// A bundle whose signature was proved: one verified query per leg.
pub struct VerifiedBundle {
    signer: MemberId,
    id: MessageId,
    definition: Definition,
    legs: Vec<Verified>,
}

/// A poll whose signature was proved.
pub struct VerifiedPoll {
    signer: MemberId,
    id: MessageId,
    bundle: MessageId,
}

/// Verifies a single query.
pub fn query(
    authenticated: Authenticated,
    world: &World,
    settings: &Settings,
    trace: &mut Trace,
) -> Result<Verified, Refusal> {
    let (request, arrival) = signed(authenticated, world, settings, trace)?;
    let verified = Verified::of(
        &request,
        request.opening(),
        Arc::new(request.evidence().clone()),
        arrival,
        settings.provider_deadline,
    )?;
    let query = &verified.query;
    if request.service_header() != Some(query.service.as_str()) {
        return Err(unequal("Mohur-Service", "service"));
    }
    if query.id != *request.message_id() {
        return Err(unequal("Mohur-Id", "id"));
    }
    if query.id.as_str().ends_with(".settle") {
        return Err(Refusal::new(
            RefusalCode::Malformed,
            "An id that ends in .settle is the broker's own: choose another.",
        ));
    }
    if query.leg.is_some() {
        return Err(Refusal::new(RefusalCode::Malformed, "A query outside a bundle names no leg; use /v1/bundles."));
    }
    Ok(verified)
}

/// Verifies a bundle: the header lists the digests of the legs, and the legs fit the definition.
pub(crate) fn bundle(
    authenticated: Authenticated,
    world: &World,
    settings: &Settings,
    trace: &mut Trace,
) -> Result<VerifiedBundle, Refusal> {
    let (request, arrival) = signed(authenticated, world, settings, trace)?;
    let id = request.message_id().clone();
    let definition = definition(request.service_header(), world)?;
    let openings = request.bundle_openings()?;
    if openings.len() != definition.legs.len() || openings.len() > settings.bundle_legs {
        let legs = definition.legs.len();
        return Err(Refusal::new(RefusalCode::Malformed, format!("The definition has {legs} legs; send as many.")));
    }
    let evidence = Arc::new(request.evidence().clone());
    let mut legs = Vec::with_capacity(openings.len());
    for (opening, leg) in openings.into_iter().zip(&definition.legs) {
        let deadline = Duration::from_millis(leg.deadline_ms).min(settings.provider_deadline);
        let verified = Verified::of(&request, opening, Arc::clone(&evidence), arrival, deadline)
            .map_err(|refusal| Refusal { detail: format!("Leg {}: {}", leg.id, refusal.detail), ..refusal })?;
        crate::bundle::fits(&verified.query, leg, &definition, &id)?;
        legs.push(verified);
    }
    crate::bundle::one_application(legs.iter().map(Verified::query))?;
    Ok(VerifiedBundle { signer: request.signer().clone(), id, definition, legs })
}

/// Verifies a poll.
pub(crate) fn poll(
    authenticated: Authenticated,
    world: &World,
    settings: &Settings,
    trace: &mut Trace,
) -> Result<VerifiedPoll, Refusal> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Poll {
        bundle: MessageId,
    }
    let (request, _) = signed(authenticated, world, settings, trace)?;
    let poll: Poll = serde_json::from_slice(request.body())
        .map_err(|_| Refusal::new(RefusalCode::Malformed, "A poll is {\"bundle\": \"<id of the bundle>\"}."))?;
    Ok(VerifiedPoll { signer: request.signer().clone(), id: request.message_id().clone(), bundle: poll.bundle })
}

/// What query, bundle and poll share: the signature itself, and that signer, peer and `Mohur-Client` are one.
fn signed(
    authenticated: Authenticated,
    world: &World,
    settings: &Settings,
    trace: &mut Trace,
) -> Result<(VerifiedRequest, Arrival), Refusal> {
    let Incoming { peer, parts, body, arrival } = authenticated.into_incoming();
    let window = u32::try_from(settings.freshness.as_secs()).unwrap_or(u32::MAX);
    let request = verify_request(&parts, &body, &world.keys(arrival), arrival, window)?;
    if request.signer() != peer.member() {
        return Err(RefusalCode::IdentityMismatch.into());
    }
    if request.client() != request.signer() {
        return Err(Refusal::new(RefusalCode::IdentityMismatch, "Mohur-Client must name the agency that signs."));
    }
    trace.signed_by(&request);
    Ok((request, arrival))
}

fn unequal(header: &str, member: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("The header {header} and the opening's `{member}` must be equal."))
}

/// The definition that `name@version` means now.
fn definition(header: Option<&str>, world: &World) -> Result<Definition, Refusal> {
    let (name, version) = header
        .and_then(|header| header.split_once('@'))
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, "Mohur-Service of a bundle is <definition>@<version>."))?;
    let definition =
        name.parse().ok().and_then(|id: MessageId| world.definitions.get(&id)).ok_or(RefusalCode::BundleUnknown)?;
    if version != definition.version.to_string() {
        return Err(Refusal::new(
            RefusalCode::BundleStale,
            format!("The version in force is {}; fetch it from /v1/definitions/{}.", definition.version, definition.id),
        ));
    }
    Ok(definition.clone())
}

impl Verified {
    fn of(
        request: &VerifiedRequest,
        opening: SentOpening,
        evidence: Arc<Evidence>,
        arrival: Arrival,
        deadline: Duration,
    ) -> Result<Self, Refusal> {
        let query = opening.query()?;
        if query.caller != *request.signer() {
            return Err(unequal("Mohur-Client", "caller"));
        }
        Ok(Self { query, opening, signer: request.signer().clone(), evidence, arrival, deadline })
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

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
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
}
