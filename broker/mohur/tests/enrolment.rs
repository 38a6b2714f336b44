//! The authority online with the built binary: invited, enrolled, approved by two officers, renewed, revoked; killed between
//! steps; and what is issued, verified by openssl.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use mohur::nation::free_ports;
use serde_json::Value;

struct World {
    folder: tempfile::TempDir,
    door: SocketAddr,
    admin: SocketAddr,
    service: Option<Child>,
}

fn free() -> SocketAddr {
    free_ports(Ipv4Addr::LOCALHOST.into(), 1).unwrap().remove(0)
}

fn mohur(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mohur")).args(line.split_whitespace()).current_dir(folder).output().unwrap()
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

impl World {
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (door, admin) = (free(), free());
        let mut world = Self { folder, door, admin, service: None };
        world.good("pki init national --domain AZ");
        for officer in ["anar", "leyla"] {
            world.good(&format!("pki issue officer AZ/GOV/OPERATOR/{officer} --pki national --out {officer}"));
        }
        let config = format!(
            "pki = \"national\"\nlisten = \"{door}\"\nurl = \"https://{door}\"\n{settings}[admin]\nlisten = \"{admin}\"\n"
        );
        fs::write(world.path("pki.toml"), config).unwrap();
        let refused = world.run("pki serve --config pki.toml");
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused).contains("the root's key does not belong online"), "{}", text(&refused));
        fs::rename(world.path("national/authority/root.key"), world.path("in-the-safe")).unwrap();
        world.good("pki serve --config pki.toml --check");
        world.start();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        let mut serve = Command::new(env!("CARGO_BIN_EXE_mohur"));
        serve.args(["pki", "serve", "--config", "pki.toml"]).current_dir(self.folder.path()).stdout(Stdio::null());
        serve.stderr(fs::OpenOptions::new().append(true).create(true).open(self.path("serve.log")).unwrap());
        self.service = Some(serve.spawn().unwrap());
        for _ in 0..200 {
            if std::net::TcpStream::connect(self.admin).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the service did not start: {}", fs::read_to_string(self.path("serve.log")).unwrap());
    }

    /// SIGKILL: nothing is put in order.
    fn kill(&mut self) {
        let mut service = self.service.take().unwrap();
        service.kill().unwrap();
        service.wait().unwrap();
    }

    fn run(&self, line: &str) -> Output {
        mohur(self.folder.path(), line)
    }

    fn good(&self, line: &str) -> String {
        let out = self.run(line);
        assert!(out.status.success(), "{line}: {}", text(&out));
        text(&out)
    }

    fn bad(&self, code: i32, line: &str) -> String {
        let out = self.run(line);
        assert_eq!(out.status.code(), Some(code), "{line}: {}", text(&out));
        text(&out)
    }

    fn officer(&self, name: &str) -> String {
        let (door, files) = (self.door, format!("--certificate {name}/officer.pem --key {name}/officer.key"));
        format!("--url https://{door} --root national/trust/root.pem {files} --key-passphrase {name}/passphrase")
    }

    fn applications(&self) -> Vec<(String, String)> {
        let all: Value = serde_json::from_str(&self.good("pki pending --pki national --json")).unwrap();
        let field = |entry: &Value, name: &str| entry.get(name).unwrap().as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(|entry| (field(entry, "id"), field(entry, "key"))).collect()
    }

    fn openssl_verifies(&self, chain: &str) {
        let file = self.path(chain);
        let out = Command::new("openssl")
            .args(["verify", "-x509_strict", "-CAfile"])
            .arg(self.path("national/trust/root.pem"))
            .arg("-untrusted")
            .args([&file, &file])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", text(&out));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take() {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

#[test]
fn an_agency_is_invited_enrols_is_approved_by_two_officers_and_renews() {
    let world = World::new("");
    world.good("pki invite AZ/GOV/MIA/id-cards --host 127.0.0.1 --pki national --out id-cards.invitation");
    let waits = world.bad(1, "enrol join id-cards.invitation --out id-cards --no-wait");
    assert!(waits.contains("waits for officers (0 of 2 approved)"), "{waits}");
    world.openssl_verifies("id-cards/tls.pem");

    let [(id, key)] = <[_; 1]>::try_from(world.applications()).unwrap();
    let (anar, leyla) = (world.officer("anar"), world.officer("leyla"));
    assert!(world.good(&format!("pki applications {anar}")).contains(&key));
    let other = world.bad(1, &format!("pki approve {id} --fingerprint 0123456789abcdef {anar}"));
    assert!(other.contains("do not approve it"), "{other}");
    world.good(&format!("pki approve {id} --fingerprint {key} {anar}"));
    let twice = world.bad(1, &format!("pki approve {id} --fingerprint {key} {anar}"));
    assert!(twice.contains("another officer must"), "{twice}");
    // The second one signs, and the operator hands it in.
    world.good(&format!("pki approve {id} --fingerprint {key} --sign-only leyla.jws {leyla}"));
    assert!(world.good("pki decide leyla.jws --pki national").contains("approved and issued"));
    let joined = world.good("enrol join id-cards.invitation --out id-cards");
    assert!(joined.contains("id-cards/seal.pem, valid until"), "{joined}");
    world.openssl_verifies("id-cards/seal.pem");

    // A second key for the same invitation, somewhere else.
    let thief = world.bad(1, "enrol join id-cards.invitation --out elsewhere --only tls");
    assert!(thief.contains("token-used"), "{thief}");

    assert!(world.bad(1, "pki needs-renewal id-cards/tls.pem").contains("is good until"));
    world.good("pki needs-renewal id-cards/tls.pem --within 8d");
    world.bad(2, "pki needs-renewal nothing.pem");

    assert!(
        world.good("pki revoke id-cards/seal.pem --reason superseded --pki national").contains("Revoked (superseded)")
    );
    let journal = world.good("pki journal --pki national --json");
    let journal: Vec<Value> = serde_json::from_str(&journal).unwrap();
    let told = |event: &str| journal.iter().filter(|entry| entry.get("event").unwrap() == event).count();
    assert_eq!((told("invited"), told("applied"), told("approved"), told("revoked")), (1, 1, 2, 1));
    assert!(told("refused") >= 2, "the same officer twice, and the thief");
    let log = fs::read_to_string(world.path("serve.log")).unwrap();
    let invitation: Value = serde_json::from_slice(&fs::read(world.path("id-cards.invitation")).unwrap()).unwrap();
    let token = invitation.get("token").unwrap().as_str().unwrap();
    assert!(!log.contains(token) && !journal.iter().any(|entry| entry.to_string().contains(token)));
}

/// What a client can do itself, and what it cannot: asked with curl, as anybody would.
#[test]
fn curl_and_openssl_can_do_it_too_and_get_no_further() {
    let world = World::new("[rates]\nrequests-per-minute = 30\n");
    let invite =
        world.good("pki invite AZ/GOV/MOH/cards --host 127.0.0.1 --pki national --out cards.invitation --json");
    assert!(invite.contains("\"member\":\"AZ/GOV/MOH/cards\""), "{invite}");
    let file: Value = serde_json::from_slice(&fs::read(world.path("cards.invitation")).unwrap()).unwrap();
    let token = file.get("token").unwrap().as_str().unwrap();
    let openssl = |line: &str| {
        let out =
            Command::new("openssl").args(line.split_whitespace()).current_dir(world.folder.path()).output().unwrap();
        assert!(out.status.success(), "{}", text(&out));
    };
    openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.csr -subj /CN=cards");
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout seal.key -out seal.csr -subj /CN=cards",
    );
    let curl = |arguments: &[&str], path: &str, request: &str| {
        let out = Command::new("curl")
            .args(["-sS", "--cacert", "national/trust/root.pem", "-w", "\n%{http_code}", "--data-binary", request])
            .args(arguments)
            .arg(format!("https://{}{path}", world.door))
            .current_dir(world.folder.path())
            .output()
            .unwrap();
        let said = text(&out);
        let (body, status) = said.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    };
    let bearer = format!("authorization: Bearer {token}");
    let (status, said) = curl(&[], "/v1/enrol/tls", "@tls.csr");
    assert_eq!(status, "401", "{said}");
    let (status, chain) = curl(&["-H", &bearer], "/v1/enrol/tls", "@tls.csr");
    assert_eq!(status, "200", "{chain}");
    fs::write(world.path("tls.pem"), chain).unwrap();
    world.openssl_verifies("tls.pem");
    // With the certificate: a renewal at once, a seal only with officers, nothing of an officer's, and no other's revocation.
    let own = ["--cert", "tls.pem", "--key", "tls.key"];
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout next.key -out next.csr -subj /CN=cards",
    );
    assert_eq!(curl(&own, "/v1/renew/tls", "@next.csr").0, "200");
    assert_eq!(curl(&own, "/v1/renew/seal", "@seal.csr").0, "202");
    assert_eq!(curl(&own, "/v1/decisions", "@seal.csr").0, "401");
    assert_eq!(curl(&[], "/v1/renew/tls", "@next.csr").0, "401", "without a certificate");
    let anar = world.officer("anar");
    let serial = Command::new("openssl")
        .args(["x509", "-noout", "-serial", "-in", "anar/officer.pem"])
        .current_dir(world.folder.path())
        .output()
        .unwrap();
    let serial = text(&serial).trim().trim_start_matches("serial=").to_owned();
    let (status, said) = curl(&own, "/v1/revoke", &format!("{{\"certificate\":\"{serial}\"}}"));
    assert_eq!(status, "403", "{said}");
    // An officer's certificate is no member's.
    let (status, _) = curl(
        &["--cert", "anar/officer.pem", "--key", "anar/officer.key", "--pass", &secret(&world)],
        "/v1/renew/tls",
        "@next.csr",
    );
    assert_eq!(status, "401");
    assert!(world.good(&format!("pki applications {anar}")).contains("AZ/GOV/MOH/cards"));
    // A self-signed certificate that says whatever one likes.
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout own.key -out own.pem -subj /CN=x -addext subjectAltName=URI:mohur://AZ/GOV/MOH/cards",
    );
    assert_eq!(curl(&["--cert", "own.pem", "--key", "own.key"], "/v1/renew/tls", "@next.csr").0, "401");
    let flood: Vec<_> = (0..40).map(|_| curl(&[], "/v1/enrol/tls", "@tls.csr").0).collect();
    assert!(flood.contains(&"429".to_owned()), "{flood:?}");
}

fn secret(world: &World) -> String {
    fs::read_to_string(world.path("anar/passphrase")).unwrap().trim().to_owned()
}

#[test]
fn killed_in_the_middle_it_gives_each_key_its_one_certificate() {
    let mut world = World::new("[rates]\nrequests-per-minute = 100000\n");
    const MANY: usize = 12;
    for number in 0..MANY {
        world.good(&format!("pki invite AZ/GOV/MIA/s{number} --profile tls --pki national --out s{number}.invitation"));
    }
    for _ in 0..3 {
        // All at once, and the service dies under them.
        let joining: Vec<_> = (0..MANY)
            .map(|number| {
                Command::new(env!("CARGO_BIN_EXE_mohur"))
                    .args([
                        "enrol",
                        "join",
                        &format!("s{number}.invitation"),
                        "--only",
                        "tls",
                        "--out",
                        &format!("s{number}"),
                    ])
                    .current_dir(world.folder.path())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        std::thread::sleep(Duration::from_millis(120));
        world.kill();
        for mut child in joining {
            child.wait().unwrap();
        }
        world.start();
    }
    for number in 0..MANY {
        world.good(&format!("enrol join s{number}.invitation --only tls --out s{number}"));
        world.openssl_verifies(&format!("s{number}/tls.pem"));
    }
    let journal: Vec<Value> = serde_json::from_str(&world.good("pki journal --pki national --json")).unwrap();
    for number in 0..MANY {
        let member = format!("AZ/GOV/MIA/s{number}");
        let issued = journal.iter().filter(|entry| {
            entry.get("event").unwrap() == "issued"
                && entry.get("certificate").and_then(|found| found.get("subject")).and_then(Value::as_str)
                    == Some(&member)
        });
        assert_eq!(issued.count(), 1, "{member}");
    }
}
