//! Asking the authority online.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use mohur_http::{Client, ClientLimits};
use mohur_seal::Zeroizing;
use mohur_transport::{ServiceIdentity, service_client};
use mohur_wire::Clock;
use serde::{Deserialize, Serialize};

use crate::EnrolError;

/// What is enrolled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrols {
    /// A certificate with which connections are opened and accepted: issued at once.
    Tls,
    /// A seal: issued when two officers have approved.
    Seal,
}

impl Enrols {
    /// As it stands in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Seal => "seal",
        }
    }
}

impl FromStr for Enrols {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Tls, Self::Seal].into_iter().find(|each| each.name() == text).ok_or("choose tls or seal")
    }
}

/// What the authority answers to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The certificate, with the authority's behind it, PEM.
    Issued(String),
    /// Officers must approve first: ask again, with the same request.
    Pending(Pending),
}

/// An application that waits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pending {
    /// What the officers call it.
    pub application: String,
    /// SHA-256 of the public key (its SubjectPublicKeyInfo), hexadecimal: what the officers compare.
    pub key: String,
    /// How many have approved.
    pub approvals: u32,
    /// How many must.
    pub needed: u32,
    /// When to ask again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// A refusal, as the authority writes it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    detail: String,
}

/// The authority online.
#[derive(Clone)]
pub struct Authority {
    url: String,
    client: Client,
    patience: Duration,
}

impl Authority {
    /// The authority at this address, under the root in that file. `identity` is what is shown to it.
    pub fn new(url: &str, root: &Path, identity: &ServiceIdentity, clock: Arc<dyn Clock>) -> Result<Self, EnrolError> {
        let config = service_client(root, identity, clock)?;
        // A connection is not kept: it would go on showing a certificate that was renewed meanwhile.
        let limits = ClientLimits { idle_connections: 0, ..ClientLimits::default() };
        let client = Client::service(config, limits);
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client, patience: Duration::from_secs(30) })
    }

    /// Redeems a one-time token. The same token with the same request may be sent again: it gives the same answer.
    pub async fn redeem(&self, token: &str, profile: Enrols, request: &str) -> Result<Answer, EnrolError> {
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let mut bearer =
            HeaderValue::from_str(&bearer).map_err(|_| EnrolError::Answer("the token is no token".to_owned()))?;
        bearer.set_sensitive(true);
        self.ask(&format!("/v1/enrol/{}", profile.name()), Some(bearer), request).await
    }

    /// Asks for the next certificate, with the one in use.
    pub async fn renew(&self, profile: Enrols, request: &str) -> Result<Answer, EnrolError> {
        self.ask(&format!("/v1/renew/{}", profile.name()), None, request).await
    }

    /// Revokes a certificate of the member that asks, by its serial number or fingerprint.
    pub async fn revoke(&self, certificate: &str, reason: &str) -> Result<String, EnrolError> {
        let body = serde_json::json!({ "certificate": certificate, "reason": reason }).to_string();
        self.text(Method::POST, "/v1/revoke", "application/json", body).await
    }

    /// The applications that wait, JSON. For officers.
    pub async fn applications(&self) -> Result<String, EnrolError> {
        self.text(Method::GET, "/v1/applications", "application/json", String::new()).await
    }

    /// Hands in an officer's signed decision.
    pub async fn decide(&self, statement: &str) -> Result<String, EnrolError> {
        self.text(Method::POST, "/v1/decisions", "application/jose", statement.to_owned()).await
    }

    async fn ask(&self, path: &str, bearer: Option<HeaderValue>, request: &str) -> Result<Answer, EnrolError> {
        let response = self.send(Method::POST, path, bearer, ("application/pkcs10", request.to_owned())).await?;
        match response.status() {
            StatusCode::OK => Ok(Answer::Issued(text(&response)?)),
            StatusCode::ACCEPTED => {
                let mut pending: Pending = serde_json::from_slice(response.body())
                    .map_err(|error| EnrolError::Answer(format!("an application that cannot be read: {error}")))?;
                let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                pending.retry_after = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
                Ok(Answer::Pending(pending))
            }
            _ => Err(refused(&response)),
        }
    }

    async fn text(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: String,
    ) -> Result<String, EnrolError> {
        let response = self.send(method, path, None, (content_type, body)).await?;
        if response.status() == StatusCode::OK { text(&response) } else { Err(refused(&response)) }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        bearer: Option<HeaderValue>,
        (content_type, body): (&'static str, String),
    ) -> Result<http::Response<Bytes>, EnrolError> {
        let address = format!("{}{path}", self.url);
        let mut request = http::Request::builder()
            .method(method)
            .uri(address)
            .header(CONTENT_TYPE, content_type)
            .body(Bytes::from(body))
            .map_err(|_| EnrolError::Answer(format!("{} is not an address: https://host:port", self.url)))?;
        if let Some(bearer) = bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        Ok(self.client.send(request, self.patience).await?.response)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.url)
    }
}

fn text(response: &http::Response<Bytes>) -> Result<String, EnrolError> {
    String::from_utf8(response.body().to_vec()).map_err(|_| EnrolError::Answer("it is not text".to_owned()))
}

fn refused(response: &http::Response<Bytes>) -> EnrolError {
    let status = response.status().as_u16();
    match serde_json::from_slice(response.body()) {
        Ok(Refusal { error, detail }) => EnrolError::Refused { status, code: error, detail },
        Err(_) => EnrolError::Refused { status, code: "unknown".to_owned(), detail: format!("status {status}") },
    }
}
