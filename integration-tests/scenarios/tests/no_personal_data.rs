//! Whatever happens to a message, nothing of the person in it is found afterwards: not in the logs at their most talkative, not
//! in metrics or health, not in any file.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::join_all;
use mohur_client::{Caller, Inputs, Question};
use mohur_crypto::sha256;
use mohur_federation::{Bundled, Captured, Enveloped, Federation, Founded, RawConnection, Signed, ask};
use mohur_message::sign_request;
use mohur_reference::{Citizen, Faults, Oddity};
use mohur_soap::Version;
use mohur_soap::message::query_xml;
use mohur_wire::{Ask, Effect, Fin, MessageId, Operation, SubjectKey, Value};

/// Chosen for this test: they stand in no policy and in no sample.
const CASE: &str = "CASE-QX-55107";
const OFFICIAL: &str = "inspector-nergiz";

fn mine(question: Question) -> Question {
    Question { case: Some(CASE.parse().unwrap()), official: OFFICIAL.parse().unwrap(), ..question }
}

fn form(citizen: &Citizen) -> Inputs {
    Inputs { case: Some(CASE.parse().unwrap()), official: OFFICIAL.parse().unwrap(), ..ask::application(citizen) }
}

/// What must not be found, each with a name that may be told. Bytes are kept as the characters of the same numbers, in which the
/// standard library searches fast.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

impl Secrets {
    fn of(citizens: &[&Citizen], others: &[Fin]) -> Self {
        let mut secrets = Self::default();
        for (index, citizen) in citizens.iter().enumerate() {
            let claims = &citizen.claims;
            let mut texts = vec![
                ("FIN", citizen.fin.to_string()),
                ("family name", claims.family_name.clone()),
                ("given name", claims.given_name.clone()),
                ("birth date", claims.birth_date.to_string()),
                ("receipt", claims.receipt.as_str().to_owned()),
                ("home", claims.home.to_string()),
            ];
            if let Some(birth) = &citizen.birth {
                texts.push(("family name in the act", birth.family_name.clone()));
                texts.push(("patronymic", birth.patronymic.clone()));
                texts.push(("birth date in the act", birth.birth_date.to_string()));
            }
            for (what, text) in texts {
                secrets.add(&format!("{what} of citizen {index}"), &text);
            }
        }
        others.iter().for_each(|fin| secrets.add("FIN of nobody", fin.as_str()));
        secrets.add("case", CASE);
        secrets.add("official", OFFICIAL);
        secrets
    }

    /// The value as it is, encoded as it might be, and its plain digest, which anybody could compute for every citizen.
    fn add(&mut self, what: &str, value: &str) {
        if value.len() < 6 {
            // Too short to tell from chance.
            return;
        }
        let digest = sha256(value.as_bytes());
        let mut put = |form: &str, bytes: Vec<u8>| drop(self.0.insert(format!("{what}, {form}"), characters(&bytes)));
        put("in clear", value.into());
        put("in lower case", value.to_lowercase().into());
        put("in hexadecimal", value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into());
        put("its digest", digest.as_bytes().to_vec());
        put("its digest in hexadecimal", digest.to_string().into());
        put("its digest in base64url", digest.to_base64url().into());
        // Within a longer base64 text it stands at one of three offsets; only whole characters of its own are looked for.
        for offset in 0..3 {
            let padded = [vec![0; offset], value.into(), vec![0; 3]].concat();
            let own = (offset * 4).div_ceil(3)..(offset + value.len()) * 4 / 3;
            put(&format!("in base64 at {offset}"), BASE64_STANDARD_NO_PAD.encode(&padded)[own.clone()].into());
            put(&format!("in base64url at {offset}"), BASE64_URL_SAFE_NO_PAD.encode(&padded)[own].into());
        }
    }

    /// The search itself must find what is there.
    fn find_what_is_there(&self, citizen: &Citizen) {
        let fin = citizen.fin.as_str();
        for text in [
            format!("a line about {fin}."),
            BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"fin\":\"{fin}\"}}")),
            BASE64_STANDARD_NO_PAD.encode(format!("{{ \"fin\":\"{fin}\"}}")),
            sha256(fin.as_bytes()).to_string(),
        ] {
            assert!(!self.found_in(text.as_bytes()).is_empty(), "{text}");
        }
    }

    /// The names of those that `bytes` hold.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let text = characters(bytes);
        self.0.iter().filter(|(_, secret)| text.contains(*secret)).map(|(what, _)| what.as_str()).collect()
    }

    fn assert_absent(&self, place: &str, bytes: &[u8]) {
        let found = self.found_in(bytes);
        assert!(found.is_empty(), "{place} holds {found:?}");
    }

    fn assert_absent_below(&self, folder: &Path, may_hold: &dyn Fn(&Path, &str) -> bool) -> usize {
        let mut files = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += self.assert_absent_below(&path, may_hold);
                continue;
            }
            let mut found = self.found_in(&fs::read(&path).unwrap());
            found.retain(|what| !may_hold(&path, what));
            assert!(found.is_empty(), "{} holds {found:?}", path.display());
            files += 1;
        }
        files
    }
}

/// The bank's adapter keeps book of the bank's own receipts, or it could not know which are used: a number of a receipt, and of
/// no person.
fn is_the_banks_book(path: &Path, what: &str) -> bool {
    path.ends_with("hosts/state-fees/state/ledger.redb") && what.starts_with("receipt of") && what.ends_with("in clear")
}

fn pages(federation: &Federation) -> Vec<(SocketAddr, &'static str)> {
    let hosts = federation.owners.iter().map(|owner| owner.host.admin_addr());
    let all = hosts.chain([federation.broker().admin()]);
    all.flat_map(|address| [(address, "/metrics"), (address, "/health")]).collect()
}

fn faults() -> [Faults; 5] {
    [
        Faults { down: true, ..Faults::default() },
        Faults { garbage: true, ..Faults::default() },
        Faults { wrong_person: true, ..Faults::default() },
        Faults { extra_fields: true, ..Faults::default() },
        Faults { delay: Duration::from_secs(2), ..Faults::default() },
    ]
}

/// Every verb of every service about a citizen, from those who may ask and those who may not. Whatever comes is all right.
async fn ask_everything(federation: &Federation, citizen: &Citizen) {
    const MARRIAGE: &str = "AZ/GOV/MOJ/civil-registry/marriage/v1";
    let (office, bank, border) = (federation.office(), federation.bank(), federation.border());
    let (fin, claims) = (citizen.fin, &citizen.claims);
    let names: &[_] = &[
        ("familyName", claims.family_name.as_str()),
        ("givenName", claims.given_name.as_str()),
        ("birthDate", &claims.birth_date.to_string()),
    ];
    let effect = |operation| {
        let (receipt, key): (_, MessageId) = (claims.receipt.clone(), Caller::fresh_id().unwrap());
        ask::question(
            ask::PAYMENTS,
            fin,
            ask::ISSUE,
            Ask::Change(Effect { operation, receipt: Some(receipt), values: BTreeMap::new(), key }),
        )
    };
    let by_receipt = |question: Question| Question { subject: SubjectKey::Receipt(claims.receipt.clone()), ..question };
    let questions = [
        ask::read(ask::VITALS, fin, &["bloodGroup", "eyeColour", "height", "diagnosis"]),
        ask::matching(ask::BIRTH, fin, names),
        ask::of_age(fin),
        ask::read(ask::BIRTH, fin, &["familyName", "birthDate"]),
        ask::matching(MARRIAGE, fin, &[("maritalStatus", claims.marital_status.as_str())]),
        ask::matching(ask::PAYMENTS, fin, &[("receipt", claims.receipt.as_str())]),
        by_receipt(ask::read(ask::PAYMENTS, fin, &["state"])),
        ask::own_home(citizen),
        ask::matching(ask::OWNERSHIP, fin, &[("dwelling", fin.as_str()), ("address", &format!("{fin}, b, c"))]),
        ask::matching(ask::OWNERSHIP, fin, &[("address", &claims.home.to_string().replace(',', ";"))]),
        effect(Operation::Reserve),
        effect(Operation::Release),
        effect(Operation::Reserve),
        effect(Operation::Consume),
    ];
    let all = questions.into_iter().map(|question| office.ask(mine(question)));
    let _whatever = join_all(all).await;
    let over_soap = [
        ask::read(ask::VITALS, fin, &["bloodGroup", "diagnosis"]),
        ask::matching(ask::BIRTH, fin, names),
        ask::read(ask::BIRTH, fin, &["familyName", "birthDate"]),
        by_receipt(ask::read(ask::PAYMENTS, fin, &["state"])),
    ];
    let over_soap = over_soap.map(|question| Enveloped::new(&office, mine(question)));
    let _whatever = join_all(over_soap.iter().map(|enveloped| enveloped.raw(&office))).await;
    for (caller, purpose) in [(&bank, "credit-check"), (&border, "border-control")] {
        let receipt = ask::matching(ask::PAYMENTS, fin, &[("receipt", claims.receipt.as_str())]);
        let questions = [ask::blood_group(fin), ask::birth_date(citizen), receipt, ask::own_home(citizen)];
        let of = |question: Question| Question { purpose: purpose.parse().unwrap(), ..mine(question) };
        let _whatever = join_all(questions.into_iter().map(|question| caller.ask(of(question)))).await;
    }
}

async fn decide(office: &Caller, citizen: &Citizen) {
    let definition = office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap();
    let mut report = office.bundle(definition, &form(citizen)).await.unwrap();
    for _ in 0..50 {
        if report.complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    assert!(report.complete);
}

/// Messages that nobody should send, with the person in every place; what comes back does not repeat it, either.
async fn misbehave(federation: &Federation, citizen: &Citizen, secrets: &Secrets) {
    let (office, bank, fin) = (federation.office(), federation.bank(), citizen.fin);
    let signed = || Signed::new(&office, mine(ask::birth_date(citizen)));
    let mut spoilt = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut http::Request<Bytes>)| {
        let mut signed = signed();
        change(&mut signed.request);
        spoilt.push(signed);
    };
    let opening = String::from_utf8(signed().opening.to_vec()).unwrap();
    for body in [
        format!("{fin}"),
        format!("{{\"fin\":\"{fin}\"}}"),
        opening.replace("\"salt\"", &format!("\"{fin}\"")),
        opening.replace("\"match\"", &format!("\"{fin}\"")),
        opening.replace(ask::ISSUE, &format!("{fin} {}", citizen.claims.family_name)),
        format!("{opening}{opening}"),
        opening.repeat(1000),
    ] {
        spoil(&|request| *request.body_mut() = Bytes::from(body.clone()));
        // And the same, signed.
        spoil(&|request| {
            let (mut parts, _) = std::mem::take(request).into_parts();
            let _sent =
                sign_request(&mut parts, body.as_bytes(), &*office.seal, office.clock.now().as_second()).unwrap();
            *request = http::Request::from_parts(parts, Bytes::from(body.clone()));
        });
    }
    for path in [format!("/v1/query/{fin}"), format!("/v1/query?fin={fin}"), format!("/v1/definitions/{fin}")] {
        spoil(&|request| *request.uri_mut() = request.uri().to_string().replace("/v1/query", &path).parse().unwrap());
    }
    for header in ["content-type", "mohur-service", "mohur-client", "content-digest", "signature-input", "signature"] {
        spoil(&|request| drop(request.headers_mut().insert(header, fin.as_str().parse().unwrap())));
    }
    let replayed = signed();
    spoilt.extend([replayed.clone(), replayed]);
    for signed in &spoilt {
        for caller in [&office, &bank] {
            // Who sends too much may find the connection closed before it has sent all.
            let Ok(reply) = caller.http.send(signed.request.clone(), caller.patience).await else { continue };
            let response = reply.response;
            if response.status() != http::StatusCode::OK {
                secrets.assert_absent("a refusal", response.body());
                secrets.assert_absent("a refusal's headers", format!("{:?}", response.headers()).as_bytes());
            }
        }
    }
    misbehave_in_soap(federation, citizen, secrets).await;
    let mut garbage = RawConnection::open(federation, "passport-office").await;
    let answer = garbage.exchange(format!("GET /{fin} HTTP/9.9\r\n{fin}: {fin}\r\n\r\n").as_bytes()).await;
    secrets.assert_absent("an answer to garbage", answer.as_bytes());
    let mixed = Bundled::changed(&office, citizen, |queries| {
        queries[0].subject = SubjectKey::Fin(federation.country.unused_fin());
        queries[1].ask = Ask::Match([(ask::field("maritalStatus"), Value::text(fin.as_str()))].into());
    });
    secrets.assert_absent("a refused bundle", mixed.await.raw(&office).await.body());
}

/// The same in XML: in elements, in their names, in attributes, in headers, signed and not.
async fn misbehave_in_soap(federation: &Federation, citizen: &Citizen, secrets: &Secrets) {
    let (office, fin, name) = (federation.office(), citizen.fin, &citizen.claims.family_name);
    let query = || office.query(mine(ask::birth_date(citizen)), Caller::fresh_id().unwrap());
    let text = || query_xml(&query());
    let signed = |payload: &str, headers: &str| Enveloped::signed(&office, Version::Soap11, payload, headers);
    let good = || signed(&text(), "");
    let mut all = vec![
        signed(&format!("<a>{fin}</a>"), ""),
        signed(&format!("<{fin}></{fin}>"), ""),
        signed(&text().replace("<m:verb>match", &format!("<m:verb>{fin}")), ""),
        signed(&text().replace("<m:official>", &format!("<m:{fin}>1</m:{fin}><m:official>")), ""),
        signed(&text().replace(ask::ISSUE, &format!("{fin} {name}")), ""),
        signed(&text().replace("<m:official>", &format!("<m:official a=\"{fin}\">")), ""),
        signed(&text(), &format!("<x:userId xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\">{fin}</x:userId>")),
        signed(&text(), &format!("<x:issue xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\">{name}</x:issue>")),
        good().spoiled("<m:id>", &format!("<m:id>{fin}")),
        good().spoiled("<soap:Header>", &format!("<!DOCTYPE {fin}><soap:Header>")),
        good().spoiled("#mohur-body", &format!("#{fin}")),
        good().spoiled("<soap:Header>", &format!("<soap:Header><{fin} soap:mustUnderstand=\"1\"></{fin}>")),
        Enveloped { body: Bytes::from(format!("{fin} {name}")), ..good() },
        Enveloped { content_type: format!("multipart/related; boundary={fin}"), ..good() },
        Enveloped { content_type: fin.to_string(), ..good() },
    ];
    let bundled = Bundled::of(&office, citizen).await;
    let mut bundle = Enveloped::bundle(&office, &bundled);
    all.push(bundle.clone());
    all.push(bundle.clone().spoiled(&bundled.strings[0], &bundled.strings[1]));
    bundle.body = Bytes::from(format!("{}{fin}", bundle.envelope));
    all.extend([bundle, good()]);
    for (number, enveloped) in all.iter().enumerate() {
        let response = enveloped.raw(&office).await;
        if response.status() != http::StatusCode::OK {
            secrets.assert_absent(&format!("fault {number}"), response.body());
            secrets.assert_absent(
                &format!("the headers of fault {number}"),
                format!("{:?}", response.headers()).as_bytes(),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_is_found_in_anything_that_was_written() {
    let captured = Captured::begin();
    let mut federation = Founded::new()
        .with(
            "broker/broker.toml",
            "[exchange]\nbundle-wait = \"300ms\"\nprovider-deadline = \"1s\"\nconcealment = \"200ms\"",
        )
        .start()
        .await;
    let country = Arc::clone(&federation.country);
    let citizens = [
        country.clear_citizen(),
        country.clear_citizens().nth(1).unwrap(),
        country.with_oddity(Oddity::ClaimsFormerName).unwrap(),
        country.with_oddity(Oddity::NoBirthAct).unwrap(),
        country.with_oddity(Oddity::NoHealthCard).unwrap(),
        country.with_oddity(Oddity::FeePending).unwrap(),
        country.contradicted_citizen(),
    ];
    let secrets = Secrets::of(&citizens, &[country.unused_fin()]);
    secrets.find_what_is_there(citizens[0]);

    join_all(citizens.iter().map(|citizen| ask_everything(&federation, citizen))).await;
    let office = federation.office();
    join_all(citizens.iter().map(|citizen| decide(&office, citizen))).await;
    let nobody = country.unused_fin();
    let _absent = federation.office().ask(mine(ask::blood_group(nobody))).await;
    let _absent = federation.bank().ask(mine(ask::blood_group(nobody))).await;
    misbehave(&federation, citizens[0], &secrets).await;
    for faults in faults() {
        federation.owner_names().for_each(|owner| federation.faults(owner, faults));
        ask_everything(&federation, citizens[1]).await;
    }

    for (address, path) in pages(&federation) {
        let page = federation.page(address, path).await;
        assert!(!page.is_empty());
        secrets.assert_absent(&format!("http://{address}{path}"), page.as_bytes());
    }
    federation.stop_broker().await;
    let owners: Vec<_> = federation.owner_names().map(str::to_owned).collect();
    for owner in owners {
        federation.stop_host(&owner).await;
    }
    let logs = captured.text();
    assert!(logs.lines().count() > 300 && logs.contains("\"DEBUG\""), "the logs were caught, also what is usually off");
    secrets.assert_absent("the logs", logs.as_bytes());
    let files = secrets.assert_absent_below(federation.nation.folder(), &is_the_banks_book);
    assert!(files > 50, "every file was read");
}

#[test]
fn nothing_of_a_person_is_found_in_what_the_demo_leaves_behind() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nation");
    let demo = Command::new(env!("CARGO_BIN_EXE_mohur-under-test"))
        .args(["demo", "--json", "--folder"])
        .arg(&place)
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let country = mohur_reference::Country::default();
    let citizens = [country.clear_citizen(), country.with_oddity(Oddity::ClaimsFormerName).unwrap()];
    let secrets = Secrets::of(&citizens, &[]);
    secrets.assert_absent("the demo's standard error", &demo.stderr);
    assert!(secrets.assert_absent_below(&place, &is_the_banks_book) > 50);
}
