//! The FIN service issues numbers while it is killed again and again.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mohur::nation::free_ports;

const THREADS: usize = 8;
const TRANSACTIONS: usize = 120;
const KILLS: u64 = 4;

/// The register as its own process; killed when it is dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        // SIGKILL: nothing is written any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, address: SocketAddr) -> Service {
    let child = Command::new(env!("CARGO_BIN_EXE_mohur"))
        .args(["registry", "run", "fin-service", "--people", "20", "--book", "book", "--credentials", "tokens"])
        .args(["--listen", &address.to_string()])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut service = Service(child);
    // It says where it serves once its tokens are written.
    let mut said = BufReader::new(service.0.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains(&address.to_string()), "the register does not start: {line}");
    service
}

/// Sends a request and gives the body of a 200 or 204; nothing if the register died meanwhile.
fn exchange(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    (head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 204")).then(|| body.to_owned())
}

fn issue(address: SocketAddr, token: &str, number: usize) -> Option<String> {
    // Names of letters only: digits do not tell two people apart.
    let name: String = format!("{number:06}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
    let body = format!(r#"{{"firstName":"Rauf","lastName":"Q{name}ov","dateOfBirth":"2026-02-03"}}"#);
    let request = format!(
        "POST /v1/uin?transactionId=T-{number} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(address, &request)
}

#[test]
fn a_transaction_has_one_number_however_often_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_ports(Ipv4Addr::LOCALHOST.into(), 1).unwrap().remove(0);
    let mut told: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for round in 0..=KILLS {
        let service = start(folder.path(), address);
        let token = std::fs::read_to_string(folder.path().join("tokens/fin-service.issuer.token")).unwrap();
        let answers: Vec<(usize, Option<String>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let token = &token;
                    scope.spawn(move || {
                        let mine = (thread..TRANSACTIONS).step_by(THREADS);
                        mine.map(|number| (number, issue(address, token, number))).collect::<Vec<_>>()
                    })
                })
                .collect();
            if round < KILLS {
                std::thread::sleep(Duration::from_millis(30 + 60 * round));
                drop(service);
            }
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        for (number, fin) in answers {
            told.entry(number).or_default().extend(fin);
        }
    }
    assert_eq!(told.len(), TRANSACTIONS);
    assert!(told.values().all(|numbers| numbers.len() == 1), "one transaction, one number: {told:?}");
    let numbers: BTreeSet<_> = told.values().flatten().collect();
    assert_eq!(numbers.len(), TRANSACTIONS, "one number, one transaction");
}
