//! The settings of the inside leg's TLS, the same wherever a ministry's own system is at the other end:
//! `mode` is `none` (plain HTTP, for this machine only), `server` (the server shows a certificate) or `mutual` (both do).

use std::io;
use std::str::FromStr;

use mohur_config::Table;
use mohur_transport::{InsideClient, InsideClientFiles, InsideKeyFiles, InsideServerFiles};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// A connection of the inside leg for a protocol that is not HTTP.
pub type InsideStream<S> = tokio_rustls::client::TlsStream<S>;

/// TLS of the inside leg over `stream`, to a server called `host`, for the protocol of that name in IANA's registry of ALPN
/// identifiers.
///
/// # Errors
/// Whoever is at the other end is not pinned, or speaks no TLS.
pub async fn inside_stream<S>(
    inside: InsideClient,
    host: String,
    protocol: &'static str,
    stream: S,
) -> io::Result<InsideStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let name = ServerName::try_from(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    TlsConnector::from(inside.config()).with_alpn(vec![protocol.into()]).connect(name, stream).await
}

/// `mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    None,
    Server,
    Mutual,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "server" => Ok(Self::Server),
            "mutual" => Ok(Self::Mutual),
            _ => Err("choose none, server or mutual"),
        }
    }
}

/// Reads the table of a server: `mode`, what it shows (`certificate`, `key`, and `passphrase` if the key is encrypted), and
/// with `mutual` the pinned certificates of its clients (`clients`). `Some(None)` is plain HTTP.
pub fn inside_server(table: &mut Table) -> Option<Option<InsideServerFiles>> {
    let mode: Mode = table.required("mode")?;
    if mode == Mode::None {
        return Some(None);
    }
    let own = key_files(table);
    let clients = (mode == Mode::Mutual).then(|| certificates(table, "clients", "list the certificate of each client"));
    Some(Some(InsideServerFiles { own: own?, clients: clients.map_or(Some(None), |clients| clients.map(Some))? }))
}

/// Reads the table of a client: `mode`, the certificates of the server or of the authority that issued them (`servers`), and
/// with `mutual` what it shows itself (`certificate`, `key`, and `passphrase` if the key is encrypted). `Some(None)` is plain
/// HTTP.
pub fn inside_client(table: &mut Table) -> Option<Option<InsideClientFiles>> {
    let mode: Mode = table.required("mode")?;
    if mode == Mode::None {
        return Some(None);
    }
    let servers =
        certificates(table, "servers", "list the server's certificate, or that of the authority that issued it");
    let own = (mode == Mode::Mutual).then(|| key_files(table));
    Some(Some(InsideClientFiles { servers: servers?, own: own.map_or(Some(None), |own| own.map(Some))? }))
}

fn certificates(table: &mut Table, key: &str, remedy: &str) -> Option<Vec<std::path::PathBuf>> {
    let files = table.paths(key);
    if files.is_empty() {
        table.error(key, "is missing or empty", remedy);
        return None;
    }
    Some(files)
}

fn key_files(table: &mut Table) -> Option<InsideKeyFiles> {
    let (certificate, key) = (table.path("certificate"), table.path("key"));
    let passphrase = table.optional_path("passphrase");
    Some(InsideKeyFiles { certificate: certificate?, key: key?, passphrase })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn client(text: &str) -> Result<Option<InsideClientFiles>, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, inside_client).map_err(|errors| errors.to_string())
    }

    fn server(text: &str) -> Result<Option<InsideServerFiles>, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, inside_server).map_err(|errors| errors.to_string())
    }

    #[test]
    fn each_mode_wants_its_files() {
        assert_eq!(client("mode = \"none\"").unwrap(), None);
        assert_eq!(server("mode = \"none\"").unwrap(), None);
        let read = client("mode = \"server\"\nservers = [\"a.pem\", \"/b.pem\"]").unwrap().unwrap();
        assert_eq!(read.servers, [Path::new("/etc/a.pem"), Path::new("/b.pem")]);
        assert_eq!(read.own, None);
        let own = "certificate = \"c.pem\"\nkey = \"k.pem\"\n";
        let read = client(&format!("mode = \"mutual\"\nservers = [\"a.pem\"]\n{own}")).unwrap().unwrap();
        assert_eq!(read.own.unwrap().key, Path::new("/etc/k.pem"));
        let read = server(&format!("mode = \"server\"\n{own}")).unwrap().unwrap();
        assert_eq!((read.clients, read.own.passphrase), (None, None));
        let read = server(&format!("mode = \"mutual\"\nclients = [\"a.pem\"]\n{own}")).unwrap().unwrap();
        assert_eq!(read.clients.unwrap().len(), 1);
    }

    #[test]
    fn a_mode_without_its_files_is_an_error() {
        assert!(server("mode = \"mutual\"\ncertificate = \"c\"\nkey = \"k\"").unwrap_err().contains("clients"));
        assert!(server("mode = \"server\"\nkey = \"k\"").unwrap_err().contains("certificate"));
        assert!(client("mode = \"server\"").unwrap_err().contains("servers"));
        assert!(client("mode = \"server\"\nservers = []").unwrap_err().contains("servers"));
        assert!(client("mode = \"tls\"").unwrap_err().contains("none, server or mutual"));
        assert!(client("mode = \"none\"\nservers = [\"a\"]").unwrap_err().contains("servers"), "it would not be used");
    }
}
