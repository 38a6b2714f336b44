//! Prints as ANSI/NIST-ITL transactions in XML (NIST SP 500-290, NIEM encoding), in INTERPOL's implementation INT-I,
//! version 6: searches out (CPS, NPS, MPS), results and errors back (SRE, ERR).
//!
//! An image is an opaque sample that the biometric services supply, with what their engine says of it; nothing here looks
//! into it. What leaves the country is the image, which finger, and which country's bureau asks. The reference number that
//! INT-I demands is the transaction's own control number: a case or a person's number never stands there.
//!
//! The schemas and INTERPOL's samples are under the GPL and are not part of this project; tests validate against them where
//! they are at hand.

mod control;
mod reply;
mod search;

use mohur_soap::Limits;

pub use control::ControlNumber;
pub use reply::{Candidate, Reply, Transaction};
pub use search::{Compression, Image, Kind, Search};

pub(crate) const ITL: &str = "http://biometrics.nist.gov/standard/2011";
pub(crate) const BIOM: &str = "http://niem.gov/niem/biometrics/1.0";
pub(crate) const NC: &str = "http://niem.gov/niem/niem-core/2.0";
pub(crate) const INT_I: &str = "http://interpol.gov/int-i/1.0";

/// Why a transaction was not written or not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrintsError {
    /// What was to be sent is not a search of INT-I; says what.
    #[error("the search cannot be written: {0}")]
    Unwritten(&'static str),
    /// What came is not a transaction of INT-I; says what.
    #[error("the transaction cannot be read: {0}")]
    Unread(&'static str),
    /// What came answers another transaction.
    #[error("the transaction answers another one")]
    OtherTransaction,
}

impl PrintsError {
    /// What is wrong, in one sentence without data.
    pub const fn said(self) -> &'static str {
        match self {
            Self::Unwritten(what) | Self::Unread(what) => what,
            Self::OtherTransaction => "the transaction answers another one",
        }
    }
}

/// How much a transaction may be: images make it long, and a minutiae record has many elements.
pub const fn limits() -> Limits {
    Limits {
        bytes: 16 << 20,
        depth: 32,
        elements: 50_000,
        attributes: 16,
        namespaces: 32,
        name: 256,
        canonical: 1 << 20,
        references: 1,
    }
}
