//! Where each field stands in a reply.

use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_mapping::FieldType;
use mohur_soap::{Element, XPath, XPathError};
use mohur_wire::Value;

use crate::namespaces::Namespaces;

/// One field of a service.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) of: FieldType,
    path: XPath,
    when: Option<XPath>,
}

impl Field {
    /// Reads a `[[service.field]]`.
    pub(crate) fn read(mut table: Table, namespaces: &Namespaces) -> Option<Self> {
        let of = FieldType::read(&mut table);
        let (path, when) = (namespaces.path(&mut table, "path"), namespaces.optional_path(&mut table, "when"));
        Some(Self { of: of?, path: path?, when: when? })
    }

    /// The value in a record; `None` if the record does not hold it.
    pub(crate) fn value(&self, record: Element<'_>) -> Result<Option<Value>, RegistryError> {
        if let Some(when) = &self.when
            && !exists(when, record)?
        {
            return Ok(None);
        }
        let text = text_of(&self.path, record)?.filter(|text| !text.is_empty());
        text.map(|text| self.of.convert(&text)).transpose()
    }
}

const UNREADABLE: RegistryError = RegistryError::Invalid("what the mapping points at is not one text");

/// Whether a path selects anything.
pub(crate) fn exists(path: &XPath, from: Element<'_>) -> Result<bool, RegistryError> {
    match path.select(from) {
        Ok(nodes) => Ok(!nodes.is_empty()),
        Err(XPathError::NotElements) => path.text(from).map(|text| text.is_some()).map_err(|_| UNREADABLE),
        Err(_) => Err(UNREADABLE),
    }
}

/// The text of the one node that a path selects, without white space around it; `None` if it selects none.
pub(crate) fn text_of(path: &XPath, from: Element<'_>) -> Result<Option<String>, RegistryError> {
    match path.select(from) {
        Ok(nodes) if nodes.len() > 1 => {
            return Err(RegistryError::Invalid("what the mapping points at stands more than once"));
        }
        Ok(_) | Err(XPathError::NotElements) => {}
        Err(_) => return Err(UNREADABLE),
    }
    let text = path.text(from).map_err(|_| UNREADABLE)?;
    Ok(text.map(|text| text.trim().to_owned()))
}
