//! What an entry of INTENT must say, for whoever is asked to act on its receipt: the owner's host, and the broker that
//! another one hands a query to; and what the OUTCOME of the broker that decided must say, for the one that asked it.

use mohur_crypto::Digest;
use mohur_wire::{Query, Timestamp};

use crate::leaf::{Kind, Leaf};
use crate::note::LogKey;
use crate::receipt::{Receipt, VerifiedReceipt};

/// The tag of the commitment to the opening's digest.
pub const OPENING: &str = "opening";

/// What a broker's INTENT must say.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedIntent<'a> {
    /// The query, as its caller signed it.
    pub query: &'a Query,
    /// The opening's digest.
    pub opening: &'a Digest,
    /// The hash of the entry that the broker's sealed word names.
    pub entry: &'a Digest,
    /// The fingerprint of the caller's seal.
    pub certificate: &'a Digest,
    /// The policy that decided, where the broker decided by one.
    pub policy: Option<&'a Digest>,
    /// Whether it is the settlement of the query, which has an entry of its own.
    pub settles: bool,
}

impl ExpectedIntent<'_> {
    /// Verifies the receipt, given as JSON, of an entry in the log with this key, and says when the entry was made. An error
    /// completes "the receipt …".
    pub fn verify(&self, receipt: &str, key: &LogKey) -> Result<Timestamp, String> {
        let receipt: Receipt = serde_json::from_str(receipt).map_err(|_| "is not a receipt".to_owned())?;
        let receipt = receipt.verify(key).map_err(|error| error.to_string())?;
        if receipt.leaf_hash() != *self.entry {
            return Err("is not of the entry that the broker's seal names".to_owned());
        }
        if !receipt.opens(OPENING, self.opening.as_bytes()) {
            return Err("does not commit to this opening".to_owned());
        }
        self.compare(&receipt)?;
        Ok(receipt.leaf().at)
    }

    /// What the entry says in clear is what the caller signed. A settlement shows in its id.
    fn compare(&self, receipt: &VerifiedReceipt) -> Result<(), String> {
        let (leaf, query): (&Leaf, &Query) = (receipt.leaf(), self.query);
        let suffix = if self.settles { ".settle" } else { "" };
        let id = leaf.id.as_ref().and_then(|id| id.as_str().strip_suffix(suffix));
        let bundle = query.leg.as_ref().map(|leg| format!("{}@{}", leg.definition, leg.version));
        let differs = [
            ("kind", leaf.kind != Kind::Intent),
            ("id", id != Some(query.id.as_str())),
            ("consumer", leaf.consumer != query.caller),
            ("provider", leaf.provider.as_ref() != Some(query.service.owner())),
            ("service", leaf.service.as_ref() != Some(&query.service)),
            ("purpose", leaf.purpose.as_ref() != Some(&query.purpose)),
            ("verb", leaf.verb != Some(query.verb())),
            ("bundle", leaf.bundle != bundle),
            ("policy", leaf.policy.as_ref() != self.policy),
            ("certificate", leaf.certificate.as_ref() != Some(self.certificate)),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            Some((what, _)) => Err(format!("is of an entry with another {what}")),
            None => Ok(()),
        }
    }
}

/// What the OUTCOME of an answered query must say.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedOutcome<'a> {
    /// The query.
    pub query: &'a Query,
    /// Whether it is the settlement of the query.
    pub settles: bool,
    /// The digest of the reply.
    pub answer: &'a Digest,
}

impl ExpectedOutcome<'_> {
    /// Verifies the receipt, given in its header form, of an entry in the log with this key, and gives the entry's hash. An
    /// error is a clause of its own.
    pub fn verify(&self, header: &str, key: &LogKey) -> Result<Digest, String> {
        let receipt = Receipt::from_header(header).and_then(|receipt| receipt.verify(key));
        let receipt = receipt.map_err(|error| error.to_string())?;
        let (leaf, query) = (receipt.leaf(), self.query);
        let suffix = if self.settles { ".settle" } else { "" };
        let id = leaf.id.as_ref().and_then(|id| id.as_str().strip_suffix(suffix));
        let differs = [
            ("kind", leaf.kind != Kind::Outcome),
            ("id", id != Some(query.id.as_str())),
            ("consumer", leaf.consumer != query.caller),
            ("service", leaf.service.as_ref() != Some(&query.service)),
            ("purpose", leaf.purpose.as_ref() != Some(&query.purpose)),
            ("verb", leaf.verb != Some(query.verb())),
        ];
        if let Some((what, _)) = differs.iter().find(|(_, differs)| *differs) {
            return Err(format!("the receipt is of an entry with another {what}"));
        }
        if receipt.opens("answer", self.answer.as_bytes()) {
            Ok(receipt.leaf_hash())
        } else {
            Err("the receipt commits to another answer".to_owned())
        }
    }
}
