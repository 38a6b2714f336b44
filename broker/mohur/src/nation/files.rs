//! The configuration files of a throwaway nation: as short as a ministry's own could be.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mohur_reference::Kind;
use mohur_wire::MemberId;

use super::cast::{OwnerPart, RegisterPart};

/// The passphrase's credential file, beside all the keys that it opens.
pub(super) const PASSPHRASE: &str = "passphrase";

/// A reference register's token, beside its `host.toml`.
pub(super) const TOKEN: &str = "register.token";

/// The password of a database's role, beside its `host.toml`.
pub(super) const PASSWORD: &str = "register.password";

/// The mapping file of a database, beside its `host.toml`.
pub(super) const MAPPING: &str = "mapping.toml";

/// What differs from one `broker.toml` to the next.
pub(super) struct BrokerPart<'a> {
    pub(super) member: &'a MemberId,
    pub(super) origin: &'a str,
    pub(super) listen: SocketAddr,
    pub(super) admin: SocketAddr,
}

/// `broker.toml`
pub(super) fn broker(folder: &Path, part: &BrokerPart<'_>) -> String {
    let BrokerPart { member, origin, listen, admin } = part;
    format!(
        r#"member = "{member}"
listen = "{listen}"
passphrase = "{passphrase}"

[admin]
listen = "{admin}"

[tls]
certificate = "tls.pem"
key = "tls.key"

[seal]
certificate = "seal.pem"
key = "seal.key"

[directory]
folder = "{directory}"
root = "{directory}/metadata/1.root.json"
state = "directory"
poll = "1s"

[policy]
folder = "{policy}"

[log]
folder = "log"
origin = "{origin}"
key = "log.key"
"#,
        passphrase = at(folder, PASSPHRASE),
        directory = at(folder, "directory"),
        policy = at(folder, "policy"),
    )
}

/// `host.toml`
pub(super) fn host(folder: &Path, part: &OwnerPart, member: &MemberId, addresses: HostAddresses) -> String {
    let HostAddresses { listen, admin, register } = addresses;
    let (adapter, register) = match &part.register {
        RegisterPart::Reference(kind) => (kind.as_str(), reference(*kind, register)),
        RegisterPart::Database { url, .. } => ("sql", database(url)),
    };
    format!(
        r#"adapter = "{adapter}"
member = "{member}"
listen = "{listen}"
passphrase = "{passphrase}"
state = "state"

[admin]
listen = "{admin}"

[tls]
certificate = "tls.pem"
key = "tls.key"

[seal]
certificate = "seal.pem"
key = "seal.key"

[directory]
folder = "{directory}"
root = "{directory}/metadata/1.root.json"
poll = "1s"

[policy]
folder = "{policy}"

[register]
{register}"#,
        passphrase = at(folder, PASSPHRASE),
        directory = at(folder, "directory"),
        policy = folder.join("policy").join(&part.agency).display(),
    )
}

fn reference(kind: Kind, address: SocketAddr) -> String {
    let more = match kind {
        Kind::StateFees => format!("fee = {}\n", mohur_reference::country::FEE),
        Kind::Interpol => "country = \"AZE\"\n".to_owned(),
        Kind::CivilRegistry | Kind::PopulationRegister | Kind::HealthCard | Kind::RealEstate | Kind::FinService => {
            String::new()
        }
    };
    format!("url = \"http://{address}\"\ncredential = \"{TOKEN}\"\n{more}")
}

fn database(url: &str) -> String {
    format!("url = \"{url}\"\ncredential = \"{PASSWORD}\"\nmapping = \"{MAPPING}\"\n")
}

/// The addresses in a `host.toml`. A database has one already.
#[derive(Clone, Copy)]
pub(super) struct HostAddresses {
    pub(super) listen: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) register: SocketAddr,
}

/// `client.toml`
pub(super) fn client(folder: &Path, member: &MemberId) -> String {
    format!(
        r#"member = "{member}"
passphrase = "{passphrase}"

[tls]
certificate = "tls.pem"
key = "tls.key"

[seal]
certificate = "seal.pem"
key = "seal.key"

[directory]
folder = "{directory}"
root = "{directory}/metadata/1.root.json"
state = "directory"
poll = "1s"
"#,
        passphrase = at(folder, PASSPHRASE),
        directory = at(folder, "directory"),
    )
}

fn at(folder: &Path, name: &str) -> String {
    let path: PathBuf = folder.join(name);
    path.display().to_string()
}
