//! The health card: HL7 FHIR R4 (4.0.1), `POST [type]/_search` so that no number of a person stands in a URL.
//!
//! `Patient` by `identifier=urn:mohur:fin|<FIN>`; `Observation` by `patient=Patient/<id>` and `code`. Blood group is
//! LOINC 882-1 with SNOMED CT values, height LOINC 8302-2 in UCUM `cm`. LOINC has no term for the colour of eyes: it
//! is a national code with the ANSI/NIST-ITL values.

mod resource;

use http::{Method, StatusCode};
use mohur_wire::Fin;
use serde_json::{Value, json};

use crate::web::{self, Call, Sent};
use crate::{Citizen, Country, Faults};

/// The system of the personal number as an identifier.
pub(crate) const FIN_SYSTEM: &str = "urn:mohur:fin";
const FHIR_JSON: &str = "application/fhir+json";
const FORM: &str = "application/x-www-form-urlencoded";

type Outcome = Result<Sent, Sent>;

/// Answers one request.
pub(crate) fn answer(country: &Country, call: &Call<'_>, faults: Faults) -> Sent {
    let outcome = match (call.segments().as_slice(), call.method) {
        (["metadata"], &Method::GET) => Ok(web::json(StatusCode::OK, FHIR_JSON, &resource::capabilities())),
        (["Patient", "_search"], &Method::POST) => patients(country, call, faults),
        (["Observation", "_search"], &Method::POST) => observations(country, call, faults),
        (["metadata"], _) => Err(web::only("GET")),
        (["Patient" | "Observation", "_search"], _) => Err(web::only("POST")),
        _ => Err(failed(StatusCode::NOT_FOUND, "not-found", "there is nothing at this address")),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

fn patients(country: &Country, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["system/Patient.read"])?;
    let form = form(call)?;
    let [(name, token)] = form.as_slice() else { return Err(unsupported("exactly one parameter: identifier")) };
    if name != "identifier" {
        return Err(unsupported("exactly one parameter: identifier"));
    }
    let fin = token.strip_prefix(FIN_SYSTEM).and_then(|rest| rest.strip_prefix('|')).and_then(|fin| fin.parse().ok());
    let citizen =
        fin.and_then(|fin: Fin| if faults.wrong_person { country.neighbour(fin) } else { country.citizen(fin) });
    let patient = citizen.and_then(|citizen| resource::patient(citizen, faults.extra_fields));
    Ok(bundle(patient.into_iter().collect()))
}

fn observations(country: &Country, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["system/Observation.read"])?;
    let form = form(call)?;
    let value = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let (Some(patient), Some(codes), 2) = (value("patient"), value("code"), form.len()) else {
        return Err(unsupported("exactly two parameters: patient and code"));
    };
    let id = patient.strip_prefix("Patient/").unwrap_or(patient);
    let citizen = country.patient(id);
    let mut codes: Vec<&str> = codes.split(',').collect();
    if faults.extra_fields {
        codes.push(resource::BODY_WEIGHT);
    }
    let found = |citizen: &Citizen| codes.iter().filter_map(|code| resource::observation(citizen, code)).collect();
    Ok(bundle(citizen.map(found).unwrap_or_default()))
}

fn form(call: &Call<'_>) -> Result<Vec<(String, String)>, Sent> {
    if call.content_type != FORM {
        return Err(failed(StatusCode::UNSUPPORTED_MEDIA_TYPE, "structure", "the body is a form"));
    }
    let pairs = std::str::from_utf8(call.body).ok().and_then(web::pairs);
    pairs.ok_or_else(|| failed(StatusCode::BAD_REQUEST, "structure", "the form cannot be decoded"))
}

/// A searchset (FHIR R4 §3.1.1.1). `total` counts the matches; each entry is one.
fn bundle(resources: Vec<Value>) -> Sent {
    let entry = |resource: Value| {
        let part = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let url = format!("https://health-card.example/{}/{}", part("resourceType"), part("id"));
        json!({ "fullUrl": url, "resource": resource, "search": { "mode": "match" } })
    };
    let total = resources.len();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total });
    // A FHIR array is never empty: no match, no member.
    if let (Some(object), 1..) = (bundle.as_object_mut(), total) {
        object.insert("entry".to_owned(), resources.into_iter().map(entry).collect());
    }
    web::json(StatusCode::OK, FHIR_JSON, &bundle)
}

fn unsupported(what: &str) -> Sent {
    failed(StatusCode::BAD_REQUEST, "not-supported", what)
}

fn failed(status: StatusCode, code: &str, diagnostics: &str) -> Sent {
    let issue = json!([{ "severity": "error", "code": code, "diagnostics": diagnostics }]);
    web::json(status, FHIR_JSON, &json!({ "resourceType": "OperationOutcome", "issue": issue }))
}
