//! What a service's faults mean.

use mohur_config::Table;
use mohur_connection::soap::Fault;
use mohur_contract::RegistryError;
use mohur_mapping::{Meaning, Nothing};
use mohur_soap::XPath;

use crate::field::exists;
use crate::namespaces::Namespaces;

/// One `[[service.fault]]`: a fault that a path fits becomes that.
#[derive(Clone, Debug)]
pub(crate) struct FaultRule {
    path: XPath,
    becomes: Meaning,
}

impl FaultRule {
    pub(crate) fn read(mut table: Table, namespaces: &Namespaces) -> Option<Self> {
        let (path, becomes) = (namespaces.path(&mut table, "path"), table.required("becomes"));
        Some(Self { path: path?, becomes: becomes? })
    }
}

/// What a fault means: the first rule that fits, else what SOAP says of its code.
pub(crate) fn meaning(rules: &[FaultRule], fault: &Fault<'_>) -> Result<Nothing, RegistryError> {
    for rule in rules {
        if exists(&rule.path, fault.element)? {
            return rule.becomes.outcome("a SOAP fault");
        }
    }
    Err(fault.meaning())
}
