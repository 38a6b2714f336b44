//! What a PKI writes into the certificates that it issues.

use serde::{Deserialize, Serialize};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::layout::{Layout, read, replace};

/// Addresses that certificates carry, so that anyone who meets one finds what is needed to judge it. Both are optional.
/// Plain `http` is the usual one: what lies there is signed, and asking over TLS would need a certificate judged first
/// (RFC 5280 §8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Where the OCSP responder answers; the name of the authority is appended: `http://pki.example.az/ocsp` becomes
    /// `http://pki.example.az/ocsp/tls-ca`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ocsp_url: Option<String>,
    /// The folder where revocation lists lie: `http://pki.example.az/crl` becomes `http://pki.example.az/crl/tls-ca.crl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_url: Option<String>,
    /// DNS names under which alone the TLS CA and the Infrastructure CA may certify hosts, e.g. `gov.az`: a critical constraint in
    /// their certificates. Addresses are not limited by it, nor what a member may be named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permitted_hosts: Vec<String>,
}

impl Settings {
    /// Refuses what cannot stand in a certificate.
    pub fn check(&self) -> Result<(), AuthorityError> {
        let wrong = [&self.ocsp_url, &self.crl_url].into_iter().flatten().find(|url| !is_url(url));
        if let Some(url) = wrong {
            return Err(AuthorityError::Url(url.clone()));
        }
        let wrong = self.permitted_hosts.iter().find(|name| !is_dns_name(name));
        wrong.map_or(Ok(()), |name| Err(AuthorityError::PermittedHost(name.clone())))
    }

    /// Where to ask about what `issuer` issued. The root is offline and has no responder.
    pub(crate) fn ocsp(&self, issuer: Issuer) -> Option<String> {
        let url = self.ocsp_url.as_ref().filter(|_| issuer != Issuer::Root)?;
        Some(format!("{}/{issuer}", url.trim_end_matches('/')))
    }

    /// Where the list of `issuer` lies.
    pub(crate) fn crl(&self, issuer: Issuer) -> Option<String> {
        self.crl_url.as_ref().map(|url| format!("{}/{issuer}.crl", url.trim_end_matches('/')))
    }

    /// Those of a PKI; one that has none says nothing in its certificates.
    pub(crate) fn load(layout: &Layout) -> Result<Self, AuthorityError> {
        let path = layout.settings();
        if !path.exists() {
            return Ok(Self::default());
        }
        let settings: Self =
            serde_json::from_str(&read(&path)?).map_err(|source| AuthorityError::Settings { path, source })?;
        settings.check().map(|()| settings)
    }

    pub(crate) fn save(&self, layout: &Layout) -> Result<(), AuthorityError> {
        self.check()?;
        let path = layout.settings();
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| AuthorityError::Settings { path: path.clone(), source })?;
        replace(&path, &text)
    }
}

fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(allowed)) && url.len() <= 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_for_each_authority() {
        let settings = Settings {
            ocsp_url: Some("http://pki.example.az/ocsp/".to_owned()),
            crl_url: Some("http://pki.example.az/crl".to_owned()),
            permitted_hosts: vec!["gov.az".to_owned()],
        };
        settings.check().unwrap();
        assert_eq!(settings.ocsp(Issuer::TLS_CA).unwrap(), "http://pki.example.az/ocsp/tls-ca");
        assert_eq!(settings.ocsp(Issuer::Root), None);
        assert_eq!(settings.crl(Issuer::Root).unwrap(), "http://pki.example.az/crl/root.crl");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "pki.example.az", "ftp://a/b", "http://", "http:///x", "http://a/b c", "http://a/b?c#d"] {
            let settings = Settings { crl_url: Some(wrong.to_owned()), ..Settings::default() };
            assert!(settings.check().is_err(), "{wrong}");
        }
        for wrong in ["", ".gov.az", "*.gov.az", "gov.az.", "a b"] {
            let settings = Settings { permitted_hosts: vec![wrong.to_owned()], ..Settings::default() };
            assert!(settings.check().is_err(), "{wrong}");
        }
    }
}
