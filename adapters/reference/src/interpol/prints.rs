//! Prints: a transaction of ANSI/NIST-ITL in XML (INT-I 6) in, a result (SRE) or an error (ERR) back.
//!
//! This stand-in has no matcher. It knows an image again only if every octet is the same; the image of a wanted person is
//! the grey picture that the country has in the place of a photograph.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use mohur_crypto::digest::sha256_parts;
use mohur_soap::{Document, Element, Limits};
use mohur_wire::Arrival;
use quick_xml::escape::escape;

use super::record::Databases;
use crate::web::{self, Call, Sent};

const ITL: &str = "http://biometrics.nist.gov/standard/2011";
const BIOM: &str = "http://niem.gov/niem/biometrics/1.0";
const NC: &str = "http://niem.gov/niem/niem-core/2.0";
const INT_I: &str = "http://interpol.gov/int-i/1.0";
const XML: &str = "application/xml";
/// What is shorter is no image.
const LEAST_OCTETS: usize = 8;

/// What a search came to.
enum Outcome {
    NoHit,
    /// The number of the record.
    Hit(String),
    /// A code of INT-I's table ERR, the field, and the code's sentence.
    Error(&'static str, &'static str, &'static str),
}

/// What is needed of a request.
struct Asked {
    kind: String,
    number: String,
    country: String,
    outcome: Outcome,
}

/// Answers one transaction.
pub(super) fn answer(databases: &Databases, call: &Call<'_>, arrival: Arrival) -> Sent {
    if let Err(refusal) = call.allow(&["interpol.search"]) {
        return refusal;
    }
    if call.content_type != XML {
        return web::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let document = Document::from_utf8(call.body, &Limits::default()).ok();
    let Some(asked) = document.as_ref().and_then(|document| read(databases, document.root())) else {
        return web::empty(StatusCode::BAD_REQUEST);
    };
    web::reply(StatusCode::OK, XML, written(&asked, arrival))
}

/// `None` if it is no transaction at all, or has no number to answer to.
fn read(databases: &Databases, root: Element<'_>) -> Option<Asked> {
    if !root.is(ITL, "NISTBiometricInformationExchangePackage") {
        return None;
    }
    let head = root.child(ITL, "PackageInformationRecord")?.child(BIOM, "Transaction")?;
    let from = head.child(INT_I, "TransactionOriginatingOrganization")?;
    let kind = text(head.child(INT_I, "TransactionCategoryCode")?)?;
    let outcome = if ["CPS", "NPS", "MPS"].contains(&kind.as_str()) {
        searched(databases, root)
    } else {
        Outcome::Error("116", "TOT", "ERROR: INVALID TYPE OF TRANSACTION")
    };
    Some(Asked {
        kind,
        number: text(head.child(BIOM, "TransactionControlIdentification")?.child(NC, "IdentificationID")?)?,
        country: text(from.child(INT_I, "LocationCountryISO3166Alpha3Code")?)?,
        outcome,
    })
}

fn searched(databases: &Databases, root: Element<'_>) -> Outcome {
    let images: Vec<_> = root.descendants().filter(|element| element.is(NC, "BinaryBase64Object")).collect();
    if images.is_empty() {
        return Outcome::Error("502", "DATA", "ERROR: MISSING FINGERPRINTS");
    }
    for image in images {
        let content = text(image).and_then(|text| BASE64_STANDARD.decode(text).ok());
        let Some(content) = content else {
            return Outcome::Error("117", "DATA", "ERROR: INVALID RECORD DATA");
        };
        if content.len() < LEAST_OCTETS {
            return Outcome::Error("501", "DATA", "ERROR: INSUFFICIENT FINGERPRINT QUALITY");
        }
        if let Some(record) = databases.print(&sha256_parts(&[&content]).0) {
            return Outcome::Hit(record);
        }
    }
    Outcome::NoHit
}

/// Text without the blanks and line ends that base64 may have.
fn text(element: Element<'_>) -> Option<String> {
    Some(element.text().ok()?.split_whitespace().collect())
}

fn written(asked: &Asked, arrival: Arrival) -> String {
    let kind = if matches!(asked.outcome, Outcome::Error(..)) { "ERR" } else { "SRE" };
    let utc = arrival.0.to_zoned(jiff::tz::TimeZone::UTC);
    let (date, time) = (utc.date(), utc.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let (number, country) = (escape(&asked.number), escape(&asked.country));
    let (metadata, response) = said(asked);
    // The number of the answer is the one of the question: this stand-in keeps no counter, and both have their check letter.
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><itl:NISTBiometricInformationExchangePackage xmlns:itl=\"{ITL}\" \
         xmlns:biom=\"{BIOM}\" xmlns:nc=\"{NC}\" xmlns:int-i=\"{INT_I}\"><itl:PackageInformationRecord>\
         <biom:RecordCategoryCode>1</biom:RecordCategoryCode><biom:Transaction><biom:TransactionDate><nc:Date>{date}\
         </nc:Date></biom:TransactionDate><int-i:TransactionDestinationOrganization><nc:OrganizationName>National Central \
         Bureau</nc:OrganizationName><int-i:LocationCountryISO3166Alpha3Code>{country}\
         </int-i:LocationCountryISO3166Alpha3Code></int-i:TransactionDestinationOrganization>\
         <int-i:TransactionOriginatingOrganization><nc:OrganizationName>INTERPOL</nc:OrganizationName>\
         <int-i:LocationCountryISO3166Alpha3Code>XPO</int-i:LocationCountryISO3166Alpha3Code>\
         </int-i:TransactionOriginatingOrganization><biom:TransactionUTCDate><nc:DateTime>{time}</nc:DateTime>\
         </biom:TransactionUTCDate><biom:TransactionControlIdentification><nc:IdentificationID>{number}\
         </nc:IdentificationID></biom:TransactionControlIdentification><biom:TransactionControlReferenceIdentification>\
         <nc:IdentificationID>{number}</nc:IdentificationID></biom:TransactionControlReferenceIdentification>\
         <biom:TransactionDomain><biom:DomainVersionNumberIdentification><nc:IdentificationID>06.00</nc:IdentificationID>\
         </biom:DomainVersionNumberIdentification><biom:TransactionDomainName>INT-I</biom:TransactionDomainName>\
         </biom:TransactionDomain><biom:TransactionImageResolutionDetails><biom:NativeScanningResolutionValue>00.00\
         </biom:NativeScanningResolutionValue><biom:NominalTransmittingResolutionValue>00.00\
         </biom:NominalTransmittingResolutionValue></biom:TransactionImageResolutionDetails>\
         <biom:TransactionMajorVersionValue>05</biom:TransactionMajorVersionValue><biom:TransactionMinorVersionValue>02\
         </biom:TransactionMinorVersionValue><biom:TransactionPriorityValue>2</biom:TransactionPriorityValue>\
         <int-i:TransactionCategoryCode>{kind}</int-i:TransactionCategoryCode><biom:TransactionContentSummary>\
         <biom:ContentFirstRecordCategoryCode>1</biom:ContentFirstRecordCategoryCode><biom:ContentRecordQuantity>1\
         </biom:ContentRecordQuantity><biom:ContentRecordSummary><biom:ImageReferenceIdentification><nc:IdentificationID>0\
         </nc:IdentificationID></biom:ImageReferenceIdentification><biom:RecordCategoryCode>2</biom:RecordCategoryCode>\
         </biom:ContentRecordSummary></biom:TransactionContentSummary></biom:Transaction></itl:PackageInformationRecord>\
         <itl:PackageDescriptiveTextRecord><biom:RecordCategoryCode>02</biom:RecordCategoryCode>\
         <biom:ImageReferenceIdentification><nc:IdentificationID>0</nc:IdentificationID>\
         </biom:ImageReferenceIdentification><itl:UserDefinedDescriptiveDetail><int-i:DomainDefinedDescriptiveDetail>\
         {metadata}<int-i:TransactionResponseData>{response}</int-i:TransactionResponseData>\
         </int-i:DomainDefinedDescriptiveDetail></itl:UserDefinedDescriptiveDetail></itl:PackageDescriptiveTextRecord>\
         </itl:NISTBiometricInformationExchangePackage>"
    )
}

/// The record's metadata, and the response.
fn said(asked: &Asked) -> (String, String) {
    let list = |total: u8, code: &str| {
        let verified = total > 0;
        format!(
            "<int-i:RespondentsList><int-i:TransactionCandidate><int-i:CandidateSequenceID><nc:IdentificationID>1\
             </nc:IdentificationID></int-i:CandidateSequenceID><int-i:TransactionCandidateManualVerificationIndicator>\
             {verified}</int-i:TransactionCandidateManualVerificationIndicator></int-i:TransactionCandidate>\
             <int-i:TransactionCandidatesTotalQuantity>{total}</int-i:TransactionCandidatesTotalQuantity>\
             <int-i:TransactionCategoryCode>{}</int-i:TransactionCategoryCode><int-i:TransactionSearchResultsCode>{code}\
             </int-i:TransactionSearchResultsCode></int-i:RespondentsList>",
            escape(&asked.kind)
        )
    };
    match &asked.outcome {
        Outcome::NoHit => (String::new(), list(0, "N")),
        Outcome::Hit(record) => {
            let metadata = format!(
                "<int-i:RecordMetadata><int-i:MiscellaneousIdentification><int-i:NationalPersonIdentifier>\
                 <int-i:LocationCountryISO3166Alpha3Code>XPO</int-i:LocationCountryISO3166Alpha3Code>\
                 <nc:IdentificationID>{record}</nc:IdentificationID></int-i:NationalPersonIdentifier>\
                 </int-i:MiscellaneousIdentification></int-i:RecordMetadata>"
            );
            (metadata, list(1, "I"))
        }
        Outcome::Error(code, field, sentence) => (
            String::new(),
            format!(
                "<int-i:ErrorMessage><int-i:ErrorCode>{code}</int-i:ErrorCode><int-i:ErrorFieldMnemonicCode>{field}\
                 </int-i:ErrorFieldMnemonicCode><int-i:ErrorMessageText>{sentence}</int-i:ErrorMessageText>\
                 </int-i:ErrorMessage>"
            ),
        ),
    }
}
