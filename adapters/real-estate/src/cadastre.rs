//! `GetRights`: one person and one dwelling there, the rights of that person in it back.

use mohur_connection::soap::{Fault, Said, SoapCall};
use mohur_connection::{Connection, ConnectionError, Settings, Xml};
use mohur_contract::{Context, RegistryError};
use mohur_soap::{Element, Limits, Version};
use mohur_wire::{Fin, Verdict};

use crate::address::Address;
use crate::rights::{self, Rights};

/// The namespace of the contract.
pub(crate) const NAMESPACE: &str = "urn:mohur:real-estate:1";
const TARGET: &str = "/soap";
const ACTION: &str = "urn:mohur:real-estate:1/GetRights";

/// The register.
#[derive(Debug)]
pub(crate) struct Cadastre {
    connection: Connection,
}

/// The dwelling that is asked about.
pub(crate) enum Unit {
    /// By its address.
    At(Address),
    /// By its number in the register.
    Number(String),
}

/// A dwelling's number (`Oid` in the schema).
pub(crate) fn number(text: &str) -> Result<String, RegistryError> {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let starts = text.bytes().next().is_some_and(letter);
    if starts && text.len() <= 40 && text.bytes().all(|byte| letter(byte) || byte == b'-') {
        Ok(text.to_owned())
    } else {
        Err(RegistryError::Unsupported("a dwelling's number is 1-40 capital letters, digits and hyphens"))
    }
}

impl Cadastre {
    pub(crate) fn open(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)? })
    }

    /// Whether that person holds a right in that dwelling today. `unknown` if there is no such dwelling.
    pub(crate) async fn verdict(&self, fin: Fin, unit: &Unit, context: &Context) -> Result<Verdict, RegistryError> {
        let body = request(fin, unit);
        let call = SoapCall { target: TARGET, version: Version::Soap11, action: ACTION, header: "", body: &body };
        let reply = self.connection.soap(&call, Limits::default(), context).await?;
        let document = reply.document()?;
        let held = match reply.said(&document)? {
            Said::Fault(fault) => return unknown_unit(&fault),
            Said::Answer(answer) => Rights::read(answer)?,
        };
        let about_this = match unit {
            Unit::Number(number) => held.number == *number,
            Unit::At(address) => held.address.is_same_as(address),
        };
        if held.party != fin || !about_this {
            return Err(RegistryError::OtherSubject);
        }
        Ok(Verdict::of_match(held.stands(rights::today(context.arrival))))
    }

    /// The register's WSDL.
    pub(crate) async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.connection.reach("/soap?wsdl", context).await
    }
}

fn request(fin: Fin, unit: &Unit) -> String {
    let mut xml = Xml::new();
    xml.open("re:GetRights", &[("xmlns:re", NAMESPACE)]);
    xml.open("re:LA_Party", &[]).leaf("re:extPID", fin.as_str()).close();
    xml.open("re:LA_LegalSpaceBuildingUnit", &[]);
    match unit {
        Unit::Number(number) => drop(xml.leaf("re:suID", number)),
        Unit::At(address) => {
            xml.open("re:extAddressID", &[]);
            for (name, part) in address.elements() {
                xml.leaf(&format!("re:{name}"), part);
            }
        }
    }
    xml.finish()
}

/// What a fault's detail says. That there is no such dwelling is an answer.
pub(crate) fn unknown_unit(fault: &Fault<'_>) -> Result<Verdict, RegistryError> {
    let code = |detail: Element<'_>| {
        let code = detail.child(NAMESPACE, "GetRightsFault")?.child(NAMESPACE, "code")?;
        Some(code.text().ok()?.trim().to_owned())
    };
    match fault.detail.and_then(code).as_deref() {
        Some("UnknownUnit") => Ok(Verdict::Unknown),
        Some("OutOfService") => Err(RegistryError::Unavailable("it says that it is out of service".to_owned())),
        Some(_) | None => Err(fault.meaning()),
    }
}
