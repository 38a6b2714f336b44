//! The signatures of merlin, aleksey and phaos (`MOHUR_SUITES/xmlsec-dsig`). They are bare, and none of them uses nothing but
//! what is accepted here: almost all use inclusive C14N. So as signatures all are refused; and their parts that are on our
//! list, methods and digests and exclusive C14N, come out right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::XmlMethod;
use mohur_crypto::digest::sha1_name;

use super::captures::{key_of, suite};
use super::*;
use crate::ws_security::algorithm::{self, DigestMethod};
use crate::ws_security::signed_info::{SignedInfo, base64};

fn signatures() -> Option<Vec<PathBuf>> {
    let folder = suite("xmlsec-dsig")?;
    let mut files: Vec<PathBuf> =
        ["aleksey-xmldsig-01", "merlin-exc-c14n-one", "merlin-xmldsig-twenty-three", "phaos-xmldsig-three"]
            .iter()
            .flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
            .filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("SignatureValue")))
            .collect();
    files.sort();
    Some(files)
}

fn limits() -> Limits {
    Limits { attributes: 1000, elements: 1_000_000, bytes: 64 << 20, ..Limits::default() }
}

fn name(path: &std::path::Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn find<'d>(root: Element<'d>, local: &str) -> Vec<Element<'d>> {
    core::iter::once(root).chain(root.descendants()).filter(|element| element.is(ns::DS, local)).collect()
}

#[test]
fn as_signatures_all_of_them_are_refused() {
    let Some(files) = signatures() else { return };
    let mut refused: BTreeMap<Code, usize> = BTreeMap::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let refusal = match Document::parse(&text, &limits()) {
            Err(error) => Refusal::from(error),
            Ok(document) => {
                let signed_info = find(document.root(), "SignedInfo")[0];
                SignedInfo::read(signed_info).map(drop).expect_err(&name(path))
            }
        };
        *refused.entry(refusal.code).or_default() += 1;
    }
    let told: usize = refused.values().sum();
    assert_eq!(told, files.len());
    assert!(files.len() > 170, "{}", files.len());
    assert!(refused.keys().all(|code| [Code::AlgorithmRefused, Code::XmlRefused].contains(code)), "{refused:?}");
}

/// In a document whose only namespace is that of the signature, inclusive and exclusive C14N of SignedInfo are the same.
#[test]
fn methods_and_digests_of_our_list_come_out_right() {
    let Some(files) = signatures() else { return };
    let (mut right, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    let mut methods = BTreeSet::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let Ok(document) = Document::parse(&text, &limits()) else { continue };
        let root = document.root();
        let Ok(method) = algorithm::signature_method(find(root, "SignatureMethod")[0]) else { continue };
        if !root.is(ns::DS, "Signature") {
            continue;
        }
        let rsa = match method {
            XmlMethod::RsaSha256 | XmlMethod::RsaSha512 | XmlMethod::EcdsaSha256 => Algorithm::RsaV15Sha256,
            XmlMethod::RsaPssSha256 | XmlMethod::RsaPssSha384 | XmlMethod::RsaPssSha512 => Algorithm::RsaPssSha512,
        };
        let keys: Vec<_> = root
            .descendants()
            .filter(|element| matches!(element.local(), "X509Certificate" | "DEREncodedKeyValue"))
            .filter_map(|element| key_of(&base64(element).unwrap(), rsa))
            .collect();
        if keys.is_empty() {
            continue;
        }
        let octets = c14n::exclusive(find(root, "SignedInfo")[0], &[]).unwrap();
        let value = base64(find(root, "SignatureValue")[0]).unwrap();
        let verifies = |octets: &[u8]| keys.iter().any(|key| key.verify_xml(method, octets, &value).is_ok());
        if verifies(&octets) {
            right.insert(name(path));
            methods.insert(algorithm::method_uri(method));
        } else {
            wrong.insert(name(path));
        }
        assert!(!verifies(&[octets.as_slice(), b" "].concat()), "{}", name(path));
        // The digest of the object inside, where it is one.
        let reference = find(root, "Reference")[0];
        if reference.attribute("", "URI") == Some("#object") {
            let digest = DigestMethod::read(find(reference, "DigestMethod")[0]).unwrap();
            let octets = c14n::exclusive(find(root, "Object")[0], &[]).unwrap();
            let value = base64(find(reference, "DigestValue")[0]).unwrap();
            assert!(digest.check(&octets, &value).is_some(), "{}", name(path));
            assert!(digest.check(&octets[1..], &value).is_none(), "{}", name(path));
        }
    }
    assert_eq!(methods.len(), 6, "all six methods: {methods:?}");
    assert_eq!(right.len(), 17, "{right:?}");
    // r and s padded with zeros: not the 64 octets that they must be.
    assert_eq!(Vec::from_iter(wrong), ["enveloping-sha256-ecdsa-sha256_padded"]);
}

#[test]
fn exclusive_c14n_gives_the_digests_of_merlin() {
    let Some(folder) = suite("xmlsec-dsig") else { return };
    let text = std::fs::read_to_string(folder.join("merlin-exc-c14n-one/exc-signature.xml")).unwrap();
    let document = Document::parse(&text, &limits()).unwrap();
    let object = find(document.root(), "Object")[0];
    let digests: Vec<_> =
        find(document.root(), "DigestValue").into_iter().map(|value| base64(value).unwrap()).collect();
    for (digest, prefixes) in digests.iter().zip([&[][..], &["bar", "#default"][..]]) {
        assert_eq!(sha1_name(&c14n::exclusive(object, prefixes).unwrap()), digest.as_slice(), "{prefixes:?}");
    }
    assert_eq!(BASE64_STANDARD.encode(&digests[0]), "7yOTjUu+9oEhShgyIIXDLjQ08aY=");
}
