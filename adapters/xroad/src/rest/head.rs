//! The head of a REST request: which service, for whom, and what of it is hashed.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};

use crate::identifier::{ClientId, ServiceCode, percent_decoded};
use crate::soap::Party;
use crate::vocabulary::{Code, XRoadError};
use crate::whole::kept;

/// The longest target: PR-REST 4.2 recommends 2000 characters.
pub const MAX_TARGET: usize = 2000;

const PREFIX: &str = "/r1/";

/// The headers of the protocol, lower-case as they are sent.
pub mod names {
    /// Who asks.
    pub const CLIENT: &str = "x-road-client";
    /// Which service answered.
    pub const SERVICE: &str = "x-road-service";
    /// The message's id.
    pub const ID: &str = "x-road-id";
    /// Who acts.
    pub const USER_ID: &str = "x-road-userid";
    /// The case.
    pub const ISSUE: &str = "x-road-issue";
    /// For whom.
    pub const REPRESENTED: &str = "x-road-represented-party";
    /// Which of the owner's servers.
    pub const SECURITY_SERVER: &str = "x-road-security-server";
    /// The id that the consumer's side gave this request.
    pub const REQUEST_ID: &str = "x-road-request-id";
    /// The hash of the request.
    pub const REQUEST_HASH: &str = "x-road-request-hash";
}

/// A request's head, read. `Debug` shows neither target, user nor issue.
#[derive(Clone)]
pub struct RestHead {
    /// The method.
    pub method: Method,
    /// Path and query as the client sent them.
    pub target: String,
    /// `X-Road-Client`
    pub client: ClientId,
    /// The service that the path names; REST has no versions.
    pub service: ServiceCode,
    /// The path after the service, from `/` on, decoded segment by segment.
    pub path: Vec<String>,
    /// The query's parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// `X-Road-Id`, or the one that was made for it.
    pub id: String,
    /// `X-Road-UserId`
    pub user_id: Option<String>,
    /// `X-Road-Issue`
    pub issue: Option<String>,
    /// `X-Road-Represented-Party`
    pub represented: Option<Party>,
    /// The id that this side gave the request.
    pub request_id: String,
    /// The kept headers, in order, with the ids that this side added.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl RestHead {
    /// Reads a request. `fresh` gives a new id each time it is called.
    pub fn read(
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        fresh: &mut dyn FnMut() -> String,
    ) -> Result<Self, XRoadError> {
        if target.len() > MAX_TARGET {
            return Err(bad(format!("the address is longer than {MAX_TARGET} characters")));
        }
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let (service, path) = service_and_path(path)?;
        let client = only(headers, names::CLIENT)?.ok_or_else(|| bad("the header X-Road-Client is missing"))?;
        let client = client_id(client)?;
        if let Some(server) = only(headers, names::SECURITY_SERVER)? {
            security_server(server)?;
        }
        if headers.contains_key(names::REQUEST_ID) {
            return Err(bad("the header X-Road-Request-Id is not the client's to send"));
        }
        let mut kept = kept(headers);
        let request_id = fresh();
        kept.push((HeaderName::from_static(names::REQUEST_ID), value(&request_id)?));
        let given = only(headers, names::ID)?.map(str::to_owned);
        let id = match given {
            Some(id) => id,
            None => {
                let id = format!("{}-{}", client.instance, fresh());
                kept.push((HeaderName::from_static(names::ID), value(&id)?));
                id
            }
        };
        Ok(Self {
            method: method.clone(),
            target: target.to_owned(),
            client,
            service,
            path,
            query: query.map(parameters).transpose()?.unwrap_or_default(),
            id,
            user_id: only(headers, names::USER_ID)?.map(str::to_owned),
            issue: only(headers, names::ISSUE)?.map(str::to_owned),
            represented: only(headers, names::REPRESENTED)?.map(party).transpose()?,
            request_id,
            headers: kept,
        })
    }

    /// What the request's hash is computed over, besides the body (PR-REST 4.3): method, target, and the kept headers with
    /// the ids that this side added. Header names are in lower case, as HTTP/2 writes them.
    pub fn hashed(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n{}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_str().as_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// The hash of the request with this body.
    pub fn hash(&self, body: &[u8]) -> String {
        crate::hash::of_rest(&self.hashed(), body)
    }
}

impl fmt::Debug for RestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = (&self.method, &self.client, &self.service);
        f.debug_tuple("RestHead").field(&head.0).field(&head.1).field(&head.2).finish()
    }
}

fn bad(message: impl Into<String>) -> XRoadError {
    XRoadError::client(Code::BAD_REQUEST, message)
}

fn value(text: &str) -> Result<HeaderValue, XRoadError> {
    HeaderValue::from_str(text).map_err(|_| bad("an id holds a character that a header cannot"))
}

/// The one header of that name. PR-REST lets the last of several `X-Road-Client` count; here two are refused, because
/// whoever reads another one than we do would answer another client.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, XRoadError> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(bad(format!("the header {name} stands there twice")));
    }
    let text = first.map(|value| value.to_str().map_err(|_| bad(format!("the header {name} is not plain ASCII"))));
    let text = text.transpose()?.map(str::trim);
    match text {
        Some("") => Err(bad(format!("the header {name} is empty"))),
        text => Ok(text),
    }
}

fn service_and_path(path: &str) -> Result<(ServiceCode, Vec<String>), XRoadError> {
    let wrong =
        || bad("the path must be /r1/{instance}/{class}/{member}/{subsystem}/{service}, and then the service's own");
    let segments = path.strip_prefix(PREFIX).ok_or_else(wrong)?.split('/');
    let decoded: Option<Vec<String>> = segments.map(percent_decoded).collect();
    let mut decoded = decoded.ok_or_else(|| bad("the path is not percent-encoded UTF-8"))?;
    if decoded.len() < 5 {
        return Err(wrong());
    }
    let own = decoded.split_off(5);
    let [instance, class, member, subsystem, code] = decoded.as_slice() else { return Err(wrong()) };
    let service = ServiceCode::of(&[instance, class, member, subsystem], code, None);
    Ok((service.map_err(|error| bad(format!("the service in the path: {error}")))?, own))
}

fn client_id(text: &str) -> Result<ClientId, XRoadError> {
    let codes: Option<Vec<String>> = text.split('/').map(percent_decoded).collect();
    let codes = codes.ok_or_else(|| bad("X-Road-Client is not percent-encoded UTF-8"))?;
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    ClientId::of(&codes).map_err(|error| bad(format!("X-Road-Client: {error}")))
}

/// `instance/class/member/server`: read, and without effect, since an owner has one host.
fn security_server(text: &str) -> Result<(), XRoadError> {
    let codes: Option<Vec<String>> = text.split('/').map(percent_decoded).collect();
    let four = codes.filter(|codes| codes.len() == 4 && codes.iter().all(|code| !code.is_empty()));
    let said = "X-Road-Security-Server must be instance/class/member/server";
    four.map(|_| ()).ok_or_else(|| XRoadError::client(Code::INVALID_SECURITY_SERVER, said))
}

fn party(text: &str) -> Result<Party, XRoadError> {
    let parts: Option<Vec<String>> = text.split('/').map(percent_decoded).collect();
    match parts.unwrap_or_default().as_slice() {
        [code] if !code.is_empty() => Ok(Party { class: None, code: code.clone() }),
        [class, code] if !class.is_empty() && !code.is_empty() => {
            Ok(Party { class: Some(class.clone()), code: code.clone() })
        }
        _ => Err(bad("X-Road-Represented-Party must be class/code, or the code alone")),
    }
}

fn parameters(query: &str) -> Result<Vec<(String, String)>, XRoadError> {
    let one = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // In queries a plus is how forms write a blank.
        Some((percent_decoded(&name.replace('+', " "))?, percent_decoded(&value.replace('+', " "))?))
    };
    let pairs: Option<Vec<_>> = query.split('&').filter(|pair| !pair.is_empty()).map(one).collect();
    pairs.ok_or_else(|| bad("the query is not percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests;
