//! The plan of the first ceremony: who, how many, and what is made.

use std::collections::BTreeSet;
use std::path::Path;

use mohur_authority::Settings;
use mohur_chain::{Profile, Role};
use mohur_config::{Table, load, parse};
use serde::{Deserialize, Serialize};

use crate::CeremonyError;

/// As many operators as fit into a room.
const MAX_OPERATORS: usize = 20;

/// The plan. It stands in the transcript as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// The domain, e.g. `AZ`.
    pub domain: String,
    /// Who gets a share.
    pub operators: Vec<String>,
    /// How many of them are needed.
    pub needed: u8,
    /// For how many days the root lives.
    pub root_days: i64,
    /// For how many days an issuing authority lives.
    pub authority_days: i64,
    /// For how many days the root's revocation list holds.
    pub list_days: i64,
    /// Addresses that certificates carry.
    pub settings: Settings,
    /// The issuing authorities.
    pub authorities: Vec<PlannedAuthority>,
}

/// One issuing authority of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedAuthority {
    /// Its kind, e.g. `tls-ca`.
    pub kind: String,
    /// The request (PKCS#10, PEM) that it is signed for, as it was read; without one its key is made in the ceremony.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

impl PlannedAuthority {
    pub(crate) fn role(&self) -> Option<Role> {
        role(&self.kind)
    }
}

fn role(kind: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role.file_name() == kind)
}

/// Letters, digits and hyphens: the name is a file's, too.
pub(crate) fn is_operator(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
}

/// What is wrong with a sharing.
pub(crate) fn sharing_fault(operators: &[String], needed: u8) -> Option<&'static str> {
    let distinct: BTreeSet<&String> = operators.iter().collect();
    if !operators.iter().all(|name| is_operator(name)) {
        Some("an operator's name is 1 to 32 small letters, digits and hyphens")
    } else if distinct.len() != operators.len() {
        Some("an operator is named twice")
    } else if !(2..=MAX_OPERATORS).contains(&operators.len()) {
        Some("2 to 20 operators are needed: nobody alone works with the root")
    } else if needed < 2 || usize::from(needed) > operators.len() {
        Some("at least 2 operators must be needed, and at most all of them")
    } else {
        None
    }
}

impl Plan {
    /// Reads a plan, all its errors at once.
    pub fn load(path: &Path) -> Result<Self, CeremonyError> {
        Ok(load(path, read)?)
    }

    /// Reads a text; `path` names it in errors, and requests are relative to its folder.
    pub fn parse(path: &Path, text: &str) -> Result<Self, CeremonyError> {
        Ok(parse(path, text, read)?)
    }

    /// The sharing that the plan asks for.
    pub(crate) const fn sharing(&self) -> (&Vec<String>, u8) {
        (&self.operators, self.needed)
    }
}

fn read(table: &mut Table) -> Option<Plan> {
    let domain: Option<String> = table.required("domain");
    let well_named = |name: &String| (1..=16).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if domain.as_ref().is_some_and(|name| !well_named(name)) {
        table.error("domain", "is no domain", "1 to 16 letters and digits, e.g. \"AZ\"");
    }
    let operators: Vec<String> = table.list("operators");
    let needed = table.required_number("needed", 2..=20_u8);
    if let Some(fault) = needed.and_then(|needed| sharing_fault(&operators, needed)) {
        table.error("operators", fault, "e.g. operators = [\"op-1\", \"op-2\", \"op-3\"] with needed = 2");
    }
    let (root, authority) = (Profile::Root.max_days(), Profile::Issuing(Role::Tls).max_days());
    let root_days = table.number("root-days", 365..=root).unwrap_or(7300);
    let authority_days = table.number("authority-days", 30..=authority).unwrap_or(1825);
    let list_days = table.number("list-days", 7..=366_i64).unwrap_or(180);
    let settings = settings(table);
    let authorities = authorities(table);
    let (domain, needed) = (domain?, needed?);
    Some(Plan { domain, operators, needed, root_days, authority_days, list_days, settings, authorities: authorities? })
}

fn settings(table: &mut Table) -> Settings {
    let (ocsp_url, crl_url) = (table.optional("ocsp-url"), table.optional("crl-url"));
    let permitted_hosts = table.list("permitted-hosts");
    let settings = Settings { ocsp_url, crl_url, permitted_hosts };
    if let Err(error) = settings.check() {
        let key =
            ["permitted-hosts", "ocsp-url", "crl-url"].into_iter().find(|key| table.has(key)).unwrap_or("crl-url");
        table.error(
            key,
            error.to_string(),
            "e.g. crl-url = \"http://pki.example.az/crl\", permitted-hosts = [\"gov.az\"]",
        );
    }
    settings
}

fn authorities(table: &mut Table) -> Option<Vec<PlannedAuthority>> {
    let mut found = Vec::new();
    for mut one in table.tables("authority") {
        let kind: String = one.required("kind")?;
        if role(&kind).is_none() {
            one.error("kind", "is no authority", "tls-ca, seal-ca, infrastructure-ca or officer-ca");
        }
        let request = match one.optional_path("request") {
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Some(text),
                Err(error) => {
                    one.error("request", format!("cannot be read: {error}"), "a request in PEM");
                    None
                }
            },
            None => None,
        };
        found.push(PlannedAuthority { kind, request });
    }
    let kinds: BTreeSet<&str> = found.iter().map(|one| one.kind.as_str()).collect();
    if kinds.len() != found.len() || !kinds.contains("tls-ca") || !kinds.contains("seal-ca") {
        table.error(
            "authority",
            "must name tls-ca and seal-ca, and none twice",
            "[[authority]] with kind = \"tls-ca\"",
        );
    }
    Some(found)
}
