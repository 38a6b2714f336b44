//! The bank: ISO 20022 messages over HTTP POST.
//!
//! - `POST /payment-status`: pacs.028.001.03 (status request) with `OrgnlEndToEndId`, answered with pacs.002.001.10.
//! - `POST /notifications`: camt.060.001.05 (reporting request) for camt.054 with the receipt in `SplmtryData`, answered
//!   with camt.054.001.08 holding the booked entry of that receipt, or no entry.
//!
//! The receipt's number is the `EndToEndId`. camt.060 has no place for one, so it stands in the envelope that ISO
//! 20022 keeps for supplements. A payment that the bank never saw is `RJCT` with reason `NOOR`.

mod message;

use http::{Method, StatusCode};
use mohur_wire::Arrival;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::web::{self, Call, Sent};
use crate::{Country, Faults};

const XML: &str = "application/xml";

/// Answers one request.
pub(crate) fn answer(country: &Country, call: &Call<'_>, arrival: Arrival, faults: Faults) -> Sent {
    let (element, respond): (&str, fn(&message::Report<'_>) -> String) = match (call.segments().as_slice(), call.method)
    {
        (["payment-status"], &Method::POST) => ("OrgnlEndToEndId", message::status),
        (["notifications"], &Method::POST) => ("EndToEndId", message::notification),
        (["payment-status" | "notifications"], _) => return web::only("POST"),
        _ => return web::empty(StatusCode::NOT_FOUND),
    };
    if let Err(refusal) = call.allow(&["bank.payment.read"]) {
        return refusal;
    }
    let content = std::str::from_utf8(call.body).ok().filter(|_| matches!(call.content_type, XML | "text/xml"));
    let Some(receipt) = content.and_then(|content| text_of(content, element)) else {
        return web::empty(StatusCode::BAD_REQUEST);
    };
    let payment = country.payment(&receipt);
    let named = if faults.wrong_person { "DR-2026-OTHER" } else { receipt.as_str() };
    let report = message::Report { receipt: named, payment, at: arrival.0, extra: faults.extra_fields };
    web::reply(StatusCode::OK, XML, respond(&report))
}

/// The text of the first element of that local name, if the document is well formed and has no document type.
fn text_of(content: &str, element: &str) -> Option<String> {
    let mut reader = Reader::from_str(content);
    let (mut found, mut inside, mut depth) = (None, false, 0_u32);
    loop {
        match reader.read_event().ok()? {
            Event::DocType(_) => return None,
            // The reader itself does not mind elements that are still open.
            Event::Eof => return found.filter(|text: &String| depth == 0 && !text.is_empty()),
            Event::Start(start) => {
                depth += 1;
                inside = found.is_none() && start.local_name().as_ref() == element;
                if inside {
                    found = Some(String::new());
                }
            }
            Event::Text(text) if inside => found.as_mut()?.push_str(text.xml10_content().trim()),
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                inside = false;
            }
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
