//! TLS to the database: the server that is pinned, and no other.

use std::process::Command;
use std::sync::Arc;

use mohur_http::SystemClock;
use mohur_transport::{InsideClient, Pins};

use super::*;

const TEXT: &str = include_str!("../../../reference/databases/documents/mapping.toml");

/// A self-signed certificate and its key, by openssl.
fn certificate(folder: &Path, name: &str) -> (String, String) {
    let (key, crt) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=db.ministry.az", "-keyout"]).arg(&key).arg("-out").arg(&crt);
    assert!(openssl.output().unwrap().status.success());
    (std::fs::read_to_string(key).unwrap(), std::fs::read_to_string(crt).unwrap())
}

fn pinned(folder: &Path, name: &str) -> InsideClient {
    let pins = Pins::load(&[folder.join(format!("{name}.crt"))]).unwrap();
    InsideClient::new(pins, None, Arc::new(SystemClock)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_shows_the_certificate_that_is_pinned() {
    let cluster = documents();
    let folder = tempfile::tempdir().unwrap();
    let (key, crt) = certificate(folder.path(), "db");
    certificate(folder.path(), "stranger");
    cluster.sql("documents", "alter role mohur_adapter password 'correct horse battery'");
    let password = folder.path().join("password");
    std::fs::write(&password, "correct horse battery\n").unwrap();
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let settings = Settings::new(cluster.url(ROLE, "documents")).with_credential(&password);
    let without = Sql::open(mapping(TEXT), &settings.clone().with_tls(pinned(folder.path(), "db"))).await;
    assert!(
        matches!(without, Err(OpenError::Database(RegistryError::Unavailable(_)))),
        "a server without TLS is not spoken to"
    );
    cluster.stop();
    cluster.file("server.key", &key);
    cluster.file("server.crt", &crt);
    cluster.file("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
    cluster.boot_with("ssl = on");
    let adapter = Sql::open(mapping(TEXT), &settings.clone().with_tls(pinned(folder.path(), "db"))).await.unwrap();
    assert!(ask(&adapter, &passport(&read(&["status"]))).await.is_ok());
    let how =
        "select version from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'mohur_adapter' and ssl";
    assert_eq!(cluster.sql("documents", how), "TLSv1.3");
    let stranger = Sql::open(mapping(TEXT), &settings.clone().with_tls(pinned(folder.path(), "stranger"))).await;
    let error = stranger.err().unwrap().to_string();
    assert!(error.contains("is its certificate the pinned one?"), "{error}");
    let plain = Sql::open(mapping(TEXT), &settings).await.err().unwrap().to_string();
    assert!(plain.contains("refuses the role"), "{plain}");
}
