//! An identity file: a FIN, and the identity and document that it was issued for.

use jiff::civil::Date;
use mohur_wire::subject::DocumentKey;
use mohur_wire::{Fin, Timestamp};
use serde::{Deserialize, Serialize};

/// Sex as documents have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sex {
    /// Male.
    M,
    /// Female.
    F,
}

/// Who somebody is by words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// Family name.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// Patronymic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patronymic: Option<String>,
    /// Date of birth.
    pub birth_date: Date,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// The document that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentKey>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// The number.
    pub fin: Fin,
    /// The transaction in which it was issued.
    pub transaction: String,
    /// When.
    pub opened: Timestamp,
    /// Who.
    pub identity: Identity,
}
