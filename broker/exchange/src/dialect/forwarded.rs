//! What another broker hands on: a query as its caller signed it, in either dialect, under the home broker's seal and with the
//! receipt of its INTENT. Nothing is believed of that broker but that the caller is its member.
//!
//! The answer is what a host replies: the owner's seal; or a refusal, which this broker seals.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use mohur_crypto::Digest;
use mohur_directory::Domain;
use mohur_message::handover::{Forward, Handover};
use mohur_message::hop::{Reply, SealedRefusal};
use mohur_message::{ProvenQuery, SentOpening, prove_handover, prove_query};
use mohur_seal::Seal;
use mohur_transparency::ExpectedIntent;
use mohur_wire::{Arrival, Ask, MemberId, MessageId, Operation, Refusal, RefusalCode};

use super::rest::{json, problem};
use super::{Brought, Circumstances, Content, Said, Signed};
use crate::reply::{Incoming, ReplyTo};

/// Where brokers hand queries on.
pub const FORWARD: &str = "/v1/forward";

/// A forwarded message, not yet verified.
pub(crate) struct Received {
    forward: Forward,
    opening: SentOpening,
}

impl Received {
    /// Refuses what is not a forward.
    pub(crate) fn of(incoming: &Incoming) -> Result<Self, Refusal> {
        let media_type = incoming.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if media_type != Some("application/json") {
            return Err(Refusal::new(RefusalCode::UnsupportedMediaType, "Content-Type must be application/json."));
        }
        let forward = Forward::parse(&incoming.body)?;
        Ok(Self { opening: forward.opening()?, forward })
    }

    /// Proves what the home broker vouches for, and what its member signed, each under the keys of their own domain.
    pub(crate) fn verify(self, by: &Circumstances<'_>, to: &mut ReplyTo) -> Result<Signed, Refusal> {
        let Self { forward, opening } = self;
        to.refused_as = Some((by.me.clone(), *opening.digest()));
        let domain = by.world.domain_of(by.peer, by.arrival).ok_or(RefusalCode::UnknownMember)?;
        let keys = by.world.keys_of(domain, by.arrival);
        let window = by.settings.window();
        let proven = prove_handover(forward.home().handover(), &keys, by.me, by.arrival, window)?;
        let handover = proven.handover();
        if handover.iss != *by.peer {
            let detail = "The handover is sealed by another broker than the one that opened the connection.";
            return Err(Refusal::new(RefusalCode::IdentityMismatch, detail));
        }
        let query = prove_query(&opening, forward.evidence(), &keys, &|caller| home(domain, caller, by.peer))?;
        proven.check_fits(&query)?;
        judge_time(&query, handover, by)?;
        check_settlement(&query, handover)?;
        check_logged(&query, handover, &forward, by)?;
        let id = logged_id(&query, handover)?;
        let (signer, asked) = (query.caller().clone(), query.query().clone());
        let (intent, settle) = (handover.intent, handover.settle.clone());
        let patience = Duration::from_millis(handover.patience);
        let (evidence, word) = forward.into_parts();
        let brought = Some(Brought { word, intent, patience, settle });
        let content = Ok(Content::Query(opening, asked));
        Ok(Signed { signer, id: Some(id), evidence: Arc::new(evidence), brought, content })
    }
}

/// The address of the caller's home broker, if that is the one on the line: of any other broker's callers it brings none.
fn home(domain: &Domain, caller: &MemberId, peer: &MemberId) -> Option<String> {
    let broker = domain.directory.broker_of(caller).filter(|broker| broker.id == *peer)?;
    Some(broker.authority.as_str().to_owned())
}

/// The home broker judged `created` by the freshness window; here it may be as old as a bundle takes.
fn judge_time(query: &ProvenQuery, handover: &Handover, by: &Circumstances<'_>) -> Result<(), Refusal> {
    let now = by.arrival.unix_seconds();
    let age = now.saturating_sub(query.created());
    let oldest = match handover.settle {
        None => by.settings.forwarded_seconds(),
        Some(_) => by.settings.settlement_seconds().max(by.settings.forwarded_seconds()),
    };
    if age > oldest {
        return Err(Refusal::new(RefusalCode::Stale, "The caller's signature is too old to be handed on."));
    }
    if age < i64::from(by.settings.window()).saturating_neg() {
        return Err(Refusal::new(RefusalCode::Future, "The caller's signature is from the future; set the clocks."));
    }
    // A settlement comes when it comes: the signature over the reservation covers it.
    if handover.settle.is_none() && query.expires().is_some_and(|expires| expires < now) {
        return Err(Refusal::new(RefusalCode::Stale, "The caller's signature has expired by its own word."));
    }
    Ok(())
}

/// Only a reservation is settled, and only to be consumed or released.
fn check_settlement(query: &ProvenQuery, handover: &Handover) -> Result<(), Refusal> {
    let reserves = matches!(&query.query().ask, Ask::Change(effect) if effect.operation == Operation::Reserve);
    match &handover.settle {
        Some(settle) if !reserves || settle.operation == Operation::Reserve => {
            Err(Refusal::new(RefusalCode::SettlementRefused, "Only a reservation is settled: consumed or released."))
        }
        Some(_) | None => Ok(()),
    }
}

/// Nothing is decided here that the home broker has not logged.
fn check_logged(
    query: &ProvenQuery,
    handover: &Handover,
    forward: &Forward,
    by: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let unlogged = |what: &str| {
        let detail = format!("Nothing is decided that the home broker has not logged: the receipt {what}.");
        // Not `journal-unavailable`, which says that our own log fails.
        Refusal::new(RefusalCode::SignatureInvalid, detail)
    };
    let key = by.world.log_key(&handover.iss).ok_or_else(|| unlogged("is of a log that is not listed"))?;
    let expected = ExpectedIntent {
        query: query.query(),
        opening: query.digest(),
        entry: &handover.intent,
        certificate: &query.caller().certificate().fingerprint(),
        policy: None,
        settles: handover.settle.is_some(),
    };
    expected.verify(forward.home().receipt(), key).map(drop).map_err(|what| unlogged(&what))
}

/// The id that is claimed and logged: a settlement's is its own.
fn logged_id(query: &ProvenQuery, handover: &Handover) -> Result<MessageId, Refusal> {
    let id = &query.query().id;
    match handover.settle {
        None => Ok(id.clone()),
        Some(_) => crate::bundle::settlement_id(id),
    }
}

/// Writes what a host would reply. A refusal is this broker's own, bound to the opening; before there is one, it is plain.
pub(crate) fn write(said: &Said<'_>, to: &ReplyTo, seal: &dyn Seal) -> Result<Response<Bytes>, Refusal> {
    match (said, &to.refused_as) {
        (Said::Refusal(refusal), Some((me, digest))) => {
            let sealed = sealed(refusal, me, digest, to.arrival).seal(seal).map_err(|_| RefusalCode::Internal)?;
            Ok(reply(&Reply::Refusal(sealed)))
        }
        (Said::Answer(_) | Said::Report(_) | Said::Refusal(_), _) => Ok(plain(said)),
    }
}

fn sealed(refusal: &Refusal, me: &MemberId, digest: &Digest, arrival: Arrival) -> SealedRefusal {
    SealedRefusal {
        iss: me.clone(),
        iat: arrival.unix_seconds(),
        query_digest: *digest,
        code: refusal.code,
        detail: refusal.detail.clone(),
    }
}

/// The same without a seal of ours: an answer has its owner's.
pub(crate) fn plain(said: &Said<'_>) -> Response<Bytes> {
    match said {
        Said::Answer(released) => reply(&Reply::Answer(released.sealed().to_owned())),
        Said::Refusal(refusal) => problem(refusal, None),
        // INVARIANT: nobody hands on a bundle; its legs are handed on one by one.
        Said::Report(_) => problem(&RefusalCode::Internal.into(), None),
    }
}

fn reply(reply: &Reply) -> Response<Bytes> {
    json(200, "application/json", reply)
}
