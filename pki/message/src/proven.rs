//! What a host and a broker know after they verified each other's seals.
//!
//! A host acts on a [`ProvenQuery`] and a [`ProvenDecision`] that fits it; a broker passes on a [`crate::SealedAnswer`] or
//! a [`ProvenRefusal`]. Only the functions here make these types.

use mohur_chain::SealIdentity;
use mohur_crypto::Digest;
use mohur_wire::{Arrival, MemberId, MessageId, Query, Refusal, RefusalCode, ServiceId, Verb};

use crate::evidence::Evidence;
use crate::hop::{DECISION_TYPE, Decision, REFUSAL_TYPE, SealedRefusal};
use crate::http_signature::{
    EvidenceBase, HttpEvidence, header, normal_authority, verify_evidence, verify_legs_contain,
};
use crate::jws::{self, Signed};
use crate::keys::KeySource;
use crate::opening::{Form, SentOpening};

/// Longest detail of a host's refusal, in bytes.
const MAX_DETAIL: usize = 1000;

/// A query that its caller signed for its home broker, proved at the owner's host.
#[derive(Clone, Debug)]
pub struct ProvenQuery {
    query: Query,
    digest: Digest,
    caller: SealIdentity,
    created: i64,
    expires: Option<i64>,
}

impl ProvenQuery {
    /// The query, parsed from the bytes that the signature covers.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The opening's digest: the answer's `query_digest`.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The caller's seal.
    pub const fn caller(&self) -> &SealIdentity {
        &self.caller
    }

    /// When the caller signed, in seconds since 1970: judged by the leg's deadline, not by the freshness window.
    pub const fn created(&self) -> i64 {
        self.created
    }

    /// When the signature ends, if the caller said so, in seconds since 1970.
    pub const fn expires(&self) -> Option<i64> {
        self.expires
    }
}

/// Proves that the caller itself signed this opening, for its own home broker.
///
/// `home` gives the authority (`host:port`) of a member's home broker from the directory, and none where the broker that
/// brings the query is another one.
pub fn prove_query(
    opening: &SentOpening,
    evidence: &Evidence,
    keys: &dyn KeySource,
    home: &dyn Fn(&MemberId) -> Option<String>,
) -> Result<ProvenQuery, Refusal> {
    match evidence {
        Evidence::Http(evidence) => prove_http(opening, evidence, keys, home),
        Evidence::Soap(evidence) => soap::prove(opening, evidence, keys, home),
    }
}

fn prove_http(
    opening: &SentOpening,
    evidence: &HttpEvidence,
    keys: &dyn KeySource,
    home: &dyn Fn(&MemberId) -> Option<String>,
) -> Result<ProvenQuery, Refusal> {
    let base = verify_evidence(evidence, keys)?;
    if base.required("@method")? != "POST" {
        return Err(mismatch("the caller's signature is not one of a POST"));
    }
    if !["@target-uri", "@request-target", "@path"].iter().any(|name| base.value(name).is_some()) {
        return Err(Refusal::new(RefusalCode::ComponentUncovered, "cover also: \"@target-uri\""));
    }
    base.nonce()?;
    check_digest(&base, opening)?;
    // Only now is anything read from the opening: its digest is covered.
    let query = opening.query()?;
    if base.identity().member() != &query.caller || base.required(header::CLIENT)? != query.caller.as_str() {
        let detail = "the opening, Mohur-Client and the seal certificate do not name the same caller";
        return Err(Refusal::new(RefusalCode::IdentityMismatch, detail));
    }
    check_home(&base, &query, home)?;
    check_names(&base, opening.form(), &query)?;
    Ok(ProvenQuery {
        created: base.created()?,
        expires: base.expires(),
        caller: base.identity().clone(),
        digest: *opening.digest(),
        query,
    })
}

/// The opening's digest is covered: by Content-Digest as a body, by `Mohur-Legs` as a leg.
fn check_digest(base: &EvidenceBase, opening: &SentOpening) -> Result<(), Refusal> {
    let content_digest = base.required(header::CONTENT_DIGEST)?;
    match opening.form() {
        Form::Body => crate::http_signature::verify_content_digest(content_digest, opening.sent()).map(|_| ()),
        Form::Leg => verify_legs_contain(base.required(header::LEGS)?, opening.digest()),
        Form::Soap => Err(mismatch("a Body of SOAP is not what an HTTP signature covers")),
    }
}

/// `@authority` is the caller's home broker: a signature made for another broker proves nothing here.
fn check_home(base: &EvidenceBase, query: &Query, home: &dyn Fn(&MemberId) -> Option<String>) -> Result<(), Refusal> {
    let authority = home(&query.caller).and_then(|text| normal_authority(&text, "https"));
    if authority.as_deref() == Some(base.required("@authority")?) {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::WrongBroker, "@authority is not the caller's home broker in the directory"))
    }
}

/// The covered id and service are the opening's. A leg's id is `<bundle id>.<leg id>`.
fn check_names(base: &EvidenceBase, form: Form, query: &Query) -> Result<(), Refusal> {
    let (id, service) = (base.required(header::ID)?, base.required(header::SERVICE)?);
    let fits = match (form, &query.leg) {
        (Form::Body, None) => id == query.id.as_str() && service == query.service.as_str(),
        (Form::Leg, Some(leg)) => {
            query.id.as_str().strip_prefix(id).and_then(|rest| rest.strip_prefix('.')) == Some(leg.leg.as_str())
                && service == format!("{}@{}", leg.definition, leg.version)
        }
        (Form::Soap, _) => return Err(mismatch("a Body of SOAP is not what an HTTP signature covers")),
        (Form::Body, Some(_)) => return Err(mismatch("the opening says that it is a leg, but was sent alone")),
        (Form::Leg, None) => return Err(mismatch("the opening was sent as a leg, but does not say of which bundle")),
    };
    if fits { Ok(()) } else { Err(mismatch("Mohur-Id or Mohur-Service, as signed, are not those of the opening")) }
}

/// A broker's decision whose seal, addressee and time were verified.
#[derive(Clone, Debug)]
pub struct ProvenDecision(Signed<Decision>);

/// Verifies a broker's decision for `host`: seal, issuer, addressee, freshness.
pub fn prove_decision(
    token: &str,
    keys: &dyn KeySource,
    host: &MemberId,
    arrival: Arrival,
    window_seconds: u32,
) -> Result<ProvenDecision, Refusal> {
    let signed = jws::verify::<Decision>(token, DECISION_TYPE, keys)?;
    let decision = signed.claims();
    if decision.iss != *signed.member() {
        return Err(Refusal::new(RefusalCode::IdentityMismatch, "the decision names another issuer than its seal"));
    }
    if decision.aud != *host {
        return Err(mismatch("the decision is addressed to another host"));
    }
    judge_time("decision", decision.iat, arrival, window_seconds)?;
    if decision.exp < arrival.unix_seconds() {
        return Err(Refusal::new(RefusalCode::Stale, "the broker's decision has expired: decide again"));
    }
    Ok(ProvenDecision(signed))
}

/// Whether a broker sealed its word now, within the window either way.
fn judge_time(what: &str, iat: i64, arrival: Arrival, window_seconds: u32) -> Result<(), Refusal> {
    let (age, window) = (arrival.unix_seconds().saturating_sub(iat), i64::from(window_seconds));
    if age > window {
        return Err(Refusal::new(RefusalCode::Stale, format!("the broker's {what} is too old: seal it again")));
    }
    if age < window.saturating_neg() {
        return Err(Refusal::new(
            RefusalCode::Future,
            format!("the broker's {what} is from the future: set its clock"),
        ));
    }
    Ok(())
}

/// What a broker's word says of the query that it is about.
struct Claims<'a> {
    query_digest: &'a Digest,
    id: &'a MessageId,
    caller: &'a MemberId,
    service: &'a ServiceId,
    verb: Verb,
}

impl Claims<'_> {
    /// That it is about this very query.
    fn check_fit(&self, what: &str, proven: &ProvenQuery) -> Result<(), Refusal> {
        let query = proven.query();
        let differs = [
            ("query_digest", self.query_digest != proven.digest()),
            ("id", *self.id != query.id),
            ("caller", *self.caller != query.caller),
            ("service", *self.service != query.service),
            ("verb", self.verb != query.verb()),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((name, _)) => Err(mismatch(&format!("the {what}'s {name} is not that of the caller's query"))),
            None => Ok(()),
        }
    }
}

impl ProvenDecision {
    /// The decision.
    pub const fn decision(&self) -> &Decision {
        self.0.claims()
    }

    /// The broker's seal.
    pub const fn broker(&self) -> &SealIdentity {
        self.0.signer()
    }

    /// That the decision is about this very query: digest, id, caller, service and verb.
    pub fn check_fits(&self, proven: &ProvenQuery) -> Result<(), Refusal> {
        let Decision { query_digest, id, caller, service, verb, .. } = self.decision();
        Claims { query_digest, id, caller, service, verb: *verb }.check_fit("decision", proven)
    }
}

/// A host's refusal whose seal was verified.
#[derive(Clone, Debug)]
pub struct ProvenRefusal(Signed<SealedRefusal>);

/// Verifies a host's refusal of the opening with this digest.
pub fn prove_refusal(token: &str, keys: &dyn KeySource, query_digest: &Digest) -> Result<ProvenRefusal, Refusal> {
    let signed = jws::verify::<SealedRefusal>(token, REFUSAL_TYPE, keys)?;
    let refusal = signed.claims();
    if refusal.iss != *signed.member() {
        return Err(Refusal::new(RefusalCode::IdentityMismatch, "the refusal names another issuer than its seal"));
    }
    if refusal.query_digest != *query_digest {
        return Err(Refusal::new(RefusalCode::SubjectMismatch, "the refusal is about another query"));
    }
    if refusal.detail.len() > MAX_DETAIL {
        return Err(Refusal::new(RefusalCode::Malformed, "the refusal's detail is longer than any sentence of ours"));
    }
    Ok(ProvenRefusal(signed))
}

impl ProvenRefusal {
    /// Who refused.
    pub fn owner(&self) -> &MemberId {
        self.0.member()
    }

    /// What the caller is told.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.0.claims().code, self.0.claims().detail.clone())
    }
}

fn mismatch(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::SignatureInvalid, detail)
}

mod handover;
mod soap;

pub use handover::{ProvenHandover, prove_handover};

#[cfg(test)]
mod tests;
