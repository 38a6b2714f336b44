//! The resources of the health card.

use serde_json::{Value, json};

use super::FIN_SYSTEM;
use crate::Citizen;
use crate::country::Sex;

const LOINC: &str = "http://loinc.org";
const SNOMED: &str = "http://snomed.info/sct";
const UCUM: &str = "http://unitsofmeasure.org";
const OWN: &str = "urn:mohur:health-card";
const EYES: &str = "urn:ansi-nist-itl:eye-colour";
/// Never asked for by an adapter.
pub(super) const BODY_WEIGHT: &str = "http://loinc.org|29463-7";

/// SNOMED CT concepts of the ABO and Rh(D) groups.
const BLOOD_GROUPS: &[(&str, &str, &str)] = &[
    ("0+", "278147001", "Blood group O Rh(D) positive"),
    ("0-", "278148006", "Blood group O Rh(D) negative"),
    ("A+", "278149003", "Blood group A Rh(D) positive"),
    ("A-", "278152006", "Blood group A Rh(D) negative"),
    ("B+", "278150003", "Blood group B Rh(D) positive"),
    ("B-", "278153001", "Blood group B Rh(D) negative"),
    ("AB+", "278151004", "Blood group AB Rh(D) positive"),
    ("AB-", "278154007", "Blood group AB Rh(D) negative"),
];

/// The Patient; `None` without a health card.
pub(super) fn patient(citizen: &Citizen, extra: bool) -> Option<Value> {
    let card = citizen.health.as_ref()?;
    let gender = citizen.birth.as_ref().map_or("unknown", |act| match act.sex {
        Sex::Male => "male",
        Sex::Female => "female",
    });
    let mut patient = json!({
        "resourceType": "Patient",
        "id": card.patient,
        "identifier": [{ "use": "official", "system": FIN_SYSTEM, "value": citizen.fin }],
        "active": true,
        "name": [{ "use": "official", "family": citizen.claims.family_name, "given": [citizen.claims.given_name] }],
        "gender": gender,
        "birthDate": card.birth_date.to_string(),
    });
    if let (true, Some(object)) = (extra, patient.as_object_mut()) {
        object.insert("telecom".to_owned(), json!([{ "system": "phone", "value": "+994 12 555 00 00" }]));
    }
    Some(patient)
}

/// The Observation of that code (`system|code`); `None` if the card does not have it.
pub(super) fn observation(citizen: &Citizen, code: &str) -> Option<Value> {
    let card = citizen.health.as_ref()?;
    let coded = |system: &str, code: &str, display: &str| json!({ "coding": [{ "system": system, "code": code, "display": display }] });
    let (name, what, member, value) = match code {
        "http://loinc.org|882-1" => {
            let group = card.blood_group?;
            let (_, snomed, display) = BLOOD_GROUPS.iter().find(|(name, _, _)| *name == group)?;
            let what = coded(LOINC, "882-1", "ABO and Rh group [Type] in Blood");
            ("blood-group", what, "valueCodeableConcept", coded(SNOMED, snomed, display))
        }
        "http://loinc.org|8302-2" => {
            ("height", coded(LOINC, "8302-2", "Body height"), "valueQuantity", quantity(card.height?, "cm"))
        }
        "urn:mohur:health-card|eye-colour" => {
            let what = coded(OWN, "eye-colour", "Colour of the eyes");
            let colour = card.eye_colour?;
            ("eye-colour", what, "valueCodeableConcept", json!({ "coding": [{ "system": EYES, "code": colour }] }))
        }
        BODY_WEIGHT => ("weight", coded(LOINC, "29463-7", "Body weight"), "valueQuantity", quantity(75, "kg")),
        _ => return None,
    };
    let mut observation = json!({
        "resourceType": "Observation",
        "id": format!("{}-{name}", card.patient),
        "status": "final",
        "code": what,
        "subject": { "reference": format!("Patient/{}", card.patient) },
        "effectiveDateTime": card.measured.to_string(),
    });
    observation.as_object_mut()?.insert(member.to_owned(), value);
    Some(observation)
}

fn quantity(value: u32, unit: &str) -> Value {
    json!({ "value": value, "unit": unit, "system": UCUM, "code": unit })
}

/// The CapabilityStatement, at `/metadata` without a token.
pub(super) fn capabilities() -> Value {
    let searchable = |kind: &str, parameters: &[(&str, &str)]| {
        let parameters: Vec<Value> =
            parameters.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        json!({ "type": kind, "interaction": [{ "code": "search-type" }], "searchParam": parameters })
    };
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "implementation": { "description": "Reference health card: nobody in it exists" },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "resource": [
                searchable("Patient", &[("identifier", "token")]),
                searchable("Observation", &[("patient", "reference"), ("code", "token")]),
            ],
        }],
    })
}
