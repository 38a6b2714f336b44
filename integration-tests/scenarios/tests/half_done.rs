//! A lost document is replaced: the fee is paid, the document suspended, listed at home and abroad, all of it or none of it,
//! although the broker is killed in the middle.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::Arc;
use std::time::Duration;

use mohur_client::{BundleReport, Caller, Inputs};
use mohur_federation::{ChildBroker, Databases, Federation, Founded, Held, MovableClock, ask};
use mohur_reference::{Citizen, Faults};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Operation, RefusalCode, SubjectKey, Value};
use serde_json::json;

const HELD: &[&str] = &["documents-mia", "invalid-documents"];
const CHANGING: &[&str] = &["fee", "suspend", "publish", "publish-abroad"];

/// A nation whose passport office compares no faces, with a broker in a process of its own; and a citizen with a passport.
struct Office {
    databases: Databases,
    federation: Federation,
    citizen: Citizen,
    passport: String,
}

impl Office {
    async fn open() -> Self {
        let held: Vec<_> = HELD.iter().map(|name| Held::named(name)).collect();
        let databases = Databases::with(&held);
        let founded = Founded::with_databases_on(&Arc::new(MovableClock::default()), &databases, &held)
            .with("broker/broker.toml", "[exchange]\nbundle-wait = \"100ms\"\nsettlement-wait = \"400ms\"");
        let policy = founded.nation.path("policy");
        let file = policy.join("MIA/bundles/replace-lost-document.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let legs: Vec<_> = text.split("[[legs]]\n").filter(|leg| !leg.contains("biometrics")).collect();
        let left_out = "[[left-out]]\nid = \"face\"\ntitle = \"Face against the own record (1:1)\"\n\n[[legs]]\n";
        // Nine seconds instead of three: time enough to take a host away while a slow leg is waited for, on a busy machine too.
        let legs = legs.join("[[legs]]\n").replace("deadline-ms = 3000", "deadline-ms = 9000");
        std::fs::write(&file, legs.replacen("[[legs]]\n", left_out, 1)).unwrap();
        mohur_policy_bundle::seal(&policy.join("MIA"), None).unwrap();
        let mut founded = founded;
        founded.nation.publish(|_| {}).unwrap();
        let federation = founded.start_without_broker().await;
        let passport = |citizen: &Citizen| {
            let select = format!(
                "select number from register.documents where fin = '{}' and kind = 'passport' and status = 'valid'",
                citizen.fin
            );
            Some(databases.cluster().sql("documents-mia", &select)).filter(|number| !number.is_empty())
        };
        let found = federation.country.clear_citizens().find_map(|citizen| Some((citizen.clone(), passport(citizen)?)));
        let (citizen, passport) = found.unwrap();
        Self { databases, federation, citizen, passport }
    }

    fn inputs(&self) -> Inputs {
        let document = json!({ "document": { "issuingState": "AZE", "type": "P", "number": self.passport } });
        Inputs {
            subjects: vec![SubjectKey::Fin(self.citizen.fin), serde_json::from_value(document).unwrap()],
            case: Some("LOST-1".parse().unwrap()),
            official: "inspector 7".parse().unwrap(),
            on_behalf_of: None,
            values: [("reason", "lost")].map(|(name, text)| (ask::field(name), Value::text(text))).into(),
            predicates: Default::default(),
            receipt: Some(self.citizen.claims.receipt.clone()),
            key: None,
        }
    }

    async fn ask(&self, caller: &Caller) -> BundleReport {
        let definition = caller.definition(&"replace-lost-document".parse().unwrap()).await.unwrap();
        caller.bundle(definition, &self.inputs()).await.unwrap()
    }

    /// How the passport stands, whether it is listed, and how often something was changed.
    fn stands(&self) -> (String, String, String) {
        let sql = |database: &str, sql: &str| self.databases.cluster().sql(database, sql);
        let number = &self.passport;
        (
            sql("documents-mia", &format!("select status from register.documents where number = '{number}'")),
            sql(
                "invalid-documents",
                &format!("select count(*) from register.invalid_documents where number = '{number}'"),
            ),
            sql("documents-mia", "select count(*) from kept.changes")
                + &sql("invalid-documents", "select count(*) from kept.changes"),
        )
    }

    async fn becomes(&self, status: &str, listed: &str, changes: &str) {
        let wanted = (status.to_owned(), listed.to_owned(), changes.to_owned());
        for _ in 0..200 {
            if self.stands() == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it is {:?} and never {wanted:?}", self.stands());
    }
}

async fn complete(caller: &Caller, mut report: BundleReport) -> BundleReport {
    for _ in 0..300 {
        if report.complete {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = caller.poll(report).await.unwrap();
    }
    panic!("the bundle never ends");
}

/// How each reservation was settled.
fn settled(report: &BundleReport) -> Vec<(Operation, Option<&str>)> {
    let leg = |id: &&str| report.legs.iter().find(|leg| leg.leg.as_str() == *id).unwrap();
    let settlements = CHANGING.iter().map(leg).filter_map(|leg| leg.settlement.as_ref());
    settlements.map(|(operation, state)| (*operation, state.as_deref())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reserved_before_a_kill_is_given_up_whole_and_can_be_had_at_once() {
    let office = Office::open().await;
    let caller = office.federation.office();
    // The fee's reservation is on its way, and the three others are made.
    office.federation.faults("state-fees", Faults { delay: Duration::from_secs(20), ..Faults::default() });
    let child = ChildBroker::start(&office.federation).await;
    office.ask(&caller).await;
    for owner in ["documents-mia", "invalid-documents", "interpol"] {
        office.federation.wait_for_answers(owner, 1).await;
    }
    child.kill();
    office.federation.faults("state-fees", Faults::default());
    let child = ChildBroker::start(&office.federation).await;
    for owner in ["documents-mia", "invalid-documents", "interpol"] {
        office.federation.wait_for_answers(owner, 2).await;
    }
    assert_eq!(office.stands(), ("valid".to_owned(), "0".to_owned(), "00".to_owned()), "nothing was done");

    // Nobody has to wait until a reservation expires.
    let report = complete(&caller, office.ask(&caller).await).await;
    assert_eq!(report.outcome, Outcome::Clear, "{report:#?}");
    assert_eq!(settled(&report), [(Operation::Consume, Some("consumed")); 4]);
    assert_eq!(office.stands(), ("lost".to_owned(), "1".to_owned(), "11".to_owned()));
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_done_whole_although_host_and_broker_were_gone() {
    let mut office = Office::open().await;
    let caller = office.federation.office();
    // The holder is compared slowly, so that there is time between reservation and settlement.
    let slowly = "create or replace view mohur.documents as select d.* from mohur.every_document as d, pg_sleep(4) \
                  where kind not in ('stateless-card', 'foreigner-card', 'immigrant-card', 'return-certificate')";
    office.databases.cluster().sql("documents-mia", slowly);
    let child = ChildBroker::start(&office.federation).await;
    let report = office.ask(&caller).await;
    office.federation.wait_for_answers("invalid-documents", 1).await;
    let list = office.federation.halt_host("invalid-documents").await;
    let report = complete(&caller, report).await;
    assert_eq!(report.outcome, Outcome::Incomplete, "one of four is not done: {report:#?}");
    let done = (Operation::Consume, Some("consumed"));
    assert_eq!(settled(&report), [done, done, (Operation::Consume, None), done]);
    child.kill();
    assert_eq!(office.stands(), ("lost".to_owned(), "0".to_owned(), "10".to_owned()));

    office.federation.resume_host(list).await;
    let child = ChildBroker::start(&office.federation).await;
    office.becomes("lost", "1", "11").await;
    let again = caller.poll(report).await;
    assert_eq!(mohur_federation::code(again), RefusalCode::BundleUnknown);
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
}
