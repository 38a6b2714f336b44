//! A bundle put together leg by leg, which a test can spoil before it is signed.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use mohur_client::{Caller, Inputs};
use mohur_crypto::{Digest, sha256};
use mohur_message::sign_request;
use mohur_reference::Citizen;
use mohur_wire::bundle::BundleAnswer;
use mohur_wire::{MessageId, Query};

use crate::{ask, problem};

/// A bundle before it is signed.
#[derive(Clone)]
pub struct Bundled {
    /// Its id.
    pub id: MessageId,
    /// What `Mohur-Service` will say.
    pub service: String,
    /// The strings of the body.
    pub strings: Vec<String>,
    /// The digests that `Mohur-Legs` will list.
    pub digests: Vec<Digest>,
}

impl Bundled {
    /// The application of a citizen, as the definition wants it.
    pub async fn of(caller: &Caller, citizen: &Citizen) -> Self {
        Self::changed(caller, citizen, |_| {}).await
    }

    /// The same, with its queries changed before they are encoded: what is signed is the change.
    pub async fn changed(caller: &Caller, citizen: &Citizen, change: impl FnOnce(&mut Vec<Query>)) -> Self {
        Self::built(caller, ask::ISSUE, &ask::application(citizen), change).await
    }

    /// Any bundle, with its queries changed before they are encoded.
    pub async fn built(caller: &Caller, name: &str, inputs: &Inputs, change: impl FnOnce(&mut Vec<Query>)) -> Self {
        let definition = caller.definition(&name.parse().unwrap()).await.unwrap();
        let id = Caller::fresh_id().unwrap();
        let mut queries = caller.queries(&definition, inputs, &id).unwrap();
        change(&mut queries);
        let strings: Vec<_> = queries.iter().map(|query| BASE64_URL_SAFE_NO_PAD.encode(query.to_opening())).collect();
        let digests = strings.iter().map(|string| sha256(string.as_bytes())).collect();
        Self { id, service: format!("{}@{}", definition.id, definition.version), strings, digests }
    }

    /// The signed request.
    pub fn sign(&self, caller: &Caller) -> Request<Bytes> {
        let legs: Vec<_> =
            self.digests.iter().map(|digest| format!(":{}:", BASE64_STANDARD.encode(digest.as_bytes()))).collect();
        let body = Bytes::from(serde_json::to_vec(&self.strings).unwrap());
        signed(
            caller,
            "/v1/bundles",
            &self.id,
            &[("mohur-service", &self.service), ("mohur-legs", &legs.join(", "))],
            body,
        )
    }

    /// Sends it, and takes the response as it comes.
    pub async fn raw(&self, caller: &Caller) -> Response<Bytes> {
        caller.http.send(self.sign(caller), caller.patience).await.unwrap().response
    }

    /// Sends it; it must be refused, sealed and logged.
    pub async fn refusal(&self, caller: &Caller) -> mohur_wire::RefusalCode {
        problem(&self.raw(caller).await).code
    }

    /// Asks how far it has come, without believing more than the form of the answer.
    pub async fn poll(&self, caller: &Caller) -> Response<Bytes> {
        let body = serde_json::json!({ "bundle": self.id }).to_string();
        let request = signed(caller, "/v1/bundles/poll", &Caller::fresh_id().unwrap(), &[], body.into());
        caller.http.send(request, caller.patience).await.unwrap().response
    }
}

/// The document in a response to a bundle or to a poll.
pub fn bundle_answer(response: &Response<Bytes>) -> BundleAnswer {
    assert_eq!(response.status(), http::StatusCode::OK, "{}", String::from_utf8_lossy(response.body()));
    for header in ["signature-input", "signature", "content-digest", "mohur-receipt"] {
        assert!(response.headers().contains_key(header), "sealed and receipted ({header})");
    }
    serde_json::from_slice(response.body()).unwrap()
}

fn signed(
    caller: &Caller,
    path: &str,
    id: &MessageId,
    headers: &[(&'static str, &str)],
    body: Bytes,
) -> Request<Bytes> {
    let authority = &caller.directory().broker_of(&caller.me).unwrap().authority;
    let mut request = Request::post(format!("https://{authority}{path}")).body(body).unwrap();
    let own = [("content-type", "application/json"), ("mohur-client", caller.me.as_str()), ("mohur-id", id.as_str())];
    for (name, value) in own.iter().chain(headers) {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let (mut parts, body) = request.into_parts();
    let _sent = sign_request(&mut parts, &body, &*caller.seal, caller.clock.now().as_second()).unwrap();
    Request::from_parts(parts, body)
}
