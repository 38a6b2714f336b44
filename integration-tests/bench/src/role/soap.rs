//! What the load generator says in SOAP.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Request;
use mohur_client::{Caller, Question};
use mohur_message::TrustedKeys;
use mohur_message::ws_security::{sign_envelope, verify_answer};
use mohur_soap::message::{answer, query_xml};
use mohur_soap::{Document, Envelope, Limits, Version};
use mohur_wire::answer::Finding;
use mohur_wire::{Arrival, Value};

use super::host::ANSWER_BYTES;
use crate::error::{BenchError, Tried};

/// As a caller's default.
const WINDOW_SECONDS: u32 = 60;

/// A new query, signed.
pub(super) fn sign(caller: &Caller, question: Question) -> Result<Request<Bytes>, BenchError> {
    let query = caller.query(question, Caller::fresh_id().tried("an id")?);
    let envelope = sign_envelope(Version::Soap11, &query_xml(&query), "", &*caller.seal, caller.clock.now(), None);
    let broker = caller.directory().broker_of(&caller.me).ok_or_else(|| BenchError::new("no home broker"))?;
    Request::post(format!("https://{}/soap", broker.authority))
        .header("content-type", Version::Soap11.content_type())
        .header("soapaction", "\"\"")
        .body(Bytes::from(envelope.tried("signing")?))
        .tried("a request")
}

/// One query whose answer is verified, as a caller's SOAP library does it: what is measured is the real thing.
pub(super) async fn prove(caller: &Caller, question: Question) -> Result<(), BenchError> {
    let request = sign(caller, question)?;
    let sent = signature_in(request.body())?;
    let response = caller.http.send(request, caller.patience).await.tried("the query that is verified")?.response;
    let text = std::str::from_utf8(response.body()).tried("the answer")?;
    let document = Document::parse(text, &Limits::default()).tried("the answer")?;
    let envelope = Envelope::read(&document).tried("the answer")?;
    let now = caller.clock.now();
    let keys = TrustedKeys::new(|key_id| caller.directory().seal(key_id), caller.trust(), now);
    let verified = verify_answer(envelope, &sent, &keys, Arrival(now), WINDOW_SECONDS)
        .map_err(|refusal| BenchError::new(format!("the answer: {refusal:?}")))?;
    let Finding::Found(fields) = answer(verified.payload()).tried("the answer")?.finding else {
        return Err(BenchError::new("the person who is asked about was not found"));
    };
    let bytes: usize = fields.values().filter_map(Value::as_text).map(str::len).sum();
    if bytes + 4 < ANSWER_BYTES {
        return Err(BenchError::new(format!("the verified answer holds {bytes} bytes only")));
    }
    Ok(())
}

fn signature_in(envelope: &[u8]) -> Result<Vec<u8>, BenchError> {
    let text = std::str::from_utf8(envelope).tried("the request")?;
    let value = text.split_once("<ds:SignatureValue>").and_then(|(_, rest)| rest.split_once('<'));
    let (value, _) = value.ok_or_else(|| BenchError::new("the request is not signed"))?;
    BASE64_STANDARD.decode(value).tried("the request's signature")
}
