//! Where cryptography may be named.

use crate::house::{rooms, sources};

/// Libraries that do cryptography, TLS or certificates.
const LIBRARIES: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "cryptoki",
    "ecdsa",
    "ed25519-dalek",
    "hmac",
    "jsonwebtoken",
    "openssl",
    "p256",
    "pkcs8",
    "rcgen",
    "ring",
    "rsa",
    "rustls",
    "rustls-pki-types",
    "rustls-webpki",
    "sha2",
    "signature",
    "spki",
    "tokio-rustls",
    "x509-parser",
];

/// What `broker/http` may name: the types in which `pki/transport` hands its decisions over.
const FOR_HTTP: &[&str] = &["rustls", "rustls-pki-types", "tokio-rustls"];

fn may_name(folder: &std::path::Path, library: &str) -> bool {
    folder.starts_with("pki")
        || folder.starts_with("integration-tests")
        || (folder == std::path::Path::new("broker/http") && FOR_HTTP.contains(&library))
}

#[test]
fn only_pki_depends_on_crypto_libraries() {
    for room in rooms() {
        for needed in &room.needs {
            assert!(
                !LIBRARIES.contains(&needed.as_str()) || may_name(&room.folder, needed),
                "{} depends on {needed}: that belongs below pki/",
                room.name
            );
        }
    }
}

#[test]
fn only_pki_names_crypto_libraries() {
    for room in rooms() {
        for (path, text) in sources(&room) {
            for library in LIBRARIES.iter().filter(|library| !may_name(&room.folder, library)) {
                let named = format!("{}::", library.replace('-', "_"));
                let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let found = lines
                    .flat_map(|line| line.match_indices(&named).map(move |(at, _)| &line[..at]))
                    .any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
                assert!(!found, "{} names {library}", path.display());
            }
        }
    }
}
