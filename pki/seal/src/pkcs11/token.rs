//! A token: found by its label, logged in to, looked into, and made keys in.

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use mohur_crypto::Algorithm;

use super::failure::Failure;
use super::key::{KeyInfo, P256_OID, TokenKeyKind, ecdsa_asn1, find, find_private, operation, public_half};
use super::pin::Pin;
use super::{KeyName, TokenAddress, module};
use crate::SealError;

/// A token with its PIN.
pub struct Token {
    library: Pkcs11,
    label: String,
    pin: Pin,
}

impl Token {
    /// Loads the module and reads the PIN. The token is looked for when it is used.
    pub fn open(address: &TokenAddress) -> Result<Self, SealError> {
        let pin = Pin::read(address)?;
        Ok(Self { library: module::load(&address.module)?, label: address.token.clone(), pin })
    }

    /// The private keys in it.
    pub fn keys(&self) -> Result<Vec<KeyInfo>, SealError> {
        let list = || -> Result<Vec<KeyInfo>, Failure> {
            let session = self.session(false)?;
            let keys = find(&session, ObjectClass::PRIVATE_KEY, &KeyName::default())?;
            keys.into_iter().map(|key| KeyInfo::read(&session, key)).collect()
        };
        list().map_err(|failure| self.error(failure))
    }

    /// Makes a key in the token, that cannot leave it. The name must have a label and an id that no other key has.
    pub fn generate(&self, kind: TokenKeyKind, label: &str, id: &[u8]) -> Result<KeyInfo, SealError> {
        self.generate_pair(kind, label, id, false).map_err(|failure| self.error(failure))
    }

    /// The same, but the key can leave the token, wrapped: only for what must be refused.
    #[doc(hidden)]
    pub fn generate_extractable(&self, kind: TokenKeyKind, label: &str, id: &[u8]) -> Result<KeyInfo, SealError> {
        self.generate_pair(kind, label, id, true).map_err(|failure| self.error(failure))
    }

    fn generate_pair(&self, kind: TokenKeyKind, label: &str, id: &[u8], leaves: bool) -> Result<KeyInfo, Failure> {
        let session = self.session(true)?;
        let taken =
            [KeyName { label: Some(label.to_owned()), id: None }, KeyName { label: None, id: Some(id.to_vec()) }];
        for name in taken {
            if !find(&session, ObjectClass::PRIVATE_KEY, &name)?.is_empty() {
                return Err(Failure::Final(format!("there is a private key {name} already: choose another name")));
            }
        }
        let named = [Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(id.to_vec())];
        let mut public = named.to_vec();
        public.extend([Attribute::Private(false), Attribute::Verify(true)]);
        let mut private = named.to_vec();
        private.extend([Attribute::Private(true), Attribute::Sensitive(true), Attribute::Sign(true)]);
        private.push(Attribute::Extractable(leaves));
        let mechanism = match kind {
            TokenKeyKind::P256 => {
                public.push(Attribute::EcParams(P256_OID.to_vec()));
                Mechanism::EccKeyPairGen
            }
            TokenKeyKind::Rsa3072 => {
                public.extend([Attribute::ModulusBits(3072.into()), Attribute::PublicExponent(vec![1, 0, 1])]);
                Mechanism::RsaPkcsKeyPairGen
            }
        };
        let made = session.generate_key_pair(&mechanism, &public, &private);
        let (_, key) = made.map_err(|error| Failure::of(&error))?;
        KeyInfo::read(&session, key)
    }

    /// A key that signs the request for its certificate.
    pub fn signer(&self, name: &KeyName) -> Result<TokenSigner, SealError> {
        let open = || {
            let session = self.session(false)?;
            let key = find_private(&session, name)?;
            // Both halves have the private key's label and id, where only one of them was given.
            let (kind, public) = public_half(&session, &KeyInfo::read(&session, key)?.name)?;
            Ok(TokenSigner { token: self.label.clone(), session, key, kind, public })
        };
        open().map_err(|failure| self.error(failure))
    }

    /// A new session, logged in.
    pub(super) fn session(&self, write: bool) -> Result<Session, Failure> {
        let slot = self.slot()?;
        let opened = if write { self.library.open_rw_session(slot) } else { self.library.open_ro_session(slot) };
        let session = opened.map_err(|error| Failure::of(&error))?;
        let info = session.get_session_info().map_err(|error| Failure::of(&error))?;
        // The login is one for all sessions of the process.
        if !matches!(info.session_state(), SessionState::RoUser | SessionState::RwUser) {
            self.log_in(&session, slot)?;
        }
        Ok(session)
    }

    fn log_in(&self, session: &Session, slot: Slot) -> Result<(), Failure> {
        let info = self.library.get_token_info(slot).map_err(|error| Failure::of(&error))?;
        if self.pin.was_refused() {
            return Err(Failure::Pin("it has refused this PIN before".to_owned()));
        }
        if info.user_pin_locked() {
            return Err(Failure::Pin("its PIN is locked: have the security officer set a new one".to_owned()));
        }
        if info.user_pin_final_try() {
            let what = "only one try is left before it locks: log in by hand with the vendor's tool first";
            return Err(Failure::Pin(what.to_owned()));
        }
        match session.login(UserType::User, Some(self.pin.secret())) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let failure = Failure::of_login(&error);
                if matches!(failure, Failure::Pin(_)) {
                    self.pin.refused();
                }
                Err(failure)
            }
        }
    }

    /// Where the token is now: a token that was taken out may come back in another slot.
    fn slot(&self) -> Result<Slot, Failure> {
        let slots = match self.library.get_slots_with_token() {
            Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                module::initialise(&self.library).map_err(|error| Failure::of(&error))?;
                self.library.get_slots_with_token()
            }
            slots => slots,
        };
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for slot in slots.map_err(|error| Failure::of(&error))? {
            // A slot whose token is taken out just now is none.
            let Ok(info) = self.library.get_token_info(slot) else { continue };
            match info.label() {
                label if label == self.label => found.push(slot),
                "" => {}
                label => others.push(format!("{label:?}")),
            }
        }
        match (found.as_slice(), others.join(", ")) {
            ([slot], _) => Ok(*slot),
            ([], others) if others.is_empty() => Err(Failure::absent("the module shows no token".to_owned())),
            ([], others) => Err(Failure::absent(format!("it is not there; the module shows {others}"))),
            _ => Err(Failure::Final("several tokens have this label: give each its own".to_owned())),
        }
    }

    pub(super) fn error(&self, failure: Failure) -> SealError {
        let token = self.label.clone();
        match failure {
            Failure::Gone { what, .. } | Failure::Final(what) => SealError::Token { token, what },
            Failure::Pin(what) => SealError::WrongPin { token, what, file: self.pin.file().to_owned() },
        }
    }

    /// The token's label.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The credential file of its PIN.
    pub fn pin_file(&self) -> &Path {
        self.pin.file()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({:?})", self.label)
    }
}

/// A key of a token with its public half: it signs the request for a certificate that it does not have yet.
pub struct TokenSigner {
    token: String,
    session: Session,
    key: ObjectHandle,
    kind: TokenKeyKind,
    public: Vec<u8>,
}

impl TokenSigner {
    /// P-256, or RSA of whatever size.
    pub const fn kind(&self) -> TokenKeyKind {
        self.kind
    }

    /// For P-256 the uncompressed point, for RSA the PKCS#1 `RSAPublicKey`.
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Signs as PKCS#10 wants it: ECDSA with SHA-256 in ASN.1, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let algorithm = match self.kind {
            TokenKeyKind::P256 => Algorithm::EcdsaP256Sha256,
            TokenKeyKind::Rsa3072 => Algorithm::RsaV15Sha256,
        };
        let (mechanism, input) = operation(algorithm, message).ok_or(SealError::UnsupportedKey)?;
        let failed = |error: Error| SealError::Token { token: self.token.clone(), what: error.to_string() };
        let signature = self.session.sign(&mechanism, self.key, &input).map_err(failed)?;
        match self.kind {
            TokenKeyKind::P256 => ecdsa_asn1(&signature).ok_or(SealError::Crypto("encode a signature")),
            TokenKeyKind::Rsa3072 => Ok(signature),
        }
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenSigner({:?}, {:?})", self.token, self.kind)
    }
}
