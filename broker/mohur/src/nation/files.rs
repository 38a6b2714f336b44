//! The configuration files of a throwaway nation: as short as a ministry's own could be.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mohur_wire::MemberId;

use super::cast::OwnerPart;

/// The passphrase's credential file, beside all the keys that it opens.
pub(super) const PASSPHRASE: &str = "passphrase";

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
    format!(
        r#"adapter = "{name}"
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
url = "{register}"
credential = "register.token"
{fee}"#,
        fee = if part.name == "state-fees" {
            format!("fee = {}\n", mohur_reference::country::FEE)
        } else {
            String::new()
        },
        name = part.name,
        passphrase = at(folder, PASSPHRASE),
        directory = at(folder, "directory"),
        policy = folder.join("policy").join(part.agency).display(),
        register = format_args!("http://{register}"),
    )
}

/// The addresses in a `host.toml`.
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
