//! Responses: signed together with what they answer.

use bytes::Bytes;
use http::{Response, StatusCode, request};
use mohur_chain::{Certificate, SealIdentity};
use mohur_crypto::sha256;
use mohur_seal::Seal;
use mohur_wire::{MemberId, Refusal, RefusalCode};

use super::base::{missing_parameter, signature_base, signer, uncovered, verify};
use super::component::Component;
use super::content_digest::{content_digest, verify_content_digest};
use super::input::{Parameters, SignatureInput, read_signature, signature_label};
use super::message::{Message, RequestView, field_value};
use super::request::{SentRequest, SignError, insert, ours, present, set_signature};
use super::{LABEL, header};
use crate::KeySource;

/// Signs a response: sets Content-Digest, Signature-Input and Signature.
///
/// Covers status, digest, content type, every `Mohur-*` header but the receipt (it proves itself), and of the request
/// what it has: method, authority, digest, id, and its signature.
pub fn sign_response(
    response: &mut Response<Bytes>,
    request: &request::Parts,
    seal: &dyn Seal,
    created: i64,
) -> Result<(), SignError> {
    let digest = content_digest(&sha256(response.body()));
    insert(response.headers_mut(), header::CONTENT_DIGEST, &digest)?;
    let mut components = vec![Component::plain("@status"), Component::plain(header::CONTENT_DIGEST)];
    components.extend(present(response.headers(), "content-type").map(Component::plain));
    components.extend(ours(response.headers()).map(Component::plain));
    components.extend(of_request(&RequestView::from(request)));
    let parameters =
        Parameters { created: Some(created), key_id: Some(seal.key_id().to_string()), ..Parameters::default() };
    let input = SignatureInput::compose(LABEL, components, parameters);
    let message = Message::Response {
        status: response.status(),
        headers: response.headers(),
        request: RequestView::from(request),
    };
    let base = signature_base(&message, &input).map_err(SignError::Message)?;
    let signature = seal.sign(base.as_bytes())?;
    set_signature(response.headers_mut(), &input, &signature)
}

/// What a request offers to bind its response to. A refusal may answer a request that has neither authority nor signature.
fn of_request(view: &RequestView<'_>) -> Vec<Component> {
    let mut components = vec![Component::of_request("@method")];
    if view.authority().is_ok() {
        components.push(Component::of_request("@authority"));
    }
    for name in [header::CONTENT_DIGEST, header::ID] {
        if field_value(view.headers, name).is_ok_and(|value| value.is_some()) {
            components.push(Component::of_request(name));
        }
    }
    components
        .extend(signature_label(view.headers).map(|label| Component::member_of_request(header::SIGNATURE, &label)));
    components
}

/// A response whose signature was verified and that answers the request it is checked against.
#[derive(Clone, Debug)]
pub struct VerifiedResponse {
    identity: SealIdentity,
    status: StatusCode,
    created: i64,
    body: Bytes,
}

impl VerifiedResponse {
    /// Who signed.
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

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// When it was signed, in seconds since 1970.
    pub const fn created(&self) -> i64 {
        self.created
    }

    /// The body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Verifies a response to a request that we signed: its status, digest, headers, and that it answers this very request.
pub fn verify_response(
    response: &Response<Bytes>,
    sent: &SentRequest,
    keys: &dyn KeySource,
) -> Result<VerifiedResponse, Refusal> {
    let headers = response.headers();
    let input = SignatureInput::from_headers(headers)?;
    let signature = read_signature(headers, input.label())?;
    let own =
        ["@status", header::CONTENT_DIGEST].into_iter().chain(present(headers, "content-type")).chain(ours(headers));
    let missing: Vec<String> = own
        .map(Component::plain)
        .chain([Component::member_of_request(header::SIGNATURE, &sent.label)])
        .filter(|component| !input.covers_component(component))
        .map(|component| component.identifier().to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(uncovered(&missing));
    }
    let Some(created) = input.parameters().created else { return Err(missing_parameter("created")) };
    let identity = signer(input.parameters(), keys)?;
    let base = signature_base(&Message::Response { status: response.status(), headers, request: sent.view() }, &input)?;
    verify(&identity, &base, &signature)?;
    let digest = field_value(headers, header::CONTENT_DIGEST)?
        .ok_or_else(|| Refusal::new(RefusalCode::DigestMismatch, "Content-Digest is missing"))?;
    verify_content_digest(&digest, response.body())?;
    Ok(VerifiedResponse { identity, status: response.status(), created, body: response.body().clone() })
}
