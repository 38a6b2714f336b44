//! Asks a bundle for everybody who may and everybody who may not, over both dialects.

use std::collections::BTreeMap;
use std::time::Duration;

use mohur_client::{AskError, BundleReport, Caller, Inputs};
use mohur_federation::{Bundled, Enveloped, SoapAnswer, ask};
use mohur_wire::SubjectKey;
use mohur_wire::bundle::{Definition, Outcome};
use serde_json::Value as Json;

use crate::asking::Callers;
use crate::page::{Line, Refused};
use crate::table::{self, filled};

/// A bundle about somebody, and the same about somebody else for the other dialect: a fee is used up once.
pub(crate) struct Bundling {
    pub(crate) row: u32,
    pub(crate) bundle: table::Bundle,
    pub(crate) records: [Json; 2],
}

/// How long a bundle may take.
const POLLS: u32 = 200;

impl Bundling {
    /// Asks for everybody who may, over REST and over SOAP.
    pub(crate) async fn granted(&self, callers: &Callers) -> Result<Vec<String>, String> {
        let [first, second] = &self.records;
        let mut left_out = Vec::new();
        for who in &self.bundle.asks {
            let caller = callers.named(who);
            let definition = self.definition(caller).await;
            let report = complete(caller, definition.clone(), &self.inputs(first)).await?;
            self.check(who, report.outcome, &legs(&report))?;
            if report.word != self.bundle.word {
                return Err(format!("row {}, {who}: the official is told {:?}", self.row, report.word));
            }
            let soap = complete_soap(caller, &definition, &self.inputs(second)).await?;
            let (answer, _) = soap.bundle();
            let told = answer.legs.iter().map(|leg| format!("{} {}", leg.leg, leg.verdict)).collect::<Vec<_>>();
            self.check(who, answer.outcome, &told.join(", "))?;
            if soap.receipt.is_none() {
                return Err(format!("row {}, {who} over SOAP: no receipt", self.row));
            }
            left_out = answer.left_out.iter().map(|leg| leg.id.to_string()).collect();
        }
        Ok(left_out)
    }

    /// Asks for everybody who may not: each leg is refused, and nothing is answered.
    pub(crate) async fn refused(&self, callers: &Callers) -> Result<Vec<Refused>, String> {
        let mut all = Vec::new();
        for who in &self.bundle.refused {
            let caller = callers.named(who);
            let definition = self.definition(caller).await;
            let inputs = self.inputs(&self.records[0]);
            let rest = match complete(caller, definition.clone(), &inputs).await {
                Ok(report) if report.legs.iter().all(|leg| leg.answer.is_none()) => report.outcome,
                other => return Err(format!("row {}, {who}, who may not: {other:?}", self.row)),
            };
            let soap = complete_soap(caller, &definition, &inputs).await?;
            let (answer, _) = soap.bundle();
            if rest != Outcome::Incomplete
                || answer.outcome != rest
                || answer.legs.iter().any(|leg| leg.answer.is_some())
            {
                return Err(format!("row {}, {who}, who may not: {rest:?} and {:?}", self.row, answer.outcome));
            }
            all.push(Refused { who: who.clone(), code: rest.as_str().to_owned() });
        }
        Ok(all)
    }

    /// The line of the page.
    pub(crate) fn line(&self, left_out: &[String], refused: Vec<Refused>) -> Line {
        let word = format!("{}: {}", self.bundle.outcome, self.bundle.word);
        let without = left_out.iter().map(|leg| format!("without: {leg}"));
        Line {
            row: self.row,
            service: self.bundle.definition.clone(),
            asked: self.bundle.asks.clone(),
            learned: [word].into_iter().chain(without).collect(),
            refused,
            protocol: "a bundle".to_owned(),
        }
    }

    async fn definition(&self, caller: &Caller) -> Definition {
        caller.definition(&self.bundle.definition.parse().unwrap()).await.unwrap()
    }

    fn inputs(&self, record: &Json) -> Inputs {
        let subject = |template: &Json| serde_json::from_value::<SubjectKey>(filled(template, record)).unwrap();
        let value = |(name, value): (&String, &Json)| {
            (ask::field(name), serde_json::from_value(filled(value, record)).unwrap())
        };
        let receipt = self.bundle.receipt.as_ref().map(|receipt| filled(&receipt.clone().into(), record));
        Inputs {
            subjects: self.bundle.subjects.iter().map(subject).collect(),
            case: Some(ask::CASE.parse().unwrap()),
            official: ask::OFFICIAL.parse().unwrap(),
            on_behalf_of: None,
            values: self.bundle.values.iter().map(value).collect(),
            predicates: BTreeMap::new(),
            receipt: receipt.map(|receipt| serde_json::from_value(receipt).unwrap()),
            key: None,
        }
    }

    fn check(&self, who: &str, outcome: Outcome, legs: &str) -> Result<(), String> {
        if outcome.as_str() == self.bundle.outcome {
            return Ok(());
        }
        Err(format!("row {} ({}), {who}: {outcome:?}: {legs}", self.row, self.bundle.definition))
    }
}

fn legs(report: &BundleReport) -> String {
    let leg = |leg: &mohur_client::LegReport| format!("{} {} {:?}", leg.leg, leg.verdict, leg.refusal);
    report.legs.iter().map(leg).collect::<Vec<_>>().join(", ")
}

async fn complete(caller: &Caller, definition: Definition, inputs: &Inputs) -> Result<BundleReport, String> {
    let said = |error: AskError| error.to_string();
    let mut report = caller.bundle(definition, inputs).await.map_err(said)?;
    for _ in 0..POLLS {
        if report.complete {
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = caller.poll(report).await.map_err(said)?;
    }
    Err("a bundle never ends".to_owned())
}

async fn complete_soap(caller: &Caller, definition: &Definition, inputs: &Inputs) -> Result<SoapAnswer, String> {
    let bundled = Bundled::built(caller, definition.id.as_str(), inputs, |_| {}).await;
    let mut answer = Enveloped::bundle(caller, &bundled).send(caller).await;
    for _ in 0..POLLS {
        if answer.bundle().0.complete {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = Enveloped::poll(caller, &bundled.id).send(caller).await;
    }
    Err("a bundle never ends over SOAP".to_owned())
}
