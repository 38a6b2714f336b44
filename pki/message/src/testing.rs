//! A throwaway domain for this crate's tests: root, authorities, revocation lists, and members with their seals.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use mohur_chain::oid::{DOCUMENT_SIGNING_ARCS, SEAL_POLICY, policies_extension};
use mohur_chain::{Certificate, Trust};
use mohur_crypto::digest::sha1_name;
use mohur_crypto::{Algorithm, Digest};
use mohur_seal::{KeyKind, Seal, SoftwareSeal, generate::generate};
use mohur_wire::{Arrival, MemberId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};

use crate::keys::{KeySource, TrustedKeys};

pub(crate) const HUB: &str = "AZ/GOV/OPERATOR/hub";
pub(crate) const PASSPORTS: &str = "AZ/GOV/MIA/id-cards";
pub(crate) const BANK: &str = "AZ/COM/BANK/credit";
pub(crate) const HEALTH: &str = "AZ/GOV/MOH/health-card";

/// 2026-06-15T12:00:00Z: when everything is signed.
pub(crate) const CREATED: i64 = 1_781_524_800;

/// Seconds after [`CREATED`].
pub(crate) fn arrival(seconds: i64) -> Arrival {
    Arrival(Timestamp::from_second(CREATED + seconds).unwrap())
}

/// An opening's JSON with that id: the passport office reads a citizen's height.
pub(crate) fn opening_json(id: &str) -> String {
    format!(
        r#"{{"salt":"{}","id":"{id}","caller":"{PASSPORTS}","service":"{HEALTH}/vitals/v1","verb":"read",
        "subject":{{"fin":"5ABCDE1"}},"purpose":"issue-id-document","official":"inspector 7","fields":["height"]}}"#,
        Digest([7; 32]).to_base64url()
    )
}

pub(crate) struct World {
    trust: Trust,
    list: HashMap<Digest, (MemberId, Certificate)>,
    seals: BTreeMap<&'static str, SoftwareSeal>,
}

pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(&[]))
}

/// A domain of its own in which the passport office seals with another kind of key.
pub(crate) fn world_with_key(kind: KeyKind, algorithm: Algorithm) -> (World, SoftwareSeal) {
    let mut world = World::new(&[(kind, algorithm)]);
    let seal = world.seals.remove("special").unwrap();
    (world, seal)
}

impl World {
    fn new(special: &[(KeyKind, Algorithm)]) -> Self {
        let domain = Domain::new();
        let (mut list, mut seals) = (HashMap::new(), BTreeMap::new());
        let mut add = |name: &'static str, member: &str, (kind, algorithm), serial, last_month| {
            let (seal, certificate) = domain.issue(member, kind, algorithm, serial, last_month);
            list.insert(seal.key_id(), (member.parse().unwrap(), certificate));
            seals.insert(name, seal);
        };
        let p256 = (KeyKind::P256, Algorithm::EcdsaP256Sha256);
        for (serial, member) in (1..).zip([HUB, PASSPORTS, BANK, HEALTH]) {
            add(member, member, p256, serial, 12);
        }
        add("expired", PASSPORTS, p256, 20, 2);
        add("revoked", PASSPORTS, p256, REVOKED, 12);
        for key in special {
            add("special", PASSPORTS, *key, 22, 12);
        }
        Self { trust: domain.trust(), list, seals }
    }

    pub(crate) fn seal(&self, member: &str) -> &SoftwareSeal {
        &self.seals[member]
    }

    /// The `expired` or the `revoked` seal of the passport office.
    pub(crate) fn unusable(&self, which: &str) -> &SoftwareSeal {
        &self.seals[which]
    }

    /// The seals that the list has for a member.
    pub(crate) fn certificates_of(&self, member: &str) -> Vec<Certificate> {
        let own = self.list.values().filter(|(listed, _)| listed.as_str() == member);
        own.map(|(_, certificate)| certificate.clone()).collect()
    }

    pub(crate) fn keys(&self) -> impl KeySource {
        let find = |digest: &Digest| self.list.get(digest).map(|(member, certificate)| (member, certificate));
        TrustedKeys::new(find, &self.trust, arrival(0).0)
    }
}

/// What a certificate is called by.
pub(crate) struct Names {
    pub(crate) issuer: String,
    pub(crate) serial: String,
    pub(crate) key_identifier: Vec<u8>,
}

/// The names of a certificate of this domain, as a library would write them.
pub(crate) fn certificate_names(der: &[u8]) -> Names {
    let inspection = mohur_chain::inspect(der, None, arrival(0).0).unwrap();
    let point = Certificate::parse(der).unwrap();
    // The one uncompressed point of a P-256 certificate: none of ours carries a subject key identifier.
    let start = der.windows(4).position(|window| window == [0x03, 0x42, 0x00, 0x04]).unwrap() + 3;
    assert!(point.has_key_identifier(&sha1_name(&der[start..start + 65])));
    Names {
        issuer: inspection.issuer,
        serial: u64::from_str_radix(&inspection.serial, 16).unwrap().to_string(),
        key_identifier: sha1_name(&der[start..start + 65]).to_vec(),
    }
}

const REVOKED: u64 = 21;

struct Domain {
    root: Issuer<'static, KeyPair>,
    root_pem: String,
    tls_ca: Issuer<'static, KeyPair>,
    tls_pem: String,
    seal_ca: Issuer<'static, KeyPair>,
    seal_pem: String,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2026, 12, 31);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str, path_length: u8) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn document_signing() -> ExtendedKeyUsagePurpose {
    ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING_ARCS.to_vec())
}

fn seal_policy() -> CustomExtension {
    CustomExtension::from_oid_content(&[2, 5, 29, 32], policies_extension(SEAL_POLICY).unwrap())
}

impl Domain {
    fn new() -> Self {
        let key = || KeyPair::generate().unwrap();
        let (root_params, root_key) = (authority("Root", 1), key());
        let root_pem = root_params.self_signed(&root_key).unwrap().pem();
        let root = Issuer::new(root_params, root_key);
        let mut tls = authority("TLS CA", 0);
        tls.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let mut seal = authority("Seal CA", 0);
        seal.extended_key_usages = vec![document_signing()];
        seal.custom_extensions = vec![seal_policy()];
        let (tls_key, seal_key) = (key(), key());
        Self {
            tls_pem: tls.signed_by(&tls_key, &root).unwrap().pem(),
            seal_pem: seal.signed_by(&seal_key, &root).unwrap().pem(),
            tls_ca: Issuer::new(tls, tls_key),
            seal_ca: Issuer::new(seal, seal_key),
            root,
            root_pem,
        }
    }

    fn issue(
        &self,
        member: &str,
        kind: KeyKind,
        algorithm: Algorithm,
        serial: u64,
        last_month: u8,
    ) -> (SoftwareSeal, Certificate) {
        let pkcs8 = generate(kind).unwrap();
        let key = KeyPair::try_from(pkcs8.as_slice()).unwrap();
        let mut params = params(member);
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_after = date_time_ymd(2026, last_month, 28);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        params.extended_key_usages = vec![document_signing()];
        params.custom_extensions = vec![seal_policy()];
        let uri = member.parse::<MemberId>().unwrap().to_uri();
        params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into().unwrap())];
        let der = params.signed_by(&key, &self.seal_ca).unwrap().der().to_vec();
        let certificate = Certificate::parse(&der).unwrap().pinned_to(algorithm).unwrap();
        (SoftwareSeal::from_pkcs8(&pkcs8, &der).unwrap().pinned_to(algorithm).unwrap(), certificate)
    }

    fn trust(&self) -> Trust {
        let crls = [&self.root, &self.tls_ca, &self.seal_ca].map(|issuer| {
            let revoked = RevokedCertParams {
                serial_number: SerialNumber::from(REVOKED),
                revocation_time: date_time_ymd(2026, 2, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let list = CertificateRevocationListParams {
                this_update: date_time_ymd(2026, 6, 1),
                next_update: date_time_ymd(2026, 7, 1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs: vec![revoked],
                key_identifier_method: KeyIdMethod::Sha256,
            };
            list.signed_by(issuer).unwrap().pem().unwrap()
        });
        Trust::from_pem(&self.root_pem, &[self.tls_pem.clone(), self.seal_pem.clone()], &crls).unwrap()
    }
}
