//! A signed request that a test can spoil before it is sent.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use mohur_client::{Answered, AskError, Caller, Question, Refused};
use mohur_message::http_signature::SentRequest;
use mohur_seal::Seal;
use mohur_wire::refusal::Problem;
use mohur_wire::{Query, RefusalCode};

/// A question, signed and not yet sent.
#[derive(Clone)]
pub struct Signed {
    /// What is asked.
    pub query: Query,
    /// The bytes that the owner's answer must be bound to.
    pub opening: Bytes,
    /// The request as it will be sent.
    pub request: Request<Bytes>,
    /// The request as it was signed.
    pub sent: SentRequest,
}

impl Signed {
    /// Signs a question under a fresh id.
    pub fn new(caller: &Caller, question: Question) -> Self {
        Self::of(caller, caller.query(question, Caller::fresh_id().unwrap()))
    }

    /// Signs a query as it is.
    pub fn of(caller: &Caller, query: Query) -> Self {
        let (request, sent) = caller.sign(&query).unwrap();
        Self { opening: request.body().clone(), query, request, sent }
    }

    /// Sends the request, and believes nothing that does not prove itself.
    pub async fn send(&self, caller: &Caller) -> Result<Answered, AskError> {
        let exchanged = caller.send(self.request.clone(), self.sent.clone()).await?;
        caller.check(&self.query, &self.opening, &exchanged)
    }

    /// Sends the request, and takes the response as it comes.
    pub async fn raw(&self, caller: &Caller) -> Response<Bytes> {
        caller.http.send(self.request.clone(), caller.patience).await.unwrap().response
    }

    /// Sends the request, which must be refused, sealed and logged. The client checks the seal where what was signed is what
    /// was sent; where it is not, the test looks at the response's form only.
    pub async fn refusal(&self, caller: &Caller) -> RefusalCode {
        problem(&self.raw(caller).await).code
    }
}

/// The refusal under the broker's seal that must have come.
pub fn refused<T: std::fmt::Debug>(result: Result<T, AskError>) -> Box<Refused> {
    match result {
        Err(AskError::Refused(refused)) => refused,
        other => panic!("a sealed refusal was expected, not {other:?}"),
    }
}

/// Its code.
pub fn code<T: std::fmt::Debug>(result: Result<T, AskError>) -> RefusalCode {
    refused(result).problem.code
}

/// The problem in a response of an authenticated peer, which must be sealed and have a receipt.
pub fn problem(response: &Response<Bytes>) -> Problem {
    let problem: Problem = serde_json::from_slice(response.body()).expect("a problem document");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.status().as_u16(), problem.status);
    for header in ["signature-input", "signature", "content-digest"] {
        assert!(response.headers().contains_key(header), "{}: sealed ({header})", problem.code);
    }
    let is_logged = response.headers().contains_key("mohur-receipt");
    assert_eq!(is_logged, problem.code != RefusalCode::JournalUnavailable, "{}: logged", problem.code);
    problem
}

/// Signs a request by hand, as RFC 9421 says, covering these components and nothing else, with these parameters.
pub fn sign_by_hand(request: &mut Request<Bytes>, seal: &dyn Seal, components: &[&str], parameters: &str) {
    let covered = components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
    let input = format!("({covered}){parameters}");
    let mut base = String::new();
    for name in components {
        let value = match *name {
            "@method" => request.method().to_string(),
            "@authority" => request.uri().authority().unwrap().to_string(),
            "@path" => request.uri().path().to_owned(),
            "@target-uri" => request.uri().to_string(),
            header => request.headers()[header].to_str().unwrap().to_owned(),
        };
        writeln!(base, "\"{name}\": {value}").unwrap();
    }
    write!(base, "\"@signature-params\": {input}").unwrap();
    let signature = BASE64_STANDARD.encode(seal.sign(base.as_bytes()).unwrap());
    let put = |text: String| HeaderValue::from_str(&text).unwrap();
    request.headers_mut().insert("signature-input", put(format!("hand={input}")));
    request.headers_mut().insert("signature", put(format!("hand=:{signature}:")));
}
