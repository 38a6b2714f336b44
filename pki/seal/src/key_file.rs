//! Encrypted private keys on disk: PKCS#8 `EncryptedPrivateKeyInfo` in PEM, mode 0600.
//!
//! Written with PBES2 (RFC 8018): PBKDF2-HMAC-SHA-256 and AES-256-CBC, which every OpenSSL reads. The number of iterations
//! depends on the passphrase, see `docs/decisions/0011-passphrases-of-key-files.md`.
//!
//! While a certificate is renewed its file holds two keys, the next and the one in use, see
//! `docs/decisions/0132-renewal-in-two-files.md`.

use std::num::NonZeroU32;
use std::path::Path;

use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use mohur_crypto::random_bytes;
use pkcs8::der::Encode;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{EncryptionScheme as Cipher, Parameters, Pbkdf2Params, Pbkdf2Prf};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};
use zeroize::Zeroizing;

use crate::file::{read_secret, replace_secret, write_secret};
use crate::{Passphrase, SealError};

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const EXPECTED: &str = "a PKCS#8 key in PEM, encrypted with PBES2 (PBKDF2 with HMAC-SHA-2, AES-CBC): \
                        `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256` writes one";

/// For passphrases that a person chose (OWASP's figure for PBKDF2-HMAC-SHA-256).
pub(crate) const ITERATIONS_CHOSEN: u32 = 600_000;
/// For generated passphrases: 256 random bits need no stretching, and a restart opens a dozen keys.
pub(crate) const ITERATIONS_GENERATED: u32 = 10_000;
/// More keys than this in one file are no renewal.
const MOST_KEYS: usize = 4;
/// More than this from a file is a denial of service.
pub(crate) const MAX_ITERATIONS: u32 = 10_000_000;

/// Encrypts `pkcs8` (DER) to a new file of mode 0600.
pub fn write_encrypted(path: &Path, pkcs8: &[u8], passphrase: &Passphrase) -> Result<(), SealError> {
    write_secret(path, encrypt(pkcs8, passphrase)?.as_bytes())
}

/// Encrypts all of these keys, the first one first, to a file that takes the place of the one that is there. On disk when it
/// returns; a reader sees the old file or the new one.
pub fn replace_encrypted(path: &Path, keys: &[&[u8]], passphrase: &Passphrase) -> Result<(), SealError> {
    let mut text = Zeroizing::new(String::with_capacity(keys.iter().map(|key| 2 * key.len() + 512).sum()));
    for key in keys {
        text.push_str(&encrypt(key, passphrase)?);
    }
    replace_secret(path, text.as_bytes())
}

/// Reads the encrypted key `path`; of several the first. Refuses a file that group or others may read, and an unencrypted one.
pub fn read_encrypted(path: &Path, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let keys = read_all_encrypted(path, passphrase)?;
    keys.into_iter().next().ok_or_else(|| SealError::format(path, EXPECTED))
}

/// Reads every encrypted key of the file `path`, one at least and four at most.
pub fn read_all_encrypted(path: &Path, passphrase: &Passphrase) -> Result<Vec<Zeroizing<Vec<u8>>>, SealError> {
    let pem = read_secret(path, 0o077)?;
    let end = format!("-----END {LABEL}-----");
    let texts: Vec<&str> = pem.split_inclusive(&end).map(str::trim_start).filter(|text| !text.is_empty()).collect();
    if !(1..=MOST_KEYS).contains(&texts.len()) {
        return Err(SealError::format(path, EXPECTED));
    }
    texts.into_iter().map(|text| decrypt_pem(path, text, passphrase)).collect()
}

fn decrypt_pem(path: &Path, pem: &str, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| SealError::format(path, EXPECTED))?;
    if label != LABEL {
        return Err(SealError::format(path, EXPECTED));
    }
    let info: EncryptedPrivateKeyInfo<'_> =
        document.as_bytes().try_into().map_err(|_| SealError::format(path, EXPECTED))?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(SealError::format(path, EXPECTED));
    };
    let key = derive(parameters, passphrase).ok_or_else(|| SealError::format(path, EXPECTED))?;
    decrypt(&key, parameters, info.encrypted_data).ok_or_else(|| SealError::Locked { path: path.to_owned() })
}

fn encrypt(pkcs8: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<String>, SealError> {
    let failed = SealError::Crypto("encrypt the key");
    let (salt, iv) = (random_bytes::<16>(), random_bytes::<16>());
    let iterations = if passphrase.is_generated() { ITERATIONS_GENERATED } else { ITERATIONS_CHOSEN };
    let build = || -> Option<Zeroizing<String>> {
        let parameters = Parameters::pbkdf2_sha256_aes256cbc(iterations, &salt, &iv).ok()?;
        let key = derive(&parameters, passphrase)?;
        // Room for the padding: a growing buffer would leave a copy of the key behind.
        let mut buffer = Zeroizing::new(Vec::with_capacity(pkcs8.len() + 32));
        buffer.extend_from_slice(pkcs8);
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
        key.less_safe_encrypt(&mut *buffer, EncryptionContext::Iv128(FixedLength::from(&iv))).ok()?;
        let info = EncryptedPrivateKeyInfo { encryption_algorithm: parameters.into(), encrypted_data: &buffer };
        let document = SecretDocument::try_from(info.to_der().ok()?).ok()?;
        document.to_pem(LABEL, LineEnding::LF).ok()
    };
    build().ok_or(failed)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the list of accepted functions is ours, the enum is not")]
fn derive(parameters: &Parameters<'_>, passphrase: &Passphrase) -> Option<Zeroizing<Vec<u8>>> {
    let Pbkdf2Params { salt, iteration_count, key_length, prf } = parameters.kdf.pbkdf2()?;
    let algorithm = match prf {
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let size = parameters.encryption.key_size();
    if *iteration_count > MAX_ITERATIONS || key_length.is_some_and(|length| usize::from(length) != size) {
        return None;
    }
    let mut key = Zeroizing::new(vec![0; size]);
    pbkdf2::derive(algorithm, NonZeroU32::new(*iteration_count)?, salt, passphrase.as_bytes(), &mut key);
    Some(key)
}

/// CBC proves nothing about the passphrase; a wrong one shows in the padding or in the structure.
#[expect(clippy::wildcard_enum_match_arm, reason = "the list of accepted ciphers is ours, the enum is not")]
fn decrypt(key: &[u8], parameters: &Parameters<'_>, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (algorithm, iv) = match &parameters.encryption {
        Cipher::Aes128Cbc { iv } => (&AES_128, *iv),
        Cipher::Aes256Cbc { iv } => (&AES_256, *iv),
        _ => return None,
    };
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
    let mut buffer = Zeroizing::new(encrypted.to_vec());
    let plain = key.decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
    let plain = Zeroizing::new(plain.to_vec());
    PrivateKeyInfo::try_from(plain.as_slice()).ok()?;
    Some(plain)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use std::time::Instant;

    use super::*;
    use crate::KeyKind;
    use crate::generate::generate;

    fn chosen(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for (name, kind) in [("p256", KeyKind::P256), ("p384", KeyKind::P384), ("ed25519", KeyKind::Ed25519)] {
            let path = folder.path().join(name);
            let (key, passphrase) = (generate(kind).unwrap(), Passphrase::generate());
            write_encrypted(&path, &key, &passphrase).unwrap();
            assert_eq!(*read_encrypted(&path, &passphrase).unwrap(), *key);
            for _ in 0..8 {
                let error = read_encrypted(&path, &Passphrase::generate()).unwrap_err();
                assert!(matches!(error, SealError::Locked { .. }), "{error}");
            }
        }
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let passphrase = Passphrase::generate();
        write_encrypted(&path, &generate(KeyKind::P256).unwrap(), &passphrase).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_encrypted(&path, &passphrase), Err(SealError::ReadableByOthers { .. })));
    }

    #[test]
    fn an_unencrypted_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SecretDocument::try_from(generate(KeyKind::P256).unwrap().to_vec()).unwrap();
        write_secret(&path, key.to_pem("PRIVATE KEY", LineEnding::LF).unwrap().as_bytes()).unwrap();
        assert!(matches!(read_encrypted(&path, &Passphrase::generate()), Err(SealError::Format { .. })));
    }

    #[test]
    fn a_dozen_keys_open_within_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let passphrase = Passphrase::generate();
        write_encrypted(&path, &generate(KeyKind::P256).unwrap(), &passphrase).unwrap();
        let start = Instant::now();
        for _ in 0..12 {
            read_encrypted(&path, &passphrase).unwrap();
        }
        assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    }

    #[test]
    fn a_file_may_hold_the_next_key_before_the_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let passphrase = Passphrase::generate();
        let (old, new) = (generate(KeyKind::P256).unwrap(), generate(KeyKind::P256).unwrap());
        write_encrypted(&path, &old, &passphrase).unwrap();
        // What a crash left behind is in nobody's way.
        fs::write(folder.path().join("key.next"), "half").unwrap();
        replace_encrypted(&path, &[&new, &old], &passphrase).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*read_encrypted(&path, &passphrase).unwrap(), *new);
        let all = read_all_encrypted(&path, &passphrase).unwrap();
        assert_eq!(all.iter().map(|key| key.to_vec()).collect::<Vec<_>>(), [new.to_vec(), old.to_vec()]);
        replace_encrypted(&path, &[new.as_slice(); 5], &passphrase).unwrap();
        assert!(matches!(read_all_encrypted(&path, &passphrase), Err(SealError::Format { .. })));
        fs::write(&path, "").unwrap();
        assert!(matches!(read_encrypted(&path, &passphrase), Err(SealError::Format { .. })));
    }

    fn openssl(arguments: &[&str]) -> bool {
        Command::new("openssl").args(arguments).output().unwrap().status.success()
    }

    #[test]
    fn openssl_reads_ours_and_we_read_openssl() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let passphrase = chosen("correct horse battery");
        passphrase.write_credential_file(path("pass").as_ref()).unwrap();
        let (ours, theirs) = (path("ours"), path("theirs"));
        passphrase.write_credential_file(path("pass-out").as_ref()).unwrap();
        let (pass, pass_out) = (format!("file:{}", path("pass")), format!("file:{}", path("pass-out")));
        write_encrypted(ours.as_ref(), &generate(KeyKind::P256).unwrap(), &passphrase).unwrap();
        assert!(openssl(&["pkey", "-in", &ours, "-passin", &pass, "-check", "-noout"]));
        for cipher in ["aes-256-cbc", "aes-128-cbc"] {
            let _ = fs::remove_file(&theirs);
            let recode = ["pkcs8", "-topk8", "-v2", cipher, "-in", &ours, "-passin", &pass, "-out", &theirs];
            assert!(openssl(&[&recode[..], &["-passout", &pass_out]].concat()));
            fs::set_permissions(&theirs, Permissions::from_mode(0o600)).unwrap();
            let read = read_encrypted(theirs.as_ref(), &passphrase).unwrap();
            assert_eq!(*read, *read_encrypted(ours.as_ref(), &passphrase).unwrap());
        }
    }
}
