//! A query whose caller signed a SOAP envelope.

use mohur_soap::message::BundleRequest;
use mohur_wire::{MemberId, Query, Refusal, RefusalCode};

use super::{ProvenQuery, mismatch};
use crate::keys::KeySource;
use crate::opening::{Form, SentOpening};
use crate::ws_security::{SoapEvidence, prove as prove_octets, read_bundle};

/// Proves that the caller itself signed this opening.
///
/// No part of an envelope names a broker, as `@authority` does over HTTP: here the directory alone says whose callers a
/// broker may bring, and `home` knows no authority for any other broker.
pub(super) fn prove(
    opening: &SentOpening,
    evidence: &SoapEvidence,
    keys: &dyn KeySource,
    home: &dyn Fn(&MemberId) -> Option<String>,
) -> Result<ProvenQuery, Refusal> {
    let body = match (opening.form(), &evidence.body) {
        (Form::Soap, None) => opening.sent().as_ref(),
        (Form::Leg, Some(body)) => body.as_slice(),
        (Form::Soap | Form::Leg | Form::Body, _) => {
            return Err(mismatch("an envelope signs a query as its Body, or a leg by the digest that its Body lists"));
        }
    };
    let proof = prove_octets(evidence, body, keys)?;
    let bundle = if opening.form() == Form::Leg { Some(read_bundle(body)?) } else { None };
    if bundle.as_ref().is_some_and(|bundle| !bundle.digests.contains(opening.digest().as_bytes())) {
        let detail = "the Body, as signed, does not list this opening's digest";
        return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
    }
    // Only now is anything read from the opening: its octets or its digest are covered.
    let query = opening.query()?;
    let signer = proof.identity.member();
    if *signer != query.caller || bundle.as_ref().is_some_and(|bundle| bundle.caller != *signer) {
        let detail = "the opening, the Body and the seal certificate do not name the same caller";
        return Err(Refusal::new(RefusalCode::IdentityMismatch, detail));
    }
    if home(&query.caller).is_none() {
        let detail = "the broker is not the caller's home broker in the directory";
        return Err(Refusal::new(RefusalCode::WrongBroker, detail));
    }
    check_names(bundle.as_ref(), &query)?;
    let (digest, created, expires) = (*opening.digest(), proof.created, proof.expires);
    Ok(ProvenQuery { query, digest, created, expires, caller: proof.identity })
}

/// A leg's id is `<bundle id>.<leg id>`, of the definition that is signed; a single query is no leg.
fn check_names(bundle: Option<&BundleRequest>, query: &Query) -> Result<(), Refusal> {
    let fits = match (bundle, &query.leg) {
        (None, None) => true,
        (Some(bundle), Some(leg)) => {
            let rest = query.id.as_str().strip_prefix(bundle.id.as_str()).and_then(|rest| rest.strip_prefix('.'));
            rest == Some(leg.leg.as_str()) && leg.definition == bundle.definition && leg.version == bundle.version
        }
        (None, Some(_)) => return Err(mismatch("the opening says that it is a leg, but was sent alone")),
        (Some(_), None) => return Err(mismatch("the opening was sent as a leg, but does not say of which bundle")),
    };
    if fits { Ok(()) } else { Err(mismatch("the opening is of another bundle than the Body that is signed")) }
}
