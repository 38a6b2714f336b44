//! How an adapter reaches its register over HTTP: one address, one bearer token, one deadline.
//!
//! The adapter runs beside the register. Plain HTTP is spoken to the same machine only; a register on another machine
//! is reached over HTTPS with a pinned certificate. No URL is ever logged: some protocols put the person's number in it.

pub mod soap;
mod written;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use mohur_contract::{Context, RegistryError};
use mohur_http::{Client, ClientError, ClientLimits};
use mohur_transport::InsideClient;

pub use written::Xml;

/// Where a register is and how to be let in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The base address, e.g. `http://127.0.0.1:7101`; a path is kept before the protocol's own.
    pub url: String,
    /// The most time for one call; the message's deadline may leave less.
    pub timeout: Duration,
    /// The file that holds the bearer token, if the register wants one. It is read once, when the adapter starts.
    pub credential: Option<PathBuf>,
    /// For `https://`: whose certificate the register shows, and what the adapter shows itself.
    pub tls: Option<InsideClient>,
    /// The most octets of a reply.
    pub body_bytes: usize,
}

impl Settings {
    /// A register at that address, without a credential or TLS, with ten seconds for a call and 1 MiB for its reply.
    pub fn new(url: impl Into<String>) -> Self {
        let body_bytes = ClientLimits::default().body_bytes;
        Self { url: url.into(), timeout: Duration::from_secs(10), credential: None, tls: None, body_bytes }
    }

    /// The same, over TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: InsideClient) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The same, with the bearer token in that file.
    #[must_use]
    pub fn with_credential(mut self, file: impl Into<PathBuf>) -> Self {
        self.credential = Some(file.into());
        self
    }
}

/// Why a connection cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The address is not one.
    #[error("the register's url is not an address like http://127.0.0.1:7101 or https://register.example:8443")]
    Url,
    /// Plain HTTP to another machine.
    #[error("the register's url is not on this machine: plain HTTP is for loopback only, use https and register.tls")]
    NotLoopback,
    /// `https` without certificates, or certificates without `https`.
    #[error("the register's url and register.tls do not fit: https wants the register's certificate, http wants none")]
    Tls,
    /// The credential file cannot be read.
    #[error("the register's credential file {} cannot be read: {source}", .file.display())]
    Credential {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The credential file holds no token.
    #[error("the register's credential file {} does not hold one bearer token", .file.display())]
    Token {
        /// Which file.
        file: PathBuf,
    },
}

/// A register's address with what it needs. Connections are kept.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    base: Uri,
    prefix: String,
    timeout: Duration,
    bearer: Option<HeaderValue>,
}

/// One request of a native protocol.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// Path and query, from `/` on. `Debug` of the request is never logged.
    pub target: &'a str,
    /// The media type of the body, if there is one.
    pub content_type: Option<&'static str>,
    /// The media type wanted.
    pub accept: &'static str,
    /// The body.
    pub body: Bytes,
}

impl Connection {
    /// Checks the settings and reads the credential; connects to nobody yet.
    pub fn open(settings: &Settings) -> Result<Self, ConnectionError> {
        let base: Uri = settings.url.parse().map_err(|_| ConnectionError::Url)?;
        if base.query().is_some() {
            return Err(ConnectionError::Url);
        }
        let client = client(&base, settings)?;
        let prefix = base.path().trim_end_matches('/').to_owned();
        Ok(Self { client, prefix, timeout: settings.timeout, bearer: bearer(settings)?, base })
    }

    /// Sends a request and gives the response, whatever its status, except for those that mean the same in every
    /// protocol: 401 and 403 are about our credential, 429 and 5xx mean that the register cannot answer now.
    pub async fn send(&self, call: Call<'_>, context: &Context) -> Result<Response<Bytes>, RegistryError> {
        let response = self.exchange(request(call)?, context).await?;
        match refused_by_status(response.status()) {
            Some(refused) => Err(refused),
            None => Ok(response),
        }
    }

    /// Whether anything answers at that target; asks about nobody.
    pub async fn reach(&self, target: &str, context: &Context) -> Result<(), RegistryError> {
        let call = Call { method: Method::GET, target, content_type: None, accept: "*/*", body: Bytes::new() };
        self.send(call, context).await.map(drop)
    }

    /// Sends a request whose target is path and query (the base's path comes before them) and gives the response, whatever
    /// its status: for protocols that say with any status what they have to say, as SOAP does in its faults.
    pub async fn exchange(
        &self,
        mut request: Request<Bytes>,
        context: &Context,
    ) -> Result<Response<Bytes>, RegistryError> {
        let timeout = context.remaining()?.min(self.timeout);
        let mut address = self.base.clone().into_parts();
        let target = format!("{}{}", self.prefix, request.uri().path_and_query().map_or("", |target| target.as_str()));
        address.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| NOT_SENT)?);
        *request.uri_mut() = Uri::from_parts(address).map_err(|_| NOT_SENT)?;
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(header::AUTHORIZATION, bearer.clone());
        }
        let reply = self.client.send(request, timeout).await;
        reply.map(|reply| reply.response).map_err(|error| failure(&error))
    }
}

const NOT_SENT: RegistryError = RegistryError::Unsupported("the subject cannot stand in a request");

fn request(call: Call<'_>) -> Result<Request<Bytes>, RegistryError> {
    let mut request = Request::new(call.body);
    *request.method_mut() = call.method;
    *request.uri_mut() = call.target.parse().map_err(|_| NOT_SENT)?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static(call.accept));
    if let Some(content_type) = call.content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    Ok(request)
}

/// What a status means in every protocol.
fn refused_by_status(status: StatusCode) -> Option<RegistryError> {
    match status {
        StatusCode::UNAUTHORIZED => Some(RegistryError::Credential("HTTP 401")),
        StatusCode::FORBIDDEN => Some(RegistryError::Credential("HTTP 403")),
        StatusCode::TOO_MANY_REQUESTS => Some(RegistryError::Unavailable("it answers HTTP 429".to_owned())),
        status if status.is_server_error() => {
            Some(RegistryError::Unavailable(format!("it answers HTTP {}", status.as_u16())))
        }
        _ => None,
    }
}

/// Plain HTTP for this machine, TLS for any.
fn client(base: &Uri, settings: &Settings) -> Result<Client, ConnectionError> {
    let limits = ClientLimits { body_bytes: settings.body_bytes, ..ClientLimits::default() };
    let host = base.host().ok_or(ConnectionError::Url)?;
    let is_https = base.scheme() == Some(&Scheme::HTTPS);
    if !is_https && base.scheme() != Some(&Scheme::HTTP) {
        return Err(ConnectionError::Url);
    }
    match &settings.tls {
        Some(tls) if is_https => return Ok(Client::inside(tls, limits)),
        None if !is_https => {}
        Some(_) | None => return Err(ConnectionError::Tls),
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if host != "localhost" && !address.is_ok_and(|address| address.is_loopback()) {
        return Err(ConnectionError::NotLoopback);
    }
    Ok(Client::http(limits))
}

fn bearer(settings: &Settings) -> Result<Option<HeaderValue>, ConnectionError> {
    let Some(file) = &settings.credential else { return Ok(None) };
    let text =
        std::fs::read_to_string(file).map_err(|source| ConnectionError::Credential { file: file.clone(), source })?;
    let token = text.trim();
    let value = HeaderValue::try_from(format!("Bearer {token}")).ok();
    let mut value = value
        .filter(|_| !token.is_empty() && !token.contains(char::is_whitespace))
        .ok_or_else(|| ConnectionError::Token { file: file.clone() })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn failure(error: &ClientError) -> RegistryError {
    match error {
        ClientError::Timeout { .. } => RegistryError::Timeout,
        ClientError::TooLarge { .. } => RegistryError::Invalid("the reply is larger than the limit"),
        ClientError::Address { .. }
        | ClientError::Connect { .. }
        | ClientError::Stranger { .. }
        | ClientError::Tls { .. }
        | ClientError::Peer { .. }
        | ClientError::Broken { .. } => RegistryError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in ["http://127.0.0.1:7101", "http://[::1]:7101/base/", "http://localhost:1"] {
            assert!(Connection::open(&Settings::new(good)).is_ok(), "{good}");
        }
        for far in ["http://10.0.0.7:80", "http://registry.example"] {
            assert!(matches!(Connection::open(&Settings::new(far)), Err(ConnectionError::NotLoopback)), "{far}");
        }
        let tls = Connection::open(&Settings::new("https://127.0.0.1:7101"));
        assert!(matches!(tls, Err(ConnectionError::Tls)), "TLS without a pinned certificate trusts nobody");
        for wrong in ["", "127.0.0.1:7101", "ftp://127.0.0.1:7101", "http://127.0.0.1:7101/?a=b"] {
            assert!(matches!(Connection::open(&Settings::new(wrong)), Err(ConnectionError::Url)), "{wrong}");
        }
    }

    #[test]
    fn a_credential_file_holds_exactly_one_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let settings = Settings::new("http://127.0.0.1:1").with_credential(&file);
        assert!(matches!(Connection::open(&settings), Err(ConnectionError::Credential { .. })));
        for (content, good) in [("abc.def\n", true), ("", false), ("a b", false), ("a\u{7f}b", false)] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(Connection::open(&settings).is_ok(), good, "{content:?}");
        }
        std::fs::write(&file, "secret-token").unwrap();
        assert!(!format!("{:?}", Connection::open(&settings).unwrap()).contains("secret-token"));
    }

    #[tokio::test]
    async fn nobody_there_is_unavailable() {
        let context = Context::new(mohur_wire::Arrival(mohur_wire::Timestamp::UNIX_EPOCH), Duration::from_secs(5));
        let connection = Connection::open(&Settings::new("http://127.0.0.1:1")).unwrap();
        assert!(matches!(connection.reach("/", &context).await, Err(RegistryError::Unavailable(_))));
    }
}
