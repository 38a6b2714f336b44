//! The services of a provider, as its file describes them.

use std::collections::{BTreeMap, BTreeSet};

use mohur_wire::{FieldName, Verb};

use super::answer::{Kind, Locator};
use super::description::Source;
use super::template::{JsonTemplate, PathTemplate, XmlTemplate};

/// What a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// PR-MESS 4.0.
    Soap,
    /// PR-REST 1.
    Rest,
}

/// One service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// `code/version`
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    /// SOAP: where it is posted to. REST: what stands before the path of a whole message.
    pub(crate) path: String,
    /// SOAP: the `SOAPAction` that the provider wants.
    pub(crate) action: String,
    /// SOAP: the local name of the request's element.
    pub(crate) element: String,
    pub(crate) mapped: Option<Mapped>,
    pub(crate) whole: Option<Whole>,
    pub(crate) description: Option<Source>,
}

/// How a query becomes a request, and an answer values.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    pub(crate) verbs: Vec<Verb>,
    /// The kinds of subject, as `fin`.
    pub(crate) subjects: Vec<String>,
    pub(crate) request: Request,
    /// Where the answer says about whom it is.
    pub(crate) subject: Locator,
    /// What is there only if there is such a subject.
    pub(crate) found: Option<Locator>,
    /// Fault codes (SOAP) or statuses (REST) that say that there is no such subject.
    pub(crate) absent: BTreeSet<String>,
    pub(crate) fields: BTreeMap<FieldName, (Locator, Kind)>,
}

/// A request as the file writes it.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// The Body's child.
    Soap(XmlTemplate),
    /// Method, path and body.
    Rest(http::Method, PathTemplate, Option<JsonTemplate>),
}

/// Leave to pass whole messages on.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// REST: the methods that change nothing.
    pub(crate) methods: Vec<http::Method>,
    /// SOAP: where a message says about whom it is. Without it, only messages about nobody named are taken.
    pub(crate) subject: Option<Locator>,
    /// REST: how the path of a message about that subject begins.
    pub(crate) target: Option<PathTemplate>,
}

impl Service {
    /// Its code, without the version.
    pub(crate) fn code(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        self.name.split('/').nth(1).unwrap_or_default()
    }
}
