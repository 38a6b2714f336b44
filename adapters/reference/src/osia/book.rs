//! What each register writes down about a person.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::Citizen;
use crate::country::photo;

/// Which register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Book {
    /// Acts of birth and marriage.
    Civil,
    /// The population register.
    Population,
}

impl Book {
    /// Every attribute that the register knows.
    pub(super) const fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Civil => &[
                "uin",
                "firstName",
                "lastName",
                "patronymic",
                "dateOfBirth",
                "placeOfBirth",
                "gender",
                "maritalStatus",
                "marriageDate",
            ],
            Self::Population => &[
                "uin",
                "firstName",
                "lastName",
                "patronymic",
                "dateOfBirth",
                "placeOfBirth",
                "gender",
                "nationality",
                "maritalStatus",
                "residence",
                "cardNumber",
                "photo",
                "bloodGroup",
                "eyeColour",
                "height",
            ],
        }
    }

    /// Whether the register knows the person. The civil registry does by the birth act; the population register knows all.
    pub(super) const fn holds(self, citizen: &Citizen) -> bool {
        match self {
            Self::Civil => citizen.birth.is_some(),
            Self::Population => true,
        }
    }

    /// The value of an attribute, if there is one.
    pub(super) fn attribute(self, citizen: &Citizen, name: &str) -> Option<String> {
        if !self.attributes().contains(&name) {
            return None;
        }
        let (family_name, given_name, birth_date) = citizen.recorded();
        let entry = &citizen.population;
        Some(match name {
            "uin" => citizen.fin.to_string(),
            "firstName" => given_name.to_owned(),
            "lastName" => family_name.to_owned(),
            "patronymic" => citizen.patronymic.clone(),
            "dateOfBirth" => birth_date.to_string(),
            "placeOfBirth" => citizen.birth.as_ref()?.birth_place.clone(),
            "gender" => citizen.sex.as_str().to_owned(),
            "maritalStatus" => citizen.status.marital_status.as_str().to_owned(),
            "marriageDate" => citizen.status.marriage_date?.to_string(),
            "nationality" => "AZE".to_owned(),
            "residence" => entry.address.clone(),
            "cardNumber" => entry.card.clone()?,
            "photo" => BASE64_STANDARD.encode(photo(citizen.fin)),
            "bloodGroup" => entry.blood_group?.to_owned(),
            "eyeColour" => entry.eye_colour?.to_owned(),
            "height" => entry.height?.to_string(),
            _ => return None,
        })
    }
}
