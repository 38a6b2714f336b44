//! What members and officers ask over HTTPS. `docs/enrolment.md` is its contract.

use std::sync::{Arc, PoisonError, RwLock};

use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use mohur_chain::{Certificate, OfficerIdentity, TlsIdentity};
use mohur_http::Request;
use serde::Deserialize;
use serde_json::json;

use super::rates::Rates;
use super::routes::{Answer, Routes, answer};
use super::stats::{Stats, count};
use crate::office::{Application, Denial, Enrols, Office, Outcome, State};
use crate::revocation::Reason;

/// When to ask again for a seal that waits.
const ASK_AGAIN_SECONDS: &str = "10";

/// The desk.
pub(crate) struct Desk {
    pub(crate) office: Arc<RwLock<Office>>,
    pub(crate) rates: Rates,
    pub(crate) stats: Arc<Stats>,
}

/// `POST /v1/revoke`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    certificate: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Desk {
    /// Its pages.
    pub(crate) fn routes(self: &Arc<Self>) -> Routes {
        let page = |what: &'static str, method: Method, work: fn(&Self, &Request) -> Result<Answer, Denial>| {
            let desk = Arc::clone(self);
            move |request: &Request| desk.page(what, &method, work, request)
        };
        Routes::new()
            .at("/v1/enrol/tls", page("enrol tls", Method::POST, |desk, asked| desk.enrol(Enrols::Tls, asked)))
            .at("/v1/enrol/seal", page("enrol seal", Method::POST, |desk, asked| desk.enrol(Enrols::Seal, asked)))
            .at("/v1/renew/tls", page("renew tls", Method::POST, |desk, asked| desk.renew(Enrols::Tls, asked)))
            .at("/v1/renew/seal", page("renew seal", Method::POST, |desk, asked| desk.renew(Enrols::Seal, asked)))
            .at("/v1/revoke", page("revoke", Method::POST, Self::revoke))
            .at("/v1/applications", page("applications", Method::GET, Self::applications))
            .at("/v1/decisions", page("decide", Method::POST, Self::decide))
    }

    /// Rate, method, work, and what is written down of a refusal.
    fn page(
        &self,
        what: &'static str,
        method: &Method,
        work: fn(&Self, &Request) -> Result<Answer, Denial>,
        request: &Request,
    ) -> Answer {
        if !self.rates.admits(request.remote.ip()) {
            count(&self.stats.slowed);
            let mut slowed = refused(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "too many requests from this address; wait a minute",
            );
            slowed.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
            return slowed;
        }
        if request.parts.method != *method {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "method", "see docs/enrolment.md for the method");
        }
        work(self, request).unwrap_or_else(|denial| self.denied(what, &denial, request))
    }

    fn denied(&self, what: &str, denial: &Denial, request: &Request) -> Answer {
        let (office, now) = (self.office.read().unwrap_or_else(PoisonError::into_inner), request.arrival.0);
        let from = request.remote.ip().to_string();
        if let Denial::Authority(error) = denial {
            count(&self.stats.failed);
            tracing::error!(%error, what, "the authority failed");
        } else {
            count(&self.stats.refused);
            tracing::warn!(what, code = denial.code(), from, "refused");
        }
        if let Err(error) = office.note_refusal(what, denial.code(), &from, now) {
            tracing::error!(%error, "a refusal could not be written down");
        }
        let status = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        refused(status, denial.code(), &denial.detail())
    }

    fn enrol(&self, what: Enrols, request: &Request) -> Result<Answer, Denial> {
        let header = request.parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer ")).ok_or(Denial::TokenUnknown)?;
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
        let outcome = office.redeem(token.trim(), what, &request.body, request.arrival.0)?;
        Ok(self.outcome(&outcome, office.rules().approvals))
    }

    fn renew(&self, what: Enrols, request: &Request) -> Result<Answer, Denial> {
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
        let peer = member(&office, request)?;
        let outcome = office.renew(&peer, what, &request.body, request.arrival.0)?;
        Ok(self.outcome(&outcome, office.rules().approvals))
    }

    fn outcome(&self, outcome: &Outcome, needed: u32) -> Answer {
        match outcome {
            Outcome::Issued(chain) => {
                count(&self.stats.issued);
                answer(StatusCode::OK, "application/pem-certificate-chain", chain.clone())
            }
            Outcome::Pending(application) => {
                count(&self.stats.pending);
                let Application { id, key, approvals, .. } = &**application;
                let body = json!({ "application": id, "key": key, "approvals": approvals.len(), "needed": needed });
                let mut waits = answer(StatusCode::ACCEPTED, "application/json", body.to_string());
                waits.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(ASK_AGAIN_SECONDS));
                waits
            }
        }
    }

    fn revoke(&self, request: &Request) -> Result<Answer, Denial> {
        let unreadable = |_| Denial::RequestRefused("expected {\"certificate\": …, \"reason\": …}".to_owned());
        let asked: Revoke = serde_json::from_slice(&request.body).map_err(unreadable)?;
        let reason = asked.reason.as_deref().unwrap_or("unspecified").parse::<Reason>();
        let reason = reason.map_err(|error| Denial::RequestRefused(format!("reason: {error}")))?;
        let now = request.arrival.0;
        let mut office = self.office.write().unwrap_or_else(PoisonError::into_inner);
        let record = match officer(&office, request) {
            Ok(officer) => office.revoke_as_officer(&officer, &asked.certificate, reason, now)?,
            Err(_no_officer) => {
                let peer = member(&office, request)?;
                office.revoke_own(&peer, &asked.certificate, reason, now)?
            }
        };
        count(&self.stats.revoked);
        Ok(answer(StatusCode::OK, "application/json", json!(record).to_string()))
    }

    fn applications(&self, request: &Request) -> Result<Answer, Denial> {
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
        let officer = officer(&office, request)?;
        office.check_approver(&officer)?;
        let pending: Vec<_> = office
            .applications()?
            .into_iter()
            .filter(|application| application.state == State::Pending && application.is_pending(request.arrival.0))
            .collect();
        Ok(answer(StatusCode::OK, "application/json", json!(pending).to_string()))
    }

    fn decide(&self, request: &Request) -> Result<Answer, Denial> {
        let unreadable = |_| Denial::StatementRefused("not a signed decision".to_owned());
        let statement = std::str::from_utf8(&request.body).map_err(unreadable)?;
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
        let officer = officer(&office, request)?;
        let application = office.decide(statement, Some(&officer), request.arrival.0)?;
        count(&self.stats.decided);
        Ok(answer(StatusCode::OK, "application/json", json!(application).to_string()))
    }
}

fn shown(request: &Request) -> Result<Certificate, Denial> {
    let shown = request.shown.as_ref().ok_or_else(|| Denial::CertificateRefused("there is none".to_owned()))?;
    Certificate::parse(shown).map_err(|error| Denial::CertificateRefused(error.to_string()))
}

fn member(office: &Office, request: &Request) -> Result<TlsIdentity, Denial> {
    office.member(&shown(request)?, request.arrival.0)
}

fn officer(office: &Office, request: &Request) -> Result<OfficerIdentity, Denial> {
    office.officer(&shown(request)?, request.arrival.0)
}

pub(crate) fn refused(status: StatusCode, code: &str, detail: &str) -> Answer {
    answer(status, "application/json", json!({ "error": code, "detail": detail }).to_string())
}
