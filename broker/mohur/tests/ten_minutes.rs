//! "A database connected with a file, in ten minutes" of `docs/registries.md`, followed word for word against a PostgreSQL of
//! the test's own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use mohur_contract::{Context, Registry};
use mohur_postgres::Cluster;
use mohur_wire::answer::Finding;
use mohur_wire::{Arrival, Query};

/// The database that the ministry has had for years.
const MINISTRY: &str = "create table public.vehicles (plate text primary key, make text, owner_fin char(7), insured_until date,
    secret text);
    insert into public.vehicles values ('10AA001', 'LADA', '5ABCDE1', '2030-01-01', 'x'), ('10AA002', 'Ford', '5ABCDE2', null, 'y');";

/// The blocks of the section in one language, in their order.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    section.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn follow(folder: &Path, script: &str) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_mohur")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    Command::new("bash").args(["-euc", script]).current_dir(folder).env("PATH", path).output().unwrap()
}

#[test]
fn the_section_can_be_followed_word_for_word() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = std::fs::read_to_string(docs.join("registries.md")).unwrap();
    let section = page.split("## A database connected with a file, in ten minutes\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cluster = Cluster::start();
    cluster.create("vehicles", MINISTRY);
    cluster.sql("vehicles", &blocks(section, "sql")[0]);
    let toml = blocks(section, "toml");
    let [mapping, host] = toml.as_slice() else { panic!("two files") };
    let host = host.replace("127.0.0.1:5432", &format!("127.0.0.1:{}", cluster.port()));
    let (adapter, register) = host.split_once("\n\n").unwrap();
    let sample = std::fs::read_to_string(docs.join("samples/host.toml")).unwrap();
    let (before, _) = sample.split_once("[register]\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("host.toml", &format!("{}{register}", before.replace("adapter = \"civil-registry\"", adapter)));
    write("vehicles.toml", mapping);
    let script = blocks(section, "sh").concat();
    let output = follow(folder.path(), &script);
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("good: sql of"), "{said}");
    answers(folder.path(), &cluster);
    // What the page says of a misspelt column and of a role that may write.
    cluster.sql("vehicles", "grant update on mohur.vehicle to mohur_adapter");
    write("vehicles.toml", &mapping.replace("make, owner_fin", "make, ownr_fin"));
    let output = follow(folder.path(), &script);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let errors = section.lines().filter(|line| line.starts_with("vehicles.toml:"));
    for line in errors {
        assert!(said.contains(line), "`{line}` is missing in:\n{said}");
    }
    // Away is another matter than wrong.
    cluster.sql("vehicles", "revoke update on mohur.vehicle from mohur_adapter");
    write("vehicles.toml", mapping);
    cluster.stop();
    let output = follow(folder.path(), &script);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

/// It does answer, and the day counts in Baku.
fn answers(folder: &Path, cluster: &Cluster) {
    let url = cluster.url("mohur_adapter", "vehicles");
    let settings = mohur_sql::Settings::new(url).with_credential(folder.join("register.password"));
    let opening = r#"{"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","id":"q-1","caller":"AZ/GOV/MIA/police",
        "service":"AZ/GOV/MIA/vehicles/vehicle/v1","subject":{"plate":"10AA001"},"verb":"read","fields":["make","insured"],
        "purpose":"police-check","official":"7"}"#;
    let query = Query::parse(opening.as_bytes()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async {
        let adapter = mohur_sql::Sql::load(&folder.join("vehicles.toml"), &settings).await.unwrap();
        let arrival = Arrival("2029-12-31T20:00:00Z".parse().unwrap());
        adapter.answer(&query, &Context::new(arrival, Duration::from_secs(10))).await.unwrap()
    });
    let Finding::Found(fields) = answer.finding else { panic!("absent") };
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(fields, ["insured=true", "make=LADA"]);
}
