//! A message that goes as a whole: the owner's policy must release the field `message`, and the real provider answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response};
use mohur_client::{Answered, Question};
use mohur_wire::{MemberId, Official, ParseError, Refusal, RefusalCode, ServiceId};

use super::Door;
use super::asking::Failed;
use super::handler::soap_response;
use super::rest::mark;
use super::soap::parsed;
use crate::hash;
use crate::identifier::{ClientId, ServiceCode};
use crate::mapping::{Message, digest_of, represented, whole_fields};
use crate::rest::{RestHead, X_ROAD_ERROR};
use crate::soap::{Headers, SoapEntity, with_request_hash};
use crate::vocabulary::{Code, XRoadError};
use crate::whole::{WholeRequest, WholeResponse};

impl Door {
    /// The question of a message to a service without a mapping, if such messages may go.
    pub(super) fn unmapped(
        &self,
        service: &ServiceCode,
        message: &Message<'_>,
        whole: &WholeRequest,
    ) -> Result<Question, XRoadError> {
        let Some(leave) = &self.settings.unmapped else {
            let said = format!("there is no mapping for {service}; add one to the door's folder, or set unmapped");
            return Err(Refusal::new(RefusalCode::NotMapped, said).into());
        };
        let official = match (message.user_id(), &leave.official) {
            (Some(user), _) => user
                .parse()
                .map_err(|error: ParseError| XRoadError::client(Code::INVALID_REQUEST, format!("userId: {error}")))?,
            (None, Some(official)) => official.clone(),
            (None, None) => {
                let said = "the header field userId is missing, and somebody must act";
                return Err(XRoadError::client(Code::MISSING_HEADER_FIELD, said));
            }
        };
        let mut question = self.enclosing(self.service(service)?, whole, official)?;
        question.purpose = leave.purpose.clone();
        question.on_behalf_of = represented(message, &self.settings.represents)?;
        let id = leave.id_as_case.then(|| message.id());
        question.case = message
            .issue()
            .or(id)
            .map(str::parse)
            .transpose()
            .map_err(|error: ParseError| XRoadError::client(Code::INVALID_REQUEST, format!("issue: {error}")))?;
        Ok(question)
    }

    /// A question that encloses a message, for the purpose of metadata.
    pub(super) fn enclosing(
        &self,
        service: ServiceId,
        whole: &WholeRequest,
        official: Official,
    ) -> Result<Question, XRoadError> {
        let enclosed = whole.enclosed().map_err(|error| XRoadError::door(Code::INTERNAL_ERROR, error.to_string()))?;
        Ok(Question {
            service,
            subject: digest_of(&enclosed)?,
            ask: whole_fields()?,
            purpose: self.settings.metadata_purpose.clone(),
            case: Some(self.settings.metadata_case.clone()),
            official,
            on_behalf_of: None,
            message: Some(enclosed),
        })
    }

    /// The service of ours with that name.
    pub(super) fn service(&self, service: &ServiceCode) -> Result<ServiceId, XRoadError> {
        let owner = self.owner(&service.owner)?;
        let version = service.version.as_deref().unwrap_or(&self.settings.version);
        let name = format!("{owner}/{}/{version}", service.code);
        name.parse().map_err(|_| XRoadError::door(Code::UNKNOWN_SERVICE, "there is no service of that name"))
    }

    /// The member of ours that an owner is.
    pub(super) fn owner(&self, owner: &ClientId) -> Result<MemberId, XRoadError> {
        let known = self.settings.owners.get(owner).cloned().or_else(|| owner.member());
        known.ok_or_else(|| XRoadError::door(Code::UNKNOWN_MEMBER, "there is no member of that name"))
    }

    /// Asks with a whole SOAP message, and gives the provider's answer.
    pub(super) async fn whole_soap(
        &self,
        question: Question,
        request: &Headers,
        root: &[u8],
    ) -> Result<Response<Bytes>, Failed> {
        let whole = released(&self.ask(question).await?)?;
        let content_type = whole.header("content-type").cloned();
        let text = content_type.as_ref().and_then(|value| value.to_str().ok());
        let broken = |error: XRoadError| {
            XRoadError::provider(Code::INCONSISTENT_RESPONSE, format!("the provider's answer: {}", error.message))
        };
        let entity = SoapEntity::read(text, whole.body.clone(), &self.mime_limits()).map_err(broken)?;
        let envelope = entity.root_text().map_err(broken)?;
        let limits = self.xml_limits();
        let document = parsed(envelope, &limits).map_err(broken)?;
        let answer = with_request_hash(envelope, &document, request, &hash::of_soap(root))?;
        let mut response = soap_response(entity.with_root(&answer));
        if let Some(content_type) = content_type {
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        Ok(response)
    }

    /// Asks with a whole REST request, and gives the provider's answer.
    pub(super) async fn whole_rest(
        &self,
        question: Question,
        head: &RestHead,
        body: &[u8],
    ) -> Result<Response<Bytes>, Failed> {
        let whole = released(&self.ask(question).await?)?;
        let mut response = Response::new(whole.body);
        *response.status_mut() = whole.status;
        let mut headers = HeaderMap::new();
        for (name, value) in whole.headers {
            // Errors of X-Road are told by this side; a provider's own must not look like one.
            if name != X_ROAD_ERROR {
                headers.append(name, value);
            }
        }
        mark(&mut headers, head, body);
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// The provider's answer in the owner's.
pub(super) fn released(answered: &Answered) -> Result<WholeResponse, XRoadError> {
    let fields = answered.answer.found().ok_or_else(|| {
        XRoadError::provider(Code::NOT_FOUND, "the owner has sealed that there is nothing under this key")
    })?;
    WholeResponse::of_fields(fields)
        .map_err(|error| XRoadError::provider(Code::INCONSISTENT_RESPONSE, format!("the owner's answer: {error}")))
}
