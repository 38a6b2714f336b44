//! What stands between adapter and database in the conformance suite, and misbehaves there as the suite wants it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mohur_contract::conformance::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::Cluster;

/// A proxy on a loopback port, before the cluster's unix socket.
pub(super) struct Proxy {
    port: u16,
    fault: Arc<Mutex<Fault>>,
}

impl Proxy {
    pub(super) async fn start(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault = Arc::new(Mutex::new(Fault::None));
        let socket = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
        let shared = Arc::clone(&fault);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *shared.lock().unwrap() == Fault::Down {
                    continue;
                }
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(serve(client, server, Arc::clone(&shared)));
            }
        });
        Self { port, fault }
    }

    pub(super) fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    pub(super) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

async fn serve(client: TcpStream, server: UnixStream, fault: Arc<Mutex<Fault>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = tokio::spawn(async move { drop(tokio::io::copy(&mut from_client, &mut to_server).await) });
    // Every message of the server begins with its type and its length (manual, section 55.7).
    loop {
        let mut head = [0; 5];
        if from_server.read_exact(&mut head).await.is_err() {
            break;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        from_server.read_exact(&mut body).await.unwrap();
        let now = *fault.lock().unwrap();
        match now {
            Fault::Down => break,
            Fault::Slow(delay) => tokio::time::sleep(delay.min(Duration::from_secs(3))).await,
            Fault::WrongSubject if head[0] == b'D' => another(&mut body),
            Fault::Garbage if head[0] == b'D' => columns(&mut body, |value| value.fill(0xFF)),
            Fault::None | Fault::ExtraFields | Fault::WrongSubject | Fault::Garbage => {}
        }
        if to_client.write_all(&head).await.is_err() || to_client.write_all(&body).await.is_err() {
            break;
        }
    }
    up.abort();
}

/// Every value of a DataRow: a count, then for each its length, -1 for NULL, and its bytes.
fn columns(body: &mut [u8], mut change: impl FnMut(&mut [u8])) {
    let mut at = 2;
    while let Some(length) = body.get(at..at + 4) {
        let length = i32::from_be_bytes(length.try_into().unwrap());
        at += 4;
        if let Ok(length) = usize::try_from(length) {
            change(&mut body[at..at + length]);
            at += length;
        }
    }
}

/// The first column is a part of the subject: its last character becomes another one.
fn another(body: &mut [u8]) {
    let mut is_first = true;
    columns(body, |value| {
        if let Some(last) = value.last_mut().filter(|_| is_first) {
            *last = match *last {
                b'A' => b'B',
                b'0' => b'1',
                b'1'..=b'9' => b'0',
                b'a'..=b'z' => {
                    if *last == b'x' {
                        b'y'
                    } else {
                        b'x'
                    }
                }
                _ => b'A',
            };
        }
        is_first = false;
    });
}
