//! The admin address: health and figures, plain HTTP. Nothing here speaks of a message.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use mohur_enrol::Outlook;
use mohur_http::{Handler, Request};
use mohur_wire::{Arrival, RefusalCode};
use serde::Serialize;

use crate::door::reply;
use crate::pipeline::House;

pub(crate) struct Admin {
    pub(crate) house: Arc<House>,
    /// The certificates in use.
    pub(crate) outlook: Arc<Outlook>,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    member: String,
    directory: u64,
    policy: Option<u64>,
    register: &'static str,
    problems: Vec<String>,
}

impl Handler for Admin {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        match (&request.parts.method, request.parts.uri.path()) {
            (&Method::GET, "/health") => self.health(request.arrival).await,
            (&Method::GET, "/metrics") => {
                let text =
                    self.house.metrics.render(self.house.guard.is_closed()) + &self.outlook.render(request.arrival.0);
                reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            _ => self.refuse(RefusalCode::NoSuchEndpoint),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        let status = StatusCode::from_u16(code.text().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        reply(status, "text/plain; charset=utf-8", format!("{code}\n"))
    }
}

impl Admin {
    /// 200 while asks can be answered, 503 with the problems otherwise.
    async fn health(&self, arrival: Arrival) -> Response<Bytes> {
        let world = self.house.world.load_full();
        let mut problems = Vec::new();
        if !world.directory().is_current(arrival.0) {
            problems.push("the directory has expired".to_owned());
        }
        if world.domains.home().trust.fresh_until() <= arrival.0 {
            problems.push("a revocation list is stale".to_owned());
        }
        let policy = world.policy(&self.house.me);
        problems.extend(policy.as_ref().err().cloned());
        let register = self.house.guard.health(arrival).await;
        problems.extend(register.as_ref().err().map(ToString::to_string));
        let is_closed = self.house.guard.is_closed();
        if !is_closed {
            problems.push("the register failed too often and is left alone for a while".to_owned());
        }
        let health = Health {
            status: if problems.is_empty() { "ok" } else { "degraded" },
            member: self.house.me.to_string(),
            directory: world.directory().version(),
            policy: policy.ok().map(|_| world.agency().version()),
            register: match (register.is_ok(), is_closed) {
                (true, true) => "reached",
                (false, true) => "not reached",
                (_, false) => "left alone",
            },
            problems,
        };
        let status = if health.problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        reply(status, "application/json", serde_json::to_vec(&health).unwrap_or_default())
    }
}
