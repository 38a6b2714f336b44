//! Signs an envelope. Everything that is signed is written in its canonical form at once, so that nothing is parsed or
//! canonicalised again.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::{XmlMethod, sha256};
use mohur_seal::{Seal, SealError};
use mohur_soap::{Version, ns};
use mohur_wire::Timestamp;

use super::algorithm::{SHA256, method_uri};
use super::token_uri;

const BODY: &str = "mohur-body";
const TIMESTAMP: &str = "mohur-timestamp";
const CONFIRMATION: &str = "mohur-confirmation";
const TOKEN: &str = "mohur-token";

/// Writes an envelope and signs Body, Timestamp and, where something is confirmed, SignatureConfirmation.
///
/// `payload_xml` is the Body's one child and `headers_xml` any number of header blocks, all in their exclusive canonical
/// form, with a prefix other than `soap` and `wsu` where those namespaces are used. `confirm` is the signature of the
/// request that is answered. An Ed25519 key does not sign XML here.
pub fn sign_envelope(
    version: Version,
    payload_xml: &str,
    headers_xml: &str,
    seal: &dyn Seal,
    created: Timestamp,
    confirm: Option<&[u8]>,
) -> Result<String, SealError> {
    let method = XmlMethod::of(seal.algorithm())
        .ok_or(SealError::WrongAlgorithm { algorithm: "the methods of XML Signature" })?;
    let (soap, wsu) = (version.namespace(), ns::WSU);
    let body = format!(r#"<soap:Body xmlns:soap="{soap}" xmlns:wsu="{wsu}" wsu:Id="{BODY}">{payload_xml}</soap:Body>"#);
    let timestamp = format!(
        r#"<wsu:Timestamp xmlns:wsu="{wsu}" wsu:Id="{TIMESTAMP}"><wsu:Created>{}</wsu:Created></wsu:Timestamp>"#,
        created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    );
    let confirmation = confirm.map(confirmation).unwrap_or_default();
    let mut parts = vec![(BODY, body.as_str()), (TIMESTAMP, timestamp.as_str())];
    if !confirmation.is_empty() {
        parts.push((CONFIRMATION, confirmation.as_str()));
    }
    let signed_info = signed_info(method, &parts);
    let signature = seal.sign(signed_info.as_bytes())?;
    let token = token(seal.certificate());
    let signature = signature_xml(&signed_info, &signature);
    let pieces = [
        r#"<soap:Envelope xmlns:soap=""#,
        soap,
        r#""><soap:Header>"#,
        headers_xml,
        r#"<wsse:Security xmlns:wsse=""#,
        ns::WSSE,
        r#"">"#,
        &token,
        &timestamp,
        &confirmation,
        &signature,
        "</wsse:Security></soap:Header>",
        &body,
        "</soap:Envelope>",
    ];
    Ok(pieces.concat())
}

fn token(certificate: &[u8]) -> String {
    let (wsu, base64, x509) = (ns::WSU, token_uri::BASE64, token_uri::X509_V3);
    let certificate = BASE64_STANDARD.encode(certificate);
    format!(
        r#"<wsse:BinarySecurityToken xmlns:wsu="{wsu}" EncodingType="{base64}" ValueType="{x509}" wsu:Id="{TOKEN}">{certificate}</wsse:BinarySecurityToken>"#
    )
}

fn signature_xml(signed_info: &str, signature: &[u8]) -> String {
    let (ds, x509, signature) = (ns::DS, token_uri::X509_V3, BASE64_STANDARD.encode(signature));
    format!(
        r##"<ds:Signature xmlns:ds="{ds}">{signed_info}<ds:SignatureValue>{signature}</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#{TOKEN}" ValueType="{x509}"></wsse:Reference></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"##
    )
}

fn confirmation(signature: &[u8]) -> String {
    let (wsse11, wsu, value) = (ns::WSSE11, ns::WSU, BASE64_STANDARD.encode(signature));
    format!(
        r#"<wsse11:SignatureConfirmation xmlns:wsse11="{wsse11}" xmlns:wsu="{wsu}" Value="{value}" wsu:Id="{CONFIRMATION}"></wsse11:SignatureConfirmation>"#
    )
}

fn signed_info(method: XmlMethod, parts: &[(&str, &str)]) -> String {
    let (ds, exclusive) = (ns::DS, ns::EXC_C14N);
    let mut out = format!(
        r#"<ds:SignedInfo xmlns:ds="{ds}"><ds:CanonicalizationMethod Algorithm="{exclusive}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{}"></ds:SignatureMethod>"#,
        method_uri(method)
    );
    out.reserve(512 * parts.len());
    for (id, octets) in parts {
        for piece in [
            r##"<ds:Reference URI="#"##,
            id,
            r#""><ds:Transforms><ds:Transform Algorithm=""#,
            exclusive,
            r#""></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=""#,
            SHA256,
            r#""></ds:DigestMethod><ds:DigestValue>"#,
            &BASE64_STANDARD.encode(sha256(octets.as_bytes()).as_bytes()),
            "</ds:DigestValue></ds:Reference>",
        ] {
            out.push_str(piece);
        }
    }
    out.push_str("</ds:SignedInfo>");
    out
}
