//! Seal: the owner's own word, bound to the digest of the caller's opening. Negatives and refusals are sealed too.

use mohur_message::OwnerClaims;
use mohur_message::hop::{Reply, SealedRefusal};
use mohur_message::sd_jwt;
use mohur_seal::Seal;
use mohur_wire::{MemberId, Refusal, RefusalCode};

use super::receipt::Bound;
use super::release::Released;
use crate::stop::Stop;

/// A reply under the owner's seal.
pub struct Sealed(Reply);

/// Seals an answer, or that there is no such subject.
pub(crate) fn answer(released: &Released, me: &MemberId, seal: &dyn Seal) -> Result<Sealed, Stop> {
    let logged = released.permitted().logged();
    let (bound, query) = (logged.bound(), logged.proved().query());
    let claims = OwnerClaims {
        issuer: me.clone(),
        service: query.service.clone(),
        verb: query.verb(),
        issued: bound.arrival().unix_seconds(),
        query_digest: *bound.digest(),
    };
    let sealed = sd_jwt::issue(&claims, released.fields(), seal);
    sealed.map(|text| Sealed(Reply::Answer(text))).map_err(|error| Stop::new(RefusalCode::Internal, error))
}

/// Seals a refusal: nothing was said, and it was the owner who did not say it.
pub(crate) fn refusal(bound: &Bound, refusal: &Refusal, me: &MemberId, seal: &dyn Seal) -> Result<Sealed, Stop> {
    let claims = SealedRefusal {
        iss: me.clone(),
        iat: bound.arrival().unix_seconds(),
        query_digest: *bound.digest(),
        code: refusal.code,
        detail: refusal.detail.clone(),
    };
    let sealed = claims.seal(seal);
    sealed.map(|text| Sealed(Reply::Refusal(text))).map_err(|error| Stop::new(RefusalCode::Internal, error))
}

impl Sealed {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        self.0.to_json()
    }
}
