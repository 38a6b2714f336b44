//! The databases of the international police organisation: what other countries, and this one, seek.
//!
//! `POST /soap` takes `Search`, `GetRecord` and `PublishDocument` of the published contract; `GET /soap?wsdl` and
//! `GET /interpol.xsd` give that contract. `POST /prints` takes ANSI/NIST-ITL transactions in XML (INT-I 6). Records come
//! from the country's [alerts](crate::Country::alerts); what is published here is kept as long as the process.

mod message;
mod prints;
mod record;
mod request;

use http::{Method, StatusCode};
use mohur_wire::Arrival;

use crate::Faults;
use crate::soap::{self, Unread, XML};
use crate::web::{self, Call, Sent};

pub(crate) use record::Databases;

/// The contract, as it is published beside the adapter.
const WSDL: &str = include_str!("../../interpol/contract/interpol.wsdl");
const XSD: &str = include_str!("../../interpol/contract/interpol.xsd");
/// Where the published WSDL says that the service is.
const PUBLISHED: &str = "http://127.0.0.1:7107/soap";
const NAMESPACE: &str = "urn:mohur:interpol:1";

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// No record has this id.
    UnknownRecord,
    /// A document of another country.
    NotTheIssuer,
    /// Not after the schema; says what.
    Invalid(&'static str),
    /// Another version of SOAP.
    Version,
    /// A header that must be understood.
    NotUnderstood,
}

impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Invalid(what) => Self::Invalid(what),
            Unread::Version => Self::Version,
            Unread::NotUnderstood => Self::NotUnderstood,
        }
    }
}

/// Answers one request.
pub(crate) fn answer(databases: &Databases, call: &Call<'_>, arrival: Arrival, faults: Faults) -> Sent {
    match (call.segments().as_slice(), call.method) {
        (["soap"], &Method::POST) => called(databases, call, arrival, faults),
        (["soap"], &Method::GET) if call.parameter("wsdl").is_some() => {
            web::reply(StatusCode::OK, XML, soap::wsdl(WSDL, PUBLISHED, call))
        }
        (["interpol.xsd"], &Method::GET) => web::reply(StatusCode::OK, XML, XSD),
        (["prints"], &Method::POST) => prints::answer(databases, call, arrival),
        (["soap"], _) => web::only("GET, POST"),
        (["interpol.xsd"], _) => web::only("GET"),
        (["prints"], _) => web::only("POST"),
        _ => web::empty(StatusCode::NOT_FOUND),
    }
}

fn called(databases: &Databases, call: &Call<'_>, arrival: Arrival, faults: Faults) -> Sent {
    let scope = match soap::action(call).ok().and_then(|action| action.strip_prefix("urn:mohur:interpol:1/")) {
        Some("GetRecord") => "interpol.record.read",
        Some("PublishDocument") => "interpol.document.write",
        Some(_) | None => "interpol.search",
    };
    if let Err(refusal) = call.allow(&[scope]) {
        return refusal;
    }
    if call.content_type != "text/xml" {
        return web::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    match answered(databases, call, arrival, faults) {
        Ok(message) => web::reply(StatusCode::OK, XML, message),
        Err(refusal) => web::reply(StatusCode::INTERNAL_SERVER_ERROR, XML, message::fault(refusal)),
    }
}

fn answered(databases: &Databases, call: &Call<'_>, arrival: Arrival, faults: Faults) -> Result<String, Refusal> {
    let document = soap::document(call)?;
    let payload = soap::payload(document.root())?;
    let operation = soap::action(call)?.strip_prefix("urn:mohur:interpol:1/").unwrap_or_default();
    if !payload.is(NAMESPACE, operation) {
        return Err(Refusal::Invalid("SOAPAction and Body do not name the same operation"));
    }
    match operation {
        "Search" => {
            let subject = request::search(payload)?;
            Ok(message::hits(&subject, &databases.search(&subject), faults))
        }
        "GetRecord" => {
            let id = request::record(payload)?;
            let record = databases.record(&id).ok_or(Refusal::UnknownRecord)?;
            Ok(message::record(&record, faults))
        }
        "PublishDocument" => {
            let (bureau, document, reason) = request::publication(payload)?;
            if document.state != bureau {
                return Err(Refusal::NotTheIssuer);
            }
            let id = databases.publish(&bureau, &document, &reason, arrival);
            Ok(message::published(&document, &id, faults))
        }
        _ => Err(Refusal::Invalid("the operation is none of Search, GetRecord and PublishDocument")),
    }
}

#[cfg(test)]
mod tests;
