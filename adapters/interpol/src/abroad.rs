//! The databases abroad: one message there, one back. What is said of whoever asks is the country of the bureau.
//!
//! The contract, in `contract/`, is our own: there is no public specification of INTERPOL's search interface.

use http::{Method, StatusCode};
use mohur_connection::soap::{Fault, Said, SoapCall};
use mohur_connection::{Call, Connection, ConnectionError, Settings, Xml};
use mohur_contract::{Context, RegistryError};
use mohur_soap::{Element, Limits, Version};
use mohur_wire::subject::{DocumentKey, StateCode, Vin};

use crate::prints;
use crate::record::{Record, RecordId};

/// The namespace of the contract.
pub(crate) const NAMESPACE: &str = "urn:mohur:interpol:1";
const TARGET: &str = "/soap";
/// The most hits that one reply lists (`SearchResponse` in the schema).
const MOST_HITS: usize = 50;

/// The databases, as the bureau of a country asks them.
#[derive(Debug)]
pub(crate) struct Abroad {
    connection: Connection,
    country: StateCode,
}

/// Whom or what is searched for, in the words that leave the country.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sought<'q> {
    Document(&'q DocumentKey),
    /// The name in the letters of a machine-readable zone.
    Person {
        name: String,
        birth_date: &'q str,
    },
    Vehicle(&'q Vin),
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Hits {
    pub(crate) total: usize,
    /// The gravest first.
    pub(crate) hits: Vec<Hit>,
}

/// One hit: where the record is, and what is to be done.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) action: Action,
    pub(crate) record: RecordId,
}

/// What whoever meets the subject is to do, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Detain,
    Seize,
    Locate,
    Inform,
}

/// What a fault says that is an answer, or else an error.
enum Meaning {
    UnknownRecord,
    Error(RegistryError),
}

pub(crate) const INVALID: RegistryError = RegistryError::Invalid("the reply is not the one of the contract");

impl Action {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Detain => "detain",
            Self::Seize => "seize",
            Self::Locate => "locate",
            Self::Inform => "inform",
        }
    }

    pub(crate) fn named(text: &str) -> Result<Self, RegistryError> {
        let all = [Self::Detain, Self::Seize, Self::Locate, Self::Inform];
        let action = all.into_iter().find(|action| action.as_str() == text);
        action.ok_or(RegistryError::Invalid("an action is none of the contract's"))
    }
}

impl Abroad {
    pub(crate) fn open(settings: &Settings, country: StateCode) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)?, country })
    }

    /// Every hit on that subject.
    pub(crate) async fn search(&self, sought: &Sought<'_>, context: &Context) -> Result<Hits, RegistryError> {
        let mut xml = self.request("Search");
        sought.write(&mut xml);
        let read = |answer: Element<'_>| {
            if !sought.is_repeated_in(answer)? {
                return Err(RegistryError::OtherSubject);
            }
            Hits::read(answer)
        };
        self.call("Search", &xml.finish(), context, read).await?.ok_or(INVALID)
    }

    /// The record with that id; `None` if there is none.
    pub(crate) async fn record(&self, id: &RecordId, context: &Context) -> Result<Option<Record>, RegistryError> {
        let mut xml = self.request("GetRecord");
        xml.leaf("ip:RecordId", id.as_str());
        let read = |answer: Element<'_>| {
            let record = Record::read(only(answer, "Record")?)?;
            if record.id == *id { Ok(record) } else { Err(RegistryError::OtherSubject) }
        };
        self.call("GetRecord", &xml.finish(), context, read).await
    }

    /// Reports a document of this country; gives the id of its record. The same document again is the same record.
    pub(crate) async fn publish(
        &self,
        document: &DocumentKey,
        reason: &str,
        context: &Context,
    ) -> Result<RecordId, RegistryError> {
        let mut xml = self.request("PublishDocument");
        Sought::Document(document).write(&mut xml);
        xml.leaf("ip:Reason", reason);
        let read = |answer: Element<'_>| {
            if !Sought::Document(document).is_repeated_in(answer)? {
                return Err(RegistryError::OtherSubject);
            }
            RecordId::of_reply(&text(only(answer, "RecordId")?)?)
        };
        self.call("PublishDocument", &xml.finish(), context, read).await?.ok_or(INVALID)
    }

    /// Prints, in a transaction of ANSI/NIST-ITL.
    pub(crate) async fn prints(
        &self,
        search: &prints::Search<'_>,
        context: &Context,
    ) -> Result<prints::Reply, RegistryError> {
        const XML: &str = "application/xml";
        const UNWRITTEN: RegistryError = RegistryError::Unsupported("these prints cannot be sent");
        let body = search.write(&self.country).map_err(|_| UNWRITTEN)?.into();
        let call = Call { method: Method::POST, target: "/prints", content_type: Some(XML), accept: XML, body };
        let response = self.connection.send(call, context).await?;
        if response.status() != StatusCode::OK {
            return Err(RegistryError::Invalid("an HTTP status that the prints' interface does not name"));
        }
        let reply = prints::Reply::read(response.body(), &search.number, &prints::limits());
        reply.map_err(|error| RegistryError::Invalid(error.said()))
    }

    /// The contract itself: asks about nobody.
    pub(crate) async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.connection.reach("/soap?wsdl", context).await
    }

    /// The beginning of every request: the operation, and the bureau that asks.
    fn request(&self, operation: &str) -> Xml {
        let mut xml = Xml::new();
        xml.open(&format!("ip:{operation}"), &[("xmlns:ip", NAMESPACE)]);
        xml.leaf("ip:Bureau", self.country.as_str());
        xml
    }

    async fn call<T>(
        &self,
        operation: &str,
        body: &str,
        context: &Context,
        read: impl FnOnce(Element<'_>) -> Result<T, RegistryError>,
    ) -> Result<Option<T>, RegistryError> {
        let action = format!("{NAMESPACE}/{operation}");
        let call = SoapCall { target: TARGET, version: Version::Soap11, action: &action, header: "", body };
        let reply = self.connection.soap(&call, Limits::default(), context).await?;
        let document = reply.document()?;
        match reply.said(&document)? {
            Said::Answer(answer) if answer.is(NAMESPACE, &format!("{operation}Response")) => read(answer).map(Some),
            Said::Answer(_) => Err(INVALID),
            Said::Fault(fault) => match meaning(&fault) {
                Meaning::UnknownRecord if operation == "GetRecord" => Ok(None),
                Meaning::UnknownRecord => Err(INVALID),
                Meaning::Error(error) => Err(error),
            },
        }
    }
}

fn meaning(fault: &Fault<'_>) -> Meaning {
    let code = |detail: Element<'_>| {
        let code = detail.child(NAMESPACE, "InterpolFault")?.child(NAMESPACE, "code")?;
        Some(code.text().ok()?.trim().to_owned())
    };
    match fault.detail.and_then(code).as_deref() {
        Some("UnknownRecord") => Meaning::UnknownRecord,
        Some("OutOfService") => {
            Meaning::Error(RegistryError::Unavailable("it says that it is out of service".to_owned()))
        }
        Some("NotTheIssuer") => {
            Meaning::Error(RegistryError::Invalid("it holds this country's document for another's"))
        }
        Some(_) | None => Meaning::Error(fault.meaning()),
    }
}

impl Sought<'_> {
    fn write(&self, xml: &mut Xml) {
        match self {
            Self::Document(document) => {
                xml.open("ip:Document", &[]);
                xml.leaf("ip:IssuingState", document.issuing_state.as_str());
                xml.leaf("ip:Type", document.kind.as_str());
                xml.leaf("ip:Number", document.number.as_str());
            }
            Self::Person { name, birth_date } => {
                xml.open("ip:Person", &[]).leaf("ip:Name", name).leaf("ip:BirthDate", birth_date);
            }
            Self::Vehicle(vin) => drop(xml.open("ip:Vehicle", &[]).leaf("ip:VIN", vin.as_str())),
        }
        xml.close();
    }

    /// Whether a reply speaks of this subject.
    fn is_repeated_in(&self, answer: Element<'_>) -> Result<bool, RegistryError> {
        match self {
            Self::Document(document) => {
                let told = only(answer, "Document")?;
                let parts = [
                    ("IssuingState", document.issuing_state.as_str()),
                    ("Type", document.kind.as_str()),
                    ("Number", document.number.as_str()),
                ];
                says(told, &parts)
            }
            Self::Person { name, birth_date } => {
                says(only(answer, "Person")?, &[("Name", name), ("BirthDate", birth_date)])
            }
            Self::Vehicle(vin) => says(only(answer, "Vehicle")?, &[("VIN", vin.as_str())]),
        }
    }
}

fn says(told: Element<'_>, parts: &[(&str, &str)]) -> Result<bool, RegistryError> {
    for (name, expected) in parts {
        if text(only(told, name)?)? != *expected {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Hits {
    /// Reads them strictly: as many as it says, or the first fifty of more.
    fn read(answer: Element<'_>) -> Result<Self, RegistryError> {
        let total: usize = text(only(answer, "Total")?)?.parse().map_err(|_| INVALID)?;
        let listed = answer.children().filter(|child| child.is(NAMESPACE, "Hit"));
        let mut hits = listed.map(Hit::read).collect::<Result<Vec<_>, _>>()?;
        if hits.len() != total.min(MOST_HITS) {
            return Err(RegistryError::Invalid("the hits are not as many as the reply says"));
        }
        hits.sort();
        Ok(Self { total, hits })
    }
}

impl Hit {
    fn read(hit: Element<'_>) -> Result<Self, RegistryError> {
        Ok(Self {
            action: Action::named(&text(only(hit, "Action")?)?)?,
            record: RecordId::of_reply(&text(only(hit, "RecordId")?)?)?,
        })
    }
}

pub(crate) fn only<'d>(parent: Element<'d>, name: &str) -> Result<Element<'d>, RegistryError> {
    parent.only(NAMESPACE, name).map_err(|_| INVALID)
}

pub(crate) fn text(element: Element<'_>) -> Result<String, RegistryError> {
    let text = element.text().map_err(|_| INVALID)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
