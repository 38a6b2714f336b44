//! The trust anchors of a domain, and what is validated under them.

use std::collections::HashSet;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, RwLock};

use mohur_crypto::Digest;
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateDer;

use crate::Standing;
use crate::anchors::{self, Authority};
use crate::certificate::Certificate;
use crate::error::{CertificateError, TrustError};
use crate::path::Path;
use crate::profile::{Profile, Role};
use crate::proof::{InfrastructureIdentity, OcspResponder, OfficerIdentity, SealIdentity, TimeStamper, TlsIdentity};

/// More validated certificates than this and the memory of them is begun anew.
const MAX_REMEMBERED: usize = 65_536;

/// Where the trust anchors of a domain lie: a folder as `mohur pki init` lays it out. `root.pem` is the root, each
/// `<kind>-ca.pem` or `<kind>-ca-<number>.pem` an issuing authority, and each `.crl` holds revocation lists.
#[derive(Clone, Debug)]
pub struct TrustFiles {
    folder: PathBuf,
    standing: Option<Arc<Standing>>,
}

impl PartialEq for TrustFiles {
    fn eq(&self, other: &Self) -> bool {
        let one = |standing: &Option<Arc<Standing>>| standing.as_ref().map(Arc::as_ptr);
        self.folder == other.folder && one(&self.standing) == one(&other.standing)
    }
}

impl Eq for TrustFiles {}

impl TrustFiles {
    /// The files of that folder, looked up anew each time that they are read.
    pub fn in_folder(folder: &FilePath) -> Self {
        Self { folder: folder.to_owned(), standing: None }
    }

    /// Every reading of these files judges seals by this, too.
    #[must_use]
    pub fn judged_by(self, standing: Arc<Standing>) -> Self {
        Self { standing: Some(standing), ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &FilePath {
        &self.folder
    }

    /// Names of the folder's files for which `is_wanted`, sorted.
    fn names(&self, is_wanted: fn(&str) -> bool) -> Result<Vec<PathBuf>, TrustError> {
        let failed = |source| TrustError::Io { path: self.folder.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if name.to_str().is_some_and(is_wanted) {
                found.push(self.folder.join(name));
            }
        }
        found.sort();
        Ok(found)
    }
}

/// `tls-ca.pem`, `tls-ca-2.pem`.
fn is_authority_file(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".pem") else { return false };
    let kind = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let kind = if kind.len() < stem.len() { kind.strip_suffix('-') } else { Some(kind) };
    kind.is_some_and(|kind| kind.ends_with("-ca"))
}

/// The trust anchors of a domain: one root, and any number of issuing authorities of each kind under it. Immutable: fresh
/// revocation lists make a new one.
pub struct Trust {
    root: Authority,
    issuing: Vec<(Role, Authority)>,
    /// Fingerprints of certificate and issuer whose signatures were verified up to the root. Time and revocation are judged
    /// anew each time.
    remembered: RwLock<HashSet<(Digest, Digest)>>,
    /// How seals stand beyond the lists, and what grace there is.
    standing: Option<Arc<Standing>>,
}

impl Trust {
    /// Reads the files.
    pub fn load(files: &TrustFiles) -> Result<Self, TrustError> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|source| TrustError::Io { path: path.clone(), source })
        };
        let root = read(&files.folder().join("root.pem"))?;
        let all = |paths: Vec<PathBuf>| paths.iter().map(read).collect::<Result<Vec<_>, _>>();
        let issuing = all(files.names(is_authority_file)?)?;
        let crls = all(files.names(|name| FilePath::new(name).extension().is_some_and(|end| end == "crl"))?)?;
        Ok(Self { standing: files.standing.clone(), ..Self::from_pem(&root, &issuing, &crls)? })
    }

    /// From PEM texts: exactly one root; issuing authorities, one or more a text, whose kind their certificates say; and
    /// revocation lists, one or more a text. At least one TLS CA and one Seal CA must be there. Of each authority the list
    /// with the highest number counts, and each must have one that the root has not revoked.
    pub fn from_pem(root: &str, issuing: &[String], crls: &[String]) -> Result<Self, TrustError> {
        let (root, issuing) = anchors::read(root, issuing, crls)?;
        Ok(Self { root, issuing, remembered: RwLock::default(), standing: None })
    }

    /// Judges seals by this, too.
    #[must_use]
    pub fn judged_by(self, standing: Arc<Standing>) -> Self {
        Self { standing: Some(standing), ..self }
    }

    /// Proves that the certificate may seal at that time.
    pub fn validate_seal(&self, certificate: &Certificate, at: Timestamp) -> Result<SealIdentity, CertificateError> {
        let listed = self.validate_as(certificate, Profile::Seal, at)?;
        let answered = self.standing.as_ref().map(|standing| standing.judge(certificate, at)).transpose()?;
        let evidence = answered.flatten().unwrap_or(listed);
        let member = certificate.member().ok_or(CertificateError::NoMember)?.clone();
        Ok(SealIdentity { member, certificate: certificate.clone(), evidence })
    }

    /// Proves that a peer's certificate may open TLS at that time. What else the peer sent with it does not matter: the
    /// path goes through one of our own TLS CAs.
    pub fn validate_tls(&self, certificate: &Certificate, at: Timestamp) -> Result<TlsIdentity, CertificateError> {
        self.validate_as(certificate, Profile::Tls, at)?;
        let member = certificate.member().ok_or(CertificateError::NoMember)?.clone();
        Ok(TlsIdentity { member, certificate: certificate.clone() })
    }

    /// Proves that an officer's certificate counts at that time.
    pub fn validate_officer(
        &self,
        certificate: &Certificate,
        at: Timestamp,
    ) -> Result<OfficerIdentity, CertificateError> {
        self.validate_as(certificate, Profile::Officer, at)?;
        let officer = certificate.officer().ok_or(CertificateError::BadOfficer)?.clone();
        Ok(OfficerIdentity { officer, certificate: certificate.clone() })
    }

    /// Proves that the certificate is that of a server of the domain itself at that time. Whether it is the server that was
    /// meant, its hosts say.
    pub fn validate_infrastructure(
        &self,
        certificate: &Certificate,
        at: Timestamp,
    ) -> Result<InfrastructureIdentity, CertificateError> {
        self.validate_as(certificate, Profile::Infrastructure, at)?;
        Ok(InfrastructureIdentity { certificate: certificate.clone() })
    }

    /// Proves that the certificate may stamp times at that time.
    pub fn validate_time_stamper(
        &self,
        certificate: &Certificate,
        at: Timestamp,
    ) -> Result<TimeStamper, CertificateError> {
        self.validate_as(certificate, Profile::TimeStamp, at)?;
        Ok(TimeStamper { certificate: certificate.clone() })
    }

    /// Proves that `responder` may say at that time whether `about` is revoked: the same authority issued both, with the same
    /// key (RFC 6960 §4.2.2.2).
    pub fn validate_ocsp_responder(
        &self,
        responder: &Certificate,
        about: &Certificate,
        at: Timestamp,
    ) -> Result<OcspResponder, CertificateError> {
        self.validate_as(responder, Profile::Ocsp, at)?;
        if responder.issuer() != about.issuer() {
            return Err(CertificateError::UntrustedIssuer);
        }
        Ok(OcspResponder { certificate: responder.clone() })
    }

    /// Until when all revocation lists are fresh. The list of an authority that the root revoked does not matter any more,
    /// nor one that outlives its authority.
    pub fn fresh_until(&self) -> Timestamp {
        let issuing = self.issuing.iter().map(|(_, authority)| authority);
        let lists = issuing.filter(|authority| !self.is_revoked(authority)).filter_map(Authority::list_ends);
        lists.chain(self.root.list_ends()).min().unwrap_or(Timestamp::MIN)
    }

    /// The subjects of the TLS CAs, DER: what a server names to its clients as acceptable (RFC 8446 §4.2.4).
    pub fn tls_ca_subjects(&self) -> Vec<Vec<u8>> {
        let counting = self.issuing.iter().filter(|(role, found)| *role == Role::Tls && !self.is_revoked(found));
        counting.map(|(_, authority)| authority.reading.subject_der.clone()).collect()
    }

    /// Every revocation list that is judged by, DER, with its digest: the evidence that [`SealIdentity::evidence`] names.
    pub fn lists(&self) -> impl Iterator<Item = (Digest, &[u8])> {
        let issuing = self.issuing.iter().map(|(_, authority)| authority);
        issuing.chain([&self.root]).filter_map(Authority::evidence)
    }

    /// SHA-256 of the root certificate: what another domain knows this one by.
    pub fn root_fingerprint(&self) -> Digest {
        self.root.fingerprint
    }

    /// The root, DER.
    pub fn root(&self) -> &[u8] {
        &self.root.der
    }

    /// The issuing authorities that the root has not revoked, DER.
    pub fn issuing(&self) -> impl Iterator<Item = (Role, &[u8])> {
        let counting = self.issuing.iter().filter(|(_, authority)| !self.is_revoked(authority));
        counting.map(|(role, authority)| (*role, authority.der.as_ref()))
    }

    /// The authority that says to have issued the certificate, DER. Validation proves that it did.
    pub fn issuer_of(&self, certificate: &Certificate) -> Option<&[u8]> {
        self.issuers_of(certificate).next().map(|authority| authority.der.as_ref())
    }

    fn is_revoked(&self, authority: &Authority) -> bool {
        self.root.revokes(authority)
    }

    /// By name and by key: two authorities may have one name while one takes over from the other.
    fn issuers_of(&self, leaf: &Certificate) -> impl Iterator<Item = &Authority> {
        let (profile, issuer) = (leaf.profile(), leaf.issuer());
        let fitting = self.issuing.iter().filter(move |(role, authority)| {
            profile.is_issued_by(*role)
                && authority.reading.subject_der == issuer.name
                && authority.reading.subject_key == issuer.key
        });
        fitting.map(|(_, authority)| authority)
    }

    fn validate_as(&self, leaf: &Certificate, expected: Profile, at: Timestamp) -> Result<Digest, CertificateError> {
        if leaf.profile() != expected {
            return Err(CertificateError::WrongProfile { expected, found: leaf.profile() });
        }
        self.validate(leaf, at)
    }

    /// Whether the certificate is good for what its profile says.
    pub(crate) fn validate(&self, leaf: &Certificate, at: Timestamp) -> Result<Digest, CertificateError> {
        leaf.check_time(at)?;
        self.root.check_time(at)?;
        let mut refusal = CertificateError::UntrustedIssuer;
        for issuer in self.issuers_of(leaf) {
            match self.validate_under(leaf, issuer, at) {
                Ok(list) => return Ok(list),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn validate_under(
        &self,
        leaf: &Certificate,
        issuer: &Authority,
        at: Timestamp,
    ) -> Result<Digest, CertificateError> {
        issuer.check_time(at)?;
        self.root.check_revocation(&issuer.reading.serial, at, self.standing())?;
        self.walk(leaf, Some(issuer), at)?;
        issuer.check_revocation(leaf.raw_serial(), at, self.standing())
    }

    fn standing(&self) -> Option<&Standing> {
        self.standing.as_deref()
    }

    /// Walks the path the first time that the certificate is seen.
    fn walk(&self, leaf: &Certificate, issuer: Option<&Authority>, at: Timestamp) -> Result<(), CertificateError> {
        let step = (leaf.fingerprint(), issuer.unwrap_or(&self.root).fingerprint);
        if self.remembered.read().is_ok_and(|known| known.contains(&step)) {
            return Ok(());
        }
        let authorities = [Some(&self.root), issuer];
        let lists = authorities.into_iter().flatten().map(Authority::list).collect::<Result<Vec<_>, _>>()?;
        let intermediates: Vec<CertificateDer<'static>> = issuer.iter().map(|issuer| issuer.der.clone()).collect();
        let path = Path {
            root: &self.root.der,
            intermediates: &intermediates,
            lists: &lists,
            stale_lists: self.standing.is_some(),
        };
        path.validate(leaf.der(), leaf.profile().path_purpose(), at)?;
        if let Ok(mut known) = self.remembered.write() {
            if known.len() >= MAX_REMEMBERED {
                known.clear();
            }
            known.insert(step);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({})", self.root.reading.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::is_authority_file;

    #[test]
    fn authorities_are_known_by_the_names_of_their_files() {
        for name in ["tls-ca.pem", "seal-ca-2.pem", "officer-ca-10.pem"] {
            assert!(is_authority_file(name), "{name}");
        }
        for name in ["root.pem", "log.pem", "tls-ca.crl", "tls-ca2.pem", "tls-ca-2.pem.next", "tls.pem", "2.pem"] {
            assert!(!is_authority_file(name), "{name}");
        }
    }
}
