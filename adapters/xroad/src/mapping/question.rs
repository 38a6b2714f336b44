//! From a message to a question.

use std::collections::BTreeMap;

use mohur_client::Question;
use mohur_crypto::sha256;
use mohur_wire::{Ask, Enclosed, MemberId, ParseError, SubjectKey, Value};

use super::file::Mapping;
use super::message::Message;
use super::rule::{AskRule, SubjectRule};
use crate::vocabulary::{Code, XRoadError};
use crate::whole::{MESSAGE_FIELD, TYPE_FIELD};

impl Mapping {
    /// The question that a message is. `whole` encloses the message, for mappings that pass it on.
    pub fn question(
        &self,
        message: &Message<'_>,
        whole: impl FnOnce() -> Result<Enclosed, ParseError>,
        represents: &BTreeMap<String, MemberId>,
    ) -> Result<Question, XRoadError> {
        let enclosed = match self.ask {
            AskRule::Whole => Some(whole().map_err(|error| internal(&error))?),
            AskRule::Read(_) | AskRule::Match(_) | AskRule::Verify(_) => None,
        };
        let subject = match (self.subject.key(message)?, &enclosed) {
            (Some(key), _) => key,
            (None, Some(enclosed)) => digest_of(enclosed)?,
            (None, None) => return Err(self.case.wrong("no subject")),
        };
        let case = self.case.find(message)?;
        let case = case.map(|case| case.parse().map_err(|error: ParseError| self.case.wrong(&error.to_string())));
        Ok(Question {
            service: self.service.clone(),
            subject,
            ask: self.ask.asked(message)?,
            purpose: self.purpose.clone(),
            case: case.transpose()?,
            official: self.official.official(message)?,
            on_behalf_of: represented(message, represents)?,
            message: enclosed,
        })
    }

    /// The subject's own text, for answers that repeat it.
    pub fn subject_text(&self, message: &Message<'_>) -> Option<String> {
        match &self.subject {
            SubjectRule::One(_, source) => source.find(message).ok().flatten(),
            SubjectRule::Document(..) | SubjectRule::Person(..) | SubjectRule::Message => None,
        }
    }
}

impl AskRule {
    fn asked(&self, message: &Message<'_>) -> Result<Ask, XRoadError> {
        match self {
            Self::Read(fields) => Ok(Ask::Read(fields.clone())),
            Self::Verify(conditions) => Ok(Ask::Verify(conditions.clone())),
            Self::Match(rules) => {
                let mut values: BTreeMap<_, Value> = BTreeMap::new();
                for rule in rules {
                    if let Some(value) = rule.value(message)? {
                        values.insert(rule.field.clone(), value);
                    }
                }
                if values.is_empty() {
                    return Err(XRoadError::client(Code::INVALID_BODY, "the message has no value to compare"));
                }
                Ok(Ask::Match(values))
            }
            Self::Whole => whole_fields(),
        }
    }
}

/// The two fields of a whole message's answer.
pub(crate) fn whole_fields() -> Result<Ask, XRoadError> {
    let fields: Result<_, ParseError> = [MESSAGE_FIELD, TYPE_FIELD].into_iter().map(str::parse).collect();
    fields.map(Ask::Read).map_err(|error| internal(&error))
}

/// The subject of a message of which nobody knows whom it is about.
pub(crate) fn digest_of(enclosed: &Enclosed) -> Result<SubjectKey, XRoadError> {
    let digest = sha256(&enclosed.content).to_base64url();
    digest.parse().map(SubjectKey::Message).map_err(|error: ParseError| internal(&error))
}

/// The member that the client acts for; one that the configuration does not name is refused.
pub(crate) fn represented(
    message: &Message<'_>,
    represents: &BTreeMap<String, MemberId>,
) -> Result<Option<MemberId>, XRoadError> {
    let Some(party) = message.represented() else { return Ok(None) };
    represents.get(&party.named()).cloned().map(Some).ok_or_else(|| {
        let said = "the represented party is not one of [[client.represents]] in the door's configuration";
        XRoadError::door(Code::UNKNOWN_MEMBER, said)
    })
}

fn internal(error: &ParseError) -> XRoadError {
    XRoadError::door(Code::INTERNAL_ERROR, error.to_string())
}
