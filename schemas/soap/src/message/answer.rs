//! `m:answer` and `m:bundleAnswer`: what the owners sealed, and beside it the same values in XML for stock SOAP clients.

use std::collections::BTreeMap;

use mohur_wire::answer::Finding;
use mohur_wire::bundle::{BundleAnswer, LeftOut, LegAnswer, Outcome, Settlement};
use mohur_wire::{FieldName, MessageId, Operation, RefusalCode, ServiceId, Value, Verdict};

use super::children::{Children, one_of, text, wrong};
use super::{MAX_LEGS, value};
use crate::Element;
use crate::envelope::EnvelopeError;
use crate::write::{close, element, open};

const FINDINGS: &str = "found or absent";

/// The answer to a query. `Debug` shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The query's id.
    pub id: MessageId,
    /// The service that answered.
    pub service: ServiceId,
    /// The readable copy of what the owner sealed, as far as it was released.
    pub finding: Finding,
    /// The owner's seal: the SD-JWT with the disclosures that were released.
    pub sealed: Sealed,
}

/// A sealed answer's text. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub String);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// The readable copies of what the owners sealed for a bundle, by leg. `Debug` shows no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    /// The legs' answers.
    pub legs: BTreeMap<MessageId, Finding>,
    /// The answers to the settlements.
    pub settlements: BTreeMap<MessageId, Finding>,
}

/// Writes `m:answer`, canonical.
#[must_use]
pub fn answer_xml(answer: &Answered) -> String {
    let mut out = String::with_capacity(1024 + answer.sealed.0.len());
    out.push_str("<m:answer xmlns:m=\"urn:mohur:exchange:1\">");
    element(&mut out, "m:id", answer.id.as_str());
    element(&mut out, "m:service", answer.service.as_str());
    write_finding(&mut out, &answer.finding);
    element(&mut out, "m:sealed", &answer.sealed.0);
    close(&mut out, "m:answer");
    out
}

/// Writes `m:bundleAnswer`, canonical: the answer to the bundle or to the poll of that id.
#[must_use]
pub fn bundle_answer_xml(id: &MessageId, answer: &BundleAnswer, readable: &Readable) -> String {
    let mut out = String::with_capacity(4096);
    out.push_str("<m:bundleAnswer xmlns:m=\"urn:mohur:exchange:1\">");
    element(&mut out, "m:id", id.as_str());
    element(&mut out, "m:bundle", answer.bundle.as_str());
    element(&mut out, "m:definition", answer.definition.as_str());
    element(&mut out, "m:version", &answer.version.to_string());
    element(&mut out, "m:outcome", answer.outcome.as_str());
    element(&mut out, "m:complete", if answer.complete { "true" } else { "false" });
    if !answer.left_out.is_empty() {
        open(&mut out, "m:leftOut");
        for left_out in &answer.left_out {
            open(&mut out, "m:leg");
            element(&mut out, "m:id", left_out.id.as_str());
            element(&mut out, "m:title", &left_out.title);
            close(&mut out, "m:leg");
        }
        close(&mut out, "m:leftOut");
    }
    open(&mut out, "m:legs");
    for leg in &answer.legs {
        open(&mut out, "m:leg");
        element(&mut out, "m:id", leg.leg.as_str());
        element(&mut out, "m:verdict", leg.verdict.as_str());
        let said = Said { sealed: leg.answer.as_deref(), receipt: leg.receipt.as_deref(), refusal: leg.refusal };
        said.write(&mut out, readable.legs.get(&leg.leg));
        if let Some(settlement) = &leg.settlement {
            open(&mut out, "m:settlement");
            element(&mut out, "m:operation", settlement.operation.as_str());
            let finding = readable.settlements.get(&leg.leg);
            let (sealed, receipt) = (settlement.answer.as_deref(), settlement.receipt.as_deref());
            Said { sealed, receipt, refusal: settlement.refusal }.write(&mut out, finding);
            close(&mut out, "m:settlement");
        }
        close(&mut out, "m:leg");
    }
    close(&mut out, "m:legs");
    close(&mut out, "m:bundleAnswer");
    out
}

fn write_finding(out: &mut String, finding: &Finding) {
    match finding {
        Finding::Absent => element(out, "m:finding", "absent"),
        Finding::Found(fields) => {
            element(out, "m:finding", "found");
            open(out, "m:fields");
            fields.iter().for_each(|(name, one)| value::write(out, "field", Some(name), one));
            close(out, "m:fields");
        }
    }
}

/// What one owner said.
struct Said<T> {
    sealed: Option<T>,
    receipt: Option<T>,
    refusal: Option<RefusalCode>,
}

impl Said<&str> {
    /// Without a seal there is nothing to copy.
    fn write(&self, out: &mut String, finding: Option<&Finding>) {
        if let Some(sealed) = self.sealed {
            if let Some(finding) = finding {
                write_finding(out, finding);
            }
            element(out, "m:sealed", sealed);
        }
        if let Some(receipt) = self.receipt {
            element(out, "m:receipt", receipt);
        }
        if let Some(refusal) = self.refusal {
            element(out, "m:refusal", refusal.as_str());
        }
    }
}

/// Reads `m:answer`.
///
/// # Errors
/// [`EnvelopeError`] names the element and says where it stands.
pub fn answer(payload: Element<'_>) -> Result<Answered, EnvelopeError> {
    super::expect(payload, "answer")?;
    let mut children = Children::of(payload, &[])?;
    let (id, service) = (children.value("id")?, children.value("service")?);
    let finding = finding(&mut children)?.ok_or_else(|| wrong(payload, FINDINGS))?;
    let sealed = Sealed(text(children.next("sealed")?)?.into_owned());
    children.end()?;
    Ok(Answered { id, service, finding, sealed })
}

/// Reads `m:bundleAnswer`: the id of the message that it answers, the answer, and the readable copies.
///
/// # Errors
/// [`EnvelopeError`] names the element and says where it stands.
pub fn bundle_answer(payload: Element<'_>) -> Result<(MessageId, BundleAnswer, Readable), EnvelopeError> {
    super::expect(payload, "bundleAnswer")?;
    let mut children = Children::of(payload, &[])?;
    let (id, bundle) = (children.value("id")?, children.value("bundle")?);
    let (definition, version) = (children.value("definition")?, children.number("version")?);
    let outcome = children.next("outcome")?;
    let outcome = one_of(outcome, &Outcome::ALL, Outcome::as_str, "clear, not-clear or incomplete")?;
    let complete = one_of(children.next("complete")?, &[true, false], name_of_flag, "true or false")?;
    let left_out = children.next_if("leftOut").map(left_out).transpose()?.unwrap_or_default();
    let holders = Children::of(children.next("legs")?, &[])?.all("leg", (0, MAX_LEGS))?;
    children.end()?;
    let mut readable = Readable::default();
    let legs = holders.into_iter().map(|holder| leg(holder, &mut readable)).collect::<Result<_, _>>()?;
    Ok((id, BundleAnswer { bundle, definition, version, outcome, complete, left_out, legs }, readable))
}

fn left_out(holder: Element<'_>) -> Result<Vec<LeftOut>, EnvelopeError> {
    let legs = Children::of(holder, &[])?.all("leg", (1, MAX_LEGS))?;
    let read = |leg| {
        let mut children = Children::of(leg, &[])?;
        let (id, title) = (children.value("id")?, text(children.next("title")?)?.into_owned());
        children.end()?;
        Ok(LeftOut { id, title })
    };
    legs.into_iter().map(read).collect()
}

fn leg(holder: Element<'_>, readable: &mut Readable) -> Result<LegAnswer, EnvelopeError> {
    let mut children = Children::of(holder, &[])?;
    let leg: MessageId = children.value("id")?;
    let verdict = one_of(children.next("verdict")?, &Verdict::ALL, Verdict::as_str, "a verdict")?;
    if let Some(finding) = finding(&mut children)? {
        readable.legs.insert(leg.clone(), finding);
    }
    let Said { sealed: answer, receipt, refusal } = said(&mut children)?;
    let settlement = match children.next_if("settlement") {
        None => None,
        Some(holder) => {
            let mut parts = Children::of(holder, &[])?;
            let operation = parts.next("operation")?;
            let operation = one_of(operation, &Operation::ALL, Operation::as_str, "reserve, consume or release")?;
            if let Some(finding) = finding(&mut parts)? {
                readable.settlements.insert(leg.clone(), finding);
            }
            let Said { sealed: answer, receipt, refusal } = said(&mut parts)?;
            parts.end()?;
            Some(Settlement { operation, answer, receipt, refusal })
        }
    };
    children.end()?;
    Ok(LegAnswer { leg, verdict, answer, receipt, refusal, settlement })
}

fn finding(children: &mut Children<'_>) -> Result<Option<Finding>, EnvelopeError> {
    let Some(said) = children.next_if("finding") else { return Ok(None) };
    match text(said)?.as_ref() {
        "absent" => Ok(Some(Finding::Absent)),
        "found" => Ok(Some(Finding::Found(fields(children.next("fields")?)?))),
        _ => Err(wrong(said, FINDINGS)),
    }
}

fn fields(holder: Element<'_>) -> Result<BTreeMap<FieldName, Value>, EnvelopeError> {
    let mut map = BTreeMap::new();
    for field in Children::of(holder, &[])?.all("field", (0, usize::MAX))? {
        let (name, value) = value::named(field)?;
        if map.insert(name, value).is_some() {
            return Err(wrong(field, "each name once"));
        }
    }
    Ok(map)
}

fn said(children: &mut Children<'_>) -> Result<Said<String>, EnvelopeError> {
    let owned = |text: std::borrow::Cow<'_, str>| text.into_owned();
    let sealed = children.next_if("sealed").map(text).transpose()?.map(owned);
    let receipt = children.next_if("receipt").map(text).transpose()?.map(owned);
    let refusal = children.next_if("refusal");
    let refusal = refusal.map(|code| one_of(code, RefusalCode::ALL, RefusalCode::as_str, "a code of docs/errors.md"));
    Ok(Said { sealed, receipt, refusal: refusal.transpose()? })
}

const fn name_of_flag(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
