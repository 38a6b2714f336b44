//! `docs/setting-up.md`, run as it stands: every command of it, in an empty folder, with free ports.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends")]

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use mohur::nation::free_ports;

/// The ports of the page, in the order in which the processes that listen on them are started.
const PORTS: [&str; 9] = ["7439", "7442", "7441", "7451", "7440", "7450", "7444", "7443", "7453"];

/// The commands of the page, one text a block.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// One script: a block that starts a process is followed by waiting for its port.
fn script(page: &str) -> String {
    let mut listening = ["7439", "7442", "7441", "7440", "7444", "7443"].into_iter();
    let mut script = String::from("set -eu\ntrap 'kill $(jobs -p)' EXIT\n");
    for block in blocks(page) {
        script.push_str(block);
        if block.lines().any(|line| line.trim_end().ends_with('&')) {
            let port = listening.next().expect("the page starts six processes");
            script.push_str(&format!(
                "for _ in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done\n"
            ));
        }
    }
    assert!(listening.next().is_none(), "the page starts six processes");
    let free = free_ports(Ipv4Addr::LOCALHOST.into(), PORTS.len()).unwrap();
    for (port, address) in PORTS.iter().zip(free) {
        script = script.replace(port, &address.port().to_string());
    }
    script
}

#[test]
fn the_page_can_be_followed_word_for_word() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let page = std::fs::read_to_string(source.join("docs/setting-up.md")).unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_mohur")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("bash")
        .args(["-c", &script(&page)])
        .current_dir(folder.path())
        .env("MOHUR_SOURCE", &source)
        .env("PATH", format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let seals = ["sealed by AZ/GOV/MOH/health-card", "sealed by AZ/GOV/PROP/real-estate"];
    for expected in [["bloodGroup", "The log log.hub.az verifies."], seals].concat() {
        assert!(said.contains(expected), "`{expected}` is missing in:\n{said}");
    }
}
