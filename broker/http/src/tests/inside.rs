//! The inside leg over real sockets: systems that are known by their pinned certificates and are no members.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mohur_authority::{Issue, National};
use mohur_seal::{KeyKind, Passphrase};
use mohur_transport::{InsideClient, InsideMaterial, InsideServer, Pins};
use mohur_wire::{Clock, MemberId, RefusalCode};

use crate::{Client, ClientError, ClientLimits, Handler, Limits, Request, Server, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

/// Says by which pin the client is known, and that it is no member.
struct Mirror;

impl Handler for Mirror {
    async fn handle(&self, request: Request) -> http::Response<Bytes> {
        assert!(request.peer.is_none(), "a pin makes nobody a member");
        http::Response::new(request.pin.map_or_else(String::new, |pin| pin.to_string()).into())
    }

    fn refuse(&self, code: RefusalCode) -> http::Response<Bytes> {
        http::Response::new(Bytes::from(code.as_str()))
    }
}

/// Certificates of somebody's authority, as a ministry's own would be.
struct Files {
    national: National,
    folder: tempfile::TempDir,
    pass: Passphrase,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pass = Passphrase::generate();
        let national = National::create(&folder.path().join("pki"), "AZ", &pass, SystemClock.now()).unwrap();
        Self { national, folder, pass }
    }

    fn material(&mut self, name: &str) -> (InsideMaterial, PathBuf) {
        let member: MemberId = format!("AZ/GOV/MIA/{name}").parse().unwrap();
        let folder = self.folder.path().join(name);
        let (now, passphrase) = (SystemClock.now(), &self.pass);
        let issue = Issue { member: &member, folder: &folder, passphrase, key: KeyKind::P256, days: 1, now };
        let issued = self.national.issue_tls(&issue, &["127.0.0.1".to_owned()]).unwrap();
        let own = InsideMaterial::load(&issued.chain, &issued.key, Some(&self.pass)).unwrap();
        (own, issued.chain)
    }
}

async fn serve(inside: &InsideServer) -> String {
    let address = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(address, Limits::default(), Arc::new(SystemClock)).await.unwrap();
    let server = server.with_inside_tls(inside);
    let url = format!("https://{}/any", server.local_addr());
    tokio::spawn(server.serve(Arc::new(Mirror), std::future::pending()));
    url
}

fn client(server: &PathBuf, own: Option<&InsideMaterial>) -> Client {
    let inside = InsideClient::new(Pins::load(&[server]).unwrap(), own, Arc::new(SystemClock)).unwrap();
    Client::inside(&inside, ClientLimits::default())
}

async fn ask(client: &Client, url: &str) -> Result<String, ClientError> {
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    let reply = client.send(request, 5 * SECOND).await?;
    assert!(reply.peer.is_none());
    Ok(String::from_utf8(reply.response.into_body().to_vec()).unwrap())
}

#[tokio::test]
async fn clients_are_known_by_their_pins_and_servers_by_theirs() {
    let mut files = Files::new();
    let ((own, chain), (one, one_chain), (other, _)) =
        (files.material("door"), files.material("one"), files.material("other"));
    let only_one = InsideServer::new(&own, Some(Pins::load(&[one_chain]).unwrap()), Arc::new(SystemClock)).unwrap();
    let url = serve(&only_one).await;
    let known = client(&chain, Some(&one));
    for _ in 0..2 {
        assert_eq!(ask(&known, &url).await.unwrap(), one.pin().unwrap().to_string());
    }
    assert!(ask(&client(&chain, Some(&other)), &url).await.is_err());
    assert!(ask(&client(&chain, None), &url).await.is_err());

    let anybody = serve(&InsideServer::new(&own, None, Arc::new(SystemClock)).unwrap()).await;
    assert_eq!(ask(&client(&chain, Some(&other)), &anybody).await.unwrap(), "", "nobody was asked for a certificate");
}

#[tokio::test]
async fn a_server_that_is_not_pinned_is_told_nothing() {
    let mut files = Files::new();
    let (own, _) = files.material("door");
    let mut strangers = Files::new();
    let (_, pinned) = strangers.material("door");
    let url = serve(&InsideServer::new(&own, None, Arc::new(SystemClock)).unwrap()).await;
    assert!(matches!(ask(&client(&pinned, None), &url).await, Err(ClientError::Tls { .. })));
}
