//! The adapters by name: the one place that knows them all.

use std::sync::Arc;

use mohur_contract::{Ledger, Registry};
use mohur_host::{HostConfig, LedgerStore, RegisterAddress};
use mohur_http::SystemClock;
use mohur_wire::subject::StateCode;

/// The names that `adapter` in a host's configuration may have.
pub const NAMES: [&str; 11] = [
    "civil-registry",
    "population-register",
    "fin-service",
    "health-card",
    "state-fees",
    "real-estate",
    "interpol",
    "rest",
    "soap",
    "sql",
    "xroad",
];

/// Opens the adapter that the configuration names. The error says what to mend.
pub async fn open(address: &RegisterAddress, config: &HostConfig) -> Result<Arc<dyn Registry>, String> {
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
        "population-register" => {
            Ok(Arc::new(mohur_population_register::PopulationRegister::new(&settings).map_err(|e| said(&e))?))
        }
        "fin-service" => {
            let adapter = mohur_fin_service::FinService::new(&settings).map_err(|e| said(&e))?;
            Ok(Arc::new(adapter.with_ledger(ledger(config)?, address.reservation.unwrap_or(mohur_reservation::HELD))))
        }
        "health-card" => Ok(Arc::new(mohur_health_card::HealthCard::new(&settings).map_err(|e| said(&e))?)),
        "real-estate" => Ok(Arc::new(mohur_real_estate::RealEstate::new(&settings).map_err(|e| said(&e))?)),
        "interpol" => {
            let mut settings = mohur_interpol::Settings::new(settings, country(address)?);
            settings.reservation = address.reservation.unwrap_or(settings.reservation);
            Ok(Arc::new(mohur_interpol::Interpol::new(&settings, ledger(config)?).map_err(|e| said(&e))?))
        }
        "rest" => {
            Ok(Arc::new(mohur_mapped_rest::MappedRest::new(rest_mapping(address)?, &settings).map_err(|e| said(&e))?))
        }
        "soap" => {
            Ok(Arc::new(mohur_mapped_soap::MappedSoap::new(soap_mapping(address)?, &settings).map_err(|e| said(&e))?))
        }
        "sql" => sql(address, &settings, config).await,
        "state-fees" => {
            let fee = address.fee.ok_or("register.fee is missing: the fee in qəpik, e.g. fee = 3000")?;
            let mut settings = mohur_state_fees::Settings::new(settings, fee);
            settings.reservation = address.reservation.unwrap_or(settings.reservation);
            Ok(Arc::new(mohur_state_fees::StateFees::new(&settings, ledger(config)?).map_err(|e| said(&e))?))
        }
        "xroad" => {
            let file = xroad_file(address)?;
            Ok(Arc::new(mohur_xroad::Provider::open(file, &settings).map_err(|e| said(&e))?))
        }
        other => Err(format!("adapter: there is no `{other}`; choose one of {}", NAMES.join(", "))),
    }
}

async fn sql(
    address: &RegisterAddress,
    settings: &mohur_civil_registry::Settings,
    config: &HostConfig,
) -> Result<Arc<dyn Registry>, String> {
    let settings = mohur_sql::Settings {
        url: address.url.clone(),
        timeout: settings.timeout,
        credential: settings.credential.clone(),
        tls: settings.tls.clone(),
    };
    let mapping = sql_mapping(address)?;
    let ledger = if mapping.changes_something() { Some(ledger(config)?) } else { None };
    let sql = mohur_sql::Sql::open_or_wait(mapping, &settings).await.map_err(|error| error.to_string())?;
    Ok(Arc::new(match ledger {
        Some(ledger) => sql.with_ledger(&ledger),
        None => sql,
    }))
}

/// The adapter's own durable records, in the host's folder.
fn ledger(config: &HostConfig) -> Result<Arc<dyn Ledger>, String> {
    std::fs::create_dir_all(&config.state).map_err(|error| format!("{}: {error}", config.state.display()))?;
    let ledger = LedgerStore::open(&config.ledger()).map_err(|error| error.to_string())?;
    Ok(Arc::new(ledger))
}

/// Reads what else the adapter is configured with; starts and asks nothing.
pub fn check(address: &RegisterAddress) -> Result<(), String> {
    match address.adapter.as_str() {
        "interpol" => country(address).map(drop),
        "rest" => rest_mapping(address).map(drop),
        "soap" => soap_mapping(address).map(drop),
        "sql" => sql_mapping(address).map(drop),
        "xroad" => xroad_file(address).map(drop),
        name if NAMES.contains(&name) => Ok(()),
        other => Err(format!("adapter: there is no `{other}`; choose one of {}", NAMES.join(", "))),
    }
}

fn country(address: &RegisterAddress) -> Result<StateCode, String> {
    let country = address.country.clone();
    country.ok_or_else(|| "register.country is missing: whose bureau asks, e.g. country = \"AZE\"".to_owned())
}

fn rest_mapping(address: &RegisterAddress) -> Result<mohur_mapped_rest::Mapping, String> {
    let path =
        address.mapping.as_ref().ok_or("register.mapping is missing: the file that describes the JSON service")?;
    mohur_mapped_rest::Mapping::load(path).map_err(|errors| errors.to_string())
}

fn soap_mapping(address: &RegisterAddress) -> Result<mohur_mapped_soap::Mapping, String> {
    let path =
        address.mapping.as_ref().ok_or("register.mapping is missing: the file that describes the SOAP service")?;
    mohur_mapped_soap::Mapping::load(path).map_err(|errors| errors.to_string())
}

fn sql_mapping(address: &RegisterAddress) -> Result<mohur_sql::Mapping, String> {
    let path =
        address.mapping.as_ref().ok_or("register.mapping is missing: the file with a statement for each service")?;
    mohur_sql::Mapping::load(path).map_err(|errors| errors.to_string())
}

fn xroad_file(address: &RegisterAddress) -> Result<mohur_xroad::ProviderFile, String> {
    let path = address.mapping.as_ref().ok_or("register.mapping is missing: the file that describes the providers")?;
    mohur_xroad::ProviderFile::load(path).map_err(|errors| errors.to_string())
}
