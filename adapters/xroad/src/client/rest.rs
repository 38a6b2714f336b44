//! A REST request: read, asked, told.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use mohur_http::Request;

use super::asking::Failed;
use super::{Door, fresh_id};
use crate::mapping::{AskRule, Body, Message, Rendered};
use crate::rest::{RestHead, names};
use crate::vocabulary::{Code, XRoadError};
use crate::whole::WholeRequest;

impl Door {
    /// Answers a REST request, whatever it is.
    pub(super) async fn rest(&self, request: Request) -> Response<Bytes> {
        match self.rest_answer(&request).await {
            Ok(response) => response,
            Err(Failed { error, id }) => self.told(&request, &error, id),
        }
    }

    async fn rest_answer(&self, request: &Request) -> Result<Response<Bytes>, Failed> {
        let parts = &request.parts;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let head = RestHead::read(&parts.method, target, &parts.headers, &mut fresh_id)?;
        self.admission.admit(&head.client, request.pin.as_ref())?;
        tracing::info!(client = %head.client, service = %head.service, "asked over REST");
        let whole = || whole(&head, request.body.clone());
        let found = self.mappings.of_rest(&head.client, &head.service, &head.method, &head.path);
        if let Some((mapping, named)) = found {
            let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let body = Body::read(content_type, &request.body, &self.xml_limits())?;
            let view = Message::Rest { head: &head, named, body };
            let question = mapping.question(&view, || whole().enclosed(), &self.settings.represents)?;
            if matches!(mapping.ask, AskRule::Whole) {
                drop(view);
                return self.whole_rest(question, &head, &request.body).await;
            }
            let subject = mapping.subject_text(&view);
            drop(view);
            let rule = mapping.answer.as_ref().ok_or_else(|| XRoadError::door(Code::INTERNAL_ERROR, "no [answer]"))?;
            let answered = self.ask(question).await?;
            let told = match answered.answer.found() {
                Some(fields) => rule.found(fields, subject.as_deref()),
                None => rule.absent(subject.as_deref())?,
            };
            return Ok(rest_answer(&head, &request.body, told));
        }
        match head.service.code.as_str() {
            "listMethods" => self.methods_by_rest(&head, false).await,
            "allowedMethods" => self.methods_by_rest(&head, true).await,
            "getOpenAPI" => self.openapi(&head, whole()).await,
            _ => {
                let view = Message::Rest { head: &head, named: std::collections::BTreeMap::new(), body: Body::None };
                let question = self.unmapped(&head.service, &view, &whole())?;
                drop(view);
                self.whole_rest(question, &head, &request.body).await
            }
        }
    }
}

fn whole(head: &RestHead, body: Bytes) -> WholeRequest {
    let (method, target, headers) = (head.method.clone(), head.target.clone(), head.headers.clone());
    WholeRequest { method, target, headers, body }
}

/// An answer with the headers of the protocol.
pub(super) fn rest_answer(head: &RestHead, request: &[u8], told: Rendered) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(told.text));
    *response.status_mut() = told.status;
    if let Some(content_type) = told.content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    mark(response.headers_mut(), head, request);
    response
}

/// A document under the headers of the protocol.
pub(super) fn rest_document(head: &RestHead, content_type: &'static str, text: String) -> Response<Bytes> {
    rest_answer(head, &[], Rendered { status: StatusCode::OK, content_type: Some(content_type), text })
}

/// The headers that every answer carries (PR-REST 4.3). Whatever the provider set under these names is replaced.
pub(super) fn mark(headers: &mut HeaderMap, head: &RestHead, request: &[u8]) {
    for (name, value) in [
        (names::ID, head.id.clone()),
        (names::CLIENT, head.client.encoded()),
        (names::SERVICE, head.service.encoded()),
        (names::REQUEST_ID, head.request_id.clone()),
        (names::REQUEST_HASH, head.hash(request)),
    ] {
        // By INVARIANT on RestHead: ids came out of headers, the rest is percent-encoded or base64.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
