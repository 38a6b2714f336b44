//! What a service takes: the part of a `[[service]]` that is the same in every kind of mapping file.

use std::str::FromStr;
use std::time::{Duration, Instant};

use mohur_config::Table;
use mohur_contract::{Context, RegistryError};
use mohur_wire::{Ask, FieldName, Query, Verb};

use crate::{FieldType, Given, SubjectKind};

/// A service's name, its kind of subject, its verbs and its own time.
#[derive(Clone, Debug)]
pub struct Offer {
    /// `code/version`.
    pub name: String,
    /// What a query is keyed by.
    pub kind: SubjectKind,
    /// Which of read, match and verify it takes.
    pub verbs: Vec<Verb>,
    /// The longest time for one query.
    pub timeout: Option<Duration>,
}

/// `code/version`.
struct Name(String);

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let service = format!("AZ/GOV/X/x/{text}").parse::<mohur_wire::ServiceId>();
        service.map(|_| Self(text.to_owned())).map_err(|_| "write code/version, e.g. status/v1")
    }
}

/// The verbs that need no code: a mapping file changes nothing.
struct Asking(Verb);

impl FromStr for Asking {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self(Verb::Read)),
            "match" => Ok(Self(Verb::Match)),
            "verify" => Ok(Self(Verb::Verify)),
            _ => Err("choose among read, match, verify: a register is not changed through a mapping file"),
        }
    }
}

/// The one verb of a service that changes something.
struct Changing;

impl FromStr for Changing {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "change" => Ok(Self),
            _ => Err("a service with a check and an apply takes change and no other verb"),
        }
    }
}

impl Offer {
    /// The same of a service that changes something: its verb is `change`.
    pub fn read_change(table: &mut Table) -> (Option<Self>, Option<SubjectKind>) {
        let (name, timeout) = (table.required::<Name>("name"), table.duration("timeout"));
        let takes_change = table.list::<Changing>("verbs").len() == 1;
        if !takes_change {
            table.error("verbs", "is not that of a change", "write verbs = [\"change\"]");
        }
        let kind = table.required::<SubjectKind>("subject");
        let verbs = vec![Verb::Change];
        let offer = name.zip(kind).map(|(name, kind)| Self { name: name.0, kind, verbs, timeout });
        (offer.filter(|_| takes_change), kind)
    }

    /// Reads `name`, `subject`, `verbs` and `timeout`. The kind of subject comes beside it, so that what depends on it can be
    /// read even if something else is wrong.
    pub fn read(table: &mut Table) -> (Option<Self>, Option<SubjectKind>) {
        let (name, timeout) = (table.required::<Name>("name"), table.duration("timeout"));
        let verbs: Vec<_> = table.list::<Asking>("verbs").into_iter().map(|verb| verb.0).collect();
        if verbs.is_empty() {
            table.error("verbs", "names no verb", "write verbs = [\"match\"], or read, or verify");
        }
        let kind = table.required::<SubjectKind>("subject");
        let offer = name.zip(kind).map(|(name, kind)| Self { name: name.0, kind, verbs, timeout });
        (offer.filter(|offer| !offer.verbs.is_empty()), kind)
    }

    /// What the query gives, or why it is refused without asking anybody.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`] with what does not fit.
    pub fn accept<'q, 'f>(
        &self,
        query: &'q Query,
        context: &Context,
        field: impl Fn(&FieldName) -> Option<&'f FieldType>,
    ) -> Result<Given<'q>, RegistryError> {
        if context.settle.is_some() {
            return Err(RegistryError::Unsupported("this service has nothing to settle"));
        }
        if query.message.is_some() {
            return Err(RegistryError::Unsupported("this service takes no enclosed message"));
        }
        if !self.verbs.contains(&query.verb()) {
            return Err(RegistryError::Unsupported("this service does not take the verb"));
        }
        match &query.ask {
            Ask::Match(values) => {
                let known = values.iter().filter_map(|(name, value)| Some((field(name)?, value)));
                known.into_iter().try_for_each(|(field, value)| field.takes(value))?;
            }
            Ask::Verify(predicates) => {
                let known = predicates.iter().filter_map(|(name, predicate)| Some((field(name)?, predicate)));
                known.into_iter().try_for_each(|(field, predicate)| field.takes_predicate(predicate))?;
            }
            Ask::Read(_) | Ask::Change(_) => {}
        }
        Given::of(query, self.kind, context.arrival).ok_or(RegistryError::Unsupported("the subject is of another kind"))
    }

    /// The same call, by the service's own time if that is shorter.
    pub fn within(&self, context: &Context) -> Context {
        let mut context = context.clone();
        if let Some(timeout) = self.timeout {
            context.deadline = context.deadline.min(Instant::now() + timeout);
        }
        context
    }
}
