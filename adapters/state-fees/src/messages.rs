//! The messages: pacs.028 and camt.060 out, pacs.002 and camt.054 in.

use mohur_contract::RegistryError;
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{Fin, Timestamp};
use quick_xml::escape::escape;

use crate::xml::{Document, Element};

const PACS_002: &str = "urn:iso:std:iso:20022:tech:xsd:pacs.002.001.";
const CAMT_054: &str = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.";

/// What pacs.002 says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Settled on the payer's or on the treasury's account.
    Settled,
    /// On its way.
    Pending,
    /// Rejected, cancelled or blocked.
    Rejected,
    /// Never seen.
    Unknown,
}

/// A booked credit entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Booked {
    /// Qəpik.
    pub(crate) amount: i64,
    /// The FIN under which the payer is identified, if any.
    pub(crate) payer: Option<Fin>,
}

/// pacs.028.001.03, FI-to-FI payment status request, for one `EndToEndId`.
pub(crate) fn status_request(receipt: &ReceiptNumber, at: Timestamp) -> String {
    let header = header("MOHUR-ST", at);
    let receipt = escape(receipt.as_str());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.028.001.03\"><FIToFIPmtStsReq>{header}\
         <TxInf><OrgnlEndToEndId>{receipt}</OrgnlEndToEndId></TxInf></FIToFIPmtStsReq></Document>"
    )
}

/// camt.060.001.05, account reporting request, for camt.054. It has no place for an `EndToEndId`: that stands in the
/// envelope for supplements, in a namespace of ours.
pub(crate) fn notification_request(receipt: &ReceiptNumber, at: Timestamp) -> String {
    let header = header("MOHUR-NT", at);
    let receipt = escape(receipt.as_str());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.060.001.05\"><AcctRptgReq>{header}\
         <RptgReq><ReqdMsgNmId>camt.054.001.08</ReqdMsgNmId><AcctOwnr><Pty><Nm>State Treasury</Nm></Pty></AcctOwnr>\
         </RptgReq><SplmtryData><Envlp><Selection xmlns=\"urn:mohur:state-fees\"><EndToEndId>{receipt}</EndToEndId>\
         </Selection></Envlp></SplmtryData></AcctRptgReq></Document>"
    )
}

fn header(kind: &str, at: Timestamp) -> String {
    let created = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("<GrpHdr><MsgId>{kind}-{}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>", at.as_nanosecond())
}

/// Reads pacs.002: the payment that it is about, and its status.
pub(crate) fn status_report(document: &Document) -> Result<(ReceiptNumber, Status), RegistryError> {
    let report =
        body(document, PACS_002, "FIToFIPmtStsRpt").ok_or(RegistryError::Invalid("the reply is not pacs.002"))?;
    let transaction = report.one("TxInfAndSts").ok_or(RegistryError::Invalid("pacs.002 is not about one payment"))?;
    let receipt = transaction.text_at(&["OrgnlEndToEndId"]).and_then(|text| text.parse().ok());
    let receipt = receipt.ok_or(RegistryError::Invalid("pacs.002 has no OrgnlEndToEndId"))?;
    let reason = transaction.text_at(&["StsRsnInf", "Rsn", "Cd"]);
    // ISO 20022 external code set ExternalPaymentTransactionStatus1Code.
    let status = match (transaction.text_at(&["TxSts"]), reason) {
        (Some("ACCC" | "ACSC"), _) => Status::Settled,
        (Some("RJCT"), Some("NOOR")) => Status::Unknown,
        (Some("RJCT" | "CANC" | "BLCK"), _) => Status::Rejected,
        (Some("RCVD" | "ACTC" | "ACCP" | "ACSP" | "ACWC" | "ACWP" | "ACFC" | "PATC" | "PART" | "PDNG"), _) => {
            Status::Pending
        }
        _ => return Err(RegistryError::Invalid("pacs.002 has a status that ISO 20022 does not name")),
    };
    Ok((receipt, status))
}

/// Reads camt.054: the booked entry of that receipt, if there is one that was not reversed or paid back.
pub(crate) fn notification(document: &Document, receipt: &ReceiptNumber) -> Result<Option<Booked>, RegistryError> {
    let body =
        body(document, CAMT_054, "BkToCstmrDbtCdtNtfctn").ok_or(RegistryError::Invalid("the reply is not camt.054"))?;
    let entries = body.all("Ntfctn").flat_map(|notification| notification.all("Ntry"));
    let mut booked = None;
    for entry in entries.filter(|entry| is_booked(entry)) {
        let details: Vec<_> = entry.all("NtryDtls").flat_map(|details| details.all("TxDtls")).collect();
        for transaction in &details {
            if transaction.text_at(&["Refs", "EndToEndId"]) != Some(receipt.as_str()) {
                continue;
            }
            let amount = match (transaction.one("Amt"), details.len()) {
                (Some(amount), _) => Some(amount),
                // An entry of several payments has the amount of them all.
                (None, 1) => entry.one("Amt"),
                (None, _) => None,
            };
            let amount = amount.and_then(qepik).ok_or(RegistryError::Invalid("camt.054 has no amount in AZN"))?;
            match direction(entry, transaction)? {
                Direction::Credit if booked.is_none() => booked = Some(Booked { amount, payer: payer(transaction) }),
                Direction::Credit => return Err(RegistryError::Invalid("camt.054 has two entries of one receipt")),
                Direction::PaidBack => return Ok(None),
            }
        }
    }
    Ok(booked)
}

enum Direction {
    Credit,
    PaidBack,
}

fn direction(entry: &Element, transaction: &Element) -> Result<Direction, RegistryError> {
    let reversed = matches!(entry.text_at(&["RvslInd"]), Some("true" | "1"));
    let indicator = transaction.text_at(&["CdtDbtInd"]).or_else(|| entry.text_at(&["CdtDbtInd"]));
    match indicator {
        Some("CRDT") if !reversed => Ok(Direction::Credit),
        Some("CRDT" | "DBIT") => Ok(Direction::PaidBack),
        _ => Err(RegistryError::Invalid("camt.054 has an entry that is neither CRDT nor DBIT")),
    }
}

/// `Sts/Cd` since camt.054.001.03, `Sts` itself before.
fn is_booked(entry: &Element) -> bool {
    entry.text_at(&["Sts", "Cd"]).or_else(|| entry.text_at(&["Sts"])) == Some("BOOK")
}

/// `Dbtr/Pty/Id` since camt.054.001.08, `Dbtr/Id` before.
fn payer(transaction: &Element) -> Option<Fin> {
    let debtor = transaction.at(&["RltdPties", "Dbtr"])?;
    let identification = debtor.one("Pty").unwrap_or(debtor).at(&["Id", "PrvtId"])?;
    let mut numbers = identification.all("Othr").filter(|other| other.text_at(&["SchmeNm", "Prtry"]) == Some("FIN"));
    let number = numbers.next()?.text_at(&["Id"])?;
    if numbers.next().is_some() { None } else { number.parse().ok() }
}

/// An amount in manat as qəpik, exactly: `30`, `30.0`, `30.00`, never `30.005`.
fn qepik(amount: &Element) -> Option<i64> {
    if amount.attribute("Ccy") != Some("AZN") {
        return None;
    }
    let (manat, part) = amount.text().split_once('.').unwrap_or((amount.text(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (part, zeros) = part.split_at_checked(2).unwrap_or((part, ""));
    if manat.is_empty() || !digits(manat) || !digits(part) || !zeros.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    manat.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

fn body<'a>(document: &'a Document, namespace: &str, name: &str) -> Option<&'a Element> {
    let right = document.namespace.starts_with(namespace) && document.root.name == "Document";
    document.root.one(name).filter(|_| right)
}

#[cfg(test)]
mod tests;
