//! `readDocument`: an extract of an act as a PDF file in a MIME multipart.

use http::StatusCode;

use super::{Book, Outcome, invalid, person};
use crate::web::{self, Call, Sent};
use crate::{Citizen, Country, Faults};

const BOUNDARY: &str = "mohur-reference-document";

pub(super) fn read(book: Book, country: &Country, uin: &str, call: &Call<'_>) -> Outcome {
    call.allow(&["cr.document.read", "pr.document.read"])?;
    let Some(kind) = call.parameter("doctype") else { return Err(invalid("doctype is required, once")) };
    match call.parameter("format") {
        Some("pdf") => {}
        Some("jpeg" | "png" | "TBD") => return Err(web::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        _ => return Err(invalid("format is one of pdf, jpeg, png, TBD")),
    }
    let citizen = person(book, country, uin, Faults::default())?;
    let title = match kind {
        "birth" => "Birth act",
        "marriage" if is_married(citizen, call.parameter("secondaryUin")) => "Marriage act",
        _ => return Err(web::empty(StatusCode::NOT_FOUND)),
    };
    let mut body = format!("--{BOUNDARY}\r\nContent-Type: application/pdf\r\n\r\n").into_bytes();
    body.extend(pdf(&format!("{title}. Reference register: nobody in it exists.")));
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    Ok(multipart(body))
}

fn is_married(citizen: &Citizen, spouse: Option<&str>) -> bool {
    let status = &citizen.status;
    status.marriage_date.is_some()
        && spouse.is_none_or(|given| status.spouse.is_some_and(|spouse| spouse.as_str() == given))
}

fn multipart(body: Vec<u8>) -> Sent {
    web::reply(StatusCode::OK, "multipart/mixed; boundary=mohur-reference-document", body)
}

/// A PDF of one page with one line (ISO 32000-1, 7.5): header, objects, cross-reference table, trailer.
fn pdf(line: &str) -> Vec<u8> {
    let content = format!("BT /F1 14 Tf 60 760 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (start, size) = (out.len(), objects.len() + 1);
    out.push_str(&format!(
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    out.into_bytes()
}
