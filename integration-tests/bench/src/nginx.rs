//! nginx: found or installed, and configured as mutual-TLS pass-through with the broker's own TLS certificate.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{BenchError, Tried};

/// Where packages put it.
const PLACES: &[&str] = &["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];

/// The program, if it is installed.
pub(crate) fn find() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Installs Debian's package where nginx is missing.
pub(crate) fn install_if_missing() -> Result<(), BenchError> {
    if find().is_some() {
        return Ok(());
    }
    eprintln!("nginx is missing: apt-get install nginx-light");
    let apt = |arguments: &[&str]| {
        Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .tried("apt-get")
    };
    // An index that cannot be refreshed may still know the package.
    apt(&["update", "-qq"])?;
    apt(&["install", "-qq", "-y", "--no-install-recommends", "nginx-light"])?;
    find().map(drop).ok_or_else(|| {
        BenchError::new("nginx could not be installed; as root run `apt-get install nginx-light` and try again")
    })
}

/// The version, as nginx says it.
pub(crate) fn version() -> String {
    let said = find().and_then(|program| Command::new(program).arg("-v").output().ok());
    let said = said.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned()).unwrap_or_default();
    said.rsplit_once(": ").map_or(said.clone(), |(_, version)| version.to_owned())
}

/// Writes the configuration; gives its path and the address of the door.
pub(crate) fn configure(folder: &Path, upstream: SocketAddr) -> Result<(PathBuf, SocketAddr), BenchError> {
    let own = folder.join("nginx");
    fs::create_dir_all(&own).tried(own.display())?;
    let trust = folder.join("national/trust");
    let mut authorities = String::new();
    for name in ["tls-ca.pem", "root.pem"] {
        authorities += &fs::read_to_string(trust.join(name)).tried(name)?;
    }
    let bundle = own.join("authorities.pem");
    fs::write(&bundle, authorities).tried(bundle.display())?;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let listen = free.tried("a port")?;
    let path = own.join("nginx.conf");
    fs::write(&path, text(folder, &own, listen, upstream)).tried(path.display())?;
    Ok((path, listen))
}

/// One worker, as the two processors are shared with generator and stub; nothing is logged, nothing cached, and
/// connections are kept on both sides for ever: all as cheap as nginx can be.
fn text(folder: &Path, own: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let (folder, own) = (folder.display(), own.display());
    format!(
        r"daemon off;
pid {own}/nginx.pid;
error_log {own}/error.log warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {own}/body;
  proxy_temp_path {own}/proxy;
  fastcgi_temp_path {own}/fastcgi;
  uwsgi_temp_path {own}/uwsgi;
  scgi_temp_path {own}/scgi;
  upstream stub {{
    server {upstream};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_time 24h;
  }}
  server {{
    listen {listen} ssl;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    keepalive_time 24h;
    ssl_protocols TLSv1.3;
    ssl_password_file {folder}/passphrase;
    ssl_certificate {folder}/broker/tls.pem;
    ssl_certificate_key {folder}/broker/tls.key;
    ssl_client_certificate {own}/authorities.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    location / {{
      proxy_pass https://stub;
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_password_file {folder}/passphrase;
      proxy_ssl_certificate {folder}/broker/tls.pem;
      proxy_ssl_certificate_key {folder}/broker/tls.key;
      proxy_ssl_trusted_certificate {own}/authorities.pem;
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_name localhost;
    }}
  }}
}}
"
    )
}
