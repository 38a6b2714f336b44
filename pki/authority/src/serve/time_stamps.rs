//! The time-stamping authority over HTTP (RFC 3161 §3.4).

use http::{Method, StatusCode, header};
use mohur_attest::timestamp::{Authority, Failure, QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE};
use mohur_http::Request;
use mohur_wire::RefusalCode;

use crate::serve::{Answer, Serials, answer, refusal};

/// Answers queries, POSTed as `application/timestamp-query`. A query that gets no time stamp gets a refusal of RFC 3161 all the
/// same, with status 200. The time is that of the query's arrival.
pub fn time_stamps(authority: Authority, serials: Serials) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    move |request| {
        let content_type = request.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if request.parts.method != Method::POST {
            return refusal(RefusalCode::MethodNotAllowed);
        }
        if !content_type.is_some_and(|found| found.trim().eq_ignore_ascii_case(QUERY_MEDIA_TYPE)) {
            return answer(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "text/plain; charset=utf-8",
                format!("POST {QUERY_MEDIA_TYPE}\n"),
            );
        }
        let now = request.arrival.0;
        let time = serials.check(now).map(|()| now).map_err(|error| {
            tracing::error!(%error, "no time stamps are issued");
            Failure::TimeNotAvailable
        });
        let serial = || {
            serials.take(now).map_err(|error| {
                tracing::error!(%error, "no time stamps are issued");
                Failure::SystemFailure
            })
        };
        let (reply, granted) = authority.answer(&request.body, time, serial);
        match granted {
            Ok(granted) => tracing::info!(serial = granted.serial, "a time stamp was issued"),
            Err(failure) => tracing::info!(%failure, "a time stamp was refused"),
        }
        answer(StatusCode::OK, REPLY_MEDIA_TYPE, reply)
    }
}
