//! Requests: signed by a client, verified at the door.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, request};
use mohur_chain::{Certificate, SealIdentity};
use mohur_crypto::{Digest, random_bytes, sha256};
use mohur_seal::{Seal, SealError};
use mohur_wire::{Arrival, MemberId, MessageId, Refusal, RefusalCode};
use sfv::{List, ListEntry, Parser};

use super::base::{check_time, missing_parameter, signature_base, signer, uncovered, verify};
use super::component::Component;
use super::content_digest::{content_digest, verify_content_digest};
use super::input::{Parameters, SignatureInput, read_signature};
use super::message::{Message, RequestView, field_value};
use super::{HttpEvidence, LABEL, header};
use crate::opening::{Form, MAX_LEGS, SentOpening};
use crate::{Evidence, KeySource};

/// Any of these covers where the request goes.
const TARGETS: [&str; 3] = ["@target-uri", "@request-target", "@path"];

/// Why a message could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key did not sign.
    #[error("the seal key did not sign: {0}")]
    Seal(#[from] SealError),
    /// The message lacks something that its signature covers.
    #[error("the message cannot be signed: {0}")]
    Message(Refusal),
}

/// A request as it was signed: what the signature of its response is checked against.
#[derive(Clone, Debug)]
pub struct SentRequest {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) label: String,
    evidence: Evidence,
}

impl SentRequest {
    /// The signature with its base, as the broker forwards it to the owner's host.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    pub(super) const fn view(&self) -> RequestView<'_> {
        RequestView { method: &self.method, uri: &self.uri, headers: &self.headers }
    }
}

/// Signs a request: sets Content-Digest, Signature-Input and Signature.
///
/// `parts.uri` is absolute, or `Host` is set. The `Mohur-*` headers are set before; every one of them is covered.
pub fn sign_request(
    parts: &mut request::Parts,
    body: &[u8],
    seal: &dyn Seal,
    created: i64,
) -> Result<SentRequest, SignError> {
    insert(&mut parts.headers, header::CONTENT_DIGEST, &content_digest(&sha256(body)))?;
    let mut components: Vec<Component> = ["@method", "@authority", "@path"].map(Component::plain).into();
    if parts.uri.query().is_some() {
        components.push(Component::plain("@query"));
    }
    components.push(Component::plain(header::CONTENT_DIGEST));
    components.extend(present(&parts.headers, "content-type").map(Component::plain));
    components.extend(ours(&parts.headers).map(Component::plain));
    let parameters = Parameters {
        created: Some(created),
        key_id: Some(seal.key_id().to_string()),
        nonce: Some(Digest(random_bytes()).to_base64url()),
        ..Parameters::default()
    };
    let input = SignatureInput::compose(LABEL, components, parameters);
    let base = signature_base(&Message::Request(RequestView::from(&*parts)), &input).map_err(SignError::Message)?;
    let signature = seal.sign(base.as_bytes())?;
    set_signature(&mut parts.headers, &input, &signature)?;
    Ok(SentRequest {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
        label: LABEL.to_owned(),
        evidence: HttpEvidence {
            base: base.into_bytes(),
            signature,
            certificate: seal.certificate().to_vec(),
            algorithm: seal.algorithm().name().to_owned(),
        }
        .into(),
    })
}

/// A request whose signature was verified. Only [`verify_request`] makes one; what it gives out was covered.
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    identity: SealIdentity,
    evidence: Evidence,
    created: i64,
    nonce: String,
    client: MemberId,
    id: MessageId,
    service: Option<String>,
    legs: Option<Vec<Digest>>,
    body: Bytes,
    body_digest: Digest,
}

/// Verifies the one signature of a request and everything that it must cover.
///
/// `window_seconds` is how far `created` may be from the arrival, either way.
pub fn verify_request(
    parts: &request::Parts,
    body: &Bytes,
    keys: &dyn KeySource,
    arrival: Arrival,
    window_seconds: u32,
) -> Result<VerifiedRequest, Refusal> {
    let input = SignatureInput::from_headers(&parts.headers)?;
    let signature = read_signature(&parts.headers, input.label())?;
    check_coverage(&input, parts)?;
    let Some(nonce) = input.parameters().nonce.clone() else { return Err(missing_parameter("nonce")) };
    let created = check_time(input.parameters(), arrival, window_seconds)?;
    let identity = signer(input.parameters(), keys)?;
    let base = signature_base(&Message::Request(RequestView::from(parts)), &input)?;
    verify(&identity, &base, &signature)?;
    let body_digest = verify_content_digest(&covered(&parts.headers, header::CONTENT_DIGEST)?, body)?;
    let client = read_covered::<MemberId>(&parts.headers, header::CLIENT)?;
    if client != *identity.member() {
        return Err(Refusal::new(
            RefusalCode::IdentityMismatch,
            "Mohur-Client names another member than the certificate of keyid: sign with the client's own seal key",
        ));
    }
    let legs = field_value(&parts.headers, header::LEGS)?.map(|value| read_legs(&value)).transpose()?;
    Ok(VerifiedRequest {
        evidence: HttpEvidence::new(base, signature, &identity).into(),
        created,
        nonce,
        client,
        id: read_covered(&parts.headers, header::ID)?,
        service: field_value(&parts.headers, header::SERVICE)?,
        legs,
        body: body.clone(),
        body_digest,
        identity,
    })
}

impl VerifiedRequest {
    /// Who signed. `Mohur-Client` says the same.
    pub fn signer(&self) -> &MemberId {
        self.identity.member()
    }

    /// The seal's identity.
    pub const fn identity(&self) -> &SealIdentity {
        &self.identity
    }

    /// The seal certificate.
    pub fn certificate(&self) -> &Certificate {
        self.identity.certificate()
    }

    /// The signature with its base: goes to the owner's host as it is.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// When it was signed, in seconds since 1970.
    pub const fn created(&self) -> i64 {
        self.created
    }

    /// The signature's nonce.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// `Mohur-Client`.
    pub const fn client(&self) -> &MemberId {
        &self.client
    }

    /// `Mohur-Id`.
    pub const fn message_id(&self) -> &MessageId {
        &self.id
    }

    /// `Mohur-Service`: a service, or `definition@version`. Absent in a poll.
    pub fn service_header(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// `Mohur-Legs`, present in a bundle.
    pub fn legs(&self) -> Option<&[Digest]> {
        self.legs.as_deref()
    }

    /// The body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// SHA-256 of the body: the opening's digest of a single query.
    pub const fn body_digest(&self) -> &Digest {
        &self.body_digest
    }

    /// The body as the opening of a single query.
    pub fn opening(&self) -> SentOpening {
        SentOpening::of_verified(Form::Body, self.body.clone(), self.body_digest)
    }

    /// The openings of a bundle: the body's strings, each of which has the digest that `Mohur-Legs` gives it.
    pub fn bundle_openings(&self) -> Result<Vec<SentOpening>, Refusal> {
        let Some(legs) = self.legs() else {
            return Err(Refusal::new(
                RefusalCode::ComponentUncovered,
                "a bundle needs the header Mohur-Legs, covered: the SHA-256 of each string in the body, in order",
            ));
        };
        let strings: Vec<String> = serde_json::from_slice(&self.body).map_err(|_| {
            Refusal::new(RefusalCode::Malformed, "the body of a bundle is a JSON array of base64url strings, one a leg")
        })?;
        if strings.len() != legs.len() {
            let detail = format!("Mohur-Legs lists {} digests, the body has {} legs", legs.len(), strings.len());
            return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
        }
        let mut openings = Vec::with_capacity(legs.len());
        for (position, (string, digest)) in strings.into_iter().zip(legs).enumerate() {
            let opening = SentOpening::of_leg(string)?;
            if opening.digest() != digest {
                let detail = format!(
                    "Mohur-Legs: digest {} is not that of the string at the same place in the body (SHA-256 of the base64url text as sent)",
                    position + 1
                );
                return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
            }
            openings.push(opening);
        }
        Ok(openings)
    }
}

/// What every request covers; all that is missing is named at once.
fn check_coverage(input: &SignatureInput, parts: &request::Parts) -> Result<(), Refusal> {
    let headers = &parts.headers;
    let required = ["@method", "@authority", header::CONTENT_DIGEST, header::CLIENT, header::ID];
    let mut missing: Vec<String> = required
        .into_iter()
        .chain(ours(headers).filter(|name| !required.contains(name)))
        .filter(|name| !input.covers(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    if !TARGETS.iter().any(|target| input.covers(target)) {
        missing.push("\"@target-uri\" (or \"@request-target\" or \"@path\")".to_owned());
    }
    if parts.uri.query().is_some()
        && !["@target-uri", "@request-target", "@query"].iter().any(|name| input.covers(name))
    {
        missing.push("\"@query\" (or \"@target-uri\" or \"@request-target\")".to_owned());
    }
    if missing.is_empty() { Ok(()) } else { Err(uncovered(&missing)) }
}

/// Our own headers that a signature must cover.
pub(super) fn ours(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with(header::OURS) && *name != header::RECEIPT)
}

pub(super) fn present<'a>(headers: &HeaderMap, name: &'a str) -> Option<&'a str> {
    headers.contains_key(name).then_some(name)
}

fn covered(headers: &HeaderMap, name: &str) -> Result<String, Refusal> {
    field_value(headers, name)?
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, format!("the header {name} is missing")))
}

fn read_covered<T: std::str::FromStr<Err = mohur_wire::ParseError>>(
    headers: &HeaderMap,
    name: &str,
) -> Result<T, Refusal> {
    covered(headers, name)?
        .parse()
        .map_err(|error| Refusal::new(RefusalCode::Malformed, format!("the header {name}: {error}")))
}

/// A structured-field list of 32-byte sequences.
fn read_legs(value: &str) -> Result<Vec<Digest>, Refusal> {
    let wrong = || {
        let detail = format!("Mohur-Legs is a list of 1 to {MAX_LEGS} SHA-256 digests, each between colons in base64");
        Refusal::new(RefusalCode::Malformed, detail)
    };
    let list: List = Parser::new(value).parse().map_err(|_| wrong())?;
    if list.is_empty() || list.len() > MAX_LEGS {
        return Err(wrong());
    }
    let digest = |entry: &ListEntry| match entry {
        ListEntry::Item(item) if item.params.is_empty() => {
            item.bare_item.as_byte_sequence()?.try_into().ok().map(Digest)
        }
        ListEntry::Item(_) | ListEntry::InnerList(_) => None,
    };
    list.iter().map(|entry| digest(entry).ok_or_else(wrong)).collect()
}

/// That a covered `Mohur-Legs` lists the digest.
pub(crate) fn verify_legs_contain(value: &str, digest: &Digest) -> Result<(), Refusal> {
    if read_legs(value)?.contains(digest) {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::DigestMismatch, "Mohur-Legs, as signed, does not list this opening's digest"))
    }
}

pub(super) fn set_signature(
    headers: &mut HeaderMap,
    input: &SignatureInput,
    signature: &[u8],
) -> Result<(), SignError> {
    use base64::Engine;
    let encoded = base64::prelude::BASE64_STANDARD.encode(signature);
    insert(headers, header::SIGNATURE_INPUT, &format!("{}={}", input.label(), input.text()))?;
    insert(headers, header::SIGNATURE, &format!("{}=:{encoded}:", input.label()))
}

pub(super) fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), SignError> {
    let value = HeaderValue::from_str(value).map_err(|_| {
        SignError::Message(Refusal::new(RefusalCode::Malformed, format!("the header {name} cannot hold its value")))
    })?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}
