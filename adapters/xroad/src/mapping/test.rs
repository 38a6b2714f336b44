//! The test that a mapping file carries: a sample request, the query that it must become, and the answer it may get.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use mohur_client::Question;
use mohur_config::{ConfigError, ConfigErrors, Table};
use mohur_soap::{Document, Limits};
use mohur_wire::{MemberId, Query, Value};
use serde_json::Value as Json;

use super::answer::strings;
use super::file::{Mapping, Place};
use super::message::{Body, Message};
use crate::rest::RestHead;
use crate::soap::SoapMessage;
use crate::vocabulary::XRoadError;
use crate::whole::WholeRequest;

/// One test.
#[derive(Clone, Debug)]
pub struct TestCase {
    line: usize,
    request: Sample,
    target: String,
    headers: BTreeMap<String, String>,
    query: Json,
    answer: Option<(BTreeMap<String, Json>, String)>,
}

#[derive(Clone, Debug)]
enum Sample {
    Text(String),
    File(PathBuf),
}

impl TestCase {
    pub(super) fn read(table: &mut Table, is_rest: bool) -> Option<Self> {
        let (text, file) = (table.optional("request"), table.optional_path("request-file"));
        let request = match (text, file) {
            (Some(text), None) => Some(Sample::Text(text)),
            (None, Some(file)) => Some(Sample::File(file)),
            (None, None) if is_rest => Some(Sample::Text(String::new())),
            (_, _) => {
                table.error("request", "is missing, or there are two", "give request or request-file");
                None
            }
        };
        let target = if is_rest { table.required("target") } else { Some("/".to_owned()) };
        let headers = table.optional_table("headers").map(|mut headers| strings(&mut headers)).unwrap_or_default();
        let query = json(table, "query");
        let answer = (table.has("found") || table.has("answer")).then(|| {
            let (found, answer) = (json(table, "found"), table.required("answer"));
            let found = found.and_then(|found| serde_json::from_value(found).ok());
            Some((found?, answer?))
        });
        let answer = answer.map_or(Some(None), |answer| answer.map(Some));
        Some(Self { line: table.line(), request: request?, target: target?, headers, query: query?, answer: answer? })
    }
}

fn json(table: &mut Table, key: &str) -> Option<Json> {
    let text: String = table.required(key)?;
    let read = serde_json::from_str(&text);
    if read.is_err() {
        table.error(key, "is not JSON", "write an object, as in docs/xroad.md");
    }
    read.ok()
}

impl Mapping {
    /// Runs the file's tests; every failure at once. What a test compares is its own sample, so it may be shown.
    pub fn run_tests(&self, represents: &BTreeMap<String, MemberId>) -> Result<(), ConfigErrors> {
        let failed = |test: &TestCase, what: String| ConfigError {
            file: self.file.clone(),
            line: test.line,
            key: "test".to_owned(),
            what,
            remedy: "mend the mapping or the test".to_owned(),
        };
        let errors =
            self.tests.iter().filter_map(|test| self.run(test, represents).err().map(|what| failed(test, what)));
        ConfigErrors::of(errors.collect()).map_or(Ok(()), Err)
    }

    fn run(&self, test: &TestCase, represents: &BTreeMap<String, MemberId>) -> Result<(), String> {
        let request = match &test.request {
            Sample::Text(text) => text.clone(),
            Sample::File(file) => {
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?
            }
        };
        let said = |error: XRoadError| format!("the sample is refused: {}", error.message);
        match &self.place {
            Place::Soap => {
                let document =
                    Document::parse(request.trim(), &Limits::default()).map_err(|error| error.to_string())?;
                let sample = SoapMessage::request(&document).map_err(said)?;
                self.is_for(&sample.headers.client, &sample.headers.service)?;
                let message = Message::Soap { headers: &sample.headers, payload: sample.payload };
                self.compare(test, &message, represents, request.trim().as_bytes())
            }
            Place::Rest(method, _) => {
                let method = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
                let headers = header_map(&test.headers)?;
                let head = RestHead::read(&method, &test.target, &headers, &mut || "test".to_owned()).map_err(said)?;
                self.is_for(&head.client, &head.service)?;
                let named = self.place.named(&method, &head.path);
                let named = named.ok_or("the target does not have the shape of method and path")?;
                let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let body = Body::read(content_type, request.as_bytes(), &Limits::default()).map_err(said)?;
                self.compare(test, &Message::Rest { head: &head, named, body }, represents, request.as_bytes())
            }
        }
    }

    fn is_for(&self, client: &crate::ClientId, service: &crate::ServiceCode) -> Result<(), String> {
        if *service != self.asked {
            return Err(format!("the sample asks {service}, the mapping is for {}", self.asked));
        }
        if self.clients.contains(client) {
            Ok(())
        } else {
            Err(format!("the sample's client {client} is not in clients"))
        }
    }

    fn compare(
        &self,
        test: &TestCase,
        message: &Message<'_>,
        represents: &BTreeMap<String, MemberId>,
        request: &[u8],
    ) -> Result<(), String> {
        let whole = || {
            WholeRequest::soap(HeaderValue::from_static("text/xml"), None, Bytes::copy_from_slice(request)).enclosed()
        };
        let question = self.question(message, whole, represents);
        let question = question.map_err(|error| format!("the sample is refused: {}", error.message))?;
        let became = shown(question)?;
        if became != test.query {
            return Err(format!("the sample becomes {became}, not {}", test.query));
        }
        let (Some((found, expected)), Some(rule)) = (&test.answer, &self.answer) else { return Ok(()) };
        let fields: Result<BTreeMap<_, _>, String> = found
            .iter()
            .map(|(name, value)| Ok((name.parse().map_err(|error| format!("{error}"))?, scalar(value)?)))
            .collect();
        let told = rule.found(&fields?, self.subject_text(message).as_deref());
        let same = match (serde_json::from_str::<Json>(&told.text), serde_json::from_str::<Json>(expected)) {
            (Ok(told), Ok(expected)) => told == expected,
            (_, _) => told.text == expected.trim(),
        };
        if same { Ok(()) } else { Err(format!("the answer is told as {}", told.text)) }
    }
}

/// A question as the JSON of its opening, without what differs each time and the message that it may enclose.
fn shown(question: Question) -> Result<Json, String> {
    let wrong = |error: mohur_wire::ParseError| error.to_string();
    let query = Query {
        salt: mohur_wire::query::Salt([0; 32]),
        id: "test".parse().map_err(wrong)?,
        caller: question.service.owner().clone(),
        service: question.service,
        subject: question.subject,
        ask: question.ask,
        purpose: question.purpose,
        case: question.case,
        official: question.official,
        on_behalf_of: question.on_behalf_of,
        leg: None,
        message: question.message,
    };
    let mut json: Json = serde_json::from_slice(&query.to_opening()).map_err(|error| error.to_string())?;
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "salt" | "id" | "caller" | "message"));
    }
    Ok(json)
}

fn scalar(json: &Json) -> Result<Value, String> {
    serde_json::from_value(json.clone()).map_err(|error| format!("found: {error}"))
}

fn header_map(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| format!("headers: {error}"))?;
        map.append(name, HeaderValue::from_str(value).map_err(|error| format!("headers: {error}"))?);
    }
    Ok(map)
}
