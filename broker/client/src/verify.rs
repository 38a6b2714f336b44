//! What an answer must prove before anything of it is shown.

use http::StatusCode;
use mohur_crypto::{Digest, sha256};
use mohur_message::SealedAnswer;
use mohur_message::http_signature::{header, verify_response};
use mohur_transparency::{LogKey, Receipt, VerifiedReceipt};
use mohur_wire::refusal::Problem;
use mohur_wire::{Arrival, MessageId, Query, RefusalCode};

use crate::caller::{Answered, Caller, Exchanged};
use crate::error::{AskError, Refused};

/// The answer to a single query.
pub(crate) fn answer(
    caller: &Caller,
    query: &Query,
    opening: &[u8],
    exchanged: &Exchanged,
) -> Result<Answered, AskError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        answer: String,
    }
    let body = sealed_body(caller, &query.id, exchanged)?;
    let (receipt, receipt_header) = receipt_of(caller, &query.id, exchanged)?;
    let Body { answer: sealed } =
        serde_json::from_slice(body).map_err(|_| AskError::Unverified("the body is not {\"answer\"}".to_owned()))?;
    let answer = owners_answer(caller, query, &sha256(opening), &sealed, exchanged.arrival)?;
    Ok(Answered { id: query.id.clone(), answer, sealed, receipt, receipt_header })
}

/// The owner's seal, on an answer to this very query, with no field that was not asked for.
pub(crate) fn owners_answer(
    caller: &Caller,
    query: &Query,
    digest: &Digest,
    sealed: &str,
    at: Arrival,
) -> Result<SealedAnswer, AskError> {
    let answer = SealedAnswer::verify(sealed, &caller.keys(at))
        .map_err(|error| AskError::Unverified(format!("the owner's seal: {error}")))?;
    if answer.issuer() != query.service.owner() {
        return Err(AskError::Unverified("it carries the seal of somebody who does not own the service".to_owned()));
    }
    if answer.query_digest() != digest || *answer.service() != query.service || answer.verb() != query.verb() {
        return Err(AskError::Unverified("its owner sealed it for another query".to_owned()));
    }
    let asked = query.fields();
    if !asked.is_empty() && !answer.fields().keys().all(|name| asked.contains(&name)) {
        return Err(AskError::Unverified("it holds a field that was not asked for".to_owned()));
    }
    Ok(answer)
}

/// The body under the home broker's seal; a refusal becomes an error.
pub(crate) fn sealed_body<'a>(
    caller: &Caller,
    id: &MessageId,
    exchanged: &'a Exchanged,
) -> Result<&'a bytes::Bytes, AskError> {
    let Exchanged { response, sent, arrival } = exchanged;
    let verified = verify_response(response, sent, &caller.keys(*arrival)).map_err(|refusal| {
        let status = response.status();
        AskError::unverified(&format!("the broker's seal (on an answer with status {status})"), &refusal)
    })?;
    if Some(verified.signer()) != caller.directory.broker_of(&caller.me).map(|broker| &broker.id) {
        return Err(AskError::Unverified("it carries the seal of another broker".to_owned()));
    }
    if verified.status() == StatusCode::OK {
        return Ok(response.body());
    }
    let problem: Problem = serde_json::from_slice(response.body())
        .map_err(|_| AskError::Unverified("the refusal is not a problem document".to_owned()))?;
    Err(AskError::Refused(Box::new(refused(caller, id, problem, exchanged)?)))
}

/// A refusal's receipt is optional (the log may be what failed), but one that is there must hold.
fn refused(caller: &Caller, id: &MessageId, problem: Problem, exchanged: &Exchanged) -> Result<Refused, AskError> {
    if exchanged.response.headers().get(header::RECEIPT).is_none() {
        return Ok(Refused { problem, receipt: None });
    }
    let repeated = matches!(problem.code, RefusalCode::Replayed | RefusalCode::InProgress);
    let receipt = if repeated { proven(caller, exchanged)?.0 } else { receipt_of(caller, id, exchanged)?.0 };
    Ok(Refused { problem, receipt: Some(receipt) })
}

/// The receipt: in the home broker's log there is an entry of this very message that commits to this very body.
pub(crate) fn receipt_of(
    caller: &Caller,
    id: &MessageId,
    exchanged: &Exchanged,
) -> Result<(VerifiedReceipt, String), AskError> {
    let (receipt, header) = proven(caller, exchanged)?;
    let leaf = receipt.leaf();
    if leaf.consumer != caller.me || leaf.id.as_ref().is_some_and(|logged| logged != id) {
        return Err(AskError::Unverified("the receipt is another message's".to_owned()));
    }
    if !receipt.opens("answer", sha256(exchanged.response.body()).as_bytes()) {
        return Err(AskError::Unverified("the receipt commits to another answer".to_owned()));
    }
    Ok((receipt, header))
}

fn proven(caller: &Caller, exchanged: &Exchanged) -> Result<(VerifiedReceipt, String), AskError> {
    let unverified = |what: &str| AskError::Unverified(what.to_owned());
    let header = exchanged.response.headers().get(header::RECEIPT).and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| unverified("there is no receipt"))?;
    let broker =
        caller.directory.broker_of(&caller.me).ok_or_else(|| unverified("the directory has no home broker"))?;
    let key = broker.log.key.parse::<LogKey>().map_err(|error| AskError::Setup(format!("the log's key: {error}")))?;
    let receipt = Receipt::from_header(header).and_then(|receipt| receipt.verify(&key));
    let receipt = receipt.map_err(|error| AskError::Unverified(format!("the receipt: {error}")))?;
    Ok((receipt, header.to_owned()))
}
