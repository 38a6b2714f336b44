//! Serving the directory over HTTPS, and keeping its online roles fresh.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use mohur_directory::repository::{Refreshed, Repository};
use mohur_http::{Handler, Limits, Request, Server, SystemClock};
use mohur_seal::{BareKey, Passphrase};
use mohur_transport::{ServiceMaterial, service_server};
use mohur_wire::{Clock, RefusalCode};
use serde_json::json;

use super::keys::OnlineKeys;
use super::{Where, failed};
use crate::output::{CliError, Output};
use crate::process;

#[derive(clap::Args)]
#[command(after_help = "Example:
  mohur pki issue infrastructure --pki national --out directory-server --host directory.example.az
  mohur directory serve --listen 0.0.0.0:8444 --certificate directory-server/server.pem --tls-key directory-server/server.key \\
      --online-key keys/online-1.key

It serves /metadata/… and /targets/… of the repository to whoever asks: nothing there is secret, and all of it is signed.
/health is 200 while timestamp and snapshot are fresh. Officers publish into the same folder; a renewed certificate is taken up
by itself.")]
pub(super) struct Args {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// The certificate and its authority's, PEM: an infrastructure certificate for this server's name.
    #[arg(long)]
    certificate: PathBuf,
    /// Its encrypted key.
    #[arg(long)]
    tls_key: PathBuf,
    /// The credential file that opens it [default: `passphrase` beside it].
    #[arg(long)]
    tls_passphrase: Option<PathBuf>,
    /// How often to look whether anything must be signed anew, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    every: u64,
    #[command(flatten)]
    online: OnlineKeys,
    #[command(flatten)]
    place: Where,
}

impl Args {
    fn passphrase(&self) -> Result<Passphrase, CliError> {
        let beside = self.tls_key.parent().unwrap_or(Path::new(".")).join("passphrase");
        let passphrase = self.tls_passphrase.as_ref().unwrap_or(&beside);
        Passphrase::from_credential_file(passphrase).map_err(CliError::usage)
    }
}

pub(super) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    let online = args.online.open()?;
    process::logs(out);
    process::no_core_dumps();
    process::run(serve(args, repository, online, out))
}

async fn serve(args: Args, repository: Repository, online: Vec<BareKey>, out: &Output) -> Result<ExitCode, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let material = ServiceMaterial::load(&args.certificate, &args.tls_key, &args.passphrase()?);
    let material = material.map_err(CliError::usage)?;
    let tls = service_server(Arc::clone(&material), Arc::clone(&clock)).map_err(CliError::usage)?;
    let server = Server::bind(args.listen, Limits::default(), Arc::clone(&clock)).await.map_err(CliError::usage)?;
    let server = server.with_service_tls(tls);
    let url = format!("https://{}", server.local_addr());
    let door = Arc::new(Door { folder: repository.folder().to_owned(), is_fresh: AtomicBool::new(true) });
    let keeper = Keeper { repository, online, clock, material, seen: modified(&args.certificate), args };
    // Signed once before the first reader comes.
    keeper.refresh().map_err(failed)?;
    out.say(format_args!("the directory is at {url}"), &json!({ "url": url }));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(Arc::clone(&door), async move {
        let _either = stopped.await;
    }));
    let keeping = tokio::spawn(keeper.keep(door));
    process::asked_to_stop().await?;
    drop(stop);
    keeping.abort();
    serving.await.map_err(|error| CliError::usage(format_args!("the server ended badly: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps the online roles fresh, and the certificate.
struct Keeper {
    repository: Repository,
    online: Vec<BareKey>,
    clock: Arc<dyn Clock>,
    material: Arc<ServiceMaterial>,
    seen: Option<SystemTime>,
    args: Args,
}

impl Keeper {
    fn refresh(&self) -> Result<Refreshed, mohur_directory::repository::RepositoryError> {
        self.repository.refresh(&self.online, self.clock.now())
    }

    async fn keep(self, door: Arc<Door>) {
        let mut keeper = self;
        loop {
            tokio::time::sleep(Duration::from_secs(keeper.args.every)).await;
            let door = Arc::clone(&door);
            let looked = tokio::task::spawn_blocking(move || {
                keeper.once(&door);
                keeper
            });
            keeper = match looked.await {
                Ok(keeper) => keeper,
                Err(error) => return tracing::error!(%error, "nobody signs timestamps any more; start again"),
            };
        }
    }

    fn once(&mut self, door: &Door) {
        match self.refresh() {
            Ok(Refreshed::Nothing) => door.is_fresh.store(true, Ordering::Relaxed),
            Ok(what) => {
                tracing::info!(?what, "signed anew");
                door.is_fresh.store(true, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::error!(%error, "timestamp and snapshot are not signed anew; readers go on until they expire");
                door.is_fresh.store(false, Ordering::Relaxed);
            }
        }
        let changed = modified(&self.args.certificate);
        if changed.is_some() && changed != self.seen {
            let renewed = self.args.passphrase().and_then(|passphrase| {
                let (chain, key) = (&self.args.certificate, &self.args.tls_key);
                self.material.reload(chain, key, &passphrase).map_err(CliError::usage)
            });
            match renewed {
                Ok(()) => self.seen = changed,
                Err(error) => tracing::error!(%error, "the new certificate is not shown"),
            }
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// What is served.
struct Door {
    folder: PathBuf,
    is_fresh: AtomicBool,
}

impl Handler for Door {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        if request.parts.method != Method::GET && request.parts.method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let path = request.parts.uri.path().to_owned();
        if path == "/health" {
            let fresh = self.is_fresh.load(Ordering::Relaxed);
            return plain(if fresh { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
        }
        let Some(file) = served(&path) else { return plain(StatusCode::NOT_FOUND) };
        let read = self.folder.join(file);
        match tokio::task::spawn_blocking(move || std::fs::read(read)).await {
            Ok(Ok(bytes)) => document(path.ends_with("/timestamp.json"), bytes),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => plain(StatusCode::NOT_FOUND),
            Ok(Err(_)) | Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        plain(StatusCode::from_u16(code.text().status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
    }
}

/// The file below the repository's folder that a path names. A name is taken as it stands: what is percent-encoded in it is so
/// on disk, too (`1.policy%2FMOJ.json`), and none begins with a dot.
fn served(path: &str) -> Option<&str> {
    let file = path.strip_prefix('/')?;
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'%' | b'+' | b'@');
    let names = || file.split('/');
    let all_plain = names().all(|name| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain));
    let depth = names().count();
    let first = names().next()?;
    (all_plain && ((first == "metadata" && depth == 2) || (first == "targets" && depth >= 2))).then_some(file)
}

fn document(changes: bool, bytes: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // Every name but one stands for one content, for ever; a root that is not there yet may come.
    let cache = if changes { "no-cache" } else { "public, max-age=86400" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn plain(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{}\n", status.canonical_reason().unwrap_or_default())));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_metadata_and_targets_is_served() {
        for path in ["/metadata/timestamp.json", "/metadata/1.policy%2FMOJ.json", "/targets/policy/MOJ/00.policy.json"]
        {
            assert_eq!(served(path), Some(&path[1..]), "{path}");
        }
        for path in [
            "/",
            "",
            "/metadata",
            "/metadata/",
            "/metadata/a/b",
            "/staged/members.json",
            "/repository.json",
            "/metadata/../lock",
            "/metadata/..%2flock/x",
            "/targets/../staged/x",
            "/targets//x",
            "/metadata/.next-a",
            "/keys/root-1.key",
        ] {
            assert_eq!(served(path), None, "{path}");
        }
    }
}
