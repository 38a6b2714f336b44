//! `wsse:Security`: one signature, one timestamp, and the tokens.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_soap::{Element, Envelope, ns};
use mohur_wire::{Arrival, Refusal, RefusalCode, Timestamp};

use super::signed_info::{base64, expect};
use super::{malformed, xml_refused};

/// What to do where there is no timestamp, or it is not signed.
const ADD_TIMESTAMP: &str = "zeep: in a subclass of BinarySignature put a wsu:Timestamp with Created and Expires into \
    zeep.wsse.utils.get_security_header(envelope) before calling the inherited apply(), which signs it then. Node soap: leave \
    hasTimeStamp at true. WSS4J: action \"Timestamp Signature\", signatureParts \
    \"{}{http://schemas.xmlsoap.org/soap/envelope/}Body;\
    {}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Timestamp\"";

/// The elements of the header.
#[derive(Debug)]
pub(super) struct Security<'d> {
    pub(super) element: Element<'d>,
    pub(super) signature: Element<'d>,
    timestamp: Option<Element<'d>>,
    confirmation: Option<Element<'d>>,
    pub(super) tokens: Vec<Element<'d>>,
}

impl<'d> Security<'d> {
    /// Reads the header of an envelope, which must be there.
    pub(super) fn read(envelope: &Envelope<'d>) -> Result<Self, Refusal> {
        let Some(element) = envelope.security else {
            return Err(Refusal::new(
                RefusalCode::SignatureMissing,
                "the envelope has no wsse:Security header: sign Body and Timestamp with the key of your seal certificate (WS-Security \
                 X.509 token profile)",
            ));
        };
        let (mut signature, mut timestamp, mut confirmation, mut tokens) = (None, None, None, Vec::new());
        for child in element.children() {
            let place = match (child.namespace(), child.local()) {
                (ns::DS, "Signature") => &mut signature,
                (ns::WSU, "Timestamp") => &mut timestamp,
                (ns::WSSE11, "SignatureConfirmation") => &mut confirmation,
                (ns::WSSE, "BinarySecurityToken") => {
                    tokens.push(child);
                    continue;
                }
                _ => return Err(not_understood(child)),
            };
            if place.replace(child).is_some() {
                return Err(malformed(
                    "wsse:Security holds two signatures, timestamps or confirmations: send one signature over everything",
                ));
            }
        }
        let signature = signature.ok_or_else(|| {
            Refusal::new(
                RefusalCode::SignatureMissing,
                "wsse:Security holds no ds:Signature: sign Body and Timestamp with the key of your seal certificate",
            )
        })?;
        Ok(Self { element, signature, timestamp, confirmation, tokens })
    }

    /// The timestamp, which must be there.
    pub(super) fn timestamp(&self) -> Result<Element<'d>, Refusal> {
        self.timestamp.ok_or_else(|| {
            let detail = format!("wsse:Security holds no wsu:Timestamp: add one and sign it. {ADD_TIMESTAMP}.");
            Refusal::new(RefusalCode::ComponentUncovered, detail)
        })
    }

    /// The value of the confirmation, with its element.
    pub(super) fn confirmation(&self) -> Result<Option<(Element<'d>, Vec<u8>)>, Refusal> {
        let Some(element) = self.confirmation else { return Ok(None) };
        let value = element.attribute("", "Value").unwrap_or_default();
        let octets = BASE64_STANDARD
            .decode(value)
            .map_err(|_| malformed("the Value of wsse11:SignatureConfirmation is not base64"))?;
        Ok(Some((element, octets)))
    }
}

fn not_understood(child: Element<'_>) -> Refusal {
    let what = match child.local() {
        "UsernameToken" => {
            "a UsernameToken: leave it out, the seal says who you are (Node soap: WSSecurityCert, not WSSecurityPlusCert)"
        }
        "Assertion" => "a SAML assertion: leave it out, the seal says who you are",
        "EncryptedKey" | "EncryptedData" | "ReferenceList" | "EncryptedHeader" => {
            "encryption: leave it out, TLS encrypts, and both sides must be able to read what is signed"
        }
        _ => {
            "something else than BinarySecurityToken, Timestamp, Signature and SignatureConfirmation: leave it out, for it is not \
             understood"
        }
    };
    let (line, column) = child.position();
    Refusal::new(RefusalCode::NotUnderstood, format!("wsse:Security holds {what} (line {line}, column {column})"))
}

/// The three elements of a signature, in the order of the schema.
pub(super) struct Signature<'d> {
    pub(super) signed_info: Element<'d>,
    pub(super) value: Vec<u8>,
    pub(super) key_info: Element<'d>,
}

impl<'d> Signature<'d> {
    pub(super) fn read(element: Element<'d>) -> Result<Self, Refusal> {
        let mut children = element.children();
        let signed_info = expect(children.next(), "SignedInfo")?;
        let value = base64(expect(children.next(), "SignatureValue")?)?;
        let key_info = children.next().filter(|child| child.is(ns::DS, "KeyInfo"));
        match (key_info, children.next()) {
            (Some(key_info), None) => Ok(Self { signed_info, value, key_info }),
            (None, _) => Err(malformed(
                "ds:Signature has no ds:KeyInfo after its SignatureValue: put the wsse:SecurityTokenReference into one (Node soap: \
                 WSSecurityCert, not WSSecurityCertWithToken)",
            )),
            (Some(_), Some(_)) => Err(malformed("ds:Signature holds something after ds:KeyInfo: leave out ds:Object")),
        }
    }
}

/// When a message was made, and until when it is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) created: i64,
    pub(super) expires: Option<i64>,
}

impl Times {
    /// Reads `wsu:Timestamp` (WS-Security 1.1 §10): `Created`, perhaps `Expires`, and nothing else.
    pub(super) fn read(timestamp: Element<'_>) -> Result<Self, Refusal> {
        if timestamp.has_comments() || timestamp.has_processing_instructions() {
            return Err(xml_refused("wsu:Timestamp holds a comment or a processing instruction: leave it out"));
        }
        let wrong = || malformed("wsu:Timestamp holds one Created and at most one Expires after it, and nothing else");
        let mut children = timestamp.children();
        let created = children.next().filter(|child| child.is(ns::WSU, "Created")).ok_or_else(wrong)?;
        let expires = children.next();
        if expires.is_some_and(|child| !child.is(ns::WSU, "Expires")) || children.next().is_some() {
            return Err(wrong());
        }
        let times = Self { created: time(created)?, expires: expires.map(time).transpose()? };
        match times.expires {
            Some(expires) if expires < times.created => {
                Err(malformed("Expires of wsu:Timestamp is before its Created"))
            }
            _ => Ok(times),
        }
    }

    /// `Created` within the window around the arrival, `Expires` not passed.
    pub(super) fn check(self, arrival: Arrival, window_seconds: u32) -> Result<(), Refusal> {
        let (now, window) = (arrival.unix_seconds(), i64::from(window_seconds));
        let age = now.saturating_sub(self.created);
        if age > window {
            return Err(Refusal::new(
                RefusalCode::Stale,
                format!(
                    "Created of wsu:Timestamp is {age} s before the message's arrival, at most {window} s are accepted: sign just \
                     before sending"
                ),
            ));
        }
        if age < -window {
            return Err(Refusal::new(
                RefusalCode::Future,
                format!(
                    "Created of wsu:Timestamp is {} s after the message's arrival, at most {window} s are accepted: set your clock \
                     (the time is in UTC)",
                    age.saturating_neg()
                ),
            ));
        }
        if self.expires.is_some_and(|expires| expires < now) {
            return Err(Refusal::new(
                RefusalCode::Stale,
                "Expires of wsu:Timestamp has passed: sign again just before sending",
            ));
        }
        Ok(())
    }
}

/// `xs:dateTime` with a zone; fractions of a second are allowed.
fn time(element: Element<'_>) -> Result<i64, Refusal> {
    let text = element.text()?;
    let text = text.trim();
    let plain = |octet: u8| octet.is_ascii_digit() || b"-:.+TZ".contains(&octet);
    let time = text.parse::<Timestamp>().ok().filter(|_| text.bytes().all(plain)).map(Timestamp::as_second);
    time.ok_or_else(|| malformed("a time of wsu:Timestamp is not like 2026-11-22T07:55:17Z, with Z or an offset"))
}

/// What is not covered, with what to set.
pub(super) fn uncovered(what: &str) -> Refusal {
    let remedy = match what {
        "Timestamp" => format!(" {ADD_TIMESTAMP}."),
        _ => String::new(),
    };
    Refusal::new(
        RefusalCode::ComponentUncovered,
        format!("the signature does not cover {what}: add a ds:Reference to it by its wsu:Id.{remedy}"),
    )
}
