//! The three operations of OSIA Data Access 1.3 that adapters use, with their replies read strictly.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use mohur_connection::{Call, Connection, ConnectionError, Settings};
use mohur_contract::{Context, RegistryError};
use mohur_wire::{Fin, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

const JSON: &str = "application/json";
/// The attribute that holds the number itself.
const UIN: &str = "uin";
/// Error codes for an attribute that the register does not know, and for one that has no value.
const NOTHING_THERE: [i64; 2] = [1023, 1024];

/// The register.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
}

/// What stands for an attribute in a reply.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Attribute {
    /// Its value.
    Value(Value),
    /// Why there is none.
    Error(ErrorBody),
}

/// OSIA's error: a code and a message for people, which is not passed on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorBody {
    code: i64,
    #[serde(rename = "message")]
    _message: String,
}

/// Why an attribute did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// `errorCode` 0: the attribute does not exist.
    Missing,
    /// `errorCode` 1: it exists and does not match.
    Differs,
}

/// What a verification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    /// The register does not have the attribute.
    Unknown,
}

/// One expression of `verifyPersonAttributes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Expression {
    attribute_name: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) value: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchingError {
    attribute_name: String,
    error_code: i64,
}

impl ErrorBody {
    pub(crate) fn says_nothing_there(&self) -> bool {
        NOTHING_THERE.contains(&self.code)
    }
}

impl Expression {
    pub(crate) const fn new(attribute_name: &'static str, operator: &'static str, value: serde_json::Value) -> Self {
        Self { attribute_name, operator, value }
    }
}

impl Client {
    pub(crate) fn open(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)? })
    }

    /// `readPersonAttributes`: whom the register speaks of, and the attributes; `None` for an unknown UIN.
    pub(crate) async fn read(
        &self,
        fin: Fin,
        names: &[&'static str],
        context: &Context,
    ) -> Result<Option<(Fin, BTreeMap<String, Attribute>)>, RegistryError> {
        let names: String = names.iter().map(|name| format!("&attributeNames={name}")).collect();
        let target = format!("/v1/persons/{fin}?attributeNames={UIN}{names}");
        let call = Call { method: Method::GET, target: &target, content_type: None, accept: JSON, body: Bytes::new() };
        let response = self.connection.send(call, context).await?;
        let Some(held) = parse::<BTreeMap<String, Attribute>>(&response, "the attributes")? else { return Ok(None) };
        let subject = match held.get(UIN) {
            Some(Attribute::Value(Value::Text(text))) => text.parse().ok(),
            _ => None,
        };
        let subject = subject.ok_or(RegistryError::Invalid("the reply does not say whom it is about (uin)"))?;
        Ok(Some((subject, held)))
    }

    /// `matchPersonAttributes`: what does not match; `None` for an unknown UIN.
    pub(crate) async fn compare(
        &self,
        fin: Fin,
        given: &BTreeMap<&'static str, String>,
        context: &Context,
    ) -> Result<Option<BTreeMap<String, Difference>>, RegistryError> {
        let mut attributes: BTreeMap<&str, serde_json::Value> =
            given.iter().map(|(name, value)| (*name, json!(value))).collect();
        attributes.insert(UIN, json!(fin));
        let response = self.post(&format!("/v1/persons/{fin}/match"), &attributes, context).await?;
        let Some(errors) = parse::<Vec<MatchingError>>(&response, "the list of differences")? else { return Ok(None) };
        let mut differing = BTreeMap::new();
        for error in errors {
            let difference = match error.error_code {
                0 => Difference::Missing,
                1 => Difference::Differs,
                _ => return Err(RegistryError::Invalid("errorCode is neither 0 nor 1")),
            };
            differing.insert(error.attribute_name, difference);
        }
        match differing.get(UIN) {
            None => Ok(Some(differing)),
            Some(Difference::Differs) => Err(RegistryError::OtherSubject),
            Some(Difference::Missing) => Err(RegistryError::Invalid("the register has no attribute uin")),
        }
    }

    /// `verifyPersonAttributes` with the number and at most one more expression; `None` for an unknown UIN.
    pub(crate) async fn verify(
        &self,
        fin: Fin,
        expression: Option<&Expression>,
        context: &Context,
    ) -> Result<Option<Truth>, RegistryError> {
        let number = Expression::new(UIN, "=", json!(fin));
        let expressions: Vec<_> = std::iter::once(&number).chain(expression).collect();
        let response = self.post(&format!("/v1/persons/{fin}/verify"), &expressions, context).await?;
        if response.status() == StatusCode::BAD_REQUEST {
            let error: Option<ErrorBody> = serde_json::from_slice(response.body()).ok();
            if error.is_some_and(|error| error.says_nothing_there()) {
                return Ok(Some(Truth::Unknown));
            }
        }
        let truth = parse::<bool>(&response, "true or false")?;
        Ok(truth.map(|truth| if truth { Truth::Yes } else { Truth::No }))
    }

    /// `queryPersonList` without a query: anything but an error of the server shows that it is there.
    pub(crate) async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.connection.reach("/v1/persons", context).await
    }

    async fn post(
        &self,
        target: &str,
        body: &impl Serialize,
        context: &Context,
    ) -> Result<Response<Bytes>, RegistryError> {
        // INVARIANT: maps have string keys and no value can fail to serialise.
        let body = serde_json::to_vec(body).unwrap_or_default().into();
        let call = Call { method: Method::POST, target, content_type: Some(JSON), accept: JSON, body };
        self.connection.send(call, context).await
    }
}

/// The body of a 200; `None` for a 404. Everything else is not a reply of the protocol.
fn parse<T: serde::de::DeserializeOwned>(
    response: &Response<Bytes>,
    what: &'static str,
) -> Result<Option<T>, RegistryError> {
    match response.status() {
        StatusCode::OK => serde_json::from_slice(response.body()).map(Some).map_err(|_| RegistryError::Invalid(what)),
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::BAD_REQUEST => Err(RegistryError::Invalid("the register does not accept the request (HTTP 400)")),
        _ => Err(RegistryError::Invalid("an HTTP status that OSIA does not name")),
    }
}
