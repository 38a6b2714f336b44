//! Certificate requests (PKCS#10, RFC 2986): written for a key in a token, and read by the authority.

use mohur_chain::Certificate;
use mohur_crypto::sha256;
use mohur_seal::pkcs11::{TokenKeyKind, TokenSigner};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, PublicKey, PublicKeyData, SanType,
    SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

use crate::AuthorityError;
use crate::layout::{create_private, read, replace};
use crate::national::{National, pem, pem_of};
use crate::office::Denial;
use crate::register::Record;
use crate::template::Template;

/// The request for a certificate of a key in a token, PEM. It names the member for people to read; the authority takes
/// nothing from it but the public key.
pub fn request(member: &MemberId, signer: &TokenSigner) -> Result<String, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{member} seal"));
    Ok(params.serialize_request(&Remote(signer))?.pem()?)
}

/// A key in a token, as rcgen wants it.
struct Remote<'a>(&'a TokenSigner);

impl PublicKeyData for Remote<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.kind() {
            TokenKeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            TokenKeyKind::Rsa3072 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for Remote<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// What to issue for a request.
#[derive(Clone, Copy)]
pub struct Requested<'a> {
    /// To whom.
    pub member: &'a MemberId,
    /// The request, PEM.
    pub request: &'a Path,
    /// Where `seal.pem` goes.
    pub folder: &'a Path,
    /// How long it is valid.
    pub days: i64,
    /// The time.
    pub now: Timestamp,
}

impl National {
    /// Issues a seal certificate for a key that is elsewhere. The request must be signed by that key; only its public half
    /// is taken over, all else is the profile's. Gives the certificate and the file with its chain.
    pub fn issue_seal_for(&mut self, requested: &Requested<'_>) -> Result<(Certificate, PathBuf), AuthorityError> {
        let refused =
            |error: Denial| AuthorityError::Request { path: requested.request.to_owned(), what: error.to_string() };
        let proved = Proved::read(read(requested.request)?.as_bytes()).map_err(refused)?;
        self.check_domain(requested.member)?;
        let template = Template::seal(requested.member, requested.now, requested.days)?;
        let template = Template { issuer: self.taking_over(template.issuer)?, ..template };
        let params = template.parameters(self.domain(), self.settings())?;
        let der = params.signed_by(&proved.key, &self.signer(template.issuer)?)?.der().clone();
        // What would be refused is not handed out: a weak key, or one of a kind that does not seal.
        let certificate = Certificate::parse(&der)?;
        create_private(requested.folder)?;
        let chain = requested.folder.join("seal.pem");
        self.register.add(&Record::of(template.issuer, &certificate), &der, requested.now)?;
        let issuer = read(&self.layout.certificate(template.issuer))?;
        replace(&chain, &format!("{}{issuer}", pem(&der)))?;
        Ok((certificate, chain))
    }
}

/// A public key whose private half signed the request for it (RFC 2986 §3). Nothing else is taken from the request.
pub(crate) struct Proved {
    pub(crate) key: PublicKey,
    /// SHA-256 of the SubjectPublicKeyInfo, hexadecimal.
    pub(crate) digest: String,
    /// The request, PEM.
    pub(crate) pem: String,
    /// The URIs that the request names, to notice a mix-up.
    uris: Vec<String>,
}

/// Longer than any request for a key that is taken.
const LONGEST_REQUEST: usize = 16 * 1024;

impl Proved {
    /// Reads a request, PEM or DER.
    pub(crate) fn read(request: &[u8]) -> Result<Self, Denial> {
        let refused = |what: &str| Denial::RequestRefused(what.to_owned());
        if request.len() > LONGEST_REQUEST {
            return Err(refused("longer than any that is taken"));
        }
        let der = match request.first() {
            // A DER SEQUENCE.
            Some(0x30) => CertificateSigningRequestDer::from(request),
            _ => CertificateSigningRequestDer::from_pem_slice(request)
                .map_err(|_| refused("not PKCS#10 in PEM or DER"))?,
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest says itself what it is")]
        let parsed = CertificateSigningRequestParams::from_der(&der).map_err(|error| match error {
            rcgen::Error::InvalidCertificationRequestSignature => refused(
                "its signature does not verify: whoever wrote it has not shown that the key is theirs, or the key is of a \
                 kind or size that is not taken",
            ),
            rcgen::Error::UnsupportedExtension => {
                refused("it asks for extensions that are not read: leave them out, the profile decides")
            }
            other => Denial::RequestRefused(other.to_string()),
        })?;
        let named = parsed.params.subject_alt_names.iter();
        #[expect(clippy::wildcard_enum_match_arm, reason = "hosts are by invitation, other names are not read")]
        let uris = named.filter_map(|name| match name {
            SanType::URI(uri) => Some(uri.as_str().to_owned()),
            _ => None,
        });
        let digest = sha256(&parsed.public_key.subject_public_key_info()).to_string();
        let pem = pem_of("CERTIFICATE REQUEST", &der);
        Ok(Self { uris: uris.collect(), digest, pem, key: parsed.public_key })
    }

    /// Refuses a request that names somebody else.
    pub(crate) fn check_member(&self, member: &MemberId) -> Result<(), Denial> {
        let own = member.to_uri();
        match self.uris.iter().find(|uri| **uri != own) {
            Some(uri) => Err(Denial::OtherMember { named: uri.clone(), member: member.to_string() }),
            None => Ok(()),
        }
    }
}
