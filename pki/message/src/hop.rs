//! What crosses the hop between a broker and an owner's host, and how it is sealed.
//!
//! `POST /v1/ask` carries an [`Ask`]; the host answers with a [`Reply`]. The same request type serves a query and the
//! settlement of a reservation, which names itself in the [`Decision`].

use std::collections::BTreeMap;
use std::fmt;

use mohur_crypto::Digest;
use mohur_seal::Seal;
use mohur_wire::{FieldName, MemberId, MessageId, Operation, Refusal, RefusalCode, ServiceId, Verb};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Evidence;
use crate::handover::HomeWord;
use crate::jws::{self, JwsError};
use crate::opening::{Form, SentOpening};
use crate::unique_map::unique_map;

/// Largest ask that is read: the host's own limit of a body comes first.
pub const MAX_ASK: usize = 4 * 1024 * 1024;

/// The `typ` of a decision.
pub const DECISION_TYPE: &str = "mohur-decision+jwt";

/// The `typ` of a host's refusal.
pub const REFUSAL_TYPE: &str = "mohur-refusal+jwt";

/// What the broker asks a host. `Debug` shows neither opening nor receipt.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The opening: a leg's string exactly as sent, or a body (of SOAP the canonical octets of the Body) in base64url.
    opening: String,
    /// Which of the three.
    form: Form,
    /// The caller's own signature.
    evidence: Evidence,
    /// The broker's sealed [`Decision`].
    decision: String,
    /// The receipt of INTENT, as JSON.
    receipt: Box<RawValue>,
    /// The word of the caller's home broker, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<HomeWord>,
}

impl Ask {
    /// Puts an ask together. `receipt` is the receipt's JSON.
    pub fn new(opening: &SentOpening, evidence: Evidence, decision: String, receipt: &str) -> Result<Self, Refusal> {
        let receipt = RawValue::from_string(receipt.to_owned())
            .map_err(|_| Refusal::new(RefusalCode::Internal, "the receipt of INTENT is not JSON"))?;
        Ok(Self { opening: opening.to_hop(), form: opening.form(), evidence, decision, receipt, home: None })
    }

    /// The same for a query that another broker handed over.
    #[must_use]
    pub fn brought_by(self, home: Option<HomeWord>) -> Self {
        Self { home, ..self }
    }

    /// Reads an ask strictly.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_ASK {
            return Err(Refusal::new(RefusalCode::TooLarge, format!("an ask has at most {MAX_ASK} bytes")));
        }
        serde_json::from_slice(body).map_err(|error| {
            let detail =
                format!("the ask does not have its form, near line {}, column {}", error.line(), error.column());
            Refusal::new(RefusalCode::Malformed, detail)
        })
    }

    /// The JSON to send.
    pub fn to_json(&self) -> Result<Vec<u8>, Refusal> {
        serde_json::to_vec(self).map_err(|_| Refusal::new(RefusalCode::Internal, "the ask cannot be written as JSON"))
    }

    /// The opening with its digest.
    pub fn opening(&self) -> Result<SentOpening, Refusal> {
        SentOpening::from_hop(self.form, &self.opening)
    }

    /// The caller's own signature.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The broker's sealed decision, a JWS.
    pub fn decision(&self) -> &str {
        &self.decision
    }

    /// The receipt of INTENT, as JSON.
    pub fn receipt(&self) -> &str {
        self.receipt.get()
    }

    /// The word of the caller's home broker, where the one that decided is another.
    pub const fn home(&self) -> Option<&HomeWord> {
        self.home.as_ref()
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({:?})", self.form)
    }
}

/// What a host replies: `{"answer": "<SD-JWT>"}` or `{"refusal": "<JWS>"}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The owner's sealed answer.
    Answer(String),
    /// The owner's sealed refusal.
    Refusal(String),
}

impl Reply {
    /// Reads a reply strictly.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body).map_err(|_| {
            Refusal::new(RefusalCode::ProviderInvalid, "the host's reply is neither {\"answer\"} nor {\"refusal\"}")
        })
    }

    /// The JSON to send.
    pub fn to_json(&self) -> Vec<u8> {
        // INVARIANT: an enum of strings always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "Answer(…)",
            Self::Refusal(_) => "Refusal(…)",
        })
    }
}

/// What the broker decided, sealed for one host and one opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The broker.
    pub iss: MemberId,
    /// The host's member: the owner.
    pub aud: MemberId,
    /// Sealed at, in seconds since 1970.
    pub iat: i64,
    /// Good until, in seconds since 1970.
    pub exp: i64,
    /// The digest of the opening that was decided on.
    #[serde(with = "digest_base64url")]
    pub query_digest: Digest,
    /// The query's id.
    pub id: MessageId,
    /// Who asks.
    pub caller: MemberId,
    /// What is asked.
    pub service: ServiceId,
    /// The verb.
    pub verb: Verb,
    /// The fields that may be released, each with the name of its mask.
    #[serde(deserialize_with = "unique_map")]
    pub fields: BTreeMap<FieldName, Option<String>>,
    /// What the host has to do beside.
    pub obligations: Vec<String>,
    /// The digest of the policy that decided.
    #[serde(with = "digest_hex")]
    pub policy: Digest,
    /// The hash of INTENT's leaf.
    #[serde(with = "digest_base64url")]
    pub intent: Digest,
    /// The settlement that is asked for instead of the query itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
}

/// The one settlement that a caller's signature over a `reserve` also covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// `consume` or `release`.
    pub operation: Operation,
    /// The reservation.
    pub reservation: MessageId,
}

impl Decision {
    /// Seals the decision. The seal is the broker's, `iss`.
    pub fn seal(&self, seal: &dyn Seal) -> Result<String, JwsError> {
        jws::sign(DECISION_TYPE, self, seal)
    }
}

/// A host's refusal: says that nothing is said, never "no".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRefusal {
    /// The owner.
    pub iss: MemberId,
    /// Sealed at, in seconds since 1970.
    pub iat: i64,
    /// The digest of the opening that is refused.
    #[serde(with = "digest_base64url")]
    pub query_digest: Digest,
    /// Which refusal.
    pub code: RefusalCode,
    /// What may be said beyond the code.
    pub detail: String,
}

impl SealedRefusal {
    /// Seals the refusal. The seal is the owner's, `iss`.
    pub fn seal(&self, seal: &dyn Seal) -> Result<String, JwsError> {
        jws::sign(REFUSAL_TYPE, self, seal)
    }
}

pub(crate) mod digest_base64url {
    use super::{Deserialize, Deserializer, Digest, Serializer};
    use serde::de::Error;

    pub(crate) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.to_base64url())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::from_base64url(&text).ok_or_else(|| D::Error::custom("a SHA-256 in base64url"))
    }
}

mod digest_hex {
    use super::{Deserialize, Deserializer, Digest, Serializer};
    use serde::de::Error;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::from_hex(&text).ok_or_else(|| D::Error::custom("a SHA-256 in hexadecimal"))
    }
}
