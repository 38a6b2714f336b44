//! The responder's side: answers in the name of one issuing authority, with the key of a delegate (RFC 6960 §4.2.2.2).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mohur_chain::{Purpose, SignerCertificate};
use mohur_crypto::digest::sha1_name;
use mohur_seal::{Seal, sign_x509, x509_algorithm};
use mohur_wire::Timestamp;

use crate::algorithm::signature_identifier;
use crate::asn1::{BIT_STRING, ENUMERATED, OCTET_STRING, OID, SEQUENCE, context_constructed, time, tlv, whole_second};
use crate::ocsp::request::nonce_extensions;
use crate::ocsp::response::{BASIC, CertificateStatus, Single};
use crate::ocsp::{CertId, OcspRequest, Refusal, ResponderError};

/// More answers than this are not kept.
const MAX_KEPT: usize = 4096;

/// What the authority knows of a serial number.
pub type State = CertificateStatus;

/// Answers for one issuer. It reads no clock and keeps no register: both come with each call.
pub struct Responder {
    issuer: SignerCertificate,
    delegate: SignerCertificate,
    seal: Arc<dyn Seal>,
    /// For how long an answer holds.
    life: Duration,
    /// What was signed without a nonce and still says what the register says.
    kept: Mutex<HashMap<Vec<(CertId, State)>, Kept>>,
}

struct Kept {
    der: Arc<[u8]>,
    this_update: Timestamp,
    next_update: Timestamp,
}

/// A signed answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The response, DER.
    pub der: Arc<[u8]>,
    /// What it says holds since.
    pub this_update: Timestamp,
    /// And until; it may be cached as long.
    pub next_update: Timestamp,
    /// Whether it answers one request and no other.
    pub nonce: bool,
}

impl Responder {
    /// A responder for what `issuer` (DER) issued, whose certificate `issuer` issued for just that.
    pub fn new(issuer: &[u8], seal: Arc<dyn Seal>, life: Duration, now: Timestamp) -> Result<Self, ResponderError> {
        x509_algorithm(&*seal)?;
        let (issuer, delegate) = (SignerCertificate::parse(issuer)?, SignerCertificate::parse(seal.certificate())?);
        delegate.check_purpose(Purpose::OcspSigning)?;
        delegate.is_delegate_of(&issuer, now)?;
        Ok(Self { issuer, delegate, seal, life, kept: Mutex::default() })
    }

    /// For whom it answers.
    pub const fn issuer(&self) -> &SignerCertificate {
        &self.issuer
    }

    /// Until when it can: its certificate ends then.
    pub const fn not_after(&self) -> Timestamp {
        self.delegate.not_after()
    }

    /// Answers a request. `state` says what is known of a serial number (DER content octets); whoever asks about another
    /// issuer's certificates is told that nothing can be said (RFC 6960 §2.3, RFC 5019 §2.2.3).
    pub fn answer(
        &self,
        request: &OcspRequest,
        now: Timestamp,
        mut state: impl FnMut(&[u8]) -> Result<State, Refusal>,
    ) -> Result<Answered, Refusal> {
        if !request.certificates.iter().all(|id| id.is_of(&self.issuer)) {
            return Err(Refusal::Unauthorized);
        }
        let states = request.certificates.iter().map(|id| Ok((id.clone(), state(id.serial())?)));
        let states: Vec<(CertId, State)> = states.collect::<Result<_, Refusal>>()?;
        if request.nonce.is_some() {
            return self.sign(&states, request.nonce.as_deref(), now);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(&states).filter(|found| self.is_young(found, now)) {
            let (der, this_update, next_update) = (Arc::clone(&found.der), found.this_update, found.next_update);
            return Ok(Answered { der, this_update, next_update, nonce: false });
        }
        let answered = self.sign(&states, None, now)?;
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        let (der, this_update, next_update) = (Arc::clone(&answered.der), answered.this_update, answered.next_update);
        kept.insert(states, Kept { der, this_update, next_update });
        Ok(answered)
    }

    /// Half of its life is left: whoever gets it has some use of it.
    fn is_young(&self, kept: &Kept, now: Timestamp) -> bool {
        let age = now.as_second().saturating_sub(kept.this_update.as_second());
        (0..=seconds(self.life / 2)).contains(&age)
    }

    fn sign(&self, states: &[(CertId, State)], nonce: Option<&[u8]>, now: Timestamp) -> Result<Answered, Refusal> {
        let this_update = whole_second(now);
        let until = now.as_second().saturating_add(seconds(self.life)).min(self.delegate.not_after().as_second());
        let next_update = Timestamp::from_second(until).map_err(|_| Refusal::InternalError)?;
        if self.delegate.check_time(this_update).is_err() {
            return Err(Refusal::TryLater);
        }
        let single = |(certificate, status): &(CertId, State)| {
            let (certificate, status) = (certificate.clone(), *status);
            Single { certificate, status, this_update, next_update: Some(next_update) }.encode()
        };
        let singles: Vec<u8> = states.iter().flat_map(single).collect();
        let key = tlv(context_constructed(2), &[&tlv(OCTET_STRING, &[&sha1_name(self.delegate.key_bits())])]);
        let nonce_of = |nonce: &[u8]| tlv(context_constructed(1), &[&nonce_extensions(nonce)]);
        let extensions = nonce.map(nonce_of).unwrap_or_default();
        let data = tlv(SEQUENCE, &[&key, &time(this_update), &tlv(SEQUENCE, &[&singles]), &extensions]);
        let (algorithm, signature) = sign_x509(&*self.seal, &data).map_err(|_| Refusal::InternalError)?;
        let certificates = tlv(context_constructed(0), &[&tlv(SEQUENCE, &[self.delegate.der()])]);
        let basic = tlv(
            SEQUENCE,
            &[&data, &signature_identifier(algorithm), &tlv(BIT_STRING, &[&[0], &signature]), &certificates],
        );
        let bytes = tlv(SEQUENCE, &[&tlv(OID, &[BASIC]), &tlv(OCTET_STRING, &[&basic])]);
        let der = tlv(SEQUENCE, &[&tlv(ENUMERATED, &[&[0]]), &tlv(context_constructed(0), &[&bytes])]);
        Ok(Answered { der: der.into(), this_update, next_update, nonce: nonce.is_some() })
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Responder({})", self.delegate.fingerprint())
    }
}
