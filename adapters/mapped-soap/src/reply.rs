//! Where a reply says whether there is a record, and whom it speaks of.

use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_mapping::SubjectKind;
use mohur_soap::{Element, XPath};
use mohur_wire::SubjectKey;

use crate::field::{exists, text_of};
use crate::namespaces::Namespaces;

/// `[service.reply]`
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    found: XPath,
    absent: Option<XPath>,
    kind: SubjectKind,
    /// A path for each part of the subject.
    subject: Vec<XPath>,
}

impl Reply {
    pub(crate) fn read(table: &mut Table, namespaces: &Namespaces, kind: SubjectKind) -> Option<Self> {
        let (found, absent) = (namespaces.path(table, "found"), namespaces.optional_path(table, "absent"));
        let subject: Vec<_> = match kind.parts() {
            [""] => vec![namespaces.path(table, "subject")],
            parts => {
                let mut inner = table.table("subject")?;
                parts.iter().map(|part| namespaces.path(&mut inner, part)).collect()
            }
        };
        Some(Self { found: found?, absent: absent?, kind, subject: subject.into_iter().collect::<Option<_>>()? })
    }

    /// The record; `None` if the service says that there is none.
    pub(crate) fn record<'d>(&self, payload: Element<'d>) -> Result<Option<Element<'d>>, RegistryError> {
        const BOTH: RegistryError =
            RegistryError::Invalid("it does not say whether there is a record, or says both (mapping: found, absent)");
        let records = self.found.select(payload).map_err(|_| BOTH)?;
        let is_absent = self.absent.as_ref().map(|absent| exists(absent, payload)).transpose()?;
        match (records.as_slice(), is_absent) {
            ([], None | Some(true)) => Ok(None),
            ([record], None | Some(false)) => Ok(Some(*record)),
            ([], Some(false)) | ([_], Some(true)) => Err(BOTH),
            (_, _) => Err(RegistryError::Invalid("it gives more than one record")),
        }
    }

    /// Whom a record is about. A reply that does not say it is never taken as one about the subject asked.
    pub(crate) fn subject(&self, record: Element<'_>) -> Result<SubjectKey, RegistryError> {
        let texts = self.subject.iter().map(|path| text_of(path, record)).collect::<Result<Option<Vec<_>>, _>>()?;
        let subject = texts.and_then(|texts| self.kind.of(&texts));
        subject.ok_or(RegistryError::Invalid("the reply does not name the subject that it speaks of"))
    }
}
