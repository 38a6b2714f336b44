//! A real owner: the reference register of the health card, and the host with the real adapter before it.

use std::path::Path;
use std::sync::Arc;

use mohur::adapters;
use mohur_host::{Host, HostConfig};
use mohur_http::SystemClock;
use mohur_reference::{Country, Kind, Register};

use super::{OWNER, say, told_to_end};
use crate::error::{BenchError, Tried};

/// The people of every throwaway nation.
const SEED: u64 = 2007;

/// Somebody whose health card says all that is asked.
pub(super) fn citizen() -> mohur_wire::Fin {
    Country::from_seed(SEED).clear_citizen().fin
}

/// The register, where the host's configuration looks for it.
pub(super) async fn register(folder: &Path) -> Result<(), BenchError> {
    let (_, register) = HostConfig::load(&folder.join(format!("hosts/{OWNER}/host.toml"))).tried("host.toml")?;
    let address = register.url.rsplit('/').find_map(|part| part.parse().ok());
    let address = address.ok_or_else(|| BenchError::new(format!("{}: no address", register.url)))?;
    let country = Arc::new(Country::from_seed(SEED));
    let register =
        Register::start(Kind::HealthCard, address, country, Arc::new(SystemClock)).await.tried("register")?;
    let token = folder.join(format!("hosts/{OWNER}/register.token"));
    std::fs::write(&token, register.token()).tried(token.display())?;
    // The folder is of throwaway keys, and the host refuses a token that others may read.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token, mode).tried(token.display())?;
    say(address)?;
    told_to_end().await;
    register.stop().await;
    Ok(())
}

/// The host, as `mohur adapter run` runs it.
pub(super) async fn adapter(folder: &Path) -> Result<(), BenchError> {
    let file = folder.join(format!("hosts/{OWNER}/host.toml"));
    let (config, register) = HostConfig::load(&file).tried("host.toml")?;
    let registry = adapters::open(&register, &config).await.tried("the adapter")?;
    let host = Host::start(config, registry, Arc::new(SystemClock)).await.tried("the host")?;
    say(host.local_addr())?;
    told_to_end().await;
    host.shutdown().await;
    Ok(())
}
