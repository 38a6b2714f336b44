//! Envelopes as other libraries write them: pretty much any text, with the digests and the signature filled in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::{sha256, sha384, sha512};
use mohur_seal::Seal;
use mohur_soap::{Document, Element, Limits, c14n, message, ns};

use super::query;
use crate::testing::{PASSPORTS, world};
use crate::ws_security::ids::ids_of;

/// The pieces of an envelope. `{{digest:ID}}` becomes the digest of the element with that id, `{{digest:ID|p q|512}}` the
/// SHA-512 with these inclusive prefixes, `{{signature}}` the signature over SignedInfo.
pub(super) struct Draft {
    pub(super) security: String,
    pub(super) headers: String,
    pub(super) token: String,
    pub(super) times: String,
    pub(super) timestamp: String,
    pub(super) c14n: String,
    pub(super) method: String,
    pub(super) references: String,
    pub(super) in_signature: String,
    pub(super) key_info: String,
    pub(super) body: String,
    pub(super) payload: String,
}

pub(super) fn reference(id: &str) -> String {
    reference_with(id, &format!("<ds:Transform Algorithm=\"{}\"/>", ns::EXC_C14N), &format!("{{{{digest:{id}}}}}"))
}

pub(super) fn reference_with(id: &str, transforms: &str, digest: &str) -> String {
    reference_to(&format!("#{id}"), transforms, "http://www.w3.org/2001/04/xmlenc#sha256", digest)
}

pub(super) fn reference_to(uri: &str, transforms: &str, method: &str, digest: &str) -> String {
    format!(
        "<ds:Reference URI=\"{uri}\"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm=\"{method}\"/>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>\n"
    )
}

pub(super) fn certificate() -> String {
    BASE64_STANDARD.encode(world().seal(PASSPORTS).certificate())
}

pub(super) const TOKEN_TYPES: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0";

pub(super) fn token(value_type: &str, content: &str) -> String {
    format!(
        "<wsse:BinarySecurityToken EncodingType=\"{}\" ValueType=\"{value_type}\" wsu:Id=\"token\">{content}\
         </wsse:BinarySecurityToken>",
        crate::ws_security::token_uri::BASE64
    )
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            security: String::new(),
            headers: String::new(),
            token: token(&format!("{TOKEN_TYPES}#X509v3"), &certificate()),
            times: "<wsu:Created>2026-06-15T12:00:00Z</wsu:Created>".to_owned(),
            timestamp: "<wsu:Timestamp wsu:Id=\"times\">TIMES</wsu:Timestamp>".to_owned(),
            c14n: format!("<ds:CanonicalizationMethod Algorithm=\"{}\"/>", ns::EXC_C14N),
            method: "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>"
                .to_owned(),
            references: reference("body") + &reference("times"),
            in_signature: String::new(),
            key_info: "<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI=\"#token\"/>\
                       </wsse:SecurityTokenReference></ds:KeyInfo>"
                .to_owned(),
            body: "<soap:Body wsu:Id=\"body\">PAYLOAD</soap:Body>".to_owned(),
            payload: message::query_xml(&query()),
        }
    }
}

impl Draft {
    /// The text with nothing filled in.
    pub(super) fn text(&self) -> String {
        let Self { security, headers, token, c14n, method, references, in_signature, key_info, .. } = self;
        let timestamp = self.timestamp.replace("TIMES", &self.times);
        let body = self.body.replace("PAYLOAD", &self.payload);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{}\" xmlns:wsse=\"{}\" xmlns:wsu=\"{}\" \
             xmlns:ds=\"{}\" xmlns:unused=\"urn:unused\"><soap:Header>{headers}<wsse:Security soap:mustUnderstand=\"1\">{token}\
             {timestamp}<ds:Signature><ds:SignedInfo>\n{c14n}{method}{references}</ds:SignedInfo><ds:SignatureValue>{{{{signature}}}}\n\
             </ds:SignatureValue>{key_info}{in_signature}</ds:Signature>{security}</wsse:Security></soap:Header>{body}</soap:Envelope>",
            ns::SOAP11,
            ns::WSSE,
            ns::WSU,
            ns::DS,
        )
    }

    /// Signed by the passport office.
    pub(super) fn sign(&self) -> String {
        fill(&self.text(), world().seal(PASSPORTS))
    }
}

/// Fills in digests and signature. What it needs is computed with our own canonicalisation: other libraries' is compared
/// with ours elsewhere.
pub(super) fn fill(text: &str, seal: &dyn Seal) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find("{{digest:") {
        let end = start + text[start..].find("}}").unwrap();
        let mut parts = text[start + 9..end].split('|');
        let (id, prefixes, length) = (parts.next().unwrap(), parts.next().unwrap_or(""), parts.next().unwrap_or("256"));
        let prefixes: Vec<&str> = prefixes.split_whitespace().collect();
        let digest = with_element(
            &text,
            |element| ids_of(element).any(|found| found == id),
            |element| {
                let octets = c14n::exclusive(element, &prefixes).unwrap();
                match length {
                    "256" => BASE64_STANDARD.encode(sha256(&octets).0),
                    "384" => BASE64_STANDARD.encode(sha384(&octets)),
                    "512" => BASE64_STANDARD.encode(sha512(&octets)),
                    other => panic!("no digest of {other} bits"),
                }
            },
        );
        text.replace_range(start..end + 2, &digest.unwrap_or_default());
    }
    let signature = with_element(
        &text,
        |element| element.is(ns::DS, "SignedInfo"),
        |element| {
            let method = element.child(ns::DS, "CanonicalizationMethod");
            let list = method.and_then(|method| method.children().next()?.attribute("", "PrefixList"));
            let prefixes: Vec<&str> = list.unwrap_or("").split_whitespace().collect();
            BASE64_STANDARD.encode(seal.sign(&c14n::exclusive(element, &prefixes).unwrap()).unwrap())
        },
    );
    text.replace("{{signature}}", &signature.unwrap())
}

fn with_element<T>(
    text: &str,
    is_meant: impl Fn(Element<'_>) -> bool,
    read: impl FnOnce(Element<'_>) -> T,
) -> Option<T> {
    let document = Document::parse(text, &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let root = document.root();
    let element = core::iter::once(root).chain(root.descendants()).find(|element| is_meant(*element));
    element.map(read)
}
