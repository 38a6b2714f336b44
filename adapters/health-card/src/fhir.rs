//! The two searches, with their Bundles read strictly in what matters: FHIR lets a server add what it likes.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use mohur_connection::{Call, Connection, ConnectionError, Settings};
use mohur_contract::{Context, RegistryError};
use mohur_wire::{Fin, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::vital::Vital;

const FORM: &str = "application/x-www-form-urlencoded";
const FHIR_JSON: &str = "application/fhir+json";

/// The server.
#[derive(Debug)]
pub(crate) struct Fhir {
    connection: Connection,
    fin_system: String,
}

/// A patient found.
pub(crate) struct Patient {
    /// The number that the server says the patient has.
    pub(crate) fin: Fin,
    /// The server's own id.
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    resource_type: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
}

#[derive(Deserialize)]
struct Entry {
    resource: serde_json::Value,
    #[serde(default)]
    search: Option<SearchMode>,
}

#[derive(Deserialize)]
struct SearchMode {
    #[serde(default)]
    mode: Option<String>,
}

#[derive(Deserialize)]
struct PatientResource {
    id: String,
    #[serde(default)]
    identifier: Vec<Identifier>,
    #[serde(default)]
    active: Option<bool>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

/// The members of an Observation that count.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Observation {
    status: String,
    pub(crate) code: CodeableConcept,
    subject: Reference,
    #[serde(default)]
    effective_date_time: Option<String>,
    #[serde(default)]
    pub(crate) value_codeable_concept: Option<CodeableConcept>,
    #[serde(default)]
    pub(crate) value_quantity: Option<Quantity>,
}

#[derive(Deserialize)]
struct Reference {
    reference: String,
}

/// Codes for one thing, in several systems.
#[derive(Deserialize)]
pub(crate) struct CodeableConcept {
    #[serde(default)]
    coding: Vec<Coding>,
}

#[derive(Deserialize)]
struct Coding {
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

/// A measured value; its number keeps the digits that were sent.
#[derive(Deserialize)]
pub(crate) struct Quantity {
    #[serde(default)]
    pub(crate) value: Option<serde_json::Number>,
    #[serde(default)]
    pub(crate) comparator: Option<String>,
    #[serde(default)]
    pub(crate) system: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
}

impl CodeableConcept {
    /// The code in that system, if there is exactly one.
    pub(crate) fn code_of(&self, system: &str) -> Option<&str> {
        let mut codes = self.coding.iter().filter(|coding| coding.system.as_deref() == Some(system));
        let code = codes.next()?.code.as_deref();
        if codes.next().is_some() { None } else { code }
    }
}

impl Fhir {
    pub(crate) fn open(settings: &Settings, fin_system: &str) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)?, fin_system: fin_system.to_owned() })
    }

    /// The patient with that number; `None` if there is none. Two are a fault of the register, never a choice.
    pub(crate) async fn patient(&self, fin: Fin, context: &Context) -> Result<Option<Patient>, RegistryError> {
        let form = format!("identifier={}", encode(&format!("{}|{fin}", self.fin_system)));
        let found: Vec<PatientResource> = self.search("Patient", form, context).await?;
        let active: Vec<_> = found.into_iter().filter(|patient| patient.active != Some(false)).collect();
        let patient = match active.as_slice() {
            [] => return Ok(None),
            [patient] => patient,
            _ => return Err(RegistryError::Invalid("two patients have one number")),
        };
        let ours = |identifier: &&Identifier| identifier.system.as_deref() == Some(self.fin_system.as_str());
        let mut numbers = patient.identifier.iter().filter(ours);
        let (number, another) = (numbers.next(), numbers.next());
        let fin = number.filter(|_| another.is_none()).and_then(|number| number.value.as_deref()?.parse().ok());
        let fin = fin.ok_or(RegistryError::Invalid("the patient does not have exactly one FIN"))?;
        if !is_id(&patient.id) {
            return Err(RegistryError::Invalid("the patient's id is not a FHIR id"));
        }
        Ok(Some(Patient { fin, id: patient.id.clone() }))
    }

    /// The newest value of each of those vitals that the patient has.
    pub(crate) async fn vitals(
        &self,
        patient: &Patient,
        vitals: &[Vital],
        context: &Context,
    ) -> Result<BTreeMap<Vital, Value>, RegistryError> {
        if vitals.is_empty() {
            return Ok(BTreeMap::new());
        }
        let codes: Vec<_> =
            vitals.iter().map(|vital| vital.code()).map(|(system, code)| format!("{system}|{code}")).collect();
        let reference = format!("Patient/{}", patient.id);
        let form = format!("patient={}&code={}", encode(&reference), encode(&codes.join(",")));
        let observations: Vec<Observation> = self.search("Observation", form, context).await?;
        let mut newest: BTreeMap<Vital, (String, Value)> = BTreeMap::new();
        for observation in observations {
            if observation.subject.reference != reference {
                return Err(RegistryError::OtherSubject);
            }
            // Preliminary, cancelled and mistaken observations are no facts (FHIR R4 §10.1, ObservationStatus).
            let counts = matches!(observation.status.as_str(), "final" | "amended" | "corrected");
            let Some(vital) = Vital::of_observation(&observation).filter(|vital| counts && vitals.contains(vital))
            else {
                continue;
            };
            let (when, value) =
                (observation.effective_date_time.clone().unwrap_or_default(), vital.value(&observation)?);
            match newest.get(&vital) {
                Some((held, other)) if *held == when && *other != value => {
                    return Err(RegistryError::Invalid("two values of one time contradict each other"));
                }
                Some((held, _)) if *held >= when => {}
                Some(_) | None => {
                    newest.insert(vital, (when, value));
                }
            }
        }
        Ok(newest.into_iter().map(|(vital, (_, value))| (vital, value)).collect())
    }

    /// The server's CapabilityStatement.
    pub(crate) async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.connection.reach("/metadata", context).await
    }

    /// A search by `POST`; the resources that match.
    async fn search<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        form: String,
        context: &Context,
    ) -> Result<Vec<T>, RegistryError> {
        let target = format!("/{kind}/_search");
        let call = Call {
            method: Method::POST,
            target: &target,
            content_type: Some(FORM),
            accept: FHIR_JSON,
            body: form.into(),
        };
        let response = self.connection.send(call, context).await?;
        if response.status() != StatusCode::OK {
            return Err(RegistryError::Invalid("the search did not succeed (HTTP status)"));
        }
        let bundle: Bundle = serde_json::from_slice(response.body())
            .map_err(|_| RegistryError::Invalid("the reply is not a FHIR Bundle"))?;
        if bundle.resource_type != "Bundle" || bundle.kind != "searchset" {
            return Err(RegistryError::Invalid("the reply is not a searchset"));
        }
        if bundle.link.iter().any(|link| link.relation == "next") {
            return Err(RegistryError::Invalid("the search has more than one page"));
        }
        let matches = bundle.entry.into_iter().filter(Entry::is_match);
        matches.map(|entry| entry.into_resource(kind)).collect()
    }
}

impl Entry {
    /// Included resources and outcomes travel in the same list (FHIR R4 §3.1.1.4.1).
    fn is_match(&self) -> bool {
        self.search.as_ref().and_then(|search| search.mode.as_deref()).is_none_or(|mode| mode == "match")
    }

    fn into_resource<T: DeserializeOwned>(self, kind: &'static str) -> Result<T, RegistryError> {
        if self.resource.get("resourceType").and_then(serde_json::Value::as_str) != Some(kind) {
            return Err(RegistryError::Invalid("the searchset holds a resource of another type"));
        }
        serde_json::from_value(self.resource).map_err(|_| RegistryError::Invalid("a resource lacks what FHIR requires"))
    }
}

/// FHIR R4 §2.24.0.1: 1 to 64 letters, digits, `-` and `.`.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// Percent-encodes a value of a form.
fn encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
