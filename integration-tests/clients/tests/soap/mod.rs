//! What the tests of the SOAP clients share: a nation whose passport office has a second, RSA seal, and its keys in the files
//! that the clients read.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_authority::Issue;
use mohur_crypto::Algorithm;
use mohur_directory::SealEntry;
use mohur_federation::{Federation, Founded};
use mohur_seal::KeyKind;
use mohur_wire::Clock;
use serde_json::{Value, json};

/// The member that asks.
pub(crate) const OFFICE: &str = "AZ/GOV/MIA/id-cards";
const MEMBERS: [(&str, &str); 2] = [("passport-office", OFFICE), ("bank", "AZ/COM/BANK/credit")];

/// A running nation, and the folder of what its SOAP callers need.
pub(crate) struct Stage {
    pub(crate) federation: Federation,
}

impl Stage {
    /// Founds it, gives each of the callers an RSA seal beside its own, and starts it.
    pub(crate) async fn set() -> Self {
        let mut founded = Founded::new();
        for (name, member) in MEMBERS {
            second_seal(&mut founded, name, member);
        }
        let federation = founded.start().await;
        let stage = Self { federation };
        for (name, _) in MEMBERS {
            stage.write_plain_files(name);
        }
        stage
    }

    /// Keys and certificates in the forms that other people's libraries read.
    fn write_plain_files(&self, caller: &str) {
        for (from, to) in [("", ["tls", "seal"].as_slice()), ("-rsa", ["seal"].as_slice())] {
            let folder = self.path(&format!("callers/{caller}{from}"));
            for name in to {
                self.write_pkcs12(&folder, name);
                // The certificate without its authority's: some clients put the whole file into the token.
                let chain = fs::read_to_string(folder.join(format!("{name}.pem"))).unwrap();
                let end = "-----END CERTIFICATE-----\n";
                let own = chain.split_inclusive(end).next().unwrap();
                fs::write(folder.join(format!("{name}.own.pem")), own).unwrap();
            }
        }
    }

    /// `name.p12` from `name.pem` and `name.key`, under the same passphrase, with the key named `name`.
    fn write_pkcs12(&self, folder: &Path, name: &str) {
        let pass = format!("file:{}", self.path("passphrase").display());
        let plain = folder.join(format!("{name}.plain.key"));
        run(Command::new("openssl")
            .args(["pkcs8", "-passin", &pass, "-in"])
            .arg(key(folder, name))
            .arg("-out")
            .arg(&plain));
        run(Command::new("openssl")
            .args(["pkcs12", "-export", "-name", name, "-passout", &pass, "-inkey"])
            .arg(&plain)
            .arg("-in")
            .arg(folder.join(format!("{name}.pem")))
            .arg("-out")
            .arg(folder.join(format!("{name}.p12"))));
    }

    /// A file of the nation.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.federation.nation.path(name)
    }

    /// Whom the callers ask.
    pub(crate) fn door(&self) -> String {
        format!("https://{}", self.federation.broker_address())
    }

    /// What the health card says of the citizen, as the clients read it from the XML.
    pub(crate) fn card(&self) -> Value {
        let card = self.federation.citizen().health.as_ref().unwrap();
        json!({ "bloodGroup": card.blood_group, "height": card.height.unwrap().to_string() })
    }

    /// The brief in words, for a language without JSON.
    pub(crate) fn words(&self) -> Vec<String> {
        let brief: Value = serde_json::from_slice(&fs::read(self.brief()).unwrap()).unwrap();
        let own = ["member", "ec", "rsa"].map(|name| (name, &brief["office"][name]));
        let all = ["door", "authority", "brokersSeal", "passphrase", "fin", "nobody"].map(|name| (name, &brief[name]));
        own.iter().chain(&all).map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect()
    }

    /// What every client is told, as one JSON document in a file: addresses, files, people.
    pub(crate) fn brief(&self) -> PathBuf {
        let citizen = self.federation.citizen();
        let text = |name: &str| self.path(name).display().to_string();
        let caller = |name: &str, member: &str| {
            json!({
                "member": member,
                "ec": text(&format!("callers/{name}")),
                "rsa": text(&format!("callers/{name}-rsa")),
            })
        };
        let brief = json!({
            "door": self.door(),
            "directory": text("directory"),
            "root": text("directory/metadata/1.root.json"),
            "state": text("python-state"),
            "trust": text("national/trust"),
            "authority": text("national/trust/root.pem"),
            "brokersSeal": text("broker/seal.pem"),
            "passphrase": fs::read_to_string(self.path("passphrase")).unwrap().trim(),
            "office": caller("passport-office", OFFICE),
            "bank": caller("bank", MEMBERS[1].1),
            "fin": citizen.fin,
            "nobody": self.federation.country.unused_fin(),
            "birthDate": citizen.claims.birth_date,
            "form": {
                "familyName": citizen.claims.family_name,
                "givenName": citizen.claims.given_name,
                "birthDate": citizen.claims.birth_date,
                "maritalStatus": citizen.claims.marital_status.as_str(),
            },
            "receipt": citizen.claims.receipt,
        });
        let path = self.path("brief.json");
        fs::write(&path, serde_json::to_vec_pretty(&brief).unwrap()).unwrap();
        path
    }
}

fn key(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

/// An RSA seal in a folder of its own, and in the directory: pinned to the padding that XML signatures are made with.
fn second_seal(founded: &mut Founded, name: &str, member: &str) {
    let folder = founded.nation.path(&format!("callers/{name}-rsa"));
    let (member, now) = (member.parse().unwrap(), founded.clock.now());
    let passphrase = mohur_seal::Passphrase::from_credential_file(&founded.nation.path("passphrase")).unwrap();
    let issue =
        Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::Rsa2048, days: 365, now };
    let issued = founded.nation.national().issue_seal(&issue).unwrap();
    let entry = SealEntry::new(issued.certificate.der()).pinned_to(Algorithm::RsaV15Sha256);
    let publish = |directory: &mut mohur_directory::Directory| {
        let listed = directory.members.iter_mut().find(|listed| listed.id == member).unwrap();
        listed.seals.push(entry);
    };
    founded.nation.publish(publish).unwrap();
}

/// Runs a command, which must succeed; what it prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
    out.into_owned()
}

/// The same, beside the nation that answers; the JSON document that it prints.
pub(crate) async fn told(mut command: Command) -> Value {
    let text = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether something that the test command installs is there. Where the test command runs, it must be.
pub(crate) fn is_there(path: &Path) -> bool {
    let demanded = std::env::var_os("MOHUR_VENV").is_some();
    assert!(path.exists() || !demanded, "{} is missing: run integration-tests/all", path.display());
    if !path.exists() {
        eprintln!("skipped: {} is missing; integration-tests/all installs it", path.display());
    }
    path.exists()
}

/// A file of this crate's folder.
pub(crate) fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The Python of the clients' virtual environment.
pub(crate) fn python() -> PathBuf {
    let venv = std::env::var_os("MOHUR_VENV").map_or_else(|| here("../../.venv"), PathBuf::from);
    venv.join("bin/python")
}

/// The refusals' codes, by scene.
pub(crate) fn codes(refused: &Value) -> Value {
    refused.as_object().unwrap().iter().map(|(scene, refusal)| (scene.clone(), refusal["code"].clone())).collect()
}

/// A client's yes is worth something: it says no to every change of what was sealed.
pub(crate) fn only_the_untouched(forged: &Value) {
    for (forgery, accepted) in forged.as_object().unwrap() {
        assert_eq!(*accepted, json!(forgery == "untouched"), "{forgery}");
    }
}
