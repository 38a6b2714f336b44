//! The register of rights in dwellings: SOAP 1.1, document/literal, after ISO 19152.
//!
//! `POST /soap` takes `GetRights` as the published contract has it and nothing else; `GET /soap?wsdl` and
//! `GET /real-estate.xsd` give that contract. Whether or not a person is known, the answer is about the one asked: a
//! person without a right is a party without one, so that nobody learns who owns something elsewhere.

mod message;
mod request;

use http::{Method, StatusCode};
use mohur_wire::Fin;

use crate::soap::{self, Unread, XML};
use crate::web::{self, Call, Sent};
use crate::{Country, Faults};

/// The contract, as it is published beside the adapter.
const WSDL: &str = include_str!("../../real-estate/contract/real-estate.wsdl");
const XSD: &str = include_str!("../../real-estate/contract/real-estate.xsd");
/// Where the published WSDL says that the service is.
const PUBLISHED: &str = "http://127.0.0.1:7104/soap";
const NAMESPACE: &str = "urn:mohur:real-estate:1";
const ACTION: &str = "urn:mohur:real-estate:1/GetRights";

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// No such dwelling.
    UnknownUnit,
    /// Not after the schema; says what.
    Invalid(&'static str),
    /// Another version of SOAP.
    Version,
    /// A header that must be understood.
    NotUnderstood,
}

/// Which dwelling is asked about.
enum UnitKey {
    Number(String),
    Address(crate::Address),
}

/// Answers one request.
pub(crate) fn answer(country: &Country, call: &Call<'_>, faults: Faults) -> Sent {
    match (call.segments().as_slice(), call.method) {
        (["soap"], &Method::POST) => called(country, call, faults),
        (["soap"], &Method::GET) if call.parameter("wsdl").is_some() => {
            web::reply(StatusCode::OK, XML, soap::wsdl(WSDL, PUBLISHED, call))
        }
        (["real-estate.xsd"], &Method::GET) => web::reply(StatusCode::OK, XML, XSD),
        (["soap"], _) => web::only("GET, POST"),
        (["real-estate.xsd"], _) => web::only("GET"),
        _ => web::empty(StatusCode::NOT_FOUND),
    }
}

fn called(country: &Country, call: &Call<'_>, faults: Faults) -> Sent {
    if let Err(refusal) = call.allow(&["cadastre.right.read"]) {
        return refusal;
    }
    if call.content_type != "text/xml" {
        return web::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let asked = asked(call).and_then(|(fin, unit)| {
        let dwelling = match &unit {
            UnitKey::Number(number) => country.dwelling(number),
            UnitKey::Address(address) => country.dwelling_at(address),
        };
        Ok((fin, dwelling.ok_or(Refusal::UnknownUnit)?))
    });
    match asked {
        Ok((fin, dwelling)) => {
            let fin = if faults.wrong_person { country.neighbour(fin).map_or(fin, |other| other.fin) } else { fin };
            web::reply(StatusCode::OK, XML, message::rights(country, fin, dwelling, faults.extra_fields))
        }
        Err(refusal) => web::reply(StatusCode::INTERNAL_SERVER_ERROR, XML, message::fault(refusal)),
    }
}

/// Reads the request, strictly.
fn asked(call: &Call<'_>) -> Result<(Fin, UnitKey), Refusal> {
    if soap::action(call)? != ACTION {
        return Err(Refusal::Invalid("SOAPAction names another operation"));
    }
    let document = soap::document(call)?;
    request::read(soap::payload(document.root())?)
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

#[cfg(test)]
mod tests;
