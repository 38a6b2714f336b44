//! What an answer must prove before anything of it is shown.

use http::StatusCode;
use mohur_crypto::{Digest, sha256};
use mohur_message::SealedAnswer;
use mohur_message::hop::Reply;
use mohur_message::http_signature::{header, verify_response};
use mohur_transparency::{ExpectedOutcome, Kind, Leaf, LogKey, Receipt, VerifiedReceipt};
use mohur_wire::bundle::Definition;
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
    entry_of_query(caller, query, receipt.leaf())?;
    let Body { answer: sealed } =
        serde_json::from_slice(body).map_err(|_| AskError::Unverified("the body is not {\"answer\"}".to_owned()))?;
    let answer = owners_answer(caller, query, &sha256(opening), &sealed, exchanged.arrival)?;
    let header = exchanged.response.headers().get(header::PROVIDER_RECEIPT).and_then(|value| value.to_str().ok());
    let provider_receipt = decided_elsewhere(caller, query, false, &sealed, header, exchanged.arrival)?;
    Ok(Answered { id: query.id.clone(), answer, sealed, receipt, receipt_header, provider_receipt })
}

/// The owner's seal, on an answer to this very query, with no field that was not asked for.
pub(crate) fn owners_answer(
    caller: &Caller,
    query: &Query,
    digest: &Digest,
    sealed: &str,
    at: Arrival,
) -> Result<SealedAnswer, AskError> {
    let domain = caller.domain_of(&query.service, at)?;
    let answer = SealedAnswer::verify(sealed, &caller.keys_of(domain, at))
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

/// Where another broker than our own decided, it has the answer in its log, too: its receipt, verified.
pub(crate) fn decided_elsewhere(
    caller: &Caller,
    query: &Query,
    settles: bool,
    sealed: &str,
    header: Option<&str>,
    at: Arrival,
) -> Result<Option<String>, AskError> {
    let domain = caller.domain_of(&query.service, at)?;
    let broker = domain.directory.broker_of(query.service.owner());
    let broker = broker.ok_or_else(|| AskError::Unverified("its owner has no home broker".to_owned()))?;
    if broker.id == caller.home()?.id {
        return Ok(None);
    }
    let unverified = |what: &str| AskError::Unverified(format!("the receipt of {}: {what}", broker.id));
    let header = header.ok_or_else(|| unverified("there is none"))?;
    let key =
        LogKey::parse_all(&broker.log.keys()).map_err(|error| AskError::Setup(format!("the log's key: {error}")))?;
    let answer = sha256(&Reply::Answer(sealed.to_owned()).to_json());
    let expected = ExpectedOutcome { query, settles, answer: &answer };
    expected.verify(header, &key).map_err(|what| unverified(&what))?;
    Ok(Some(header.to_owned()))
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
    if Some(verified.signer()) != caller.directory().broker_of(&caller.me).map(|broker| &broker.id) {
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
    let receipt = if problem.code == RefusalCode::Replayed {
        // It is the first message's, and commits to what that one was answered.
        let (receipt, _) = proven(caller, exchanged)?;
        of_this_message(caller, id, receipt.leaf())?;
        receipt
    } else {
        receipt_of(caller, id, exchanged)?.0
    };
    Ok(Refused { problem, receipt: Some(receipt) })
}

/// The receipt: in the home broker's log there is an entry of this very message that commits to this very body.
pub(crate) fn receipt_of(
    caller: &Caller,
    id: &MessageId,
    exchanged: &Exchanged,
) -> Result<(VerifiedReceipt, String), AskError> {
    let (receipt, header) = proven(caller, exchanged)?;
    of_this_message(caller, id, receipt.leaf())?;
    if !receipt.opens("answer", sha256(exchanged.response.body()).as_bytes()) {
        return Err(AskError::Unverified("the receipt commits to another answer".to_owned()));
    }
    Ok((receipt, header))
}

/// A refusal's entry may lack the id: where it came before the id was proved.
fn of_this_message(caller: &Caller, id: &MessageId, leaf: &Leaf) -> Result<(), AskError> {
    if leaf.consumer != caller.me || leaf.id.as_ref().is_some_and(|logged| logged != id) {
        return Err(AskError::Unverified("the receipt is another message's".to_owned()));
    }
    Ok(())
}

/// What the log says in clear of an answered query is what was asked: nobody who reads it is told another story.
fn entry_of_query(caller: &Caller, query: &Query, leaf: &Leaf) -> Result<(), AskError> {
    let differs = [
        ("provider", leaf.provider.as_ref() != Some(query.service.owner())),
        ("service", leaf.service.as_ref() != Some(&query.service)),
        ("purpose", leaf.purpose.as_ref() != Some(&query.purpose)),
        ("verb", leaf.verb != Some(query.verb())),
        ("bundle", leaf.bundle.is_some()),
    ];
    if let Some((what, _)) = differs.iter().find(|(_, differs)| *differs) {
        return Err(AskError::Unverified(format!("the log says another {what} than was asked")));
    }
    entry_of_answer(caller, &query.id, leaf)
}

/// The same for a bundle or a poll, whose entry names the definition; each leg has entries of its own.
pub(crate) fn entry_of_bundle(
    caller: &Caller,
    id: &MessageId,
    definition: &Definition,
    leaf: &Leaf,
) -> Result<(), AskError> {
    if leaf.bundle != Some(format!("{}@{}", definition.id, definition.version)) {
        return Err(AskError::Unverified("the log says another bundle than was asked".to_owned()));
    }
    entry_of_answer(caller, id, leaf)
}

fn entry_of_answer(caller: &Caller, id: &MessageId, leaf: &Leaf) -> Result<(), AskError> {
    let is_outcome = leaf.kind == Kind::Outcome && leaf.id.as_ref() == Some(id);
    if is_outcome && leaf.certificate == Some(caller.seal.key_id()) {
        Ok(())
    } else {
        Err(AskError::Unverified("the log's entry is not the outcome of this signed message".to_owned()))
    }
}

fn proven(caller: &Caller, exchanged: &Exchanged) -> Result<(VerifiedReceipt, String), AskError> {
    let unverified = |what: &str| AskError::Unverified(what.to_owned());
    let header = exchanged.response.headers().get(header::RECEIPT).and_then(|value| value.to_str().ok());
    let header = header.ok_or_else(|| unverified("there is no receipt"))?;
    let broker =
        caller.directory().broker_of(&caller.me).ok_or_else(|| unverified("the directory has no home broker"))?;
    let key =
        LogKey::parse_all(&broker.log.keys()).map_err(|error| AskError::Setup(format!("the log's key: {error}")))?;
    let receipt = Receipt::from_header(header).and_then(|receipt| receipt.verify(&key));
    let receipt = receipt.map_err(|error| AskError::Unverified(format!("the receipt: {error}")))?;
    Ok((receipt, header.to_owned()))
}
