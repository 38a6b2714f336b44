//! What comes back: the head of any transaction, and of a result or an error what it says.

use mohur_soap::{Document, Element, Limits};

use super::{BIOM, ControlNumber, INT_I, ITL, NC, PrintsError};

/// The most mistakes that one error message is read for.
const MOST_MISTAKES: usize = 32;

/// The head of a transaction: record of type 1, held against the records that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its type: `CPS NPS MPS ATP` are asked, `SRE ERR` are answers.
    pub kind: String,
    /// Its number.
    pub number: ControlNumber,
    /// The number of the transaction that it answers.
    pub answers: Option<ControlNumber>,
    /// The country that sent it: three letters, `XPO` for INTERPOL itself.
    pub from: String,
    /// The types of the records that follow, in order.
    pub records: Vec<u8>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nobody.
    NoHit,
    /// One of the candidates: there is a message for each.
    Hit(Candidate),
    /// The search was refused: the codes of INT-I's table ERR.
    Error(Vec<u16>),
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which of the candidates, from 1.
    pub place: u8,
    /// How many there are.
    pub total: u8,
    /// Whether a human compared the prints.
    pub verified: bool,
    /// The country that keeps the candidate's record, and the record's number there, if they are told.
    pub record: Option<(String, String)>,
}

impl Transaction {
    /// Reads any transaction, strictly in what matters.
    pub fn read(octets: &[u8], limits: &Limits) -> Result<Self, PrintsError> {
        let document = document(octets, limits)?;
        Self::of(document.root())
    }

    fn of(root: Element<'_>) -> Result<Self, PrintsError> {
        const HEAD: PrintsError = PrintsError::Unread("its first record is not the one record of type 1");
        if !root.is(ITL, "NISTBiometricInformationExchangePackage") || root.has_own_text() {
            return Err(PrintsError::Unread("it is not an exchange package of ANSI/NIST-ITL"));
        }
        let mut records = root.children();
        let head = records.next().filter(|head| head.is(ITL, "PackageInformationRecord")).ok_or(HEAD)?;
        if text(only(head, BIOM, "RecordCategoryCode")?)? != "1" {
            return Err(HEAD);
        }
        let head = only(head, BIOM, "Transaction")?;
        let domain = only(head, BIOM, "TransactionDomain")?;
        let version = id(only(domain, BIOM, "DomainVersionNumberIdentification")?)?;
        if text(only(domain, BIOM, "TransactionDomainName")?)? != "INT-I" || !version.starts_with("06.") {
            return Err(PrintsError::Unread("it is not of INT-I, version 6"));
        }
        let answers = head.optional(BIOM, "TransactionControlReferenceIdentification").map_err(|_| TWICE)?;
        let from = only(head, INT_I, "TransactionOriginatingOrganization")?;
        let records = records.map(category).collect::<Result<Vec<_>, _>>()?;
        if announced(head)? != records {
            return Err(PrintsError::Unread("its records are not those that it announces"));
        }
        Ok(Self {
            kind: text(only(head, INT_I, "TransactionCategoryCode")?)?,
            number: id(only(head, BIOM, "TransactionControlIdentification")?)?.parse()?,
            answers: answers.map(|answers| id(answers)?.parse()).transpose()?,
            from: text(only(from, INT_I, "LocationCountryISO3166Alpha3Code")?)?,
            records,
        })
    }
}

impl Reply {
    /// Reads an answer to the transaction of that number.
    pub fn read(octets: &[u8], to: &ControlNumber, limits: &Limits) -> Result<Self, PrintsError> {
        let document = document(octets, limits)?;
        let head = Transaction::of(document.root())?;
        if head.answers.as_ref() != Some(to) {
            return Err(PrintsError::OtherTransaction);
        }
        let record = only(document.root(), ITL, "PackageDescriptiveTextRecord")?;
        let detail = only(record, ITL, "UserDefinedDescriptiveDetail")?;
        let detail = only(detail, INT_I, "DomainDefinedDescriptiveDetail")?;
        let response = only(detail, INT_I, "TransactionResponseData")?;
        match head.kind.as_str() {
            "SRE" => Self::result(detail, only(response, INT_I, "RespondentsList")?),
            "ERR" => Self::error(response),
            _ => Err(PrintsError::Unread("it is neither a result nor an error")),
        }
    }

    fn result(detail: Element<'_>, list: Element<'_>) -> Result<Self, PrintsError> {
        let total = number(only(list, INT_I, "TransactionCandidatesTotalQuantity")?)?;
        let candidate = only(list, INT_I, "TransactionCandidate")?;
        match text(only(list, INT_I, "TransactionSearchResultsCode")?)?.as_str() {
            "N" if total == 0 => return Ok(Self::NoHit),
            "I" => {}
            "N" => return Err(PrintsError::Unread("it has candidates and no hit")),
            _ => return Err(PrintsError::Unread("its result is neither a hit nor none")),
        }
        let place = number(id_element(only(candidate, INT_I, "CandidateSequenceID")?)?)?;
        if place == 0 || place > total {
            return Err(PrintsError::Unread("a candidate is none of those that there are"));
        }
        let verified = only(candidate, INT_I, "TransactionCandidateManualVerificationIndicator")?;
        let verified = match text(verified)?.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(PrintsError::Unread("an indicator is neither true nor false")),
        };
        Ok(Self::Hit(Candidate { place, total, verified, record: keeper(detail)? }))
    }

    fn error(response: Element<'_>) -> Result<Self, PrintsError> {
        let messages = response.children().filter(|child| child.is(INT_I, "ErrorMessage"));
        let code = |message| text(only(message, INT_I, "ErrorCode")?)?.parse().map_err(|_| NUMBER);
        let codes = messages.take(MOST_MISTAKES).map(code).collect::<Result<Vec<u16>, _>>()?;
        if codes.is_empty() {
            Err(PrintsError::Unread("it is an error that says nothing"))
        } else {
            Ok(Self::Error(codes))
        }
    }
}

const TWICE: PrintsError = PrintsError::Unread("an element stands there twice");
const NUMBER: PrintsError = PrintsError::Unread("a number is not one");

/// Who keeps the candidate's record: a person's number in that country, or the case of a mark.
fn keeper(detail: Element<'_>) -> Result<Option<(String, String)>, PrintsError> {
    let metadata = detail.optional(INT_I, "RecordMetadata").map_err(|_| TWICE)?;
    let references = metadata.and_then(|metadata| metadata.child(INT_I, "MiscellaneousIdentification"));
    let kinds = ["NationalPersonIdentifier", "NationalCaseIdentifier", "NationalBusinessReference"];
    let found = references.and_then(|references| kinds.iter().find_map(|kind| references.child(INT_I, kind)));
    let Some(found) = found else { return Ok(None) };
    let country = text(only(found, INT_I, "LocationCountryISO3166Alpha3Code")?)?;
    Ok(Some((country, id(found)?)))
}

/// Field 1.003: the types of the records that follow.
fn announced(head: Element<'_>) -> Result<Vec<u8>, PrintsError> {
    let contents = only(head, BIOM, "TransactionContentSummary")?;
    let listed = contents.children().filter(|child| child.is(BIOM, "ContentRecordSummary"));
    let listed = listed.map(category).collect::<Result<Vec<_>, _>>()?;
    let quantity: usize = text(only(contents, BIOM, "ContentRecordQuantity")?)?.parse().map_err(|_| NUMBER)?;
    if listed.len() == quantity { Ok(listed) } else { Err(PrintsError::Unread("its summary counts wrongly")) }
}

fn category(record: Element<'_>) -> Result<u8, PrintsError> {
    number(only(record, BIOM, "RecordCategoryCode")?)
}

fn document<'o>(octets: &'o [u8], limits: &Limits) -> Result<Document<'o>, PrintsError> {
    Document::from_utf8(octets, limits).map_err(|error| {
        if error.is_limit() {
            PrintsError::Unread("it is larger than the limits allow")
        } else {
            PrintsError::Unread("it is not XML that is accepted")
        }
    })
}

fn only<'d>(parent: Element<'d>, namespace: &str, name: &str) -> Result<Element<'d>, PrintsError> {
    const MISSING: PrintsError = PrintsError::Unread("an element of INT-I is missing or stands there twice");
    parent.only(namespace, name).map_err(|_| MISSING)
}

fn text(element: Element<'_>) -> Result<String, PrintsError> {
    let text = element.text().map_err(|_| PrintsError::Unread("there are elements where a text is wanted"))?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() <= 200 { Ok(text) } else { Err(PrintsError::Unread("a text is longer than 200 octets")) }
}

fn id_element(parent: Element<'_>) -> Result<Element<'_>, PrintsError> {
    only(parent, NC, "IdentificationID")
}

fn id(parent: Element<'_>) -> Result<String, PrintsError> {
    text(id_element(parent)?)
}

fn number(element: Element<'_>) -> Result<u8, PrintsError> {
    text(element)?.parse().map_err(|_| NUMBER)
}
