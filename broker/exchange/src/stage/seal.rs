//! Seal: the broker signs what the caller will receive, before it is logged and before it leaves.

use bytes::Bytes;
use http::Response;
use mohur_crypto::{Digest, sha256};
use mohur_seal::Seal;
use mohur_wire::{Refusal, RefusalCode};

use super::release::Released;
use crate::bundle::{LegAnswer, Report};
use crate::dialect::{self, Said};
use crate::reply::ReplyTo;

/// Something sealed, with the digest that the log commits to.
pub struct Sealed<T> {
    content: T,
    digest: Digest,
    status: Option<RefusalCode>,
}

/// Seals the answer to a single query.
pub fn answer(released: Released, to: &ReplyTo, seal: &dyn Seal) -> Result<Sealed<Response<Bytes>>, Refusal> {
    dialect::write(&Said::Answer(&released), to, seal).map(|response| of(response, None))
}

/// Seals how far a bundle has come.
pub(crate) fn report(report: &Report, to: &ReplyTo, seal: &dyn Seal) -> Result<Sealed<Response<Bytes>>, Refusal> {
    dialect::write(&Said::Report(report), to, seal).map(|response| of(response, None))
}

/// Seals a refusal. Should even that fail, the refusal goes out without a seal: it releases nothing.
pub(crate) fn refusal(refusal: &Refusal, to: &ReplyTo, seal: &dyn Seal) -> Sealed<Response<Bytes>> {
    let said = Said::Refusal(refusal);
    let mut response = dialect::write(&said, to, seal).unwrap_or_else(|_| dialect::write_plain(&said, to));
    // Not sent: for this process, which counts and retries by the code, whatever status the dialect has for it.
    response.extensions_mut().insert(refusal.code);
    of(response, Some(refusal.code))
}

/// A leg's answer carries its owner's seal; the broker's stands on the document that holds all legs.
pub(crate) fn leg(answer: LegAnswer) -> Sealed<LegAnswer> {
    let digest = sha256(&serde_json::to_vec(&answer).unwrap_or_default());
    Sealed { digest, status: answer.refusal, content: answer }
}

fn of(response: Response<Bytes>, status: Option<RefusalCode>) -> Sealed<Response<Bytes>> {
    Sealed { digest: sha256(response.body()), content: response, status }
}

impl<T> Sealed<T> {
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) const fn status(&self) -> Option<RefusalCode> {
        self.status
    }

    pub(crate) fn into_content(self) -> T {
        self.content
    }
}
