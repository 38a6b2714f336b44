//! A mapping file.

use std::path::Path;
use std::str::FromStr;

use http::uri::PathAndQuery;
use mohur_config::{ConfigErrors, Table};

use crate::service::Service;

/// Most octets of a reply if the file does not say.
const BYTES: usize = 1 << 20;

/// A mapping file, read and checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) bytes: usize,
    pub(crate) health: String,
    pub(crate) services: Vec<Service>,
}

/// The path of a request, from `/` on.
struct Target(String);

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.starts_with('/') && text.parse::<PathAndQuery>().is_ok();
        if fits { Ok(Self(text.to_owned())) } else { Err("write a path from / on; the host is in register.url") }
    }
}

impl Mapping {
    /// Reads a file; every error at once, with its line.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, read)
    }

    /// Reads the text of a file named `path`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, read)
    }
}

fn read(top: &mut Table) -> Option<Mapping> {
    let health = top.required::<Target>("health");
    let bytes = top.optional_table("limits").and_then(|mut limits| limits.number("bytes", 1024..=64 << 20));
    let tables = top.tables("service");
    if tables.is_empty() {
        top.error("service", "is missing", "add a [[service]]");
    }
    let mut services: Vec<Service> = Vec::new();
    let mut whole = !tables.is_empty();
    for table in tables {
        let line = table.line();
        let Some(service) = Service::read(table) else {
            whole = false;
            continue;
        };
        if services.iter().any(|other| other.offer.name == service.offer.name) {
            top.error("service", format!("in line {line} has the name of another"), "give each its own name");
        }
        services.push(service);
    }
    whole.then_some(())?;
    Some(Mapping { bytes: bytes.unwrap_or(BYTES), health: health?.0, services })
}
