//! A time stamp and what it says (RFC 3161 §2.4.2).

use std::time::Duration;

use mohur_chain::{Anchors, Purpose, SignerCertificate};
use mohur_wire::Timestamp;

use crate::algorithm::Hash;
use crate::asn1::{
    BIT_STRING, Elements, INTEGER, OID, SEQUENCE, Unreadable, context, context_constructed, integer, number, tlv,
    unsigned, unsigned_content,
};
use crate::timestamp::cms::Signed;
use crate::timestamp::query::{Imprint, PolicyId};
use crate::timestamp::{Failure, Query, TokenError};

/// The longest answer that is read: chains of RSA certificates fit.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// How far the time may be off, at most. Nothing is known when an authority does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy(pub Duration);

impl Accuracy {
    pub(super) fn encode(self) -> Vec<u8> {
        let (millis, micros) = (self.0.subsec_millis(), self.0.subsec_micros() % 1000);
        let part = |tag: u8, value: u64| if value == 0 { Vec::new() } else { tlv(tag, &[&unsigned_content(value)]) };
        tlv(
            SEQUENCE,
            &[&part(INTEGER, self.0.as_secs()), &part(context(0), millis.into()), &part(context(1), micros.into())],
        )
    }

    fn decode(content: &[u8]) -> Result<Self, Unreadable> {
        let mut inside = Elements::new(content)?;
        let mut part = |tag, most| match inside.optional(tag)? {
            Some(element) => {
                number(element.content).and_then(|value| if value <= most { Ok(value) } else { Err(Unreadable) })
            }
            None => Ok(0),
        };
        let (seconds, millis, micros) = (part(INTEGER, 366 * 86_400)?, part(context(0), 999)?, part(context(1), 999)?);
        inside.end()?;
        Ok(Self(Duration::from_secs(seconds) + Duration::from_millis(millis) + Duration::from_micros(micros)))
    }
}

/// What a time stamp says, once it is proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the content existed.
    pub time: Timestamp,
    /// How far the time may be off.
    pub accuracy: Option<Accuracy>,
    /// The policy.
    pub policy: PolicyId,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Whether this authority's time stamps are in the order of their times, whatever their accuracy.
    pub ordering: bool,
    /// Who signed it.
    pub signer: SignerCertificate,
}

/// A time stamp that nothing was proved of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// What `TSTInfo` says.
pub(super) struct Info {
    pub(super) policy: PolicyId,
    pub(super) imprint: Imprint,
    pub(super) serial: Vec<u8>,
    pub(super) time: Timestamp,
    pub(super) accuracy: Option<Accuracy>,
    pub(super) ordering: bool,
    pub(super) nonce: Option<Vec<u8>>,
}

impl Token {
    /// Takes the `TimeStampToken`, DER.
    pub fn from_der(octets: &[u8]) -> Result<Self, TokenError> {
        if octets.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Unreadable);
        }
        Signed::read(octets)?;
        Ok(Self(octets.to_vec()))
    }

    /// Takes the token out of an answer, `TimeStampResp`; the authority's refusal is an error.
    pub fn from_reply(octets: &[u8]) -> Result<Self, TokenError> {
        if octets.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Unreadable);
        }
        let mut inside = Elements::one(octets, SEQUENCE)?.inside()?;
        let mut status = Elements::new(inside.expect(SEQUENCE)?)?;
        let code = number(status.expect(INTEGER)?)?;
        status.optional(SEQUENCE)?;
        let failure = status.optional(BIT_STRING)?.and_then(|bits| Failure::decode(bits.content));
        status.end()?;
        let token = inside.optional(SEQUENCE)?;
        inside.end()?;
        match (code, token) {
            // granted, or granted with modifications, which the checks of the token find.
            (0 | 1, Some(token)) => Self::from_der(token.raw),
            (0 | 1, None) => Err(TokenError::Unreadable),
            _ => Err(TokenError::Refused(failure)),
        }
    }

    /// The token, DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The `TimeStampResp` with this token: what `openssl ts -verify -in` reads.
    pub fn to_reply(&self) -> Vec<u8> {
        tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&unsigned(0)]), &self.0])
    }

    /// With which algorithm the imprint was made.
    pub fn hash(&self) -> Result<Hash, TokenError> {
        Ok(Info::read(Signed::read(&self.0)?.content)?.imprint.hash)
    }

    /// Proves that the answer fits what was asked for: imprint, nonce, policy; and what [`Token::verify`] proves.
    pub fn verify_answer(&self, query: &Query, anchors: &Anchors) -> Result<Stamp, TokenError> {
        let info = Info::read(Signed::read(&self.0)?.content)?;
        if info.nonce != query.nonce {
            return Err(TokenError::Nonce);
        }
        if query.policy.as_ref().is_some_and(|policy| *policy != info.policy) {
            return Err(TokenError::Policy(info.policy.to_string()));
        }
        self.verify(&query.imprint, anchors)
    }

    /// Proves that an authority under one of the roots says that content of this imprint existed. Its path is judged at the
    /// time that the stamp names: an authority's certificate may have ended since (RFC 3161 §4.1).
    pub fn verify(&self, imprint: &Imprint, anchors: &Anchors) -> Result<Stamp, TokenError> {
        let signed = Signed::read(&self.0)?;
        let info = Info::read(signed.content)?;
        if info.imprint != *imprint {
            return Err(TokenError::Imprint);
        }
        let (signer, others) = signed.verify()?;
        anchors.validate(&signer, &others, Purpose::TimeStamping, info.time)?;
        Ok(Stamp {
            time: info.time,
            accuracy: info.accuracy,
            policy: info.policy,
            serial: info.serial.iter().map(|octet| format!("{octet:02x}")).collect(),
            ordering: info.ordering,
            signer,
        })
    }
}

impl Info {
    pub(super) fn encode(&self) -> Vec<u8> {
        let accuracy = self.accuracy.map(Accuracy::encode).unwrap_or_default();
        let nonce = self.nonce.as_ref().map(|nonce| tlv(INTEGER, &[nonce])).unwrap_or_default();
        let ordering = if self.ordering { tlv(crate::asn1::BOOLEAN, &[&[0xff]]) } else { Vec::new() };
        tlv(
            SEQUENCE,
            &[
                &unsigned(1),
                &tlv(OID, &[self.policy.content()]),
                &self.imprint.encode(),
                &tlv(INTEGER, &[&self.serial]),
                &crate::asn1::time(self.time),
                &accuracy,
                &ordering,
                &nonce,
            ],
        )
    }

    fn read(octets: &[u8]) -> Result<Self, TokenError> {
        let mut inside = Elements::one(octets, SEQUENCE)?.inside()?;
        let version = number(inside.expect(INTEGER)?)?;
        let policy = PolicyId::from_content(inside.expect(OID)?.to_vec());
        let imprint = Imprint::decode(inside.expect(SEQUENCE)?)?.map_err(|_| TokenError::Algorithm)?;
        let serial = integer(inside.expect(INTEGER)?)?.to_vec();
        let time = inside.next()?.time()?;
        let accuracy = inside.optional(SEQUENCE)?.map(|element| Accuracy::decode(element.content)).transpose()?;
        let ordering = inside.flag()?;
        let nonce = inside.optional(INTEGER)?.map(|nonce| nonce.content.to_vec());
        inside.optional(context_constructed(0))?;
        // RFC 3161 §2.4.2: a client need not know any extension, and refuses a critical one.
        if let Some(extensions) = inside.optional(context_constructed(1))? {
            refuse_critical(extensions.content)?;
        }
        inside.end()?;
        if version != 1 {
            return Err(TokenError::Unreadable);
        }
        Ok(Self { policy, imprint, serial, time, accuracy, ordering, nonce })
    }
}

fn refuse_critical(extensions: &[u8]) -> Result<(), TokenError> {
    for extension in Elements::new(extensions)?.rest()? {
        let mut inside = extension.inside()?;
        inside.expect(OID)?;
        if inside.flag()? {
            return Err(TokenError::Unreadable);
        }
    }
    Ok(())
}
