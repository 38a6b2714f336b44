//! An opening as it was sent: the bytes that a caller's signature covers, and the query inside.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use mohur_crypto::{Digest, sha256};
use mohur_wire::{Query, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// Most legs of a bundle.
pub const MAX_LEGS: usize = 64;

/// How an opening was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As the body of a request, plain JSON.
    Body,
    /// As one string of a bundle's body, the JSON in base64url.
    Leg,
    /// As the signed Body of a SOAP envelope, in its canonical octets.
    Soap,
}

/// An opening with its digest. `Debug` shows the digest only. In JSON it has the form in which it crosses the hop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Crossing", into = "Crossing")]
pub struct SentOpening {
    form: Form,
    sent: Bytes,
    /// What the query is parsed from: the JSON of the two forms of REST, of SOAP the octets themselves.
    text: Bytes,
    digest: Digest,
}

impl SentOpening {
    /// The body of a single query.
    pub fn of_body(body: Bytes) -> Self {
        let digest = sha256(&body);
        Self::of_verified(Form::Body, body, digest)
    }

    /// INVARIANT: `digest` is the SHA-256 of what was sent, which the signature was checked with; the form is not a leg.
    pub(crate) fn of_verified(form: Form, sent: Bytes, digest: Digest) -> Self {
        Self { form, text: sent.clone(), sent, digest }
    }

    /// One string of a bundle's body, exactly as sent. The digest is that of the string.
    pub fn of_leg(string: String) -> Result<Self, Refusal> {
        let json =
            BASE64_URL_SAFE_NO_PAD.decode(&string).map_err(|_| malformed("a leg is not base64url without padding"))?;
        let sent = Bytes::from(string);
        Ok(Self { form: Form::Leg, digest: sha256(&sent), sent, text: json.into() })
    }

    /// The canonical octets of the Body of a SOAP envelope that asks one query.
    pub fn of_soap_body(octets: Bytes) -> Self {
        let digest = sha256(&octets);
        Self::of_verified(Form::Soap, octets, digest)
    }

    /// Reads the form in which an opening crosses the hop.
    pub(crate) fn from_hop(form: Form, text: &str) -> Result<Self, Refusal> {
        match form {
            Form::Leg => Self::of_leg(text.to_owned()),
            Form::Body => decode(text).map(Self::of_body),
            Form::Soap => decode(text).map(Self::of_soap_body),
        }
    }

    /// The form in which it crosses the hop: the leg's string as sent, or the octets in base64url.
    pub(crate) fn to_hop(&self) -> String {
        match self.form {
            // INVARIANT: a leg's string came from a String.
            Form::Leg => String::from_utf8_lossy(&self.sent).into_owned(),
            Form::Body | Form::Soap => BASE64_URL_SAFE_NO_PAD.encode(&self.sent),
        }
    }

    /// How it was sent.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The bytes that the digest is over.
    pub const fn sent(&self) -> &Bytes {
        &self.sent
    }

    /// What the query is parsed from: JSON, or the canonical octets of a SOAP Body.
    pub const fn text(&self) -> &Bytes {
        &self.text
    }

    /// The opening's digest.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Parses the query, strictly.
    pub fn query(&self) -> Result<Query, Refusal> {
        match self.form {
            Form::Body | Form::Leg => Query::parse(&self.text).map_err(|error| malformed(&error.to_string())),
            Form::Soap => crate::ws_security::read_query(&self.text),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Crossing {
    form: Form,
    opening: String,
}

impl From<SentOpening> for Crossing {
    fn from(sent: SentOpening) -> Self {
        Self { form: sent.form, opening: sent.to_hop() }
    }
}

impl TryFrom<Crossing> for SentOpening {
    type Error = String;

    fn try_from(crossing: Crossing) -> Result<Self, String> {
        Self::from_hop(crossing.form, &crossing.opening).map_err(|refusal| refusal.to_string())
    }
}

impl fmt::Debug for SentOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentOpening({:?}, {})", self.form, self.digest)
    }
}

fn decode(text: &str) -> Result<Bytes, Refusal> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map(Bytes::from).map_err(|_| malformed("not base64url without padding"))
}

fn malformed(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("the opening: {detail}"))
}
