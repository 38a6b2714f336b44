//! A seal whose key lies in a token.

use std::fmt;
use std::time::Duration;

use mohur_crypto::digest::{Digest, sha256};
use mohur_crypto::{Algorithm, PublicKey, random_bytes};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::failure::Failure;
use super::key::{KeyInfo, certified_key, find_private, operation};
use super::pool::{Live, Pool};
use super::token::Token;
use super::{KeyName, TokenKey};
use crate::{Seal, SealError};

/// Before each try: the first session may be a dead one, and a token that is being replaced needs a moment.
const PAUSES: [Duration; 4] = [Duration::ZERO, Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// A key in a token. Finds the token again when it vanishes and comes back; while it is away, nothing is signed.
pub struct TokenSeal {
    link: Link,
    pool: Pool,
    sessions: usize,
    wait: Duration,
    certificate: Vec<u8>,
    key_id: Digest,
}

/// What a new session needs.
struct Link {
    token: Token,
    name: KeyName,
    allow_extractable: bool,
    algorithm: Algorithm,
    certified: PublicKey,
}

impl TokenSeal {
    /// Opens the key of a certificate (DER), and lets it sign once: what comes out must verify under the certificate. An
    /// RSA key signs with RSA-PSS unless it is `pinned` otherwise. A bare `SubjectPublicKeyInfo` may stand for a certificate.
    pub fn open(key: &TokenKey, certificate: &[u8], pinned: Option<Algorithm>) -> Result<Self, SealError> {
        let (algorithm, certified) = certified_algorithm(certificate, pinned)
            .or_else(|_| certified_algorithm(&certified_key(certificate).ok_or(SealError::UnsupportedKey)?, pinned))?;
        let token = Token::open(&key.address)?;
        let link =
            Link { token, name: key.name.clone(), allow_extractable: key.allow_extractable, algorithm, certified };
        let first = link.connect().map_err(|refusal| refusal.into_error(&link.token))?;
        let sessions = key.sessions.max(1);
        Ok(Self {
            pool: Pool::new(sessions, Some(first)),
            link,
            sessions,
            wait: key.wait,
            certificate: certificate.to_vec(),
            key_id: sha256(certificate),
        })
    }

    fn sign_in_turn(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let (mechanism, input) = operation(self.link.algorithm, message).ok_or(SealError::UnsupportedKey)?;
        let busy = || SealError::TokenBusy { token: self.link.token.label().to_owned(), sessions: self.sessions };
        let mut place = self.pool.take(self.wait).ok_or_else(busy)?;
        let mut last = Failure::absent("it does not answer".to_owned());
        for pause in PAUSES {
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
            let live = match place.live.take() {
                Some(live) => live,
                None => match self.link.connect() {
                    Ok(live) => live,
                    Err(Refusal::Token(gone @ Failure::Gone { .. })) => {
                        last = gone;
                        continue;
                    }
                    Err(refusal) => return Err(refusal.into_error(&self.link.token)),
                },
            };
            match live.session.sign(&mechanism, live.key, &input) {
                Ok(signature) => {
                    place.live = Some(live);
                    return Ok(signature);
                }
                Err(error) => match Failure::of(&error) {
                    Failure::Gone { what, handle_is_dead, uninitialised } => {
                        live.discard(handle_is_dead);
                        if uninitialised {
                            place.module_lost();
                        }
                        last = Failure::Gone { what, handle_is_dead, uninitialised };
                    }
                    other @ (Failure::Pin(_) | Failure::Final(_)) => return Err(self.link.token.error(other)),
                },
            }
        }
        Err(self.link.token.error(last))
    }
}

/// The algorithm of a certificate's key, and the key.
fn certified_algorithm(spki: &[u8], pinned: Option<Algorithm>) -> Result<(Algorithm, PublicKey), SealError> {
    let choice = [Algorithm::EcdsaP256Sha256, Algorithm::RsaPssSha512, Algorithm::RsaV15Sha256];
    let usable = |algorithm: Algorithm| PublicKey::new(algorithm, spki).ok().map(|key| (algorithm, key));
    match pinned {
        Some(algorithm) if choice.contains(&algorithm) => {
            usable(algorithm).ok_or(SealError::WrongAlgorithm { algorithm: algorithm.name() })
        }
        Some(algorithm) => Err(SealError::WrongAlgorithm { algorithm: algorithm.name() }),
        None => choice.into_iter().find_map(usable).ok_or(SealError::UnsupportedKey),
    }
}

/// Why no session could be opened for the key.
enum Refusal {
    Token(Failure),
    Key(SealError),
}

impl Refusal {
    fn into_error(self, token: &Token) -> SealError {
        match self {
            Self::Token(failure) => token.error(failure),
            Self::Key(error) => error,
        }
    }
}

impl Link {
    /// A session with the key in it. Judged anew each time: another token may have taken the place of the one that vanished.
    fn connect(&self) -> Result<Live, Refusal> {
        let session = self.token.session(false).map_err(Refusal::Token)?;
        let key = find_private(&session, &self.name).map_err(Refusal::Token)?;
        let info = KeyInfo::read(&session, key).map_err(Refusal::Token)?;
        let named = || (self.token.label().to_owned(), self.name.to_string());
        if !info.stays_inside() && !self.allow_extractable {
            let (token, key) = named();
            return Err(Refusal::Key(SealError::Extractable { token, key }));
        }
        if info.always_authenticate {
            let what = format!("the key {} wants its PIN for each signature (CKA_ALWAYS_AUTHENTICATE)", self.name);
            return Err(Refusal::Token(Failure::Final(what)));
        }
        let probe = random_bytes::<32>();
        let (mechanism, input) = operation(self.algorithm, &probe).ok_or(Refusal::Key(SealError::UnsupportedKey))?;
        let signature = session.sign(&mechanism, key, &input).map_err(|error| Refusal::Token(Failure::of(&error)))?;
        self.certified.verify(&probe, &signature).map_err(|_| Refusal::Key(SealError::KeyMismatch))?;
        Ok(Live { session, key })
    }
}

impl Seal for TokenSeal {
    fn algorithm(&self) -> Algorithm {
        self.link.algorithm
    }

    fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn key_id(&self) -> Digest {
        self.key_id
    }

    /// Waits for a session and for the token. Called on a runtime of several threads, it hands the thread's other work on
    /// first, so that a slow token holds up nothing but what waits for its signature.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let on_runtime = Handle::try_current().is_ok_and(|now| now.runtime_flavor() == RuntimeFlavor::MultiThread);
        if on_runtime { tokio::task::block_in_place(|| self.sign_in_turn(message)) } else { self.sign_in_turn(message) }
    }
}

impl fmt::Debug for TokenSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSeal({}, {})", self.link.algorithm.name(), self.key_id)
    }
}
