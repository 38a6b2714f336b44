//! Where the database is and how to be let in.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use mohur_seal::SealError;
use mohur_transport::InsideClient;
use tokio_postgres::config::{Host, SslMode};

/// The name under which the adapter appears in `pg_stat_activity`.
const APPLICATION: &str = "mohur";

/// Where a register's database is, and how the adapter is let in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://role@host:5432/database`; a folder with `%2F` for `/` in place of the host names a unix socket.
    pub url: String,
    /// The most time for one query; the message's deadline may leave less.
    pub timeout: Duration,
    /// The file that holds the role's password, if the database wants one. It is read once, when the adapter starts.
    pub credential: Option<PathBuf>,
    /// Whose certificate the database shows, and what the adapter shows itself; needed beyond this machine.
    pub tls: Option<InsideClient>,
}

impl Settings {
    /// A database at that address, without a password or TLS, with ten seconds for a query.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), timeout: Duration::from_secs(10), credential: None, tls: None }
    }

    /// The same, with the password in that file.
    #[must_use]
    pub fn with_credential(mut self, file: impl Into<PathBuf>) -> Self {
        self.credential = Some(file.into());
        self
    }

    /// The same, over TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: InsideClient) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// Why an address is not one. The address itself is not repeated: people put passwords there.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not an address of a database.
    #[error("register.url is not the address of a database: write postgres://role@host:5432/database")]
    Url,
    /// It holds a password.
    #[error("register.url holds a password: write it into a file of mode 0600 and name that as register.credential")]
    Password,
    /// Plain connections to another machine.
    #[error("the database is not on this machine: without register.tls only loopback and unix sockets are spoken to")]
    NotLoopback,
    /// TLS over a unix socket.
    #[error("register.tls does not fit a unix socket: take it out")]
    Tls,
    /// The password cannot be read.
    #[error("register.credential: {0}")]
    Credential(#[from] SealError),
}

impl Settings {
    /// How the database is reached.
    pub(crate) fn config(&self, connect_timeout: Duration) -> Result<tokio_postgres::Config, AddressError> {
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| self.url.starts_with(scheme));
        let mut config: tokio_postgres::Config = self.url.parse().ok().filter(|_| is_url).ok_or(AddressError::Url)?;
        if config.get_password().is_some() {
            return Err(AddressError::Password);
        }
        if config.get_user().is_none() || config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err(AddressError::Url);
        }
        let plain = config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let has_socket = config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_)));
        match &self.tls {
            None if !plain => return Err(AddressError::NotLoopback),
            Some(_) if has_socket => return Err(AddressError::Tls),
            None => config.ssl_mode(SslMode::Disable),
            Some(_) => config.ssl_mode(SslMode::Require),
        };
        if let Some(file) = &self.credential {
            config.password(mohur_seal::credential(file)?.as_bytes());
        }
        config.application_name(APPLICATION).connect_timeout(connect_timeout);
        Ok(config)
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<tokio_postgres::Config, AddressError> {
        Settings::new(url).config(Duration::from_secs(1))
    }

    #[test]
    fn without_tls_the_database_is_on_this_machine() {
        for good in ["postgres://r@127.0.0.1:5432/d", "postgresql://r@localhost/d", "postgres://r@%2Fvar%2Frun/d"] {
            assert!(config(good).is_ok(), "{good}");
        }
        for far in ["postgres://r@10.0.0.7/d", "postgres://r@db.example,127.0.0.1/d"] {
            assert!(matches!(config(far), Err(AddressError::NotLoopback)), "{far}");
        }
        for wrong in
            ["", "http://127.0.0.1/d", "postgres://127.0.0.1/d", "postgres://r@127.0.0.1", "host=127.0.0.1 user=r"]
        {
            assert!(matches!(config(wrong), Err(AddressError::Url)), "{wrong}");
        }
    }

    #[test]
    fn a_password_stands_in_a_file_that_nobody_else_reads() {
        let error = config("postgres://r:secret@127.0.0.1/d").unwrap_err().to_string();
        assert!(error.contains("register.credential") && !error.contains("secret"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "secret\n").unwrap();
        let settings = Settings::new("postgres://r@127.0.0.1/d").with_credential(&file);
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&file, open).unwrap();
        assert!(matches!(settings.config(Duration::from_secs(1)), Err(AddressError::Credential(_))));
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let config = settings.config(Duration::from_secs(1)).unwrap();
        assert_eq!(config.get_password(), Some(b"secret".as_slice()));
    }
}
