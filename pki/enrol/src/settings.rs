//! `[enrolment]`, the same in the configuration of every process that renews its certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};

/// Where certificates are renewed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentSettings {
    /// `url`: the authority's address, `https://host:port`.
    pub url: String,
    /// `root`: the root certificate by which it is known, PEM.
    pub root: PathBuf,
    /// `renew-at`: the share of a certificate's life after which it is renewed, in percent. 10–95, default 67.
    pub renew_at: u16,
    /// `alarm-at`: the share after which a certificate that was not renewed is an alarm. 11–99, default 85.
    pub alarm_at: u16,
    /// `check`: how often it is looked whether a certificate is due. Default 60 s.
    pub check: Duration,
    /// `retry`: the first pause after a failure; it doubles up to an hour, and is drawn between half of it and the whole.
    /// Default 30 s.
    pub retry: Duration,
    /// `rekey`: a new key with each certificate. Default true.
    pub rekey: bool,
    /// `renew-seal`: ask for the next seal as well; officers approve it, and it is used once the directory lists it. Default
    /// true.
    pub renew_seal: bool,
}

impl EnrolmentSettings {
    /// Reads the text of a file named `path`, which has that table or nothing.
    pub fn parse(path: &Path, text: &str) -> Result<Option<Self>, ConfigErrors> {
        mohur_config::parse(path, text, Self::read)
    }

    /// Reads the optional table. `Some(None)`: it is not there, and somebody else renews.
    pub fn read(top: &mut Table) -> Option<Option<Self>> {
        let Some(mut table) = top.optional_table("enrolment") else { return Some(None) };
        let (url, root) = (table.required::<String>("url"), table.path("root"));
        let url = url.filter(|url| {
            let good = url.starts_with("https://") && url.len() > "https://".len();
            if !good {
                table.error("url", "is not an address of HTTPS", "write https://host:port");
            }
            good
        });
        let renew_at = table.number("renew-at", 10..=95).unwrap_or(67);
        let alarm_at = table.number("alarm-at", 11..=99).unwrap_or(85);
        if alarm_at <= renew_at {
            table.error("alarm-at", "is not after renew-at", "leave time to renew before the alarm");
        }
        let check = table.duration("check").unwrap_or(Duration::from_secs(60));
        let retry = table.duration("retry").unwrap_or(Duration::from_secs(30));
        let rekey = table.flag("rekey").unwrap_or(true);
        let renew_seal = table.flag("renew-seal").unwrap_or(true);
        Some(Some(Self { url: url?, root: root?, renew_at, alarm_at, check, retry, rekey, renew_seal }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<EnrolmentSettings>, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, EnrolmentSettings::read)
            .map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_table_with_an_address_and_a_root_has_all_defaults() {
        assert_eq!(read(""), Ok(None));
        let settings =
            read("[enrolment]\nurl = \"https://pki.example.az:8443\"\nroot = \"root.pem\"\n").unwrap().unwrap();
        assert_eq!(settings.root, Path::new("/etc/root.pem"));
        assert_eq!((settings.renew_at, settings.alarm_at, settings.rekey, settings.renew_seal), (67, 85, true, true));
        assert_eq!((settings.check, settings.retry), (Duration::from_secs(60), Duration::from_secs(30)));
    }

    #[test]
    fn every_mistake_has_its_line() {
        let wrong = [
            ("[enrolment]\nurl = \"http://a\"\nroot = \"r\"\n", "/etc/x.toml:2: enrolment.url"),
            ("[enrolment]\nurl = \"https://a\"\n", "enrolment.root"),
            ("[enrolment]\nurl = \"https://a\"\nroot = \"r\"\nrenew-at = 99\n", "/etc/x.toml:4: enrolment.renew-at"),
            ("[enrolment]\nurl = \"https://a\"\nroot = \"r\"\nrenew-at = 90\n", "alarm-at: is not after renew-at"),
            (
                "[enrolment]\nurl = \"https://a\"\nroot = \"r\"\nrenew = 1\n",
                "/etc/x.toml:4: enrolment.renew: is not a known key",
            ),
        ];
        for (text, expected) in wrong {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }
}
