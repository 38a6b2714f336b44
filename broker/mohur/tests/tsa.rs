//! `mohur pki tsa` and `mohur pki timestamp` as they are typed, with openssl at either end.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

const EXTENSIONS: &str = "\
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
";

struct Shop(tempfile::TempDir);

/// Stopped when it is dropped.
struct Running {
    process: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        fs::write(shop.path("ext.cnf"), EXTENSIONS).unwrap();
        fs::write(shop.path("passphrase"), "a passphrase for tests only\n").unwrap();
        fs::set_permissions(shop.path("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
        for name in ["root", "other"] {
            shop.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
            shop.openssl(&format!(
                "req -x509 -new -key {name}.key -subj /CN={name} -days 40 -out {name}.pem -config /dev/null \
                 -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign"
            ));
        }
        shop.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key");
        shop.openssl("req -new -key plain.key -subj /CN=tsa -out tsa.csr -config /dev/null");
        shop.openssl(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile ext.cnf \
             -extensions tsa -out tsa.pem",
        );
        shop.openssl("pkcs8 -topk8 -v2 aes-256-cbc -in plain.key -passout file:passphrase -out tsa.key");
        fs::set_permissions(shop.path("tsa.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let configuration = "listen = \"127.0.0.1:0\"\npassphrase = \"passphrase\"\npolicy = \"2.25.1.10\"\n\
            serials = \"serials\"\n[seal]\ncertificate = \"tsa.pem\"\nkey = \"tsa.key\"\n[tls]\nmode = \"none\"\n";
        fs::write(shop.path("tsa.toml"), configuration).unwrap();
        fs::write(shop.path("report.pdf"), "what existed").unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, program: &str, line: &str) -> Output {
        Command::new(program).args(line.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    fn openssl(&self, line: &str) {
        let output = self.output("openssl", line);
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn mohur(&self, line: &str, expected: i32) -> String {
        let output = self.output(env!("CARGO_BIN_EXE_mohur"), line);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{line}: {text}");
        text
    }

    fn run(&self) -> Running {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mohur"))
            .args(["--json", "pki", "tsa", "run", "--config", "tsa.toml"])
            .current_dir(self.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = said.pointer("/url").unwrap().as_str().unwrap().to_owned();
        Running { process, url }
    }
}

#[test]
fn a_file_is_stamped_and_verified_by_us_and_by_openssl() {
    let shop = Shop::new();
    shop.mohur("pki tsa check --config tsa.toml", 0);
    let running = shop.run();
    let url = &running.url;
    let text = shop.mohur(&format!("pki timestamp ask report.pdf --url {url} --trust root.pem --policy 2.25.1.10"), 0);
    assert!(text.contains("report.pdf existed at 20") && text.contains("accuracy     1s"), "{text}");
    shop.mohur("pki timestamp verify report.pdf --trust root.pem", 0);
    shop.openssl("ts -verify -data report.pdf -in report.pdf.tsr -CAfile root.pem");
    // By hand, with curl, as the help says.
    shop.openssl("ts -query -data report.pdf -sha512 -cert -out q.tsq");
    let header = "Content-Type: application/timestamp-query";
    let curl = Command::new("curl")
        .args(["-sS", "-H", header, "--data-binary", "@q.tsq", url, "-o", "r.tsr"])
        .current_dir(shop.0.path())
        .status()
        .unwrap();
    assert!(curl.success());
    shop.openssl("ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem");
    shop.mohur("pki timestamp verify report.pdf --answer r.tsr --trust root.pem", 0);

    let text = shop.mohur("pki timestamp verify report.pdf --trust other.pem", 4);
    assert!(text.contains("not issued under this root"), "{text}");
    fs::write(shop.path("other.pdf"), "what did not").unwrap();
    let text = shop.mohur("pki timestamp verify other.pdf --answer report.pdf.tsr --trust root.pem", 4);
    assert!(text.contains("of other content"), "{text}");
    let refused = format!("pki timestamp ask report.pdf --url {url} --trust root.pem --policy 1.2.3 --out x");
    assert!(shop.mohur(&refused, 1).contains("no time stamps are issued here under that policy"));
    let nobody = "pki timestamp ask report.pdf --url http://127.0.0.1:1/ --trust root.pem --out x";
    shop.mohur(nobody, 3);
    assert!(!shop.path("x").exists());
    let get = shop.output("curl", &format!("-sS -o /dev/null -w %{{http_code}} {url}"));
    assert_eq!(String::from_utf8(get.stdout).unwrap(), "405");
    assert!(shop.mohur("pki tsa run --config tsa.toml", 2).contains("another process"), "one process counts");
}

#[test]
fn numbers_go_on_where_a_killed_process_left_them_and_a_clock_set_back_is_noticed() {
    let shop = Shop::new();
    let serial = |running: &Running| {
        let line = format!("--json pki timestamp ask report.pdf --url {} --trust root.pem", running.url);
        let said: serde_json::Value = serde_json::from_str(&shop.mohur(&line, 0)).unwrap();
        u64::from_str_radix(said.pointer("/serial").unwrap().as_str().unwrap(), 16).unwrap()
    };
    let first = shop.run();
    let (one, two) = (serial(&first), serial(&first));
    drop(first);
    let second = shop.run();
    let three = serial(&second);
    assert!(one < two && two < three, "{one} {two} {three}");
    drop(second);
    fs::write(shop.path("serials"), "next 9000\nlatest 2099-01-01T00:00:00Z\n").unwrap();
    let third = shop.run();
    let line = format!("pki timestamp ask report.pdf --url {} --trust root.pem", third.url);
    assert!(shop.mohur(&line, 1).contains("the clock of this authority is not to be trusted"));
}

#[test]
fn an_authority_of_openssl_is_asked_over_http() {
    let shop = Shop::new();
    let section = "[tsa]\nserial = number\ncrypto_device = builtin\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n\
        signer_digest = sha256\ness_cert_id_alg = sha256\n";
    fs::write(shop.path("ts.cnf"), section).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| answer_by_openssl(&shop, &listener));
        let line = format!("pki timestamp ask report.pdf --url {url} --trust root.pem");
        let text = shop.mohur(&line, 0);
        assert!(text.contains("1.2.3.4.1"), "{text}");
    });
    shop.openssl("ts -verify -data report.pdf -in report.pdf.tsr -CAfile root.pem");
}

/// One query, answered by `openssl ts -reply`.
fn answer_by_openssl(shop: &Shop, listener: &std::net::TcpListener) {
    use std::io::Write;
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut query = vec![0; length];
    reader.read_exact(&mut query).unwrap();
    fs::write(shop.path("asked.tsq"), query).unwrap();
    shop.openssl(
        "ts -reply -config ts.cnf -section tsa -queryfile asked.tsq -out answer.tsr -signer tsa.pem -inkey plain.key",
    );
    let reply = fs::read(shop.path("answer.tsr")).unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nConnection: close\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n", reply.len()).as_bytes()).unwrap();
    stream.write_all(&reply).unwrap();
}
