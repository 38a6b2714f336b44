//! Asks one question for everybody who may and everybody who may not, over both dialects.

use std::collections::BTreeMap;

use mohur_client::{AskError, Caller, Question};
use mohur_federation::{Enveloped, Federation, Said, ask};
use mohur_message::SealedAnswer;
use mohur_transparency::VerifiedReceipt;
use mohur_wire::{Ask, Effect, FieldName, RefusalCode, SubjectKey, Value};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::documents;
use crate::page::Refused;
use crate::table::{self, filled};

/// Stands for a value that must come and that no table holds.
const ANY: &str = "*";

type Fields = BTreeMap<FieldName, Value>;

/// Everybody who asks, by name.
pub(crate) struct Callers(BTreeMap<String, Caller>);

/// A question about somebody.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) row: u32,
    pub(crate) question: table::Question,
    pub(crate) record: Json,
    pub(crate) purposes: BTreeMap<String, String>,
}

/// What one message asks, and what must come.
struct Step {
    ask: Ask,
    expected: Fields,
    /// Fields of which it must only be seen that they come: a photograph is in no table.
    any: Vec<FieldName>,
}

impl Callers {
    /// Everybody of the cast.
    pub(crate) fn of(federation: &Federation) -> Self {
        let names = federation.nation.cast().callers.iter().map(|part| part.name.clone());
        Self(names.map(|name| (name.clone(), federation.caller(&name))).collect())
    }

    /// The one of that name.
    pub(crate) fn named(&self, name: &str) -> &Caller {
        self.0.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }
}

impl Asking {
    /// Asks for everybody who may, twice: what comes must be what the country holds, sealed by the owner and receipted. A change
    /// that is asked a second time, over the other dialect and under the same key, is the first one's effect.
    pub(crate) async fn granted(&self, callers: &Callers) -> Result<(), String> {
        if let Some(search) = &self.question.search {
            return Box::pin(self.found(search, callers).await?.granted(callers)).await;
        }
        for who in &self.question.asks {
            let caller = callers.named(who);
            for step in self.steps(who) {
                self.over_rest(callers, caller, who, &step).await.map_err(|what| self.told(who, "REST", &what))?;
            }
            for step in self.steps(who) {
                self.over_soap(callers, caller, who, &step).await.map_err(|what| self.told(who, "SOAP", &what))?;
            }
        }
        Ok(())
    }

    /// The same question about what a search finds.
    async fn found(&self, search: &table::Search, callers: &Callers) -> Result<Self, String> {
        let field = ask::field(&search.field);
        let question = Question {
            subject: serde_json::from_value(filled(&search.subject, &self.record)).unwrap(),
            purpose: self.purposes[&search.who].parse().unwrap(),
            ..ask::read(&search.service, "5ABCDE1".parse().unwrap(), &[&search.field])
        };
        let answered = callers.named(&search.who).ask(question).await;
        let answered = answered.map_err(|error| self.told(&search.who, "REST", &error.to_string()))?;
        let mut second = self.clone();
        second.question.search = None;
        second.record["key"] = answered.answer.fields()[&field].to_string().into();
        Ok(second)
    }

    /// Asks for everybody who may not, twice: both are refused, under the broker's seal and with a receipt.
    pub(crate) async fn refused(&self, callers: &Callers) -> Result<Vec<Refused>, String> {
        let mut all = Vec::new();
        for who in &self.question.refused {
            let caller = callers.named(who);
            let step = self.steps(who).remove(0);
            let rest = match caller.ask(self.question(who, &step)).await {
                Err(AskError::Refused(refused)) if refused.receipt.is_some() => refused.problem.code,
                other => return Err(self.told(who, "REST", &format!("not refused: {other:?}"))),
            };
            let said = Enveloped::new(caller, self.question(who, &step)).send(caller).await;
            let soap = match (&said.said, &said.receipt) {
                (Said::Refused(refusal, _), Some(_)) => refusal.code,
                other => return Err(self.told(who, "SOAP", &format!("not refused: {other:?}"))),
            };
            if rest != soap || !matches!(rest, RefusalCode::Denied | RefusalCode::NotAvailable) {
                return Err(self.told(who, "both", &format!("{rest} over REST, {soap} over SOAP")));
            }
            all.push(Refused { who: who.clone(), code: rest.to_string() });
        }
        Ok(all)
    }

    /// The question of one step, as that caller asks it.
    fn question(&self, who: &str, step: &Step) -> Question {
        let subject: SubjectKey = serde_json::from_value(filled(&self.question.subject, &self.record)).unwrap();
        Question {
            service: self.question.service.parse().unwrap(),
            subject,
            ask: step.ask.clone(),
            purpose: self.question.purpose.as_ref().unwrap_or(&self.purposes[who]).parse().unwrap(),
            case: Some(ask::CASE.parse().unwrap()),
            official: ask::OFFICIAL.parse().unwrap(),
            on_behalf_of: None,
            message: None,
        }
    }

    async fn over_rest(&self, callers: &Callers, caller: &Caller, who: &str, step: &Step) -> Result<(), String> {
        let answered = caller.ask(self.question(who, step)).await.map_err(|error| error.to_string())?;
        if answered.receipt.leaf().id.as_ref() != Some(&answered.id) {
            return Err("the receipt is another message's".to_owned());
        }
        for to in &self.question.handed_to {
            documents::handed_on(callers.named(to), &answered.sealed)?;
            documents::receipted(callers.named(to), &answered.receipt_header)?;
        }
        self.check(caller, &answered.answer, &answered.receipt, step)
    }

    async fn over_soap(&self, callers: &Callers, caller: &Caller, who: &str, step: &Step) -> Result<(), String> {
        let said = Enveloped::new(caller, self.question(who, step)).send(caller).await;
        let (Said::Answer(answered, sealed), Some(receipt)) = (&said.said, &said.receipt) else {
            return Err(format!("{:?}", said.said));
        };
        for to in &self.question.handed_to {
            documents::handed_on(callers.named(to), &answered.sealed.0)?;
        }
        self.check(caller, sealed, receipt, step)
    }

    /// What came is what the country holds, from the owner, for this caller.
    fn check(&self, me: &Caller, answer: &SealedAnswer, receipt: &VerifiedReceipt, step: &Step) -> Result<(), String> {
        let service = self.question.service.parse().unwrap();
        if answer.service() != &service || answer.issuer() != service.owner() {
            return Err(format!("sealed by {} for {}", answer.issuer(), answer.service()));
        }
        if receipt.leaf().consumer != me.me {
            return Err("the receipt is another member's".to_owned());
        }
        let mut came = answer.fields().clone();
        if matches!(step.ask, Ask::Change(_)) {
            // The reservation and when it expires are the register's own.
            came.retain(|name, _| step.expected.contains_key(name));
        }
        if step.any.iter().any(|name| came.remove(name).is_none_or(|value| value.as_text() == Some(""))) {
            return Err("a field without its value".to_owned());
        }
        if came == step.expected && answer.is_found() {
            return Ok(());
        }
        Err(format!("{} came, and the country holds {}", texts(&came), texts(&step.expected)))
    }

    /// The messages that the question takes, in their order.
    fn steps(&self, who: &str) -> Vec<Step> {
        let table::Question { read, compared, verify, change, .. } = &self.question;
        match (read, compared, verify, change) {
            (Some(fields), None, None, None) => {
                let (any, known): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| *value == ANY);
                let values = known.into_iter().map(|(name, value)| (ask::field(name), filled(value, &self.record)));
                let held = values.filter(|(_, value)| !value.is_null());
                let expected = held.map(|(name, value)| (name, serde_json::from_value(value).unwrap())).collect();
                let any = any.into_iter().map(|(name, _)| ask::field(name)).collect();
                vec![Step { ask: Ask::Read(fields.keys().map(|name| ask::field(name)).collect()), expected, any }]
            }
            (None, Some(values), None, None) => vec![self.compared(Ask::Match(self.typed(values)), values)],
            (None, None, Some(predicates), None) => {
                vec![self.compared(Ask::Verify(self.typed(predicates)), predicates)]
            }
            (None, None, None, Some(change)) => {
                change.steps.iter().map(|step| self.changed(who, change, step)).collect()
            }
            _ => panic!("row {}: one verb", self.row),
        }
    }

    fn compared(&self, ask: Ask, named: &BTreeMap<String, Json>) -> Step {
        let verdict = Value::text(self.question.verdict().to_owned());
        let expected = named.keys().map(|name| (ask::field(name), verdict.clone())).collect();
        Step { ask, expected, any: Vec::new() }
    }

    fn changed(&self, who: &str, change: &table::Change, [operation, state]: &[String; 2]) -> Step {
        let receipt = change.receipt.clone().map(|receipt| filled(&receipt.into(), &self.record));
        let is_first = change.steps.first().is_some_and(|[first, _]| first == operation);
        let effect = Effect {
            operation: serde_json::from_value(operation.clone().into()).unwrap(),
            receipt: receipt.map(|receipt| serde_json::from_value(receipt).unwrap()),
            values: if is_first { self.typed(&change.values) } else { BTreeMap::new() },
            key: format!("coverage-{}-{who}-{operation}", self.row).parse().unwrap(),
        };
        let expected = [(ask::field("state"), Value::text(state.clone()))].into();
        Step { ask: Ask::Change(effect), expected, any: Vec::new() }
    }

    fn typed<T: DeserializeOwned>(&self, values: &BTreeMap<String, Json>) -> BTreeMap<FieldName, T> {
        let typed = |(name, value): (&String, &Json)| {
            (ask::field(name), serde_json::from_value(filled(value, &self.record)).unwrap())
        };
        values.iter().map(typed).collect()
    }

    fn told(&self, who: &str, dialect: &str, what: &str) -> String {
        format!("row {} ({}), {who} over {dialect}: {what}", self.row, self.question.service)
    }
}

fn texts(fields: &Fields) -> String {
    let texts: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    texts.join(", ")
}
