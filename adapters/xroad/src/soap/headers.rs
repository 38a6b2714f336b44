//! The header fields of PR-MESS 2.2 and its extensions, as a message to or from an X-Road system must have them.

use std::fmt;

use mohur_soap::envelope::xroad::{Identifier, RepresentedParty, XRoadHeaders};
use mohur_soap::{Element, EnvelopeError, EnvelopeProblem, XmlProblem};

use crate::identifier::{ClientId, ServiceCode};
use crate::vocabulary::{Code, XRoadError};

/// The longest text of a field.
const MAX_TEXT: usize = 1000;

/// The fields of one message. `Debug` shows neither user nor issue.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// `client`
    pub client: ClientId,
    /// `service`
    pub service: ServiceCode,
    /// `id`
    pub id: String,
    /// `protocolVersion`: `4.` and anything.
    pub protocol_version: String,
    /// `userId`
    pub user_id: Option<String>,
    /// `issue`
    pub issue: Option<String>,
    /// `representedParty`
    pub represented: Option<Party>,
    /// `securityServer`: instance, class, member and server.
    pub security_server: Option<[String; 4]>,
}

/// A represented party: a class if there is one, and a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// `partyClass`
    pub class: Option<String>,
    /// `partyCode`
    pub code: String,
}

impl Headers {
    /// Reads the fields of an envelope's header, in any order; each stands there once at most.
    pub fn read(header: Element<'_>) -> Result<Self, XRoadError> {
        let read = XRoadHeaders::among(header.children())?;
        let version = mandatory(read.protocol_version, "protocolVersion")?;
        if !version.starts_with("4.") {
            let said = "protocolVersion must be 4.0, or another 4.x";
            return Err(XRoadError::client(Code::INVALID_PROTOCOL_VERSION, said));
        }
        let id = mandatory(read.id, "id")?;
        let texts = [Some(&id), Some(&version), read.user_id.as_ref(), read.issue.as_ref()];
        if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
            let said = format!("a header field is longer than {MAX_TEXT} bytes");
            return Err(XRoadError::client(Code::INVALID_SOAP, said));
        }
        Ok(Self {
            client: client(&mandatory(read.client, "client")?)?,
            service: service(&mandatory(read.service, "service")?)?,
            id,
            protocol_version: version,
            user_id: read.user_id,
            issue: read.issue,
            represented: read.represented_party.map(Party::from),
            security_server: read.security_server.as_ref().map(server).transpose()?,
        })
    }
}

impl Party {
    /// `class/code`, or `code`: the form of REST and of the door's configuration.
    pub fn named(&self) -> String {
        self.class.as_ref().map_or_else(|| self.code.clone(), |class| format!("{class}/{}", self.code))
    }
}

impl From<RepresentedParty> for Party {
    fn from(party: RepresentedParty) -> Self {
        Self { class: party.party_class, code: party.party_code }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers").field("client", &self.client).field("service", &self.service).finish_non_exhaustive()
    }
}

fn mandatory<T>(field: Option<T>, local: &str) -> Result<T, XRoadError> {
    field.ok_or_else(|| XRoadError::client(Code::MISSING_HEADER_FIELD, format!("the header field {local} is missing")))
}

fn wrong(what: &str, said: impl fmt::Display) -> XRoadError {
    XRoadError::client(Code::INVALID_SOAP, format!("the header field {what}: {said}"))
}

fn client(identifier: &Identifier<'_>) -> Result<ClientId, XRoadError> {
    if !matches!(identifier.object_type, "MEMBER" | "SUBSYSTEM") {
        return Err(wrong("client", "objectType must be MEMBER or SUBSYSTEM"));
    }
    ClientId::of(&owner(identifier)).map_err(|error| wrong("client", error))
}

fn service(identifier: &Identifier<'_>) -> Result<ServiceCode, XRoadError> {
    let code = identifier.service_code.as_deref().filter(|_| identifier.object_type == "SERVICE");
    let code = code.ok_or_else(|| wrong("service", "objectType must be SERVICE, with a serviceCode"))?;
    let version = identifier.service_version.as_deref();
    ServiceCode::of(&owner(identifier), code, version).map_err(|error| wrong("service", error))
}

fn owner<'a>(identifier: &'a Identifier<'_>) -> Vec<&'a str> {
    let named = [&identifier.instance, &identifier.member_class, &identifier.member_code];
    named.into_iter().chain(&identifier.subsystem_code).map(String::as_str).collect()
}

fn server(identifier: &Identifier<'_>) -> Result<[String; 4], XRoadError> {
    let said = "the header field securityServer: objectType must be SERVER, with a serverCode";
    let code = identifier.server_code.clone();
    let code = code.ok_or_else(|| XRoadError::client(Code::INVALID_SECURITY_SERVER, said))?;
    Ok([identifier.instance.clone(), identifier.member_class.clone(), identifier.member_code.clone(), code])
}

/// What is wrong with an envelope, in X-Road's words.
impl From<EnvelopeError> for XRoadError {
    fn from(error: EnvelopeError) -> Self {
        let code = match &error.problem {
            EnvelopeProblem::Repeated(_) | EnvelopeProblem::Xml(XmlProblem::Repeated(_)) => {
                Code::DUPLICATE_HEADER_FIELD
            }
            EnvelopeProblem::Missing("Body") => Code::MISSING_BODY,
            EnvelopeProblem::EmptyBody | EnvelopeProblem::SecondPayload => Code::INVALID_BODY,
            EnvelopeProblem::Xml(_) | EnvelopeProblem::Instruction => Code::INVALID_XML,
            EnvelopeProblem::NotAnEnvelope
            | EnvelopeProblem::EncodingStyle
            | EnvelopeProblem::MustUnderstand
            | EnvelopeProblem::NotUnderstood(_)
            | EnvelopeProblem::SecondSecurity
            | EnvelopeProblem::SecurityForAnother
            | EnvelopeProblem::Text(_)
            | EnvelopeProblem::Unexpected(_)
            | EnvelopeProblem::Attribute(_)
            | EnvelopeProblem::Missing(_)
            | EnvelopeProblem::Empty(_)
            | EnvelopeProblem::Value(_, _)
            | EnvelopeProblem::Payload(_) => Code::INVALID_SOAP,
        };
        Self::client(code, error.to_string())
    }
}
