//! The admin address: health and metrics, plain HTTP, for loopback. Nothing here is about a person.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use mohur_enrol::Outlook;
use mohur_exchange::Provider;
use mohur_http::{Handler, Request};
use mohur_journal::{Journal, JournalError};
use mohur_wire::{RefusalCode, Timestamp};

use crate::door::Door;

/// Serves `/health` and `/metrics`.
pub(crate) struct Admin<P> {
    pub(crate) door: Arc<Door<P>>,
    pub(crate) journal: Journal,
    /// The certificates in use.
    pub(crate) outlook: Arc<Outlook>,
}

impl<P: Provider> Admin<P> {
    async fn health(&self, request: &Request) -> Response<Bytes> {
        let current = self.door.exchange.world().directory().is_current(request.arrival.0);
        let log = match self.journal.ready().await {
            Ok(()) => "ok",
            Err(JournalError::Full(_)) => "full",
            Err(
                JournalError::Failed(_) | JournalError::Closed | JournalError::TooLong | JournalError::Unreadable(_),
            ) => "failed",
        };
        let directory = if current { "ok" } else { "failed" };
        let body = serde_json::json!({ "log": log, "directory": directory }).to_string();
        let status = if log == "ok" && current { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        answer(status, "application/json", body)
    }

    fn metrics(&self, now: Timestamp) -> Response<Bytes> {
        let entries = self.journal.checkpoint().map_or(0, |(checkpoint, _)| checkpoint.size);
        answer(
            StatusCode::OK,
            "text/plain; version=0.0.4",
            self.door.metrics.render(entries, self.door.exchange.undone()) + &self.outlook.render(now),
        )
    }
}

impl<P: Provider> Handler for Admin<P> {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        match request.parts.uri.path() {
            "/health" => self.health(&request).await,
            "/metrics" => self.metrics(request.arrival.0),
            _ => self.refuse(RefusalCode::NoSuchEndpoint),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        let status = StatusCode::from_u16(code.text().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer(status, "text/plain", format!("{code}\n"))
    }
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
