//! The adapters by name: the one place that knows them all.

use std::sync::Arc;

use mohur_contract::Registry;
use mohur_host::{HostConfig, LedgerStore, RegisterAddress};
use mohur_http::SystemClock;

/// The names that `adapter` in a host's configuration may have.
pub const NAMES: [&str; 3] = ["civil-registry", "health-card", "state-fees"];

/// Opens the adapter that the configuration names. The error says what to mend.
pub fn open(address: &RegisterAddress, config: &HostConfig) -> Result<Arc<dyn Registry>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let tls = address.tls.as_ref().map(|files| files.open(Arc::new(SystemClock))).transpose().map_err(|e| said(&e))?;
    let settings = mohur_civil_registry::Settings {
        timeout: address.call_timeout,
        credential: address.credential.clone(),
        tls,
        ..mohur_civil_registry::Settings::new(&address.url)
    };
    match address.adapter.as_str() {
        "civil-registry" => Ok(Arc::new(mohur_civil_registry::CivilRegistry::new(&settings).map_err(|e| said(&e))?)),
        "health-card" => Ok(Arc::new(mohur_health_card::HealthCard::new(&settings).map_err(|e| said(&e))?)),
        "state-fees" => {
            std::fs::create_dir_all(&config.state).map_err(|error| format!("{}: {error}", config.state.display()))?;
            let ledger = LedgerStore::open(&config.ledger()).map_err(|e| said(&e))?;
            let fee = address.fee.ok_or("register.fee is missing: the fee in qəpik, e.g. fee = 3000")?;
            let mut settings = mohur_state_fees::Settings::new(settings, fee);
            settings.reservation = address.reservation.unwrap_or(settings.reservation);
            Ok(Arc::new(mohur_state_fees::StateFees::new(&settings, Arc::new(ledger)).map_err(|e| said(&e))?))
        }
        other => Err(format!("adapter: there is no `{other}`; choose one of {}", NAMES.join(", "))),
    }
}
