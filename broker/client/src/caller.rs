//! Asking: one question, one answer, all of it checked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use mohur_chain::Trust;
use mohur_crypto::random_bytes;
use mohur_directory::{BrokerEntry, Domain, Domains, Snapshot};
use mohur_http::{Client, ClientError};
use mohur_message::http_signature::{SentRequest, header, sign_request};
use mohur_message::{KeySource, SealedAnswer, TrustedKeys};
use mohur_seal::Seal;
use mohur_transparency::VerifiedReceipt;
use mohur_wire::query::Salt;
use mohur_wire::{
    Arrival, Ask, CaseReference, Clock, Enclosed, MemberId, MessageId, Official, Purpose, Query, ServiceId, SubjectKey,
};

use crate::error::AskError;
use crate::verify;

/// A member that asks.
pub struct Caller {
    /// Who asks.
    pub me: MemberId,
    /// Its seal.
    pub seal: Arc<dyn Seal>,
    /// The way to its home broker.
    pub http: Client,
    /// Our own domain, and those whose answers count.
    pub domains: Domains,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// How long to wait for an answer.
    pub patience: Duration,
}

/// What is to be asked. Id and salt are added for each asking.
#[derive(Clone, Debug)]
pub struct Question {
    /// What.
    pub service: ServiceId,
    /// About whom.
    pub subject: SubjectKey,
    /// The verb with its operands.
    pub ask: Ask,
    /// Why.
    pub purpose: Purpose,
    /// The case.
    pub case: Option<CaseReference>,
    /// Who acts.
    pub official: Official,
    /// The body acted for.
    pub on_behalf_of: Option<MemberId>,
    /// A whole message of another protocol, for a service that answers such messages.
    pub message: Option<Enclosed>,
}

/// An answer of which everything was verified. `Debug` shows no value.
pub struct Answered {
    /// The question's id.
    pub id: MessageId,
    /// What the owner sealed, as far as it was released.
    pub answer: SealedAnswer,
    /// The sealed text itself, to keep as evidence.
    pub sealed: String,
    /// The verified receipt.
    pub receipt: VerifiedReceipt,
    /// The receipt as it was received, to keep beside the answer.
    pub receipt_header: String,
    /// The receipt of the broker that decided, verified, where that is not the home broker; to keep beside the other.
    pub provider_receipt: Option<String>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("id", &self.id).field("answer", &self.answer).finish_non_exhaustive()
    }
}

/// What goes into a signed request.
pub(crate) struct Outgoing<'a> {
    pub(crate) path: &'a str,
    pub(crate) id: &'a MessageId,
    pub(crate) service: Option<String>,
    pub(crate) legs: Option<String>,
    pub(crate) body: Bytes,
}

/// What came back, with what it must be checked against.
pub struct Exchanged {
    /// As it was received.
    pub response: http::Response<Bytes>,
    pub(crate) sent: SentRequest,
    pub(crate) arrival: Arrival,
}

impl Caller {
    /// Asks one question.
    pub async fn ask(&self, question: Question) -> Result<Answered, AskError> {
        let query = self.query(question, Self::fresh_id()?);
        let (request, sent) = self.sign(&query)?;
        let body = request.body().clone();
        let exchanged = self.send(request, sent).await?;
        self.check(&query, &body, &exchanged)
    }

    /// The signed request of a query.
    pub fn sign(&self, query: &Query) -> Result<(http::Request<Bytes>, SentRequest), AskError> {
        self.signed(&Outgoing {
            path: "/v1/query",
            id: &query.id,
            service: Some(query.service.to_string()),
            legs: None,
            body: query.to_opening().into(),
        })
    }

    /// Sends a signed request to the home broker, and to nobody else.
    pub async fn send(&self, request: http::Request<Bytes>, sent: SentRequest) -> Result<Exchanged, AskError> {
        let response = self.send_home(request).await?;
        Ok(Exchanged { response, sent, arrival: Arrival::read(&*self.clock) })
    }

    pub(crate) async fn send_home(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, AskError> {
        let home = &self.home()?.id;
        match self.http.send_to(home, request, self.patience).await {
            Ok(reply) => Ok(reply.response),
            Err(error @ ClientError::Stranger { .. }) => Err(AskError::Unverified(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks everything that an answer must prove.
    pub fn check(&self, query: &Query, opening: &[u8], exchanged: &Exchanged) -> Result<Answered, AskError> {
        verify::answer(self, query, opening, exchanged)
    }

    /// A new id: 128 random bits.
    pub fn fresh_id() -> Result<MessageId, AskError> {
        let text: String = random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        text.parse().map_err(|error| AskError::Question(format!("{error}")))
    }

    /// The query that a question becomes: with an id, and with fresh salt.
    pub fn query(&self, question: Question, id: MessageId) -> Query {
        Query {
            salt: Salt(random_bytes()),
            id,
            caller: self.me.clone(),
            service: question.service,
            subject: question.subject,
            ask: question.ask,
            purpose: question.purpose,
            case: question.case,
            official: question.official,
            on_behalf_of: question.on_behalf_of,
            leg: None,
            message: question.message,
        }
    }

    /// The signed directory of our own domain.
    pub const fn directory(&self) -> &Snapshot {
        &self.domains.home().directory
    }

    /// The certificate authorities of our own domain.
    pub fn trust(&self) -> &Trust {
        &self.domains.home().trust
    }

    /// The address of the home broker, from the directory.
    pub(crate) fn broker(&self) -> Result<&str, AskError> {
        self.home().map(|broker| broker.authority.as_str())
    }

    pub(crate) fn home(&self) -> Result<&BrokerEntry, AskError> {
        self.directory().broker_of(&self.me).ok_or_else(|| {
            AskError::Setup(format!("the directory does not know {}; ask the operator to enrol it", self.me))
        })
    }

    /// The seals of our own domain that count now.
    pub(crate) fn keys(&self, at: Arrival) -> impl KeySource + '_ {
        self.keys_of(self.domains.home(), at)
    }

    /// The seals of a domain that count now.
    pub(crate) fn keys_of<'a>(&'a self, domain: &'a Domain, at: Arrival) -> impl KeySource + 'a {
        TrustedKeys::new(|key_id| self.domains.seal(domain, key_id), &domain.trust, at.0)
    }

    /// The domain of a service's owner, if its answers count.
    pub(crate) fn domain_of(&self, service: &ServiceId, at: Arrival) -> Result<&Domain, AskError> {
        let instance = service.owner().instance();
        if !self.domains.may_answer(service) {
            let what = format!("the directory does not trust the domain {instance} to answer for {service}");
            return Err(AskError::Setup(what));
        }
        self.domains.named(instance, at.0).ok_or_else(|| {
            let what = format!("there is no current directory of the domain {instance}; compare [foreign.{instance}]");
            AskError::Setup(what)
        })
    }

    /// Signs and sends.
    pub(crate) async fn exchange(&self, outgoing: Outgoing<'_>) -> Result<Exchanged, AskError> {
        let (request, sent) = self.signed(&outgoing)?;
        self.send(request, sent).await
    }

    pub(crate) fn signed(&self, outgoing: &Outgoing<'_>) -> Result<(http::Request<Bytes>, SentRequest), AskError> {
        let setup = |error: &dyn std::fmt::Display| AskError::Setup(error.to_string());
        if !self.directory().is_current(self.clock.now()) {
            return Err(AskError::Setup("the directory has expired; fetch a current one".to_owned()));
        }
        let mut request = http::Request::post(format!("https://{}{}", self.broker()?, outgoing.path))
            .body(outgoing.body.clone())
            .map_err(|error| setup(&error))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        put(headers, header::CLIENT, self.me.as_str())?;
        put(headers, header::ID, outgoing.id.as_str())?;
        if let Some(service) = &outgoing.service {
            put(headers, header::SERVICE, service)?;
        }
        if let Some(legs) = &outgoing.legs {
            put(headers, header::LEGS, legs)?;
        }
        let (mut parts, body) = request.into_parts();
        let sent = sign_request(&mut parts, &body, &*self.seal, self.clock.now().as_second())
            .map_err(|error| setup(&error))?;
        Ok((http::Request::from_parts(parts, body), sent))
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), AskError> {
    let value =
        HeaderValue::from_str(value).map_err(|_| AskError::Question(format!("{name} cannot hold this value")))?;
    headers.insert(name, value);
    Ok(())
}
