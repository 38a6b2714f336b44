//! Mutual TLS of the inside leg: a client is who its pinned certificate says, and may name no other.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use mohur_http::{Client, ClientLimits, SystemClock};
use mohur_transport::{InsideClientFiles, InsideKeyFiles};

use crate::door::{Inside, between, request};

/// A self-signed certificate with its key, as a ministry's own systems have them.
fn make(folder: &Path, name: &str) {
    let script = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} \
         -addext subjectAltName=IP:127.0.0.1 -keyout {name}.key -out {name}.pem 2>/dev/null && chmod 600 {name}.key"
    );
    assert!(Command::new("sh").arg("-c").arg(script).current_dir(folder).status().unwrap().success());
}

async fn ask(inside: &Inside, own: Option<&Path>) -> Result<String, String> {
    let folder = inside.federation.nation.path("callers/passport-office");
    let key = own.map(|own| InsideKeyFiles {
        certificate: own.with_extension("pem"),
        key: own.with_extension("key"),
        passphrase: None,
    });
    let files = InsideClientFiles { servers: vec![folder.join("door.pem")], own: key };
    let tls = files.open(Arc::new(SystemClock)).unwrap();
    let client = Client::inside(&tls, ClientLimits::default());
    let envelope = request(inside.federation.citizen().fin.as_str());
    let request = Request::post(format!("https://{}/", inside.address)).header("content-type", "text/xml");
    let reply = client.send(request.body(Bytes::from(envelope)).unwrap(), Duration::from_secs(30)).await;
    let reply = reply.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(reply.response.into_body().to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_known_by_its_pinned_certificate_and_by_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["door", "one", "other", "stranger"] {
        make(folder.path(), name);
    }
    let at = |name: &str| folder.path().join(name);
    let path = at("").display().to_string();
    let inside = Inside::with(|text| {
        text.replace(
            "mode = \"none\"",
            &format!("mode = \"mutual\"\ncertificate = \"{path}door.pem\"\nkey = \"{path}door.key\""),
        )
        .replace(
            "id = \"EE/GOV/MEMBER1/SUBSYSTEM1\"",
            &format!("id = \"EE/GOV/MEMBER1/SUBSYSTEM1\"\ncertificates = [\"{path}one.pem\"]"),
        )
        .replace(
            "id = \"AZ/GOV/MIA/id-cards\"",
            &format!("id = \"AZ/GOV/MIA/id-cards\"\ncertificates = [\"{path}other.pem\"]"),
        )
    })
    .await;
    std::fs::copy(at("door.pem"), inside.federation.nation.path("callers/passport-office/door.pem")).unwrap();

    let answered = ask(&inside, Some(&at("one"))).await.unwrap();
    assert!(answered.contains("exampleServiceResponse"), "{answered}");
    let other = ask(&inside, Some(&at("other"))).await.unwrap();
    assert_eq!(between(&other, "<faultcode>", "<"), "Server.ClientProxy.SslAuthenticationFailed");
    for nobody in [Some(at("stranger")), None] {
        assert!(ask(&inside, nobody.as_deref()).await.is_err(), "not let in at all");
    }
}
