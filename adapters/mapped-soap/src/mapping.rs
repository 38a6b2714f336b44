//! A mapping file.

use std::path::Path;

use mohur_config::{ConfigErrors, Table};
use mohur_soap::{Limits, Version};

use crate::namespaces::Namespaces;
use crate::service::{Service, Target};

/// A mapping file, read and checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) version: Version,
    pub(crate) limits: Limits,
    pub(crate) health: String,
    pub(crate) services: Vec<Service>,
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
    let version = match top.optional::<String>("soap").as_deref() {
        None | Some("1.1") => Some(Version::Soap11),
        Some("1.2") => Some(Version::Soap12),
        Some(_) => {
            top.error("soap", "is no version of SOAP", "write \"1.1\" or \"1.2\"");
            None
        }
    };
    let health = top.optional::<Target>("health");
    let namespaces = top.optional_table("namespaces").map(Namespaces::read).unwrap_or_default();
    let limits = top.optional_table("limits").map_or_else(Limits::default, |mut table| limits(&mut table));
    let tables = top.tables("service");
    if tables.is_empty() {
        top.error("service", "is missing", "add a [[service]]");
    }
    let mut services: Vec<Service> = Vec::new();
    let (mut whole, mut first_endpoint) = (!tables.is_empty(), None);
    for table in tables {
        let line = table.line();
        let Some(service) = Service::read(table, &namespaces) else {
            whole = false;
            continue;
        };
        if services.iter().any(|other| other.offer.name == service.offer.name) {
            top.error("service", format!("in line {line} has the name of another"), "give each its own name");
            whole = false;
        }
        first_endpoint.get_or_insert_with(|| service.endpoint.clone());
        services.push(service);
    }
    let health = health.map(|target| target.0).or_else(|| first_endpoint.map(|endpoint| format!("{endpoint}?wsdl")));
    whole.then_some(())?;
    Some(Mapping { version: version?, limits, health: health?, services })
}

fn limits(table: &mut Table) -> Limits {
    let default = Limits::default();
    Limits {
        bytes: table.number("bytes", 1024..=64 << 20).unwrap_or(default.bytes),
        depth: table.number("depth", 4..=1000).unwrap_or(default.depth),
        elements: table.number("elements", 4..=1_000_000).unwrap_or(default.elements),
        attributes: table.number("attributes", 1..=1000).unwrap_or(default.attributes),
        ..default
    }
}
