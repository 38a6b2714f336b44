//! What crosses the hop between two brokers: a caller's home broker hands a query to the broker of the service's owner.
//!
//! `POST /v1/forward` carries a [`Forward`]; what comes back is the [`crate::hop::Reply`] of a host, from a broker. The home
//! broker's word stands in a type of its own: a [`crate::hop::Decision`] never passes for a [`Handover`], nor the reverse.

use std::fmt;

use mohur_crypto::Digest;
use mohur_seal::Seal;
use mohur_wire::{MemberId, MessageId, Refusal, RefusalCode, ServiceId, Verb};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Evidence;
use crate::hop::{MAX_ASK, Settle, digest_base64url};
use crate::jws::{self, JwsError};
use crate::opening::{Form, SentOpening};

/// The `typ` of a handover.
pub const HANDOVER_TYPE: &str = "mohur-handover+jwt";

/// What a caller's home broker says when it hands a query on, sealed for one broker and one opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The home broker.
    pub iss: MemberId,
    /// The broker that decides.
    pub aud: MemberId,
    /// Sealed at, in seconds since 1970.
    pub iat: i64,
    /// How long the home broker waits for the reply, in milliseconds.
    pub patience: u64,
    /// The digest of the opening that is handed on.
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
    /// The hash of INTENT's leaf in the home broker's log.
    #[serde(with = "digest_base64url")]
    pub intent: Digest,
    /// The settlement that is asked for instead of the query itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
}

impl Handover {
    /// Seals the handover. The seal is the home broker's, `iss`.
    pub fn seal(&self, seal: &dyn Seal) -> Result<String, JwsError> {
        jws::sign(HANDOVER_TYPE, self, seal)
    }
}

/// A home broker's sealed [`Handover`] with the receipt of its INTENT. It goes on to the owner's host as it is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeWord {
    handover: String,
    receipt: Box<RawValue>,
}

impl HomeWord {
    /// From a sealed handover and the receipt's JSON.
    pub fn new(handover: String, receipt: &str) -> Result<Self, Refusal> {
        let receipt = RawValue::from_string(receipt.to_owned())
            .map_err(|_| Refusal::new(RefusalCode::Internal, "the receipt of INTENT is not JSON"))?;
        Ok(Self { handover, receipt })
    }

    /// The sealed handover, a JWS.
    pub fn handover(&self) -> &str {
        &self.handover
    }

    /// The receipt of INTENT, as JSON.
    pub fn receipt(&self) -> &str {
        self.receipt.get()
    }
}

impl fmt::Debug for HomeWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HomeWord(…)")
    }
}

/// What a home broker sends to the broker that decides. `Debug` shows neither opening nor receipt.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The opening, as in an [`crate::hop::Ask`].
    opening: String,
    /// Which of the three.
    form: Form,
    /// The caller's own signature.
    evidence: Evidence,
    /// The home broker's word.
    home: HomeWord,
}

impl Forward {
    /// Puts a forward together.
    pub fn new(opening: &SentOpening, evidence: Evidence, home: HomeWord) -> Self {
        Self { opening: opening.to_hop(), form: opening.form(), evidence, home }
    }

    /// Reads a forward strictly.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_ASK {
            return Err(Refusal::new(RefusalCode::TooLarge, format!("a forward has at most {MAX_ASK} bytes")));
        }
        serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = format!("the forward does not have its form, near line {line}, column {column}");
            Refusal::new(RefusalCode::Malformed, detail)
        })
    }

    /// The JSON to send.
    pub fn to_json(&self) -> Result<Vec<u8>, Refusal> {
        serde_json::to_vec(self)
            .map_err(|_| Refusal::new(RefusalCode::Internal, "the forward cannot be written as JSON"))
    }

    /// The opening with its digest.
    pub fn opening(&self) -> Result<SentOpening, Refusal> {
        SentOpening::from_hop(self.form, &self.opening)
    }

    /// The caller's own signature.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The home broker's word.
    pub const fn home(&self) -> &HomeWord {
        &self.home
    }

    /// Signature and word, to send on.
    pub fn into_parts(self) -> (Evidence, HomeWord) {
        (self.evidence, self.home)
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forward({:?})", self.form)
    }
}
