//! Interpol as people use it: `mohur query` by the border's second line and by the national bureau.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at what it did not expect")]

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use mohur::nation::{CallerPart, Cast, Nation, OwnerPart};
use mohur_http::SystemClock;
use mohur_reference::country::Sought;
use mohur_wire::Clock;
use serde_json::Value;

/// Asks as one of the callers.
struct Desk {
    nation: Nation,
}

impl Desk {
    fn ask(&self, caller: &str, service: &str, words: &[&str]) -> Output {
        let config = self.nation.path(&format!("callers/{caller}/client.toml"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_mohur"));
        command.args(["query", &format!("AZ/GOV/NCB/interpol/{service}/v1")]).args(words);
        command.args(["--official", "inspector-7", "--case", "B-77", "--json", "--config"]).arg(config);
        command.stdin(Stdio::null()).output().unwrap()
    }

    fn told(&self, caller: &str, service: &str, words: &[&str]) -> Value {
        let output = self.ask(caller, service, words);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document.get("fields").unwrap().clone()
    }
}

fn text(fields: &Value, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: {fields}")).to_owned()
}

#[test]
fn the_second_line_finds_a_record_and_reads_it_and_the_bureau_confirms() {
    let folder = tempfile::tempdir().unwrap();
    let callers = [("second-line", "AZ/GOV/SBS/second-line"), ("bureau", "AZ/GOV/NCB/bureau")];
    let callers = callers.map(|(name, member)| CallerPart::new(name, member)).to_vec();
    let cast = Cast { callers, owners: vec![OwnerPart::interpol()] };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let nation = Nation::found_with(cast, "AZ", &folder.path().join("nation"), Arc::new(SystemClock), address).unwrap();
    let running = runtime.block_on(nation.start()).unwrap();
    let person = running.country.alerts().iter().find_map(|alert| match &alert.sought {
        Sought::Person { family_name, given_name, birth_date, .. } => {
            Some(format!("{family_name} {given_name}:{birth_date}"))
        }
        Sought::Document { .. } | Sought::Vehicle { .. } => None,
    });
    let (desk, person) = (Desk { nation }, person.unwrap());

    let search = ["--person", &person, "--read", "hit,action,record", "--purpose", "border-second-line"];
    let found = desk.told("second-line", "persons", &search);
    assert_eq!((found.get("hit"), text(&found, "action").as_str()), (Some(&Value::Bool(true)), "detain"));
    let clear = ["--person", "Yoxdur Heçkim:1970-01-01", "--match", "hit=false", "--purpose", "border-second-line"];
    assert_eq!(text(&desk.told("second-line", "persons", &clear), "hit"), "match");

    let record = text(&found, "record");
    let full = ["--serial", &record, "--read", "owner,reason", "--purpose"];
    assert_eq!(
        desk.ask("second-line", "records", &[&full[..], &["border-second-line"]].concat()).status.code(),
        Some(1)
    );
    let told = desk.told("second-line", "records", &[&full[..], &["interpol-full-record"]].concat());
    assert_eq!(text(&told, "owner"), "GEO");

    // The day may end between the reading and the listing.
    let today = SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let days = [today.yesterday().unwrap(), today, today.tomorrow().unwrap()];
    let of = |day: &jiff::civil::Date| {
        let words = ["--serial", &day.to_string(), "--read", "tasks,open", "--purpose", "interpol-confirmation"];
        let listed = desk.told("bureau", "tasks", &words);
        listed.get("tasks").and_then(Value::as_str).map(str::to_owned)
    };
    let task = days.iter().find_map(of).unwrap();
    let close =
        ["--serial", &task, "--change", "consume", "--with", "outcome=confirmed", "--purpose", "interpol-confirmation"];
    assert_eq!(text(&desk.told("bureau", "tasks", &close), "state"), "consumed");
    let look = ["--serial", &task, "--read", "askedBy,official,state,outcome", "--purpose", "interpol-confirmation"];
    let closed = desk.told("bureau", "tasks", &look);
    assert_eq!(
        (text(&closed, "askedBy").as_str(), text(&closed, "outcome").as_str()),
        ("AZ/GOV/SBS/second-line", "confirmed")
    );

    // Only what is changed takes values.
    let wrong = desk.ask("bureau", "tasks", &["--serial", &task, "--read", "state", "--with", "outcome=confirmed"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
    runtime.block_on(running.stop());
}
