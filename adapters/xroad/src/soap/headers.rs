//! The header fields of PR-MESS 2.2 and its extensions, as they stand in an envelope's header.

use std::fmt;

use mohur_soap::{Element, ns};

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
    /// Reads the fields from an envelope's `Header`, in any order; each stands there once at most.
    pub fn read(header: Element<'_>) -> Result<Self, XRoadError> {
        let field = |local| one(header, ns::XROAD, local);
        let text = |local| field(local)?.map(|element| text(element)).transpose();
        let client = mandatory(field("client")?, "client")?;
        let service = mandatory(field("service")?, "service")?;
        let version = mandatory(text("protocolVersion")?, "protocolVersion")?;
        if !version.starts_with("4.") {
            let said = "protocolVersion must be 4.0, or another 4.x";
            return Err(XRoadError::client(Code::INVALID_PROTOCOL_VERSION, said));
        }
        Ok(Self {
            client: client_id(client)?,
            service: service_code(service)?,
            id: mandatory(text("id")?, "id")?,
            protocol_version: version,
            user_id: text("userId")?,
            issue: text("issue")?,
            represented: one(header, ns::XROAD_REP, "representedParty")?.map(party).transpose()?,
            security_server: field("securityServer")?.map(server).transpose()?,
        })
    }
}

impl Party {
    /// `class/code`, or `code`: the form of REST and of the door's configuration.
    pub fn named(&self) -> String {
        self.class.as_ref().map_or_else(|| self.code.clone(), |class| format!("{class}/{}", self.code))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers").field("client", &self.client).field("service", &self.service).finish_non_exhaustive()
    }
}

fn one<'d>(header: Element<'d>, namespace: &str, local: &'static str) -> Result<Option<Element<'d>>, XRoadError> {
    header.optional(namespace, local).map_err(|_| {
        XRoadError::client(Code::DUPLICATE_HEADER_FIELD, format!("the header field {local} stands there twice"))
    })
}

fn mandatory<T>(field: Option<T>, local: &str) -> Result<T, XRoadError> {
    field.ok_or_else(|| XRoadError::client(Code::MISSING_HEADER_FIELD, format!("the header field {local} is missing")))
}

/// A field's text, without the white space around it; never empty.
fn text(element: Element<'_>) -> Result<String, XRoadError> {
    let local = element.local();
    let text = element.text().map_err(|error| XRoadError::client(Code::INVALID_SOAP, format!("{local}: {error}")))?;
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.is_empty() || text.len() > MAX_TEXT {
        let said = format!("the header field {local} is empty or longer than {MAX_TEXT} bytes");
        return Err(XRoadError::client(Code::MISSING_HEADER_FIELD, said));
    }
    Ok(text.to_owned())
}

/// The codes of an identifier, in the order of the schema; what is not one of them is refused.
fn codes<'d>(element: Element<'d>, names: &[&'static str]) -> Result<Vec<Option<String>>, XRoadError> {
    let wrong = |what: &str| {
        let said = format!("{}: {what}", element.local());
        Err(XRoadError::client(Code::INVALID_SOAP, said))
    };
    if element.children().any(|child| child.namespace() != ns::XROAD_ID || !names.contains(&child.local())) {
        return wrong("it holds an element that does not belong to this identifier");
    }
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        found.push(one(element, ns::XROAD_ID, name)?.map(text).transpose()?);
    }
    Ok(found)
}

fn object_type(element: Element<'_>) -> &str {
    element.attribute(ns::XROAD_ID, "objectType").unwrap_or_default()
}

fn identifier(element: Element<'_>, error: impl fmt::Display) -> XRoadError {
    XRoadError::client(Code::INVALID_SOAP, format!("{}: {error}", element.local()))
}

fn client_id(element: Element<'_>) -> Result<ClientId, XRoadError> {
    let codes = codes(element, &["xRoadInstance", "memberClass", "memberCode", "subsystemCode"])?;
    let given: Vec<&str> = codes.iter().flatten().map(String::as_str).collect();
    if codes.iter().take(3).any(Option::is_none) {
        return Err(identifier(element, "xRoadInstance, memberClass and memberCode are all needed"));
    }
    let client = ClientId::of(&given).map_err(|error| identifier(element, error))?;
    if object_type(element) != client.object_type() {
        return Err(identifier(element, "objectType does not fit: MEMBER without, SUBSYSTEM with a subsystemCode"));
    }
    Ok(client)
}

fn service_code(element: Element<'_>) -> Result<ServiceCode, XRoadError> {
    let names = ["xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion"];
    let codes = codes(element, &names)?;
    let [Some(instance), Some(class), Some(member), subsystem, Some(code), version] = codes.as_slice() else {
        return Err(identifier(element, "xRoadInstance, memberClass, memberCode and serviceCode are all needed"));
    };
    if object_type(element) != "SERVICE" {
        return Err(identifier(element, "objectType must be SERVICE"));
    }
    let owner = [instance, class, member].into_iter().chain(subsystem).map(String::as_str).collect::<Vec<_>>();
    ServiceCode::of(&owner, code, version.as_deref()).map_err(|error| identifier(element, error))
}

fn server(element: Element<'_>) -> Result<[String; 4], XRoadError> {
    let found = codes(element, &["xRoadInstance", "memberClass", "memberCode", "serverCode"])?;
    let found: Vec<String> = found.into_iter().flatten().collect();
    found.try_into().map_err(|_| {
        let said = "securityServer: xRoadInstance, memberClass, memberCode and serverCode are all needed";
        XRoadError::client(Code::INVALID_SECURITY_SERVER, said)
    })
}

fn party(element: Element<'_>) -> Result<Party, XRoadError> {
    let part = |local| one(element, ns::XROAD_REP, local)?.map(text).transpose();
    Ok(Party { class: part("partyClass")?, code: mandatory(part("partyCode")?, "partyCode")? })
}
