//! A SOAP message: read, asked, told.

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use mohur_http::Request;
use mohur_soap::mime::MimeLimits;
use mohur_soap::{Document, Limits};

use super::Door;
use super::asking::Failed;
use super::handler::soap_response;
use crate::hash;
use crate::mapping::{AskRule, Mapping, Message};
use crate::soap::{SoapEntity, SoapMessage};
use crate::vocabulary::{Code, XRoadError};
use crate::whole::WholeRequest;

impl Door {
    /// Answers a SOAP request, whatever it is.
    pub(super) async fn soap(&self, request: Request) -> Response<Bytes> {
        match self.soap_answer(&request).await {
            Ok(response) => response,
            Err(Failed { error, id }) => self.told(&request, &error, id),
        }
    }

    async fn soap_answer(&self, request: &Request) -> Result<Response<Bytes>, Failed> {
        let content_type = request.parts.headers.get(CONTENT_TYPE);
        let text = content_type.and_then(|value| value.to_str().ok());
        let entity = SoapEntity::read(text, request.body.clone(), &self.mime_limits())?;
        let document = parsed(entity.envelope(), &self.xml_limits())?;
        let message = SoapMessage::request(&document)?;
        let headers = &message.headers;
        self.admission.admit(&headers.client, request.pin.as_ref())?;
        tracing::info!(client = %headers.client, service = %headers.service, "asked over SOAP");
        let mapping = self.mappings.of_soap(&headers.client, &headers.service);
        let whole = || {
            let action = request.parts.headers.get("soapaction").cloned();
            let content_type = content_type.cloned().unwrap_or_else(|| http::HeaderValue::from_static("text/xml"));
            WholeRequest::soap(content_type, action, entity.body.clone())
        };
        match (mapping, headers.service.code.as_str()) {
            (Some(mapping), _) if matches!(mapping.ask, AskRule::Whole) => {
                let view = Message::Soap { headers, payload: message.payload };
                let question = mapping.question(&view, || whole().enclosed(), &self.settings.represents)?;
                self.whole_soap(question, headers, entity.root()).await
            }
            (Some(mapping), _) => self.mapped_soap(mapping, &message, &entity).await,
            (None, "listMethods") => self.methods_by_soap(&message, &entity, false).await,
            (None, "allowedMethods") => self.methods_by_soap(&message, &entity, true).await,
            (None, "getWsdl") => self.wsdl(&message, &entity, whole()).await,
            (None, _) => {
                let view = Message::Soap { headers, payload: message.payload };
                let question = self.unmapped(&headers.service, &view, &whole())?;
                self.whole_soap(question, headers, entity.root()).await
            }
        }
    }

    async fn mapped_soap(
        &self,
        mapping: &Mapping,
        message: &SoapMessage<'_>,
        entity: &SoapEntity,
    ) -> Result<Response<Bytes>, Failed> {
        let view = Message::Soap { headers: &message.headers, payload: message.payload };
        let no_whole = || WholeRequest::soap(http::HeaderValue::from_static("text/xml"), None, Bytes::new()).enclosed();
        let question = mapping.question(&view, no_whole, &self.settings.represents)?;
        let subject = mapping.subject_text(&view);
        let rule = mapping.answer.as_ref().ok_or_else(|| XRoadError::door(Code::INTERNAL_ERROR, "no [answer]"))?;
        let answered = self.ask(question).await?;
        let told = match answered.answer.found() {
            Some(fields) => rule.found(fields, subject.as_deref()),
            None => rule.absent(subject.as_deref())?,
        };
        Ok(soap_answer(message, entity, &told.text))
    }

    /// The limits of XML on the inside leg: those of the outside, within the listener's.
    pub(super) fn xml_limits(&self) -> Limits {
        Limits { bytes: self.settings.limits.body_bytes, ..Limits::default() }
    }

    pub(super) fn mime_limits(&self) -> MimeLimits {
        MimeLimits { bytes: self.settings.limits.body_bytes, ..MimeLimits::default() }
    }
}

/// The answer with the request's header and hash.
pub(super) fn soap_answer(message: &SoapMessage<'_>, entity: &SoapEntity, payload: &str) -> Response<Bytes> {
    let hash = hash::of_soap(entity.root());
    soap_response(message.answered(entity.envelope(), payload, &hash).into())
}

pub(super) fn parsed<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, XRoadError> {
    Document::parse(text, limits).map_err(|error| XRoadError::client(Code::INVALID_XML, error.to_string()))
}
