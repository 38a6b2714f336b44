//! The settings of a seal, the same in every configuration: a certificate with `key`, a file, or with `[seal.pkcs11]`, a token.

use std::str::FromStr;
use std::time::Duration;

use mohur_config::Table;
use mohur_seal::pkcs11::{KeyName, TokenAddress, TokenKey, id_from_hex};
use mohur_seal::{KeySource, SealSource};

/// `id`
struct Id(Vec<u8>);

impl FromStr for Id {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        id_from_hex(text).map(Self).ok_or("write the CKA_ID in hexadecimal, 1 to 64 bytes")
    }
}

/// Reads `[seal]`: `certificate`, and exactly one of `key` and the table `pkcs11`.
pub fn seal_source(table: &mut Table) -> Option<SealSource> {
    let certificate = table.path("certificate");
    let key = match (table.has("key"), table.has("pkcs11")) {
        (true, true) => {
            table.error("pkcs11", "stands beside key", "keep the one that holds the key");
            let _both_are_read = (table.path("key"), table.table("pkcs11").and_then(|mut token| token_key(&mut token)));
            None
        }
        (false, true) => table.table("pkcs11").and_then(|mut token| token_key(&mut token)).map(KeySource::Token),
        (_, false) => table.path("key").map(KeySource::File),
    };
    Some(SealSource { certificate: certificate?, key: key? })
}

fn token_key(table: &mut Table) -> Option<TokenKey> {
    let (module, token, pin) = (table.path("module"), table.required("token"), table.path("pin"));
    let (named, with_id) = (table.has("key"), table.has("id"));
    let (label, id) = (table.optional("key"), table.optional::<Id>("id").map(|Id(id)| id));
    if !named && !with_id {
        table.error("key", "is missing", "name the key by its label (key), by its CKA_ID (id), or by both");
    }
    let sessions = table.number("sessions", 1..=256).unwrap_or(4);
    let wait = table.duration("wait").unwrap_or(Duration::from_secs(5));
    let allow_extractable = table.flag("allow-extractable").unwrap_or(false);
    if (named && label.is_none()) || (with_id && id.is_none()) || !(named || with_id) {
        return None;
    }
    let address = TokenAddress { module: module?, token: token?, pin: pin? };
    Some(TokenKey { address, name: KeyName { label, id }, sessions, wait, allow_extractable })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<SealSource, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, seal_source).map_err(|errors| errors.to_string())
    }

    const TOKEN: &str = "certificate = \"seal.pem\"\n[pkcs11]\nmodule = \"/usr/lib/hsm.so\"\ntoken = \"mohur\"\n\
                         pin = \"$CREDENTIALS_DIRECTORY/pin\"\n";

    #[test]
    fn a_key_is_in_a_file_or_in_a_token() {
        let file = read("certificate = \"seal.pem\"\nkey = \"seal.key\"\n").unwrap();
        assert_eq!(file.key, KeySource::File("/etc/seal.key".into()));
        let KeySource::Token(key) = read(&format!("{TOKEN}key = \"seal\"\n")).unwrap().key else { panic!() };
        let address = TokenAddress {
            module: "/usr/lib/hsm.so".into(),
            token: "mohur".to_owned(),
            pin: "$CREDENTIALS_DIRECTORY/pin".into(),
        };
        assert_eq!(key, TokenKey::new(address, KeyName { label: Some("seal".to_owned()), id: None }), "the defaults");
        let all = "id = \"0a:0B\"\nsessions = 8\nwait = \"2s\"\nallow-extractable = true\n";
        let KeySource::Token(key) = read(&format!("{TOKEN}{all}")).unwrap().key else { panic!() };
        assert_eq!(key.name, KeyName { label: None, id: Some(vec![10, 11]) });
        assert_eq!((key.sessions, key.wait, key.allow_extractable), (8, Duration::from_secs(2), true));
    }

    #[test]
    fn every_mistake_has_its_line() {
        let wrong = [
            (format!("{TOKEN}id = \"xyz\"\n"), "/etc/x.toml:6: pkcs11.id"),
            (TOKEN.to_owned(), "/etc/x.toml:2: pkcs11.key: is missing"),
            (format!("{TOKEN}key = \"seal\"\nsessions = 0\n"), "/etc/x.toml:7: pkcs11.sessions"),
            (format!("{TOKEN}key = \"seal\"\npinn = \"1234\"\n"), "/etc/x.toml:7: pkcs11.pinn: is not a known key"),
            (format!("key = \"seal.key\"\n{TOKEN}key = \"seal\"\n"), "/etc/x.toml:3: pkcs11: stands beside key"),
            ("certificate = \"seal.pem\"\n".to_owned(), "/etc/x.toml:1: key: is missing"),
        ];
        for (text, expected) in wrong {
            let error = read(&text).unwrap_err();
            assert!(error.contains(expected), "{expected} in {error}");
            assert_eq!(error.lines().count(), 1, "nothing else: {error}");
        }
    }
}
