//! Why an authority gives no time stamp: `PKIFailureInfo` (RFC 3161 §2.4.2).

use std::fmt;

use crate::asn1::{BIT_STRING, tlv};

/// The failures that RFC 3161 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `badAlg`: a hash algorithm that is not accepted.
    BadAlgorithm,
    /// `badRequest`: not permitted or not supported.
    BadRequest,
    /// `badDataFormat`: not a query.
    BadDataFormat,
    /// `timeNotAvailable`: the clock cannot be trusted.
    TimeNotAvailable,
    /// `unacceptedPolicy`: not a policy of this authority.
    UnacceptedPolicy,
    /// `unacceptedExtension`: an extension that this authority does not know.
    UnacceptedExtension,
    /// `addInfoNotAvailable`: what was asked for in addition is not there.
    AdditionalInformation,
    /// `systemFailure`: the authority cannot answer.
    SystemFailure,
}

impl Failure {
    const ALL: [Self; 8] = [
        Self::BadAlgorithm,
        Self::BadRequest,
        Self::BadDataFormat,
        Self::TimeNotAvailable,
        Self::UnacceptedPolicy,
        Self::UnacceptedExtension,
        Self::AdditionalInformation,
        Self::SystemFailure,
    ];

    const fn bit(self) -> u8 {
        match self {
            Self::BadAlgorithm => 0,
            Self::BadRequest => 2,
            Self::BadDataFormat => 5,
            Self::TimeNotAvailable => 14,
            Self::UnacceptedPolicy => 15,
            Self::UnacceptedExtension => 16,
            Self::AdditionalInformation => 17,
            Self::SystemFailure => 25,
        }
    }

    /// A sentence for whoever asked.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "use SHA-256, SHA-384 or SHA-512",
            Self::BadRequest => "not a query of version 1 with a nonce of at most 256 bits",
            Self::BadDataFormat => "not a TimeStampReq in DER with a digest of its algorithm's length",
            Self::TimeNotAvailable => "the clock of this authority is not to be trusted at the moment",
            Self::UnacceptedPolicy => "no time stamps are issued here under that policy",
            Self::UnacceptedExtension => "no extensions are known here",
            Self::AdditionalInformation => "what was asked for in addition is not there",
            Self::SystemFailure => "this authority cannot answer at the moment",
        }
    }

    /// A BIT STRING of named bits has no zeros at its end (X.690 §11.2.2).
    pub(super) fn encode(self) -> Vec<u8> {
        let (octet, bit) = (usize::from(self.bit() / 8), self.bit() % 8);
        let mut octets = vec![7 - bit];
        octets.resize(octet + 1, 0);
        octets.push(0x80 >> bit);
        tlv(BIT_STRING, &[&octets])
    }

    /// The first of the failures in the content of a BIT STRING.
    pub(super) fn decode(content: &[u8]) -> Option<Self> {
        let (_, octets) = content.split_first()?;
        Self::ALL.into_iter().find(|failure| {
            let octet = octets.get(usize::from(failure.bit() / 8)).copied().unwrap_or_default();
            octet & (0x80 >> (failure.bit() % 8)) != 0
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_read_as_it_was_written() {
        for failure in Failure::ALL {
            let written = failure.encode();
            assert_eq!(Failure::decode(&written[2..]), Some(failure), "{written:02x?}");
        }
        assert_eq!(Failure::BadAlgorithm.encode(), [0x03, 0x02, 0x07, 0x80]);
        assert_eq!(Failure::SystemFailure.encode(), [0x03, 0x05, 0x06, 0x00, 0x00, 0x00, 0x40]);
    }
}
