//! What is answered (RFC 6960 §4.2).

use std::fmt;

use mohur_chain::SignerCertificate;
use mohur_crypto::X509Algorithm;
use mohur_wire::Timestamp;

use crate::algorithm::identifier;
use crate::asn1::{
    BIT_STRING, ENUMERATED, Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, Unreadable, context,
    context_constructed, number, time, tlv,
};
use crate::ocsp::request::{CertId, known_extensions};
use crate::ocsp::{MAX_REQUESTS, OcspError};

/// The longest response that is read.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// `id-pkix-ocsp-basic`.
pub(super) const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// More certificates than this come with no answer.
const MAX_CERTIFICATES: usize = 8;

/// Why a responder gives no answer (RFC 6960 §4.2.1). It is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a request.
    MalformedRequest,
    /// The responder failed.
    InternalError,
    /// The responder has too much to do.
    TryLater,
    /// Requests must be signed there.
    SigRequired,
    /// The responder does not speak for that issuer.
    Unauthorized,
}

impl Refusal {
    const ALL: [Self; 5] =
        [Self::MalformedRequest, Self::InternalError, Self::TryLater, Self::SigRequired, Self::Unauthorized];

    const fn code(self) -> u8 {
        match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::SigRequired => 5,
            Self::Unauthorized => 6,
        }
    }

    /// What it means, for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::MalformedRequest => "it could not read the request",
            Self::InternalError => "it failed",
            Self::TryLater => "it has too much to do; try later",
            Self::SigRequired => "it answers signed requests only",
            Self::Unauthorized => "it does not speak for the certificate's issuer",
        }
    }

    /// The whole response, DER.
    pub fn encode(self) -> Vec<u8> {
        tlv(SEQUENCE, &[&tlv(ENUMERATED, &[&[self.code()]])])
    }
}

/// Why a certificate was revoked (RFC 5280 §5.3.1), as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(pub u8);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "unspecified",
            1 => "key-compromise",
            2 => "ca-compromise",
            3 => "affiliation-changed",
            4 => "superseded",
            5 => "cessation-of-operation",
            6 => "certificate-hold",
            9 => "privilege-withdrawn",
            10 => "aa-compromise",
            _ => "unknown reason",
        })
    }
}

/// What an answer says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateStatus {
    /// Issued, and not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When, in whole seconds.
        at: Timestamp,
        /// Why, where it is said.
        reason: Option<Reason>,
    },
    /// Not one that the responder knows of.
    Unknown,
}

impl CertificateStatus {
    pub(super) fn encode(self) -> Vec<u8> {
        match self {
            Self::Good => tlv(context(0), &[]),
            Self::Unknown => tlv(context(2), &[]),
            Self::Revoked { at, reason } => {
                let reason = reason.map(|Reason(code)| tlv(context_constructed(0), &[&tlv(ENUMERATED, &[&[code]])]));
                tlv(context_constructed(1), &[&time(at), &reason.unwrap_or_default()])
            }
        }
    }

    fn decode(element: &Element<'_>) -> Result<Self, Unreadable> {
        if element.tag == context(0) && element.content.is_empty() {
            return Ok(Self::Good);
        }
        if element.tag == context(2) && element.content.is_empty() {
            return Ok(Self::Unknown);
        }
        element.expect(context_constructed(1))?;
        let mut inside = element.inside()?;
        let at = inside.next()?.time()?;
        let reason = match inside.optional(context_constructed(0))? {
            Some(reason) => {
                let code = number(reason.only()?.expect(ENUMERATED)?)?;
                Some(Reason(u8::try_from(code)?))
            }
            None => None,
        };
        inside.end()?;
        Ok(Self::Revoked { at, reason })
    }
}

/// What an answer says of one certificate, and from when until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// Which certificate.
    pub certificate: CertId,
    /// What is said of it.
    pub status: CertificateStatus,
    /// Known to be so at.
    pub this_update: Timestamp,
    /// There is newer information at this time at the latest.
    pub next_update: Option<Timestamp>,
}

impl Single {
    pub(super) fn encode(&self) -> Vec<u8> {
        let next = self.next_update.map(|next| tlv(context_constructed(0), &[&time(next)])).unwrap_or_default();
        tlv(SEQUENCE, &[self.certificate.raw(), &self.status.encode(), &time(self.this_update), &next])
    }

    fn decode(element: &Element<'_>) -> Result<Self, Unreadable> {
        element.expect(SEQUENCE)?;
        let mut inside = element.inside()?;
        let certificate = CertId::decode(&inside.next()?)?;
        let status = CertificateStatus::decode(&inside.next()?)?;
        let this_update = inside.next()?.time()?;
        let next = inside.optional(context_constructed(0))?;
        let next_update = next.map(|next| next.only()?.time()).transpose()?;
        if let Some(extensions) = inside.optional(context_constructed(1))? {
            known_extensions(extensions.only()?.expect(SEQUENCE)?)?;
        }
        inside.end()?;
        Ok(Self { certificate, status, this_update, next_update })
    }
}

/// Who signed, as the answer names them.
pub(super) enum ResponderId<'a> {
    /// The subject, DER.
    Name(&'a [u8]),
    /// SHA-1 of the key.
    Key(&'a [u8]),
}

/// A response whose signature was not verified yet.
pub(super) struct Basic<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) responder: ResponderId<'a>,
    pub(super) produced_at: Timestamp,
    pub(super) singles: Vec<Single>,
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) algorithm: X509Algorithm,
    pub(super) signature: &'a [u8],
    pub(super) certificates: Vec<SignerCertificate>,
}

impl<'a> Basic<'a> {
    /// Reads a whole `OCSPResponse`; a refusal is an error.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, OcspError> {
        if octets.len() > MAX_RESPONSE_BYTES {
            return Err(OcspError::Unreadable);
        }
        let mut outer = Elements::one(octets, SEQUENCE)?.inside()?;
        let code = number(outer.expect(ENUMERATED)?)?;
        if let Some(refusal) = Refusal::ALL.into_iter().find(|refusal| u64::from(refusal.code()) == code) {
            return Err(OcspError::Refused(refusal));
        }
        let bytes = outer.next()?;
        outer.end()?;
        bytes.expect(context_constructed(0))?;
        let bytes = bytes.only()?;
        bytes.expect(SEQUENCE)?;
        let mut bytes = bytes.inside()?;
        let kind = bytes.expect(OID)?;
        let basic = bytes.expect(OCTET_STRING)?;
        bytes.end()?;
        if code != 0 || kind != BASIC {
            return Err(OcspError::Unreadable);
        }
        Self::read_basic(basic)
    }

    fn read_basic(octets: &'a [u8]) -> Result<Self, OcspError> {
        let mut inside = Elements::one(octets, SEQUENCE)?.inside()?;
        let data = inside.next()?;
        data.expect(SEQUENCE)?;
        let algorithm = identifier(&inside.next()?)?;
        let signature = inside.expect(BIT_STRING)?;
        let certificates = inside.optional(context_constructed(0))?;
        inside.end()?;
        let (unused, signature) = signature.split_first().ok_or(Unreadable)?;
        if *unused != 0 {
            return Err(OcspError::Unreadable);
        }
        let mut fields = data.inside()?;
        if let Some(version) = fields.optional(context_constructed(0))?
            && number(version.only()?.expect(INTEGER)?)? != 0
        {
            return Err(OcspError::Unreadable);
        }
        let responder = responder(&fields.next()?)?;
        let produced_at = fields.next()?.time()?;
        let singles = Elements::new(fields.expect(SEQUENCE)?)?.rest()?;
        let extensions = fields.optional(context_constructed(1))?;
        fields.end()?;
        if singles.len() > MAX_REQUESTS {
            return Err(OcspError::Unreadable);
        }
        let nonce = match extensions {
            Some(extensions) => known_extensions(extensions.only()?.expect(SEQUENCE)?)?,
            None => None,
        };
        Ok(Self {
            signed: data.raw,
            responder,
            produced_at,
            singles: singles.iter().map(Single::decode).collect::<Result<_, _>>()?,
            nonce,
            algorithm: X509Algorithm::from_oid(algorithm).ok_or(OcspError::Algorithm)?,
            signature,
            certificates: certificates.map(|all| parse_certificates(&all)).transpose()?.unwrap_or_default(),
        })
    }
}

fn responder<'a>(element: &Element<'a>) -> Result<ResponderId<'a>, Unreadable> {
    if element.tag == context_constructed(1) {
        return Ok(ResponderId::Name(element.only()?.raw));
    }
    element.expect(context_constructed(2))?;
    Ok(ResponderId::Key(element.only()?.expect(OCTET_STRING)?))
}

fn parse_certificates(all: &Element<'_>) -> Result<Vec<SignerCertificate>, OcspError> {
    let list = all.only()?;
    list.expect(SEQUENCE)?;
    let elements = list.inside()?.rest()?;
    if elements.len() > MAX_CERTIFICATES {
        return Err(OcspError::Unreadable);
    }
    elements.iter().map(|element| SignerCertificate::parse(element.raw).map_err(OcspError::from)).collect()
}
