//! The names by which an XML Signature may mean a certificate. They tell which one of known ones is meant; nothing is
//! trusted for them.

use mohur_crypto::digest::sha1_name;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::Certificate;

impl Certificate {
    /// Whether issuer and serial number are these: the issuer as RFC 4514 writes it or the other way round, the number in
    /// decimal digits.
    pub fn is_issued_by(&self, issuer: &str, serial: &str) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(self.der()) else { return false };
        let (Some(told), Some(found)) = (read_name(issuer), name_of(&parsed.issuer)) else { return false };
        let same_name = told == found || told.iter().eq(found.iter().rev());
        same_name && serial.trim().trim_start_matches('0') == decimal(self.raw_serial())
    }

    /// Whether this is its subject key identifier; of a certificate without one, the SHA-1 of its key (RFC 5280 §4.2.1.2).
    pub fn has_key_identifier(&self, identifier: &[u8]) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(self.der()) else { return false };
        let own = parsed.extensions().iter().find_map(|extension| {
            if let ParsedExtension::SubjectKeyIdentifier(own) = extension.parsed_extension() {
                Some(own.0)
            } else {
                None
            }
        });
        match own {
            Some(own) => own == identifier,
            None => sha1_name(&parsed.public_key().subject_public_key.data) == identifier,
        }
    }

    /// Whether this is the SHA-1 of the certificate.
    pub fn has_thumbprint(&self, sha1: &[u8]) -> bool {
        sha1_name(self.der()) == sha1
    }
}

/// Object identifiers and values, in order.
type Name = Vec<(String, String)>;

/// Attribute types by their usual names (RFC 4514 §3, and what Java and OpenSSL write).
const TYPES: &[(&str, &str)] = &[
    ("CN", "2.5.4.3"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("S", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("T", "2.5.4.12"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
];

fn name_of(name: &X509Name<'_>) -> Option<Name> {
    name.iter_attributes()
        .map(|attribute| Some((attribute.attr_type().to_id_string(), attribute.as_str().ok()?.to_owned())))
        .collect()
}

/// Reads a name: `type=value` between commas, semicolons or plus signs, with backslashes and quotes (RFC 4514 §2, RFC 2253).
fn read_name(text: &str) -> Option<Name> {
    split(text, &[',', ';', '+'])
        .into_iter()
        .map(|part| {
            let (kind, value) = part.split_once('=')?;
            let kind = kind.trim().to_ascii_uppercase();
            let kind = kind.strip_prefix("OID.").unwrap_or(&kind);
            let known = TYPES.iter().find(|(name, _)| *name == kind).map(|(_, identifier)| *identifier);
            Some((known.unwrap_or(kind).to_owned(), read_value(value.trim())?))
        })
        .collect()
}

/// Splits where one of `at` stands outside quotes and not behind a backslash.
fn split<'a>(text: &'a str, at: &[char]) -> Vec<&'a str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (position, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && at.contains(&c) => {
                parts.push(text.get(start..position).unwrap_or_default());
                start = position + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// A value without quotes and backslashes. `#` begins the DER of one in hexadecimal.
fn read_value(text: &str) -> Option<String> {
    if let Some(digits) = text.strip_prefix('#') {
        let octets = hexadecimal(digits)?;
        // A string of less than 128 octets: tag, length, content.
        let [_, length, content @ ..] = octets.as_slice() else { return None };
        return (usize::from(*length) == content.len()).then(|| String::from_utf8(content.to_vec()).ok())?;
    }
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let pair = after.get(..2).and_then(|pair| hexadecimal(std::str::from_utf8(pair).ok()?));
        let [escaped, further @ ..] = after else { return None };
        match pair.as_deref() {
            Some([octet]) => {
                out.push(*octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*escaped);
                rest = further;
            }
        }
    }
    String::from_utf8(out).ok()
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// A big-endian number in decimal digits, without leading zeros.
fn decimal(octets: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_the_libraries_write_it() {
        let expected: Name = [("2.5.4.3", "Test, CA"), ("2.5.4.5", "M1"), ("2.5.4.6", "XX")]
            .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
            .into();
        for text in [
            r"CN=Test\, CA,2.5.4.5=#13024d31,C=XX",
            r#"CN="Test, CA", SERIALNUMBER=M1, C=XX"#,
            r"cn=Test\2C CA + OID.2.5.4.5=M1; c=XX",
        ] {
            assert_eq!(read_name(text).unwrap(), expected, "{text}");
        }
        assert_eq!(read_name("CN"), None);
        assert_eq!(read_name(r"CN=\"), None);
    }

    #[test]
    fn a_serial_number_of_any_length_is_written_in_decimal() {
        assert_eq!(decimal(&[0x01, 0x00]), "256");
        let octets = hexadecimal("35192ee95bd50d40e955473a84d491109559c59e").unwrap();
        assert_eq!(decimal(&octets), "303138116056637089574338363600069900681126462878");
        assert_eq!(decimal(&[]), "");
    }
}
