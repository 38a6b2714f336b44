//! The three values and their codes.

use mohur_contract::RegistryError;
use mohur_wire::{FieldName, Value};

use crate::fhir::{CodeableConcept, Observation};

const LOINC: &str = "http://loinc.org";
const SNOMED: &str = "http://snomed.info/sct";
const UCUM: &str = "http://unitsofmeasure.org";
/// LOINC has no term for the colour of eyes: a national one stands in.
const NATIONAL: &str = "urn:mohur:health-card";
const EYE_COLOURS: &str = "urn:ansi-nist-itl:eye-colour";

/// One of the three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Vital {
    /// ABO and Rh(D): `0+ 0- A+ A- B+ B- AB+ AB-`.
    BloodGroup,
    /// An ANSI/NIST-ITL code (record type 2, EYE).
    EyeColour,
    /// Whole centimetres.
    Height,
}

impl Vital {
    pub(crate) const ALL: [Self; 3] = [Self::BloodGroup, Self::EyeColour, Self::Height];

    pub(crate) fn of_field(field: &FieldName) -> Option<Self> {
        match field.as_str() {
            "bloodGroup" => Some(Self::BloodGroup),
            "eyeColour" => Some(Self::EyeColour),
            "height" => Some(Self::Height),
            _ => None,
        }
    }

    /// System and code of the Observation.
    pub(crate) const fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::BloodGroup => (LOINC, "882-1"),
            Self::EyeColour => (NATIONAL, "eye-colour"),
            Self::Height => (LOINC, "8302-2"),
        }
    }

    /// Which of the three an Observation is, if any.
    pub(crate) fn of_observation(observation: &Observation) -> Option<Self> {
        Self::ALL.into_iter().find(|vital| {
            let (system, code) = vital.code();
            observation.code.code_of(system).is_some_and(|given| given == code)
        })
    }

    /// The value of an Observation of this kind. Anything that is not exactly understood is invalid.
    pub(crate) fn value(self, observation: &Observation) -> Result<Value, RegistryError> {
        match self {
            Self::BloodGroup => blood_group(observation).map(Value::text),
            Self::EyeColour => eye_colour(observation).map(Value::text),
            Self::Height => height(observation).map(Value::Number),
        }
    }
}

fn concept(observation: &Observation) -> Option<&CodeableConcept> {
    observation.value_codeable_concept.as_ref()
}

/// The SNOMED CT concepts "Blood group X Rh(D) positive/negative".
fn blood_group(observation: &Observation) -> Result<&'static str, RegistryError> {
    match concept(observation).and_then(|concept| concept.code_of(SNOMED)) {
        Some("278147001") => Ok("0+"),
        Some("278148006") => Ok("0-"),
        Some("278149003") => Ok("A+"),
        Some("278152006") => Ok("A-"),
        Some("278150003") => Ok("B+"),
        Some("278153001") => Ok("B-"),
        Some("278151004") => Ok("AB+"),
        Some("278154007") => Ok("AB-"),
        _ => Err(RegistryError::Invalid("the blood group is not one of the eight SNOMED CT concepts")),
    }
}

fn eye_colour(observation: &Observation) -> Result<&'static str, RegistryError> {
    const CODES: [&str; 10] = ["BLK", "BLU", "BRO", "GRN", "GRY", "HAZ", "MAR", "MUL", "PNK", "XXX"];
    let code = concept(observation).and_then(|concept| concept.code_of(EYE_COLOURS));
    let known = code.and_then(|code| CODES.into_iter().find(|known| *known == code));
    known.ok_or(RegistryError::Invalid("the colour of the eyes is not an ANSI/NIST code"))
}

/// A FHIR decimal in UCUM `cm`, rounded to the nearest whole centimetre (a half is rounded up).
fn height(observation: &Observation) -> Result<i64, RegistryError> {
    const INVALID: RegistryError = RegistryError::Invalid("the height is not 20 to 280 in UCUM cm");
    let quantity = observation.value_quantity.as_ref().ok_or(INVALID)?;
    let in_centimetres = quantity.system.as_deref() == Some(UCUM) && quantity.code.as_deref() == Some("cm");
    if !in_centimetres || quantity.comparator.is_some() {
        return Err(INVALID);
    }
    let text = quantity.value.as_ref().ok_or(INVALID)?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole: i64 = Some(whole).filter(|text| digits(text)).and_then(|text| text.parse().ok()).ok_or(INVALID)?;
    if !digits(part) || !(20..=280).contains(&whole) {
        return Err(INVALID);
    }
    Ok(if part.starts_with(['5', '6', '7', '8', '9']) { whole + 1 } else { whole })
}
