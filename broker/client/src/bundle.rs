//! Asking a bundle: the legs are built from the published definition, and the verdict is computed again from the seals.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use mohur_crypto::{Digest, sha256};
use mohur_message::SealedAnswer;
use mohur_message::http_signature::SentRequest;
use mohur_wire::bundle::{BundleAnswer, Definition, LeftOut, Leg, LegAnswer, Outcome, leg_verdict, settled};
use mohur_wire::subject::{KeyPart, ReceiptNumber, SubjectKind};
use mohur_wire::{
    Ask, CaseReference, Effect, FieldName, LegRef, MemberId, MessageId, Official, Operation, Predicate, Query,
    RefusalCode, SubjectKey, Value, Verb, Verdict,
};

use crate::caller::{Caller, Exchanged, Outgoing, Question};
use crate::error::AskError;
use crate::verify;

/// What an officer gives for a bundle.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// About whom and what: one key of each kind that the definition asks for.
    pub subjects: Vec<SubjectKey>,
    /// The case, one for all legs.
    pub case: Option<CaseReference>,
    /// Who acts.
    pub official: Official,
    /// The body that the caller acts for.
    pub on_behalf_of: Option<MemberId>,
    /// The values for the legs that match or change something, by field.
    pub values: BTreeMap<FieldName, Value>,
    /// The predicates for the legs that verify, by field.
    pub predicates: BTreeMap<FieldName, Predicate>,
    /// The receipt for the legs that reserve a fee.
    pub receipt: Option<ReceiptNumber>,
    /// The idempotency key of a bundle that brought no answer, to ask it again; otherwise its id is the key. The legs that
    /// change something sign `<key>.<leg>`: whatever they did, it is not done twice.
    pub key: Option<MessageId>,
}

/// A bundle as far as it has come, all of it verified.
#[derive(Debug)]
pub struct BundleReport {
    /// The bundle's id.
    pub id: MessageId,
    /// What the owners' seals amount to.
    pub outcome: Outcome,
    /// Whether more is to come.
    pub complete: bool,
    /// What the official is told for this outcome: the definition's word.
    pub word: String,
    /// The classes of reasons for which it is not clear, each once.
    pub reasons: Vec<MessageId>,
    /// The legs of the nation's definition that were not asked at this site.
    pub left_out: Vec<LeftOut>,
    /// The legs, in the definition's order.
    pub legs: Vec<LegReport>,
    /// The receipt as it was received.
    pub receipt_header: String,
    pub(crate) queries: Vec<(Query, Digest)>,
    pub(crate) definition: Definition,
}

/// One leg.
#[derive(Debug)]
pub struct LegReport {
    /// The leg's id.
    pub leg: MessageId,
    /// Its title in the definition.
    pub title: String,
    /// The verdict, from the owner's seal.
    pub verdict: Verdict,
    /// What the owner sealed, if it did.
    pub answer: Option<SealedAnswer>,
    /// Why it did not.
    pub refusal: Option<RefusalCode>,
    /// How the reservation was settled, and the state that the owner sealed.
    pub settlement: Option<(Operation, Option<String>)>,
    /// What the owner sealed of the settlement, e.g. the number that was drawn.
    pub settled: Option<SealedAnswer>,
    /// Whether this leg has an answer, a refusal, or will have none.
    pub arrived: bool,
}

impl Caller {
    /// Fetches a definition from the home broker and compares it with the directory.
    pub async fn definition(&self, name: &MessageId) -> Result<Definition, AskError> {
        let request = http::Request::get(format!("https://{}/v1/definitions/{name}", self.broker()?))
            .body(Bytes::new())
            .map_err(|error| AskError::Question(error.to_string()))?;
        let response = self.send_home(request).await?;
        if !response.status().is_success() {
            return Err(AskError::Question(format!("the broker has no bundle `{name}`")));
        }
        let definition: Definition = serde_json::from_slice(response.body())
            .map_err(|error| AskError::Unverified(format!("the definition: {error}")))?;
        let published = self.directory().definition(name);
        let bytes = serde_json::to_vec(&definition).unwrap_or_default();
        match published {
            Some(entry) if entry.version == definition.version && entry.digest.0 == sha256(&bytes) => Ok(definition),
            _ => Err(AskError::Unverified(format!("the definition `{name}` is not the one that the directory names"))),
        }
    }

    /// Asks a bundle. What has not arrived yet can be polled.
    pub async fn bundle(&self, definition: Definition, inputs: &Inputs) -> Result<BundleReport, AskError> {
        let id = Self::fresh_id()?;
        let queries = self.queries(&definition, inputs, &id)?;
        let (request, sent) = self.signed_legs(&definition, &id, &queries)?;
        let exchanged = self.send(request, sent).await?;
        let digested = |query: Query| {
            let digest = sha256(encoded(&query).as_bytes());
            (query, digest)
        };
        self.report(&id, &id, definition, queries.into_iter().map(digested).collect(), &exchanged)
    }

    /// The signed request of a bundle, for whoever looks at the response themselves.
    pub fn sign_bundle(&self, definition: &Definition, inputs: &Inputs) -> Result<http::Request<Bytes>, AskError> {
        let id = Self::fresh_id()?;
        let queries = self.queries(definition, inputs, &id)?;
        self.signed_legs(definition, &id, &queries).map(|(request, _)| request)
    }

    fn signed_legs(
        &self,
        definition: &Definition,
        id: &MessageId,
        queries: &[Query],
    ) -> Result<(http::Request<Bytes>, SentRequest), AskError> {
        let strings: Vec<_> = queries.iter().map(encoded).collect();
        let digest = |string: &String| format!(":{}:", BASE64_STANDARD.encode(sha256(string.as_bytes()).as_bytes()));
        self.signed(&Outgoing {
            path: "/v1/bundles",
            id,
            service: Some(format!("{}@{}", definition.id, definition.version)),
            legs: Some(strings.iter().map(digest).collect::<Vec<_>>().join(", ")),
            body: serde_json::to_vec(&strings).unwrap_or_default().into(),
        })
    }

    /// Asks how far a bundle has come.
    pub async fn poll(&self, report: BundleReport) -> Result<BundleReport, AskError> {
        let id = Self::fresh_id()?;
        let body = serde_json::json!({ "bundle": report.id }).to_string();
        let outgoing = Outgoing { path: "/v1/bundles/poll", id: &id, service: None, legs: None, body: body.into() };
        let exchanged = self.exchange(outgoing).await?;
        self.report(&report.id, &id, report.definition, report.queries, &exchanged)
    }

    /// The queries of a bundle of that id, one a leg, in the definition's order. All that is missing is named at once.
    pub fn queries(&self, definition: &Definition, inputs: &Inputs, id: &MessageId) -> Result<Vec<Query>, AskError> {
        let mut missing = Vec::new();
        let mut queries = Vec::new();
        for leg in &definition.legs {
            let key = inputs.key.as_ref().unwrap_or(id);
            let key = format!("{key}.{}", leg.id).parse().map_err(|error| AskError::Question(format!("{error}")))?;
            let (subject, ask) = (subject(leg, inputs, id, &mut missing)?, operands(leg, inputs, &key, &mut missing));
            let (Some(subject), Some(ask)) = (subject, ask) else { continue };
            let leg_id = format!("{id}.{}", leg.id).parse().map_err(|error| AskError::Question(format!("{error}")))?;
            let question = Question {
                service: leg.service.clone(),
                subject,
                ask,
                purpose: definition.purpose.clone(),
                case: inputs.case.clone(),
                official: inputs.official.clone(),
                on_behalf_of: inputs.on_behalf_of.clone(),
                message: None,
            };
            let reference =
                LegRef { definition: definition.id.clone(), version: definition.version, leg: leg.id.clone() };
            queries.push(Query { leg: Some(reference), ..self.query(question, leg_id) });
        }
        missing.sort();
        missing.dedup();
        if missing.is_empty() {
            Ok(queries)
        } else {
            Err(AskError::Question(format!("missing: {}", missing.join(", "))))
        }
    }

    fn report(
        &self,
        bundle: &MessageId,
        id: &MessageId,
        definition: Definition,
        queries: Vec<(Query, Digest)>,
        exchanged: &Exchanged,
    ) -> Result<BundleReport, AskError> {
        let body = verify::sealed_body(self, id, exchanged)?;
        let (receipt, receipt_header) = verify::receipt_of(self, id, exchanged)?;
        verify::entry_of_bundle(self, id, &definition, receipt.leaf())?;
        let answer: BundleAnswer = serde_json::from_slice(body)
            .map_err(|error| AskError::Unverified(format!("the bundle's answer: {error}")))?;
        if answer.bundle != *bundle || answer.definition != definition.id || answer.version != definition.version {
            return Err(AskError::Unverified("it is the answer to another bundle".to_owned()));
        }
        if answer.left_out != definition.left_out {
            return Err(AskError::Unverified(
                "what it says was left out is not what the definition leaves out".to_owned(),
            ));
        }
        let mut legs = Vec::with_capacity(definition.legs.len());
        for (leg, (query, digest)) in definition.legs.iter().zip(&queries) {
            let came = answer.legs.iter().find(|came| came.leg == leg.id);
            legs.push(self.leg_report(leg, query, digest, came, exchanged)?);
        }
        let outcome = recomputed(&definition, &legs, answer.complete);
        if outcome != answer.outcome {
            let what = "the broker's verdict is not the one that the owners' seals amount to";
            return Err(AskError::Unverified(what.to_owned()));
        }
        Ok(BundleReport {
            id: bundle.clone(),
            outcome,
            complete: answer.complete,
            word: definition.word(outcome).to_owned(),
            reasons: reasons(&definition, &legs, answer.complete),
            left_out: answer.left_out,
            legs,
            receipt_header,
            queries,
            definition,
        })
    }

    fn leg_report(
        &self,
        leg: &Leg,
        query: &Query,
        digest: &Digest,
        came: Option<&LegAnswer>,
        exchanged: &Exchanged,
    ) -> Result<LegReport, AskError> {
        let opened = |text: &String| verify::owners_answer(self, query, digest, text, exchanged.arrival);
        let logged = |text: &Option<String>, settles, receipt: &Option<String>| match text {
            Some(text) => {
                verify::decided_elsewhere(self, query, settles, text, receipt.as_deref(), exchanged.arrival).map(drop)
            }
            None => Ok(()),
        };
        let answer = came.and_then(|came| came.answer.as_ref()).map(opened).transpose()?;
        came.map_or(Ok(()), |came| logged(&came.answer, false, &came.receipt))?;
        let verdict = match (&answer, came) {
            (Some(answer), _) => leg_verdict(leg, answer.found()),
            (None, Some(came)) if !came.verdict.is_an_answer() => came.verdict,
            (None, Some(_)) => return Err(AskError::Unverified(format!("leg {}: a verdict without a seal", leg.id))),
            (None, None) => Verdict::Unknown,
        };
        if came.is_some_and(|came| came.verdict != verdict) {
            return Err(AskError::Unverified(format!("leg {}: the verdict is not the one that was sealed", leg.id)));
        }
        let settling = came.and_then(|came| came.settlement.as_ref());
        let settled = settling.and_then(|settling| settling.answer.as_ref()).map(opened).transpose()?;
        settling.map_or(Ok(()), |settling| logged(&settling.answer, true, &settling.receipt))?;
        let settlement = settling.map(|settling| (settling.operation, settled.as_ref().and_then(state)));
        let refusal = came.and_then(|came| came.refusal);
        let (leg, title) = (leg.id.clone(), leg.title.clone());
        Ok(LegReport { leg, title, verdict, answer, refusal, settlement, settled, arrived: came.is_some() })
    }
}

/// A leg's query as it stands in the body.
fn encoded(query: &Query) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(query.to_opening())
}

fn state(answer: &SealedAnswer) -> Option<String> {
    let (_, value) = answer.fields().iter().find(|(name, _)| name.as_str() == "state")?;
    value.as_text().map(str::to_owned)
}

fn verdicts(legs: &[LegReport]) -> BTreeMap<MessageId, Verdict> {
    legs.iter().map(|leg| (leg.leg.clone(), leg.verdict)).collect()
}

/// Why it is not clear, as far as the definition names classes. While more is to come nothing speaks against anybody.
fn reasons(definition: &Definition, legs: &[LegReport], complete: bool) -> Vec<MessageId> {
    let reasons = || definition.reasons(&verdicts(legs)).into_iter().cloned().collect();
    if complete { reasons() } else { Vec::new() }
}

/// The verdict rule on what the owners sealed. Until all is settled nothing is clear.
fn recomputed(definition: &Definition, legs: &[LegReport], complete: bool) -> Outcome {
    if !complete {
        return Outcome::Incomplete;
    }
    let outcome = definition.outcome(&verdicts(legs));
    let consumed = definition.reserving_legs().all(|reserving| {
        let settlement = legs.iter().find(|leg| leg.leg == reserving.id).and_then(|leg| leg.settlement.as_ref());
        matches!(settlement, Some((Operation::Consume, Some(state))) if state == Operation::Consume.leads_to())
    });
    settled(outcome, consumed)
}

/// The key of one leg from the inputs; the reference to a sample is the leg's own.
fn subject(
    leg: &Leg,
    inputs: &Inputs,
    id: &MessageId,
    missing: &mut Vec<String>,
) -> Result<Option<SubjectKey>, AskError> {
    if leg.subject == SubjectKind::Biometric {
        let sample = leg.sample(id).map_err(|error| AskError::Question(error.to_string()))?;
        return Ok(Some(SubjectKey::Biometric(sample)));
    }
    let given = inputs.subjects.iter().find(|key| SubjectKind::of(key) == leg.subject).cloned();
    if given.is_none() {
        missing.push(format!("a key of the kind {}", leg.subject));
    }
    Ok(given)
}

/// The operands of one leg from the inputs; what is missing is noted.
fn operands(leg: &Leg, inputs: &Inputs, key: &MessageId, missing: &mut Vec<String>) -> Option<Ask> {
    match leg.verb {
        Verb::Read => Some(Ask::Read(leg.fields.iter().cloned().collect())),
        Verb::Match => {
            let given = taken(&leg.fields, &inputs.values, missing)?;
            Some(Ask::Match(given.into_iter().chain(own_values(leg, inputs)).collect()))
        }
        Verb::Verify => taken(&leg.fields, &inputs.predicates, missing).map(Ask::Verify),
        Verb::Change => effect(leg, inputs, key, missing).map(Ask::Change),
    }
}

/// The values that the definition itself names, and those that tie the leg's key to the others.
fn own_values(leg: &Leg, inputs: &Inputs) -> BTreeMap<FieldName, Value> {
    let key = |part: KeyPart| inputs.subjects.iter().find_map(|key| part.of(key));
    let ties = leg.ties.iter().filter_map(|(field, part)| Some((field.clone(), key(*part)?)));
    leg.expect.clone().into_iter().chain(ties).collect()
}

/// The effect of one leg that changes something. What its definition names `receipt` is the receipt.
fn effect(leg: &Leg, inputs: &Inputs, key: &MessageId, missing: &mut Vec<String>) -> Option<Effect> {
    let (receipts, values): (Vec<_>, Vec<_>) =
        leg.fields.iter().cloned().partition(|name| name.as_str() == mohur_wire::query::RECEIPT);
    let receipt = if receipts.is_empty() { None } else { inputs.receipt.clone() };
    if receipt.is_none() && !receipts.is_empty() {
        missing.push(mohur_wire::query::RECEIPT.to_owned());
    }
    let given = taken(&values, &inputs.values, missing)?;
    let values = given.into_iter().chain(own_values(leg, inputs)).collect();
    (receipt.is_some() != receipts.is_empty()).then_some(())?;
    Some(Effect { operation: leg.operation?, receipt, values, key: key.clone() })
}

fn taken<V: Clone>(
    fields: &[FieldName],
    given: &BTreeMap<FieldName, V>,
    missing: &mut Vec<String>,
) -> Option<BTreeMap<FieldName, V>> {
    let absent = fields.iter().filter(|name| !given.contains_key(*name)).map(ToString::to_string);
    let before = missing.len();
    missing.extend(absent);
    (missing.len() == before)
        .then(|| fields.iter().filter_map(|name| Some((name.clone(), given.get(name)?.clone()))).collect())
}
