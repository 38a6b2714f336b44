//! Who signs, the messages to begin with, and the signature made again over what a message has become.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_authority::{Issue, National};
use mohur_chain::{Certificate, SealIdentity, Trust, TrustFiles, read_pem_file};
use mohur_crypto::{Algorithm, Digest, sha256, sha384, sha512};
use mohur_message::KeySource;
use mohur_message::keys::KeyError;
use mohur_message::ws_security::sign_envelope;
use mohur_seal::key_file::read_encrypted;
use mohur_seal::{KeyKind, Passphrase, Seal, SoftwareSeal};
use mohur_soap::{Document, Element, Limits, Version, c14n, ns};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{KeyPair, PKCS_RSA_SHA512, SigningKey};
use tempfile::TempDir;

use crate::dice::Dice;

/// 2026-06-15T12:00:00Z.
pub(crate) const NOW: i64 = 1_781_524_800;
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// Who signs.
pub(crate) struct Signer {
    identity: SealIdentity,
    /// Nobody has the key of the recorded messages.
    seal: Option<SoftwareSeal>,
    /// The same key, for rsa-sha512.
    sha512: Option<KeyPair>,
    pub(crate) certificate: PathBuf,
}

/// All signers, in the order in which the peer knows their certificates.
pub(crate) struct Signers {
    pub(crate) all: Vec<Signer>,
    _folders: Vec<TempDir>,
}

impl KeySource for Signers {
    fn seal(&self, key_id: &Digest) -> Result<SealIdentity, KeyError> {
        self.of(key_id).map(|number| self.all[number].identity.clone()).ok_or(KeyError::Unknown)
    }
}

impl Signers {
    pub(crate) fn new() -> Self {
        let mut signers = Self { all: vec![recorded()], _folders: Vec::new() };
        for (kind, algorithm) in
            [(KeyKind::P256, Algorithm::EcdsaP256Sha256), (KeyKind::Rsa2048, Algorithm::RsaV15Sha256)]
        {
            let folder = tempfile::tempdir().unwrap();
            signers.all.push(issued(kind, algorithm, folder.path()));
            signers._folders.push(folder);
        }
        signers
    }

    /// The number of the one whose certificate has this digest.
    pub(crate) fn of(&self, key_id: &Digest) -> Option<usize> {
        self.all.iter().position(|signer| signer.identity.certificate().fingerprint() == *key_id)
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/vectors/soap")
}

/// Who signed the vectors.
fn recorded() -> Signer {
    let folder = vectors().join("trust");
    let file = folder.join("caller.pem");
    let certificate = Certificate::parse(&read_pem_file(&file).unwrap()[0]).unwrap();
    let index: toml::Table = toml::from_str(&fs::read_to_string(vectors().join("index.toml")).unwrap()).unwrap();
    let at: Timestamp = index["at"].as_str().unwrap().parse().unwrap();
    let identity = Trust::load(&TrustFiles::in_folder(&folder)).unwrap().validate_seal(&certificate, at).unwrap();
    Signer { identity, seal: None, sha512: None, certificate: file }
}

fn issued(kind: KeyKind, algorithm: Algorithm, folder: &Path) -> Signer {
    let pass = Passphrase::generate();
    let mut national = National::create(&folder.join("pki"), "AZ", &pass, now()).unwrap();
    let member: MemberId = "AZ/GOV/MIA/id-cards".parse().unwrap();
    let issue = Issue { member: &member, folder, passphrase: &pass, key: kind, days: 30, now: now() };
    let certificate = national.issue_seal(&issue).unwrap().certificate.pinned_to(algorithm).unwrap();
    let pkcs8 = read_encrypted(&folder.join("seal.key"), &pass).unwrap();
    let seal = SoftwareSeal::from_pkcs8(&pkcs8, certificate.der()).unwrap().pinned_to(algorithm).unwrap();
    let sha512 = (kind == KeyKind::Rsa2048)
        .then(|| KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_slice().into(), &PKCS_RSA_SHA512).unwrap());
    let file = folder.join("certificate.pem");
    let body = BASE64_STANDARD.encode(certificate.der());
    fs::write(&file, format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")).unwrap();
    let identity = national.trust().unwrap().validate_seal(&certificate, now()).unwrap();
    Signer { identity, seal: Some(seal), sha512, certificate: file }
}

/// A message to begin with, and who signed it.
#[derive(Clone)]
pub(crate) struct Seed {
    pub(crate) text: String,
    pub(crate) signer: usize,
}

/// The vectors as they are; the same signed by those whose keys we have; our own signer's; and what other clients write.
pub(crate) fn seeds(signers: &Signers) -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut texts: Vec<String> = ["honest", "honest-plain-ids-and-enveloped", "honest-two-ids", "honest-xml-id"]
        .iter()
        .map(|name| fs::read_to_string(vectors().join(format!("messages/{name}.xml"))).unwrap())
        .collect();
    seeds.extend(texts.iter().map(|text| Seed { text: text.clone(), signer: 0 }));
    texts.extend(
        [Version::Soap11, Version::Soap12]
            .into_iter()
            .flat_map(|version| [written(version, ""), written(version, "m unused")]),
    );
    for (number, signer) in signers.all.iter().enumerate() {
        let Some(seal) = &signer.seal else { continue };
        for (version, confirm) in [(Version::Soap11, None), (Version::Soap12, Some(&[1, 2, 3][..]))] {
            let (payload, header) = ("<q xmlns=\"urn:q\" a=\"1\"><b>a question</b></q>", "<h xmlns=\"urn:h\"></h>");
            let text = sign_envelope(version, payload, header, seal, now(), confirm).unwrap();
            seeds.push(Seed { text, signer: number });
        }
        for text in &texts {
            for digest in ["xmlenc#sha256", "xmlenc#sha512"] {
                let text = adopt(text, signer).replace("xmlenc#sha256", digest);
                let text = signer.sign_again(None, &text).unwrap();
                seeds.push(Seed { text, signer: number });
                if signer.sha512.is_none() {
                    break;
                }
                let text = adopt(&seeds[seeds.len() - 1].text, signer).replace("#rsa-sha256", "#rsa-sha512");
                let text = signer.sign_again(None, &text).unwrap();
                seeds.push(Seed { text, signer: number });
            }
        }
    }
    seeds
}

/// As no signer of ours writes: line ends, prefixes in use and unused, a default namespace, everything of XML in the Body.
fn written(version: Version, prefixes: &str) -> String {
    let soap = version.namespace();
    let (wsse, wsu, ds, exclusive) = (ns::WSSE, ns::WSU, ns::DS, ns::EXC_C14N);
    let list = format!("<e:InclusiveNamespaces xmlns:e=\"{exclusive}\" PrefixList=\"{prefixes}\"/>");
    let references: String = ["time", "body"]
        .iter()
        .map(|id| {
            format!(
                "<Reference URI=\"#{id}\">\n<Transforms><Transform Algorithm=\"{exclusive}\">{list}</Transform></Transforms>\
                 <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue>A</DigestValue></Reference>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{soap}\" xmlns:unused=\"urn:unused\" \
         xmlns:m='urn:m' xmlns=\"urn:default\">\r\n<soap:Header><m:h wsu:Id='h' xmlns:wsu=\"{wsu}\"/><wsse:Security xmlns:wsse=\"{wsse}\" \
         xmlns:wsu=\"{wsu}\">\n<wsu:Timestamp wsu:Id=\"time\"><wsu:Created>2026-06-15T12:00:00Z</wsu:Created></wsu:Timestamp>\
         <Signature xmlns=\"{ds}\"><SignedInfo><CanonicalizationMethod Algorithm=\"{exclusive}\">{list}</CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"A\"/>\n{references}</SignedInfo><SignatureValue>A</SignatureValue><KeyInfo><X509Data>\
         <X509Certificate>A</X509Certificate></X509Data></KeyInfo></Signature></wsse:Security></soap:Header>\n<soap:Body \
         xmlns:wsu=\"{wsu}\" wsu:Id=\"body\">\n<m:q b='2'  a='&#9;1' xml:lang=\"az\"><c xmlns=\"\">a &lt; b</c><m:d xmlns:m='urn:m2' \
         m:e=\"&quot;'\"/><![CDATA[<&]]><!-- c --><f>\r\n</f>\u{e9}</m:q></soap:Body></soap:Envelope>",
    )
}

/// The message as if this signer were to sign it: certificate and method are replaced.
fn adopt(text: &str, signer: &Signer) -> String {
    let method = if signer.sha512.is_some() { "rsa-sha256" } else { "ecdsa-sha256" };
    let certificate = BASE64_STANDARD.encode(signer.identity.certificate().der());
    edit(text, |root| {
        let mut edits = Vec::new();
        for element in root.descendants() {
            match element.local() {
                "BinarySecurityToken" | "X509Certificate" => edits.extend(filled(element, certificate.clone())),
                "SignatureMethod" => {
                    let uri = format!("<{} Algorithm=\"{MORE}{method}\"/>", qualified(element, "SignatureMethod"));
                    edits.push((element.range(), uri));
                }
                _ => {}
            }
        }
        edits
    })
    .unwrap()
}

fn qualified(element: Element<'_>, local: &str) -> String {
    match element.prefix() {
        "" => local.to_owned(),
        prefix => format!("{prefix}:{local}"),
    }
}

impl Signer {
    /// Fills in every digest, as we compute it, and then the signature. What it needs is found leniently: this signs
    /// whatever an attacker who has a key would like to be signed. None where there is no key, or nothing to sign.
    pub(crate) fn sign_again(&self, mut dice: Option<&mut Dice>, text: &str) -> Option<String> {
        let seal = self.seal.as_ref()?;
        let text = edit(text, |root| {
            let all: Vec<_> = core::iter::once(root).chain(root.descendants()).collect();
            let references =
                all.iter().filter(|element| element.local() == "Reference" && element.is(ns::DS, "Reference"));
            references.filter_map(|reference| digested(dice.as_deref_mut(), *reference, &all)).collect()
        })?;
        edit(&text, |root| {
            let mut all = root.descendants();
            let Some(signed_info) = all.find(|element| element.is(ns::DS, "SignedInfo")) else { return Vec::new() };
            let is_value = |element: &Element<'_>| element.is(ns::DS, "SignatureValue");
            let Some(value) = root.descendants().find(is_value) else { return Vec::new() };
            let method =
                signed_info.child(ns::DS, "SignatureMethod").and_then(|method| method.attribute("", "Algorithm"));
            let canonicalization = signed_info.child(ns::DS, "CanonicalizationMethod");
            let Ok(octets) = c14n::exclusive(signed_info, &canonicalization.map(prefixes).unwrap_or_default()) else {
                return Vec::new();
            };
            let signature = match &self.sha512 {
                Some(key) if method.is_some_and(|method| method.ends_with("sha512")) => key.sign(&octets).unwrap(),
                _ => seal.sign(&octets).unwrap(),
            };
            filled(value, spelt(dice, &signature)).into_iter().collect()
        })
    }
}

/// What a reference's digest is to be replaced with.
fn digested(dice: Option<&mut Dice>, reference: Element<'_>, all: &[Element<'_>]) -> Option<(Range<usize>, String)> {
    let id = reference.attribute("", "URI")?.strip_prefix('#')?;
    let is_id = |element: &&Element<'_>| {
        element.attributes().any(|attribute| attribute.local().eq_ignore_ascii_case("id") && attribute.value() == id)
    };
    let element = all.iter().find(is_id)?;
    let transforms = reference.child(ns::DS, "Transforms");
    let transform = transforms.and_then(|transforms| transforms.children().last());
    let octets = c14n::exclusive(*element, &transform.map(prefixes).unwrap_or_default()).ok()?;
    let method = reference.child(ns::DS, "DigestMethod")?.attribute("", "Algorithm")?;
    let digest = match method.get(method.len().checked_sub(3)?..)? {
        "384" => sha384(&octets).to_vec(),
        "512" => sha512(&octets).to_vec(),
        _ => sha256(&octets).as_bytes().to_vec(),
    };
    filled(reference.child(ns::DS, "DigestValue")?, spelt(dice, &digest))
}

fn prefixes(transform: Element<'_>) -> Vec<&str> {
    let parameters = transform.children().next();
    let list = parameters.and_then(|parameters| parameters.attribute("", "PrefixList"));
    list.unwrap_or_default().split_ascii_whitespace().collect()
}

/// Base64, with dice now and then in a strange spelling.
fn spelt(dice: Option<&mut Dice>, octets: &[u8]) -> String {
    let mut text = BASE64_STANDARD.encode(octets);
    let Some(dice) = dice.and_then(|dice| dice.one_in(8).then_some(dice)) else { return text };
    let at = dice.below(text.len());
    match dice.below(9) {
        0 => text.insert(at, '\n'),
        1 => text.insert_str(at, "\r\n\t "),
        2 => text = format!(" {text}\n"),
        3 => text.insert_str(at, "<!-- a -->"),
        4 => text = format!("{}<![CDATA[{}]]>", &text[..at], &text[at..]),
        5 => text.replace_range(at..=at, &format!("&#{};", text.as_bytes()[at])),
        6 => text = text.trim_end_matches('=').to_owned(),
        7 => text.insert_str(at, dice.pick(&["&#13;", "&#xA0;", "-", "=", "AAAA", "<a/>"])),
        _ => text.push_str(dice.pick(&["=", "==", "A", "AAAA", "<!---->"])),
    }
    text
}

/// Other content for an element; None where it is written without.
fn filled(element: Element<'_>, content: String) -> Option<(Range<usize>, String)> {
    let (range, source) = (element.range(), element.source());
    let (start, end) = (start_tag(source)?, source.rfind("</")?);
    (start <= end).then(|| (range.start + start..range.start + end, content))
}

/// Where the start tag ends; None where it is the whole element.
fn start_tag(source: &str) -> Option<usize> {
    let mut quote = None;
    for (at, octet) in source.bytes().enumerate() {
        match (quote, octet) {
            (None, b'>') => return (source.as_bytes()[at - 1] != b'/').then_some(at + 1),
            (None, b'"' | b'\'') => quote = Some(octet),
            (Some(open), octet) if open == octet => quote = None,
            _ => {}
        }
    }
    None
}

/// The text with some of its ranges replaced; None where it is not read.
fn edit(text: &str, find: impl FnOnce(Element<'_>) -> Vec<(Range<usize>, String)>) -> Option<String> {
    let document = Document::parse(text, &Limits::default()).ok()?;
    let mut edits = find(document.root());
    edits.sort_by_key(|(range, _)| core::cmp::Reverse(range.start));
    let (mut edited, mut before) = (text.to_owned(), text.len());
    for (range, with) in edits {
        if range.end <= before {
            before = range.start;
            edited.replace_range(range, &with);
        }
    }
    Some(edited)
}
