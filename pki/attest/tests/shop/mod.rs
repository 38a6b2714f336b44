//! A root, an intermediate and certificates below it, all made by openssl.
#![allow(dead_code, reason = "each test uses its part of it")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use mohur_wire::Timestamp;

/// A root, an intermediate and authorities below it, all made by openssl.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
}

const EXTENSIONS: &str = "\
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[loose]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = timeStamping
[double]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping, clientAuth
[responder]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[checked]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
[seal]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
";

impl Shop {
    pub(crate) fn new() -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(shop.path("ext.cnf"), EXTENSIONS).unwrap();
        for root in ["root", "other"] {
            shop.key(root, "ec");
            shop.openssl(&format!(
                "req -x509 -new -key {root}.key -subj /CN={root} -days 400 -out {root}.pem -config /dev/null \
                 -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign"
            ));
        }
        shop.issue("middle", "ec", "ca", "root");
        shop
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        Command::new("openssl").args(line.split_whitespace()).current_dir(self.folder.path()).output().unwrap()
    }

    pub(crate) fn openssl(&self, line: &str) {
        let output = self.run(line);
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn key(&self, name: &str, kind: &str) {
        let algorithm = match kind {
            "ec" => "EC -pkeyopt ec_paramgen_curve:P-256",
            "p384" => "EC -pkeyopt ec_paramgen_curve:P-384",
            _ => "RSA -pkeyopt rsa_keygen_bits:2048",
        };
        self.openssl(&format!("genpkey -algorithm {algorithm} -out {name}.key"));
        self.openssl(&format!("pkcs8 -topk8 -nocrypt -in {name}.key -outform DER -out {name}.p8"));
    }

    pub(crate) fn issue(&self, name: &str, kind: &str, section: &str, issuer: &str) {
        self.key(name, kind);
        self.openssl(&format!("req -new -key {name}.key -subj /CN={name} -out {name}.csr -config /dev/null"));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 300 -sha256 \
             -extfile ext.cnf -extensions {section} -out {name}.pem"
        ));
        self.openssl(&format!("x509 -in {name}.pem -outform DER -out {name}.der"));
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "what openssl checks is judged by the machine's clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
