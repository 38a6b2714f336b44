//! The messages that the bank sends.

use jiff::Timestamp;
use quick_xml::escape::escape;

use crate::country::{Payment, Progress};

/// The treasury's account, of no real bank.
const ACCOUNT: &str = "AZ77MOHR00000000000000000001";

/// What a report is about.
pub(super) struct Report<'a> {
    pub(super) receipt: &'a str,
    pub(super) payment: Option<&'a Payment>,
    pub(super) at: Timestamp,
    /// Say more than was asked.
    pub(super) extra: bool,
}

impl Report<'_> {
    fn header(&self, kind: &str) -> String {
        let id = leaf("MsgId", &format!("{kind}-{}", self.at.as_millisecond()));
        element("GrpHdr", &[id, leaf("CreDtTm", &self.created())])
    }

    /// ISO 20022 dates and times have whole seconds here.
    fn created(&self) -> String {
        Timestamp::from_second(self.at.as_second()).unwrap_or(self.at).to_string()
    }
}

/// pacs.002.001.10: FI-to-FI payment status report.
pub(super) fn status(report: &Report<'_>) -> String {
    let (code, reason) = match report.payment.map(|payment| payment.progress) {
        Some(Progress::Booked) => ("ACCC", None),
        Some(Progress::Pending) => ("PDNG", None),
        Some(Progress::Rejected) => ("RJCT", Some("AM04")),
        None => ("RJCT", Some("NOOR")),
    };
    let reason = reason.map(|code| element("StsRsnInf", &[element("Rsn", &[leaf("Cd", code)])]));
    let extra = report.extra.then(|| leaf("AcctSvcrRef", "EXTRA-1"));
    let mut parts = vec![leaf("OrgnlEndToEndId", report.receipt), leaf("TxSts", code)];
    parts.extend(reason);
    parts.extend(extra);
    let parts = [report.header("STS"), element("TxInfAndSts", &parts)];
    document("urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10", &element("FIToFIPmtStsRpt", &parts))
}

/// camt.054.001.08: bank-to-customer debit and credit notification. No entry stands for what is not booked.
pub(super) fn notification(report: &Report<'_>) -> String {
    let account = element("Acct", &[element("Id", &[leaf("IBAN", ACCOUNT)])]);
    let id = leaf("Id", &format!("NTF-{}", report.at.as_millisecond()));
    let mut parts = vec![id, leaf("CreDtTm", &report.created()), account];
    let booked = report.payment.filter(|payment| payment.progress == Progress::Booked);
    parts.extend(booked.map(|payment| entry(report, payment)));
    let parts = [report.header("NTF"), element("Ntfctn", &parts)];
    document("urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", &element("BkToCstmrDbtCdtNtfctn", &parts))
}

fn entry(report: &Report<'_>, payment: &Payment) -> String {
    let amount = format!("<Amt Ccy=\"AZN\">{}.{:02}</Amt>", payment.amount / 100, payment.amount % 100);
    let fin = element("Othr", &[leaf("Id", payment.payer.as_str()), element("SchmeNm", &[leaf("Prtry", "FIN")])]);
    let name = report.extra.then(|| leaf("Nm", "Not asked for"));
    let mut party: Vec<String> = name.into_iter().collect();
    party.push(element("Id", &[element("PrvtId", &[fin])]));
    let details = element(
        "TxDtls",
        &[
            element("Refs", &[leaf("EndToEndId", report.receipt)]),
            amount.clone(),
            leaf("CdtDbtInd", "CRDT"),
            element("RltdPties", &[element("Dbtr", &[element("Pty", &party)])]),
        ],
    );
    let family = [leaf("Cd", "RCDT"), leaf("SubFmlyCd", "DMCT")];
    let code = element("Domn", &[leaf("Cd", "PMNT"), element("Fmly", &family)]);
    element(
        "Ntry",
        &[
            leaf("NtryRef", "1"),
            amount,
            leaf("CdtDbtInd", "CRDT"),
            element("Sts", &[leaf("Cd", "BOOK")]),
            element("BookgDt", &[leaf("Dt", &payment.ordered.to_string())]),
            element("BkTxCd", &[code]),
            element("NtryDtls", &[details]),
        ],
    )
}

fn document(namespace: &str, body: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"{namespace}\">{body}</Document>")
}

fn element(name: &str, parts: &[String]) -> String {
    format!("<{name}>{}</{name}>", parts.concat())
}

fn leaf(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}
