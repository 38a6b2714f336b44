//! The authority's side (RFC 3161 §2.2 to §2.4).

use std::sync::Arc;

use mohur_chain::{Purpose, SignerCertificate};
use mohur_seal::{Seal, sign_x509, x509_algorithm};
use mohur_wire::Timestamp;

use crate::asn1::{SEQUENCE, UTF8_STRING, tlv, unsigned, unsigned_content, whole_second};
use crate::timestamp::token::Info;
use crate::timestamp::{Accuracy, AuthorityError, Failure, PolicyId, Query, cms};

/// A time-stamping authority. It neither reads a clock nor counts: time and serial number come with each call.
pub struct Authority {
    seal: Arc<dyn Seal>,
    certificate: SignerCertificate,
    /// Given to whoever asks for certificates: the signer's, and those above it, DER.
    chain: Vec<Vec<u8>>,
    policy: PolicyId,
    accuracy: Accuracy,
}

/// What a time stamp was granted with, for the authority's own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The time that it names.
    pub time: Timestamp,
    /// Its serial number.
    pub serial: u64,
}

impl Authority {
    /// An authority whose certificate is for time stamps and nothing else. `above` are the certificates between it and its
    /// root; `accuracy` is how far its clock may be off.
    pub fn new(
        seal: Arc<dyn Seal>,
        above: Vec<Vec<u8>>,
        policy: PolicyId,
        accuracy: Accuracy,
    ) -> Result<Self, AuthorityError> {
        x509_algorithm(&*seal)?;
        let certificate = SignerCertificate::parse(seal.certificate())?;
        certificate.check_purpose(Purpose::TimeStamping)?;
        let mut chain = vec![certificate.der().to_vec()];
        chain.extend(above);
        Ok(Self { seal, certificate, chain, policy, accuracy })
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &SignerCertificate {
        &self.certificate
    }

    /// Answers a query, DER to DER. `time` says the time, and why not where the clock is not to be trusted; `serial` gives a
    /// number that was never given before and is called only when the query is good.
    pub fn answer(
        &self,
        query: &[u8],
        time: Result<Timestamp, Failure>,
        serial: impl FnOnce() -> Result<u64, Failure>,
    ) -> (Vec<u8>, Result<Granted, Failure>) {
        match self.grant(query, time, serial) {
            Ok((token, granted)) => (tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&unsigned(0)]), &token]), Ok(granted)),
            Err(failure) => (refusal(failure), Err(failure)),
        }
    }

    fn grant(
        &self,
        query: &[u8],
        time: Result<Timestamp, Failure>,
        serial: impl FnOnce() -> Result<u64, Failure>,
    ) -> Result<(Vec<u8>, Granted), Failure> {
        let query = Query::decode(query)?;
        if query.policy.as_ref().is_some_and(|policy| *policy != self.policy) {
            return Err(Failure::UnacceptedPolicy);
        }
        let time = whole_second(time?);
        // A stamp outside of the certificate's time would verify nowhere.
        self.certificate.check_time(time).map_err(|_| Failure::TimeNotAvailable)?;
        let serial = serial()?;
        let info = Info {
            policy: self.policy.clone(),
            imprint: query.imprint,
            serial: unsigned_content(serial),
            time,
            accuracy: Some(self.accuracy),
            ordering: false,
            nonce: query.nonce,
        };
        let content = info.encode();
        let attributes = cms::attributes(&content, &self.certificate);
        let signed = sign_x509(&*self.seal, &tlv(crate::asn1::SET, &[&attributes]));
        let (algorithm, signature) = signed.map_err(|_| Failure::SystemFailure)?;
        let certificates: &[Vec<u8>] = if query.certificates { &self.chain } else { &[] };
        let token = cms::wrap(&content, &self.certificate, (algorithm, &signature), certificates);
        Ok((token, Granted { time, serial }))
    }
}

/// `TimeStampResp` with the status `rejection`, a sentence, and the failure.
fn refusal(failure: Failure) -> Vec<u8> {
    let text = tlv(SEQUENCE, &[&tlv(UTF8_STRING, &[failure.sentence().as_bytes()])]);
    tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&unsigned(2), &text, &failure.encode()])])
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.certificate.fingerprint())
    }
}
