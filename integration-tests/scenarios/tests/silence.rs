//! Whatever happens, nothing that the processes write names a citizen, what is known of one, or who asked about whom.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use mohur_client::Question;
use mohur_federation::raw::{message, response};
use mohur_federation::{Captured, Federation, RawConnection, Signed, ask};
use mohur_reference::{Citizen, Faults, Oddity};

/// What must not be found, with a name for the report that is not itself a secret.
struct Secret {
    what: String,
    forms: Vec<String>,
}

impl Secret {
    fn new(what: &str, text: &str) -> Self {
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let escaped = serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let mut forms = vec![text.to_owned(), text.to_lowercase(), escaped, hex];
        forms.extend(String::from_utf8(utf_16));
        // Within a longer base64 text, at each of the three places where it can begin: the characters that depend on it alone.
        for before in 0..3_usize {
            let padded = [vec![0; before], text.as_bytes().to_vec()].concat();
            let encoded = BASE64_STANDARD_NO_PAD.encode(&padded);
            let (from, to) = ((before * 8).div_ceil(6), (padded.len() * 8) / 6);
            let middle = &encoded[from..to];
            forms.push(middle.to_owned());
            forms.push(middle.replace('+', "-").replace('/', "_"));
        }
        Self { what: what.to_owned(), forms }
    }

    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }
}

fn secrets_of(citizen: &Citizen) -> Vec<Secret> {
    let mut secrets = vec![
        Secret::new("FIN", &citizen.fin.to_string()),
        Secret::new("family name", &citizen.claims.family_name),
        Secret::new("birth date", &citizen.claims.birth_date.to_string()),
        Secret::new("receipt", citizen.claims.receipt.as_str()),
    ];
    if let Some(birth) = &citizen.birth {
        secrets.push(Secret::new("patronymic", &birth.patronymic));
    }
    if let Some(card) = &citizen.health {
        secrets.push(Secret::new("patient's number", &card.patient));
    }
    secrets
}

/// Every file below a folder, but for the policies and the national authorities' own, which were there before.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

/// Everything that can happen to a question about somebody.
async fn much_happens(federation: &Federation, citizen: &Citizen) {
    let (office, bank) = (federation.office(), federation.bank());
    let fin = citizen.fin;
    let of_bank = |question: Question| Question { purpose: "credit-check".parse().unwrap(), ..question };
    let _granted = office.ask(ask::blood_group(fin)).await;
    let _granted = office.ask(ask::birth_date(citizen)).await;
    let _granted = office.ask(ask::of_age(fin)).await;
    let _granted = office.ask(ask::reserve(citizen, "silence-1")).await;
    let _refused = bank.ask(of_bank(ask::read(ask::PAYMENTS, fin, &["state"]))).await;
    let _refused = bank.ask(of_bank(ask::blood_group(fin))).await;
    let definition = office.definition(&"issue-id-document".parse().unwrap()).await.unwrap();
    let _checked = office.bundle(definition, &ask::application(citizen)).await;
    for faults in [
        Faults { down: true, ..Faults::default() },
        Faults { garbage: true, ..Faults::default() },
        Faults { wrong_person: true, ..Faults::default() },
        Faults { extra_fields: true, ..Faults::default() },
    ] {
        for owner in federation.owner_names() {
            federation.faults(owner, faults);
        }
        let _whatever = office.ask(ask::blood_group(fin)).await;
        let _whatever = office.ask(ask::birth_date(citizen)).await;
    }
    for owner in federation.owner_names() {
        federation.faults(owner, Faults::default());
    }
    clumsy(federation, citizen).await;
}

/// A clumsy caller puts the number everywhere.
async fn clumsy(federation: &Federation, citizen: &Citizen) {
    let office = federation.office();
    let (fin, name) = (citizen.fin.to_string(), &citizen.claims.family_name);
    let mut signed = Signed::new(&office, ask::blood_group(citizen.fin));
    let host = signed.request.uri().authority().unwrap().to_string();
    for (what, value) in [
        ("x-fin", fin.as_str()),
        ("mohur-service", fin.as_str()),
        ("content-type", fin.as_str()),
        ("mohur-subject", fin.as_str()),
    ] {
        signed.request.headers_mut().insert(what, value.parse().unwrap());
        for target in [
            "/v1/query".to_owned(),
            format!("/v1/query?fin={fin}"),
            format!("/person/{fin}"),
            format!("/v1/definitions/{fin}"),
        ] {
            for body in [
                signed.opening.to_vec(),
                format!("{fin} {name}").into_bytes(),
                format!("{{\"fin\":\"{fin}\",\"{name}\":1}}").into_bytes(),
            ] {
                let bytes = message("POST", &target, &host, signed.request.headers(), &body);
                let mut connection = RawConnection::open(federation, "passport-office").await;
                let refused = response(&connection.exchange(&bytes).await);
                assert!(!refused.status().is_server_error(), "{}", refused.status());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_metric_page_or_file_names_a_citizen() {
    let captured = Captured::begin();
    let mut federation = Federation::start().await;
    let country = std::sync::Arc::clone(&federation.country);
    let citizens = [
        country.clear_citizen(),
        country.with_oddity(Oddity::ClaimsSingle).unwrap(),
        country.with_oddity(Oddity::NoHealthCard).unwrap(),
    ];
    for citizen in citizens {
        Box::pin(much_happens(&federation, citizen)).await;
    }
    let mut pages = String::new();
    let hosts = federation.owners.iter().map(|owner| owner.host.admin_addr());
    for address in hosts.chain([federation.broker().admin()]).collect::<Vec<_>>() {
        for path in ["/metrics", "/health", "/nothing"] {
            pages += &federation.page(address, path).await;
        }
    }
    federation.restart_broker().await;
    let owners: Vec<_> = federation.owner_names().map(str::to_owned).collect();
    for owner in owners {
        federation.restart_host(&owner).await;
    }
    federation.stop_broker().await;

    let folder = federation.nation.folder();
    let policy = folder.join("policy");
    let mut written: Vec<(String, Vec<u8>)> = files(folder)
        .into_iter()
        .filter(|path| !path.starts_with(&policy))
        .map(|path| (path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap()))
        .collect();
    assert!(written.iter().any(|(name, _)| name.contains("broker/log")), "the log is among them");
    written.push(("admin pages".to_owned(), pages.into_bytes()));
    let logs = captured.text();
    assert!(logs.contains("refused") && logs.contains("answered"), "the logs were caught");
    written.push(("logs".to_owned(), logs.into_bytes()));

    let mut secrets: Vec<_> = citizens.into_iter().flat_map(secrets_of).collect();
    secrets.push(Secret::new("official", ask::OFFICIAL));
    secrets.push(Secret::new("case", ask::CASE));
    let mut found = Vec::new();
    for (name, bytes) in &written {
        // What is not text becomes something else; what is looked for is text.
        let text = String::from_utf8_lossy(bytes);
        found.extend(
            secrets.iter().filter(|secret| secret.is_in(&text)).map(|secret| format!("{} in {name}", secret.what)),
        );
    }
    // Receipts are the state fees' own numbers, and its ledger is its own register: nobody else's file has one.
    found.retain(|place| place != "receipt in hosts/state-fees/state/ledger.redb");
    assert!(found.is_empty(), "{found:#?}");
}
