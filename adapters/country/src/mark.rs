//! What registers hold against people, or against each other, on purpose. Marks go to the applicants' families, so that
//! an applicant with whom nothing is wrong stays clear everywhere.

use jiff::civil::date;

use crate::citizen::{Citizen, Kinship};

/// A mark. All but [`Wanted`](Self::Wanted) and [`LostPassport`](Self::LostPassport) are contradictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// One person has two personal numbers: the other file has the same birth, spelled in plain letters.
    TwoNumbers,
    /// The first file of [`TwoNumbers`](Self::TwoNumbers).
    TwoNumbersFirst,
    /// One document's number stands in two identity files; this one's own document is another.
    SharedDocument,
    /// The rightful holder of the document of [`SharedDocument`](Self::SharedDocument).
    SharedDocumentHolder,
    /// The passport is valid at its issuer and stands in the register of invalid documents.
    ValidAndInvalid,
    /// The population register has another blood group than the health card.
    BloodGroupDiffers,
    /// The population register has another address than the registration of residence.
    ResidenceDiffers,
    /// Two documents were personalised on one blank.
    OneBlank,
    /// The person is wanted and holds a clearance for a protected object.
    WantedAndCleared,
    /// A dead person owns a dwelling.
    DeadOwner,
    /// A dead person's passport crossed the border after the death.
    CrossedAfterDeath,
    /// The person is wanted, and every register agrees.
    Wanted,
    /// The passport was reported lost, and every register agrees.
    LostPassport,
}

impl Mark {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::TwoNumbers,
        Self::TwoNumbersFirst,
        Self::SharedDocument,
        Self::SharedDocumentHolder,
        Self::ValidAndInvalid,
        Self::BloodGroupDiffers,
        Self::ResidenceDiffers,
        Self::OneBlank,
        Self::WantedAndCleared,
        Self::DeadOwner,
        Self::CrossedAfterDeath,
        Self::Wanted,
        Self::LostPassport,
    ];

    /// Its name in `contradictions.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwoNumbers | Self::TwoNumbersFirst => "two-numbers",
            Self::SharedDocument | Self::SharedDocumentHolder => "shared-document",
            Self::ValidAndInvalid => "valid-and-invalid",
            Self::BloodGroupDiffers => "blood-group-differs",
            Self::ResidenceDiffers => "residence-differs",
            Self::OneBlank => "one-blank",
            Self::WantedAndCleared => "wanted-and-cleared",
            Self::DeadOwner => "dead-owner",
            Self::CrossedAfterDeath => "crossed-after-death",
            Self::Wanted => "wanted",
            Self::LostPassport => "lost-passport",
        }
    }

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::TwoNumbers | Self::TwoNumbersFirst => "has two personal numbers",
            Self::SharedDocument => "has another's document in the identity file",
            Self::SharedDocumentHolder => "has a document that stands in another's file too",
            Self::ValidAndInvalid => "has a passport that is valid and in the register of invalid ones",
            Self::BloodGroupDiffers => "has another blood group in the population register",
            Self::ResidenceDiffers => "has another address in the population register",
            Self::OneBlank => "has two documents on one blank",
            Self::WantedAndCleared => "is wanted and cleared for a protected object",
            Self::DeadOwner => "is dead and owns a dwelling",
            Self::CrossedAfterDeath => "crossed the border after death",
            Self::Wanted => "is wanted",
            Self::LostPassport => "lost the passport",
        }
    }

    /// Whether registers disagree.
    pub const fn is_contradiction(self) -> bool {
        !matches!(self, Self::Wanted | Self::LostPassport)
    }

    const fn is_of_the_dead(self) -> bool {
        matches!(self, Self::DeadOwner | Self::CrossedAfterDeath)
    }
}

/// Whose document stands in the file of the district's [`Mark::SharedDocument`] as well.
pub(crate) fn sharer(district: &[Citizen]) -> Option<&Citizen> {
    district.iter().find(|citizen| citizen.mark == Some(Mark::SharedDocumentHolder))
}

/// Gives each mark to the first relative whom it fits, once in a district.
pub(crate) fn deal(people: &mut [Citizen]) {
    two_numbers(people);
    for mark in Mark::ALL.iter().copied().filter(|mark| !matches!(mark, Mark::TwoNumbers | Mark::TwoNumbersFirst)) {
        let adult = |citizen: &Citizen| citizen.claims.birth_date < date(2006, 1, 1);
        let fits = |citizen: &&mut Citizen| {
            citizen.kinship != Kinship::Applicant
                && citizen.mark.is_none()
                && citizen.death.is_some() == mark.is_of_the_dead()
                && citizen.death.is_none_or(|day| day > date(2017, 1, 1))
                && (mark.is_of_the_dead() || adult(citizen))
                && citizen.birth.is_some()
        };
        if let Some(citizen) = people.iter_mut().find(fits) {
            citizen.mark = Some(mark);
        }
    }
}

/// Two brothers or sisters of one sex become one person: the second gets the first one's birth under another number.
fn two_numbers(people: &mut [Citizen]) {
    let adult =
        |citizen: &&Citizen| citizen.kinship == Kinship::Sibling && citizen.claims.birth_date < date(2006, 1, 1);
    let siblings: Vec<_> = people.iter().filter(adult).map(|c| (c.place, c.sex)).collect();
    let Some((first, sex)) = siblings.first().copied() else { return };
    let Some((second, _)) = siblings.iter().skip(1).find(|(_, other)| *other == sex).copied() else { return };
    let Some(model) = people.iter_mut().find(|citizen| citizen.place == first) else { return };
    model.mark = Some(Mark::TwoNumbersFirst);
    let model = model.clone();
    let Some(copy) = people.iter_mut().find(|citizen| citizen.place == second) else { return };
    let plain = |name: &str| {
        let capitals = mohur_wire::names::to_mrz(name).unwrap_or_default();
        capitals.split(' ').map(capitalised).collect::<Vec<_>>().join(" ")
    };
    copy.claims.family_name = plain(&model.claims.family_name);
    copy.claims.given_name = plain(&model.claims.given_name);
    copy.claims.birth_date = model.claims.birth_date;
    copy.patronymic.clone_from(&model.patronymic);
    if let (Some(act), Some(original)) = (&mut copy.birth, &model.birth) {
        act.clone_from(original);
        act.family_name.clone_from(&copy.claims.family_name);
        act.given_name.clone_from(&copy.claims.given_name);
    }
    if let (Some(card), Some(original)) = (&mut copy.health, &model.health) {
        card.birth_date = original.birth_date;
        (card.blood_group, card.eye_colour, card.height) = (original.blood_group, original.eye_colour, original.height);
    }
    (copy.father, copy.mother, copy.lives_with) = (model.father, model.mother, model.lives_with);
    copy.mark = Some(Mark::TwoNumbers);
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| format!("{first}{}", letters.as_str().to_lowercase()))
}
