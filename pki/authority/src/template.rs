//! From a profile to the parameters of a certificate.

#![cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "public with the feature `testing`"))]

use std::net::IpAddr;

use mohur_chain::oid::{
    DOCUMENT_SIGNING_ARCS, DRY_RUN_ARCS, OCSP_NO_CHECK_ARCS, OFFICER_POLICY, SEAL_POLICY, TIME_STAMPING,
    policies_extension,
};
use mohur_chain::{Profile, Role};
use mohur_crypto::random_bytes;
use mohur_seal::{KeyKind, Zeroizing};
use mohur_wire::{MemberId, OfficerId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use time::OffsetDateTime;

use crate::AuthorityError;
use crate::der::{ocsp_access, one_purpose};
use crate::issuer::Issuer;
use crate::settings::Settings;

pub(crate) const DAY: i64 = 86_400;
/// Certificates begin a little before they are made, for clocks that go slow.
const BACKDATED_SECONDS: i64 = 300;
/// `certificatePolicies` (RFC 5280 §4.2.1.4).
const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
/// `extKeyUsage` (RFC 5280 §4.2.1.12).
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
/// `authorityInfoAccess` (RFC 5280 §4.2.2.1).
const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];

/// All that stands in a certificate apart from its key. The constructors keep the profiles; tests change a field and so
/// make wrong ones.
#[derive(Clone, Debug)]
pub struct Template {
    /// Who signs it.
    pub issuer: Issuer,
    /// The kind of key that is made for it.
    pub key: KeyKind,
    /// The common name.
    pub common_name: String,
    /// URI names.
    pub uris: Vec<String>,
    /// DNS names and IP addresses.
    pub hosts: Vec<String>,
    /// For an authority: how many authorities may stand below it.
    pub authority: Option<u8>,
    /// Key usage.
    pub key_usage: Vec<KeyUsagePurpose>,
    /// Extended key usage.
    pub purposes: Vec<ExtendedKeyUsagePurpose>,
    /// Time stamping alone, as a critical extended key usage; `purposes` is empty then.
    pub critical_time_stamping: bool,
    /// `id-pkix-ocsp-nocheck` (RFC 6960 §4.2.2.2.1).
    pub no_check: bool,
    /// Marked as made in a dry run, with a critical extension that nobody accepts.
    pub dry_run: bool,
    /// Certificate policy, as DER content octets.
    pub policy: Option<&'static [u8]>,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
}

pub(crate) fn document_signing() -> ExtendedKeyUsagePurpose {
    ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING_ARCS.to_vec())
}

impl Template {
    fn new(issuer: Issuer, common_name: String, now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        let begin = now.as_second().saturating_sub(BACKDATED_SECONDS);
        let second = |at| Timestamp::from_second(at).map_err(|_| AuthorityError::Time);
        Ok(Self {
            issuer,
            key: KeyKind::P256,
            common_name,
            uris: Vec::new(),
            hosts: Vec::new(),
            authority: None,
            key_usage: Vec::new(),
            purposes: Vec::new(),
            critical_time_stamping: false,
            no_check: false,
            dry_run: false,
            policy: None,
            not_before: second(begin)?,
            not_after: second(begin.saturating_add(days.saturating_mul(DAY)))?,
        })
    }

    /// The same, for so many days.
    pub(crate) fn living(self, days: i64) -> Result<Self, AuthorityError> {
        let until = self.not_before.as_second().saturating_add(days.saturating_mul(DAY));
        Ok(Self { not_after: Timestamp::from_second(until).map_err(|_| AuthorityError::Time)?, ..self })
    }

    /// A TLS certificate.
    pub fn tls(member: &MemberId, hosts: &[String], now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            uris: vec![member.to_uri()],
            hosts: hosts.to_vec(),
            key_usage: vec![KeyUsagePurpose::DigitalSignature],
            purposes: vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
            ..Self::new(Issuer::TLS_CA, format!("{member} TLS"), now, days)?
        })
    }

    /// A seal certificate.
    pub fn seal(member: &MemberId, now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            uris: vec![member.to_uri()],
            key_usage: vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment],
            purposes: vec![document_signing()],
            policy: Some(SEAL_POLICY),
            ..Self::new(Issuer::SEAL_CA, format!("{member} seal"), now, days)?
        })
    }

    /// The certificate of a server of the domain itself.
    pub fn infrastructure(domain: &str, hosts: &[String], now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            hosts: hosts.to_vec(),
            key_usage: vec![KeyUsagePurpose::DigitalSignature],
            purposes: vec![ExtendedKeyUsagePurpose::ServerAuth],
            ..Self::new(Issuer::INFRASTRUCTURE_CA, format!("{domain} server"), now, days)?
        })
    }

    /// The certificate of the OCSP responder of `issuer`, which issues it itself.
    pub fn ocsp(domain: &str, issuer: Issuer, now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            key_usage: vec![KeyUsagePurpose::DigitalSignature],
            purposes: vec![ExtendedKeyUsagePurpose::OcspSigning],
            no_check: true,
            ..Self::new(issuer, format!("{domain} {} OCSP", issuer.title()), now, days)?
        })
    }

    /// The certificate of the domain's time stamping.
    pub fn time_stamp(domain: &str, now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            key_usage: vec![KeyUsagePurpose::DigitalSignature],
            critical_time_stamping: true,
            ..Self::new(Issuer::INFRASTRUCTURE_CA, format!("{domain} time stamps"), now, days)?
        })
    }

    /// An officer's certificate.
    pub fn officer(officer: &OfficerId, now: Timestamp, days: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            uris: vec![officer.to_uri()],
            key_usage: vec![KeyUsagePurpose::DigitalSignature],
            purposes: vec![ExtendedKeyUsagePurpose::ClientAuth],
            policy: Some(OFFICER_POLICY),
            ..Self::new(Issuer::OFFICER_CA, format!("{officer} officer"), now, days)?
        })
    }

    /// The root, or one of the authorities under it.
    pub fn authority(which: Issuer, domain: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let (profile, path_length) = match which {
            Issuer::Root => (Profile::Root, 1),
            Issuer::Ca(role, _) => (Profile::Issuing(role), 0),
        };
        let (purposes, policy) = match which {
            Issuer::Root => (Vec::new(), None),
            Issuer::Ca(Role::Tls, _) => {
                (vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth], None)
            }
            Issuer::Ca(Role::Seal, _) => (vec![document_signing()], Some(SEAL_POLICY)),
            Issuer::Ca(Role::Infrastructure, _) => {
                (vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::TimeStamping], None)
            }
            Issuer::Ca(Role::Officer, _) => (vec![ExtendedKeyUsagePurpose::ClientAuth], Some(OFFICER_POLICY)),
        };
        Ok(Self {
            key: KeyKind::P384,
            authority: Some(path_length),
            key_usage: vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            purposes,
            policy,
            ..Self::new(Issuer::Root, format!("{domain} {}", which.title()), now, profile.max_days())?
        })
    }

    pub(crate) fn parameters(&self, domain: &str, settings: &Settings) -> Result<CertificateParams, AuthorityError> {
        let mut params = CertificateParams::default();
        params.not_before = moment(self.not_before)?;
        params.not_after = moment(self.not_after)?;
        params.serial_number = Some(serial());
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, format!("Mohur {domain}"));
        let mark = if self.dry_run { "DRY RUN " } else { "" };
        params.distinguished_name.push(DnType::CommonName, format!("{mark}{}", self.common_name));
        params.is_ca = match self.authority {
            Some(length) => IsCa::Ca(BasicConstraints::Constrained(length)),
            None => IsCa::ExplicitNoCa,
        };
        params.key_usages.clone_from(&self.key_usage);
        params.extended_key_usages.clone_from(&self.purposes);
        params.use_authority_key_identifier_extension = true;
        for uri in &self.uris {
            params.subject_alt_names.push(SanType::URI(uri.as_str().try_into()?));
        }
        for host in &self.hosts {
            params.subject_alt_names.push(match host.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(host.as_str().try_into()?),
            });
        }
        if let Some(policies) = self.policy.and_then(policies_extension) {
            params.custom_extensions.push(CustomExtension::from_oid_content(CERTIFICATE_POLICIES, policies));
        }
        if self.dry_run {
            let mut mark = CustomExtension::from_oid_content(DRY_RUN_ARCS, vec![0x05, 0x00]);
            mark.set_criticality(true);
            params.custom_extensions.push(mark);
        }
        if self.critical_time_stamping {
            // RFC 3161 §2.3: critical, which `extended_key_usages` never is.
            let mut purpose = CustomExtension::from_oid_content(EXTENDED_KEY_USAGE, one_purpose(TIME_STAMPING)?);
            purpose.set_criticality(true);
            params.custom_extensions.push(purpose);
        }
        let limited = self.authority.is_some() && self.purposes.contains(&ExtendedKeyUsagePurpose::ServerAuth);
        if limited && !settings.permitted_hosts.is_empty() {
            let permitted_subtrees = settings.permitted_hosts.iter().cloned().map(GeneralSubtree::DnsName).collect();
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        }
        self.add_addresses(&mut params, settings)?;
        Ok(params)
    }

    /// Where to ask whether it is revoked. Of an OCSP responder nobody asks that, by OCSP at least.
    fn add_addresses(&self, params: &mut CertificateParams, settings: &Settings) -> Result<(), AuthorityError> {
        let custom = |oid: &[u64], content| CustomExtension::from_oid_content(oid, content);
        if let Some(url) = settings.crl(self.issuer) {
            params.crl_distribution_points.push(CrlDistributionPoint { uris: vec![url] });
        }
        if self.no_check {
            params.custom_extensions.push(custom(OCSP_NO_CHECK_ARCS, vec![0x05, 0x00]));
        } else if let Some(url) = settings.ocsp(self.issuer) {
            params.custom_extensions.push(custom(AUTHORITY_INFO_ACCESS, ocsp_access(&url)?));
        }
        Ok(())
    }
}

/// 128 bits, positive, never zero (RFC 5280 §4.1.2.2).
fn serial() -> SerialNumber {
    let mut bytes = random_bytes::<16>();
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

pub(crate) fn moment(at: Timestamp) -> Result<OffsetDateTime, AuthorityError> {
    OffsetDateTime::from_unix_timestamp(at.as_second()).map_err(|_| AuthorityError::Time)
}

/// A private key for signing certificates, wiped when dropped.
pub(crate) fn key_pair(pkcs8: &[u8], kind: KeyKind) -> Result<Zeroizing<KeyPair>, AuthorityError> {
    let algorithm = match kind {
        KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
        KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
    };
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), algorithm)?;
    Ok(Zeroizing::new(pair))
}
