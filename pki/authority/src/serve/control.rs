//! The operator's orders to a running service, on this machine: plain HTTP on loopback, with a secret that lies in a file
//! beside the keys. Whoever can read that file could read the keys as well.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, StatusCode};
use mohur_crypto::{random_bytes, sha256};
use mohur_http::{Client, ClientError, ClientLimits, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::desk::refused;
use super::routes::{Answer, answer};
use crate::layout::Layout;
use crate::office::{Office, Order, Report};

/// Where a running service takes orders.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ControlFile {
    /// Its address on this machine.
    address: SocketAddr,
    /// What whoever orders must know.
    secret: String,
    /// How members call the service.
    pub url: String,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No service runs, or its file is gone.
    #[error("{}: no service to be asked: {source}", path.display())]
    NoService {
        /// The control file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is damaged.
    #[error("{}: not a control file; start the service again", path.display())]
    Damaged {
        /// The control file.
        path: PathBuf,
    },
    /// The service does not answer.
    #[error("the service: {0}")]
    Unreachable(#[from] ClientError),
    /// It said no.
    #[error("the service refused ({code}): {detail}")]
    Refused {
        /// The code.
        code: String,
        /// Its words.
        detail: String,
    },
}

fn path(layout: &Layout) -> PathBuf {
    layout.authority().join("control.json")
}

impl ControlFile {
    /// Makes the file of a service that starts, in the place of any that is left of an earlier one.
    pub(crate) fn make(layout: &Layout, address: SocketAddr, url: &str) -> std::io::Result<Self> {
        let made = Self { address, secret: BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()), url: url.to_owned() };
        let (path, text) = (path(layout), json!(made).to_string());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        Ok(made)
    }

    /// Takes the file away when the service ends.
    pub(crate) fn remove(layout: &Layout) {
        if let Err(error) = fs::remove_file(path(layout)) {
            tracing::warn!(%error, "the control file was not taken away");
        }
    }

    /// Reads the file of the service that runs over this folder.
    pub fn read(folder: &Path) -> Result<Self, ControlError> {
        let path = path(&Layout::new(folder));
        let text = fs::read(&path).map_err(|source| ControlError::NoService { path: path.clone(), source })?;
        serde_json::from_slice(&text).map_err(|_| ControlError::Damaged { path })
    }
}

impl std::fmt::Debug for ControlFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlFile({})", self.address)
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    detail: String,
}

/// Has the service that runs over this folder carry out an order.
pub async fn order(folder: &Path, order: &Order) -> Result<Report, ControlError> {
    let control = ControlFile::read(folder)?;
    let refused = |code: &str, detail: String| ControlError::Refused { code: code.to_owned(), detail };
    let mut request = http::Request::post(format!("http://{}/control", control.address))
        .body(Bytes::from(json!(order).to_string()))
        .map_err(|error| refused("address", error.to_string()))?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", control.secret))
        .map_err(|error| refused("secret", error.to_string()))?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let limits = ClientLimits { body_bytes: 64 << 20, ..ClientLimits::default() };
    let reply = Client::http(limits).send(request, Duration::from_secs(60)).await?;
    let body = reply.response.body();
    if reply.response.status() == StatusCode::OK {
        return serde_json::from_slice(body).map_err(|error| refused("unreadable", error.to_string()));
    }
    let Refusal { error, detail } = serde_json::from_slice(body).map_err(|_| refused("unreadable", String::new()))?;
    Err(ControlError::Refused { code: error, detail })
}

/// The page that takes orders.
pub(crate) fn page(office: Arc<RwLock<Office>>, control: &ControlFile) -> impl Fn(&Request) -> Answer + use<> {
    let secret = sha256(format!("Bearer {}", control.secret).as_bytes());
    move |request: &Request| {
        // Digests are compared: how long that takes says nothing about the secret.
        let given = request.parts.headers.get(AUTHORIZATION).map(|value| sha256(value.as_bytes()));
        if given != Some(secret) || request.parts.method != Method::POST {
            return refused(StatusCode::UNAUTHORIZED, "not-allowed", "orders need the secret of the control file");
        }
        let order: Order = match serde_json::from_slice(&request.body) {
            Ok(order) => order,
            Err(error) => return refused(StatusCode::BAD_REQUEST, "malformed", &error.to_string()),
        };
        let mut office = office.write().unwrap_or_else(PoisonError::into_inner);
        match office.carry_out(order, request.arrival.0) {
            Ok(report) => answer(StatusCode::OK, "application/json", json!(report).to_string()),
            Err(denial) => {
                let status = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                refused(status, denial.code(), &denial.to_string())
            }
        }
    }
}
