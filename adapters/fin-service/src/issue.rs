//! `issue/v1`: a number for a person who has none. The identity is held for one case; the number is drawn when the whole case is
//! clear, once for each idempotency key: OSIA's `generateUIN` issues by transaction, and the transaction is the key's.

use http::{Method, StatusCode};
use mohur_connection::Call;
use mohur_contract::{Context, LedgerError, RegistryError, Settle};
use mohur_reservation::{Begun, Outcome, Reservations, check_settlement, item};
use mohur_wire::answer::Finding;
use mohur_wire::subject::NameAndBirthDate;
use mohur_wire::{Answer, Ask, Effect, FieldName, Fin, Operation, Query, SubjectKey, Value, names, names_match};
use serde_json::{Map, Value as Json, json};

use crate::{FinService, JSON};

/// A file of this identity has a number.
const KNOWN: &str = "already-known";
/// A file of the same or a similar identity has a link that the adjudicators have not cleared.
const LINKED: &str = "link-open";
/// OSIA's code for an identity that has a number already.
const SAME_IDENTITY: i64 = 1101;

/// The identity for which a number is asked.
struct Identity<'q> {
    who: &'q NameAndBirthDate,
    attributes: Map<String, Json>,
    /// What is reserved: the same for two spellings of one name.
    item: String,
}

/// What a `generateUIN` came to.
enum Drawn {
    Number(Fin),
    Known,
}

impl FinService {
    pub(crate) async fn issue(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let Ask::Change(effect) = &query.ask else {
            return Err(RegistryError::Unsupported("this service takes the verb change"));
        };
        if effect.operation != Operation::Reserve {
            return Err(RegistryError::Unsupported(
                "this service takes a reserve, which is settled with its signature",
            ));
        }
        let identity = Identity::of(query, effect)?;
        match &context.settle {
            None => self.hold(query, effect, &identity, context).await,
            Some(settle) => self.settle(query, effect, settle, &identity, context).await,
        }
    }

    /// Holds the identity, if it has no number and nothing is open about it. Nothing is drawn yet.
    async fn hold(
        &self,
        query: &Query,
        effect: &Effect,
        identity: &Identity<'_>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let reservations = self.reservations()?;
        if let Some(first) = reservations.earlier(&query.caller, &identity.item, effect).await? {
            return Ok(told(&query.subject, &first, None));
        }
        let counts = self.search(identity.who, context).await?;
        if counts.linked > 0 {
            return Ok(only(&query.subject, LINKED));
        }
        if counts.same > 0 {
            return Ok(only(&query.subject, KNOWN));
        }
        let outcome = reservations.change(&query.caller, &identity.item, effect, context.arrival.0).await?;
        Ok(told(&query.subject, &outcome, None))
    }

    async fn settle(
        &self,
        query: &Query,
        effect: &Effect,
        settle: &Settle,
        identity: &Identity<'_>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        check_settlement(effect, settle)?;
        let (reservations, item) = (self.reservations()?, identity.item.as_str());
        let (caller, key, now) = (&query.caller, &effect.key, context.arrival.0);
        // Whether this very identity was reserved: the key of another one settles nothing.
        if reservations.earlier(caller, item, effect).await?.is_none() {
            return Err(RegistryError::Settlement("there is no such reservation of this caller"));
        }
        if settle.operation != Operation::Consume {
            let outcome = reservations.settle(caller, item, key, settle.operation, now).await?;
            return Ok(told(&query.subject, &outcome, None));
        }
        let held = match reservations.begin(caller, item, key, now).await? {
            Begun::Already(outcome) if outcome.state != mohur_reservation::State::Consumed => {
                return Ok(told(&query.subject, &outcome, None));
            }
            // The register gives the same number to the same transaction: whoever lost the answer has it again.
            held @ (Begun::Already(_) | Begun::Apply) => held,
        };
        match (self.generate(query, effect, identity, context).await?, held) {
            (Drawn::Number(fin), Begun::Already(outcome)) => Ok(told(&query.subject, &outcome, Some(fin))),
            (Drawn::Number(fin), Begun::Apply) => {
                let outcome = reservations.finish(caller, item, key).await?;
                Ok(told(&query.subject, &outcome, Some(fin)))
            }
            (Drawn::Known, _) => {
                reservations.abandon(caller, item, key).await?;
                Ok(only(&query.subject, KNOWN))
            }
        }
    }

    fn reservations(&self) -> Result<&Reservations, RegistryError> {
        let missing = || LedgerError("this adapter was given none, and a change needs one".to_owned());
        Ok(self.reservations.as_ref().ok_or_else(missing)?)
    }

    /// OSIA UIN 1.2, `generateUIN`.
    async fn generate(
        &self,
        query: &Query,
        effect: &Effect,
        identity: &Identity<'_>,
        context: &Context,
    ) -> Result<Drawn, RegistryError> {
        // A digest of caller and key: of a form that may stand in an address, and nobody else's.
        let transaction = item("issue", &[query.caller.as_str(), effect.key.as_str()]);
        let target = format!("/v1/uin?transactionId={transaction}");
        // INVARIANT: texts cannot fail to serialise.
        let body = serde_json::to_vec(&identity.attributes).unwrap_or_default().into();
        let call = Call { method: Method::POST, target: &target, content_type: Some(JSON), accept: JSON, body };
        let response = self.connection.send(call, context).await?;
        match response.status() {
            StatusCode::OK => {
                let read = serde_json::from_slice(response.body());
                read.map(Drawn::Number).map_err(|_| RegistryError::Invalid("the reply to a generateUIN is no number"))
            }
            StatusCode::BAD_REQUEST if says(response.body(), SAME_IDENTITY) => Ok(Drawn::Known),
            _ => Err(RegistryError::Invalid("the FIN service refuses to issue for a reason that it does not name")),
        }
    }
}

fn says(body: &[u8], code: i64) -> bool {
    let said: Option<Json> = serde_json::from_slice(body).ok();
    said.is_some_and(|said| said.get("code").and_then(Json::as_i64) == Some(code))
}

impl<'q> Identity<'q> {
    /// The name of the subject must be that of the values: it is searched by the one and issued for the others.
    fn of(query: &'q Query, effect: &Effect) -> Result<Self, RegistryError> {
        let SubjectKey::NameAndBirthDate(who) = &query.subject else {
            return Err(RegistryError::Unsupported("this service is keyed by name-and-birth-date"));
        };
        if effect.receipt.is_some() {
            return Err(RegistryError::Unsupported("this service takes no receipt"));
        }
        let mut attributes = Map::from_iter([("dateOfBirth".to_owned(), json!(who.birth_date))]);
        for (name, value) in &effect.values {
            let text = value.as_text().filter(|text| !text.trim().is_empty());
            let text = text.ok_or(RegistryError::Unsupported("the values of an identity are texts"))?;
            let attribute = match name.as_str() {
                "familyName" => "lastName",
                "givenName" => "firstName",
                "patronymic" => "patronymic",
                "sex" if matches!(text, "M" | "F") => "gender",
                "sex" => return Err(RegistryError::Unsupported("sex is M or F")),
                _ => return Err(RegistryError::Unsupported("it takes familyName, givenName, patronymic and sex")),
            };
            attributes.insert(attribute.to_owned(), json!(text));
        }
        let text = |name: &str| attributes.get(name).and_then(Json::as_str);
        let (Some(family), Some(given)) = (text("lastName"), text("firstName")) else {
            return Err(RegistryError::Unsupported("it needs familyName and givenName"));
        };
        if !names_match(who.name.as_str(), &format!("{family} {given}")) {
            return Err(RegistryError::Unsupported("the subject's name is not familyName and givenName"));
        }
        let item = item("identity", &[&names::fold(who.name.as_str()).0, who.birth_date.as_str()]);
        Ok(Self { who, attributes, item })
    }
}

/// `state`, for what was reserved `reservation` and `expires`, and the number where one was issued.
fn told(subject: &SubjectKey, outcome: &Outcome, fin: Option<Fin>) -> Answer {
    let reservation = outcome.reservation.as_ref().map(|id| ("reservation", id.to_string()));
    let expires = outcome.expires.map(|at| ("expires", at.to_string()));
    let number = fin.map(|fin| ("fin", fin.to_string()));
    with(subject, [Some(("state", outcome.state.as_str().to_owned())), reservation, expires, number])
}

/// The state alone, of an identity that gets no number.
fn only(subject: &SubjectKey, state: &str) -> Answer {
    with(subject, [Some(("state", state.to_owned())), None, None, None])
}

fn with(subject: &SubjectKey, texts: [Option<(&str, String)>; 4]) -> Answer {
    let field = |(name, text): (&str, String)| Some((name.parse::<FieldName>().ok()?, Value::text(text)));
    let fields = texts.into_iter().flatten().filter_map(field).collect();
    Answer { subject: subject.clone(), finding: Finding::Found(fields) }
}
