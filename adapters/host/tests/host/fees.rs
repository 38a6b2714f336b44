//! Reservations and their one settlement, with the real adapter, its real ledger, and the reference bank over HTTP.

use std::sync::Arc;
use std::time::Duration;

use mohur_host::{Host, LedgerStore, RunningHost};
use mohur_reference::{Country, Kind, Register};
use mohur_state_fees::{BankSettings, Settings, StateFees};
use mohur_wire::{Clock, Operation, RefusalCode, Value};
use serde_json::json;

use crate::broker::{Case, query, signed};
use crate::nation::{BORDER, FEES, Nation, PASSPORTS};
use crate::operation::health;

const PAYMENTS: &str = "AZ/COM/BANK/state-fees/payments/v1";

struct Scene {
    nation: Nation,
    bank: Register,
    country: Arc<Country>,
}

impl Scene {
    async fn set() -> Self {
        let (nation, country) = (Nation::found(), Arc::new(Country::from_seed(7)));
        let clock = Arc::clone(&nation.clock) as Arc<dyn Clock>;
        let bank = Register::start(Kind::StateFees, "127.0.0.1:0".parse().unwrap(), Arc::clone(&country), clock)
            .await
            .unwrap();
        Self { nation, bank, country }
    }

    /// A host before the bank; its store and ledger may have served another host before.
    async fn host(&self) -> RunningHost {
        let token = self.nation.path("bank.token");
        std::fs::write(&token, self.bank.token()).unwrap();
        let config = self.nation.config(FEES);
        std::fs::create_dir_all(&config.state).unwrap();
        let ledger = patiently(|| LedgerStore::open(&config.ledger()).ok()).await;
        let bank = BankSettings::new(self.bank.url()).with_credential(token);
        let fees = StateFees::new(&Settings::new(bank, mohur_reference::country::FEE), Arc::new(ledger)).unwrap();
        let fees = Arc::new(fees);
        for _ in 0..100 {
            let (config, clock) = (config.clone(), Arc::clone(&self.nation.clock));
            if let Ok(host) = Host::start(config, fees.clone(), clock).await {
                return host;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the host does not start");
    }

    /// A signed reservation of the clear citizen's paid fee.
    fn reserve(&self, key: &str) -> Case {
        let citizen = self.country.clear_citizen();
        let effect = json!({ "operation": "reserve", "receipt": citizen.claims.receipt.as_str(), "key": key });
        let mut query = query(PASSPORTS, PAYMENTS, json!({ "verb": "change", "effect": effect }));
        query["subject"] = json!({ "fin": citizen.fin.as_str() });
        Case::honest(&self.nation, signed(&self.nation, PASSPORTS, &query, 0))
    }
}

async fn patiently<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..100 {
        if let Some(value) = attempt() {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came");
}

/// The same caller's query again, with a decision of its own.
fn again(scene: &Scene, case: &Case) -> Case {
    Case::honest(&scene.nation, (case.opening.clone(), case.evidence.clone()))
}

#[tokio::test]
async fn a_reservation_is_settled_once_by_its_own_signature() {
    let scene = Scene::set().await;
    let (nation, host) = (&scene.nation, scene.host().await);
    let reserve = scene.reserve("k-1");
    let made = again(&scene, &reserve).send(nation, &host).await.fields();
    assert_eq!(made["state"], Value::text("reserved"));
    let Value::Text(reservation) = &made["reservation"] else { panic!("a reservation has a name") };

    let consume = again(&scene, &reserve).settling(Operation::Consume, reservation);
    assert_eq!(consume.send(nation, &host).await.fields()["state"], Value::text("consumed"));
    // The other settlement comes too late; the same one again has no second effect.
    let release = again(&scene, &reserve).settling(Operation::Release, reservation);
    release.send(nation, &host).await.is_refusal(RefusalCode::SettlementRefused);
    let consume = again(&scene, &reserve).settling(Operation::Consume, reservation);
    assert_eq!(consume.send(nation, &host).await.fields()["state"], Value::text("consumed"));
    // And the receipt pays no second time.
    let second = scene.reserve("k-2").send(nation, &host).await.fields();
    assert_eq!(second["state"], Value::text("already-consumed"));
}

#[tokio::test]
async fn a_settlement_is_logged_by_an_entry_of_its_own() {
    let scene = Scene::set().await;
    let (nation, host) = (&scene.nation, scene.host().await);
    let mut reserve = scene.reserve("k-1");
    let (ask, entry) = reserve.prepare(nation).await;
    let made = reserve.deliver(nation, &host, &ask).await.fields();
    let Value::Text(reservation) = &made["reservation"] else { panic!("a reservation has a name") };
    // Behind the entry of the reservation.
    let mut hidden = again(&scene, &reserve).settling(Operation::Consume, reservation);
    hidden.decision.intent = entry.leaf_hash();
    let ask = hidden.ask(nation, &entry);
    hidden.deliver(nation, &host, &ask).await.is_problem(RefusalCode::JournalUnavailable);
    // One entry for two settlements.
    let mut consume = again(&scene, &reserve).settling(Operation::Consume, reservation);
    let (ask, _) = consume.prepare(nation).await;
    assert_eq!(consume.deliver(nation, &host, &ask).await.fields()["state"], Value::text("consumed"));
    consume.deliver(nation, &host, &ask).await.is_refusal(RefusalCode::Replayed);
}

#[tokio::test]
async fn only_what_a_reservation_made_is_settled() {
    let scene = Scene::set().await;
    let (nation, host) = (&scene.nation, scene.host().await);
    // Nothing was reserved yet.
    let reserve = scene.reserve("k-1");
    let early = again(&scene, &reserve).settling(Operation::Consume, "k-1");
    early.send(nation, &host).await.is_refusal(RefusalCode::SettlementRefused);
    again(&scene, &reserve).send(nation, &host).await.fields();
    // Somebody else's reservation, and a "settlement" that reserves.
    let foreign = again(&scene, &reserve).settling(Operation::Consume, "k-of-another");
    foreign.send(nation, &host).await.is_refusal(RefusalCode::SettlementRefused);
    let odd = again(&scene, &reserve).settling(Operation::Reserve, "k-1");
    odd.send(nation, &host).await.is_problem(RefusalCode::SettlementRefused);
    // A query that reserves nothing carries no settlement; nor does another ministry's signature.
    let read = json!({ "verb": "read", "fields": ["state"], "subject": { "receipt": scene.country.clear_citizen().claims.receipt.as_str() } });
    let read = query(PASSPORTS, PAYMENTS, read);
    let case = Case::honest(nation, signed(nation, PASSPORTS, &read, 0)).settling(Operation::Consume, "k-1");
    case.send(nation, &host).await.is_problem(RefusalCode::SettlementRefused);
    let effect = json!({ "operation": "reserve", "receipt": scene.country.clear_citizen().claims.receipt.as_str(), "key": "k-1" });
    let other = query(BORDER, PAYMENTS, json!({ "verb": "change", "effect": effect }));
    let case = Case::honest(nation, signed(nation, BORDER, &other, 0)).settling(Operation::Consume, "k-1");
    case.send(nation, &host).await.is_refusal(RefusalCode::Denied);
}

#[tokio::test]
async fn a_reservation_outlives_the_host() {
    let scene = Scene::set().await;
    let host = scene.host().await;
    let reserve = scene.reserve("k-1");
    let made = again(&scene, &reserve).send(&scene.nation, &host).await.fields();
    let Value::Text(reservation) = &made["reservation"] else { panic!("a reservation has a name") };
    assert_eq!(health(&host).await.0, 200, "the bank is reached");
    host.shutdown().await;
    let host = scene.host().await;
    // Asked again after the restart, the reservation is a replay; its settlement is not.
    again(&scene, &reserve).send(&scene.nation, &host).await.is_refusal(RefusalCode::Replayed);
    let release = again(&scene, &reserve).settling(Operation::Release, reservation);
    assert_eq!(release.send(&scene.nation, &host).await.fields()["state"], Value::text("released"));
    // A bank that is gone shows on the health page, and to the caller as a refusal.
    let Scene { nation, bank, .. } = scene;
    bank.stop().await;
    let (status, page) = health(&host).await;
    assert!(status == 503 && page.contains("not reached"), "{page}");
    let effect = json!({ "operation": "reserve", "receipt": "R-2", "key": "k-2" });
    let query = query(PASSPORTS, PAYMENTS, json!({ "verb": "change", "effect": effect }));
    let case = Case::honest(&nation, signed(&nation, PASSPORTS, &query, 0));
    case.send(&nation, &host).await.is_refusal(RefusalCode::ProviderUnavailable);
}
