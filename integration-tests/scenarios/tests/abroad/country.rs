//! One country with a broker per ministry: the same exchange inside of one domain.

use mohur_federation::{BrokerKeys, BrokerSaid, Federation, Founded, Signed, ask, code};
use mohur_server::RunningBroker;
use mohur_transparency::{Kind, LogKey};
use mohur_wire::RefusalCode;

use crate::logs;

const MINISTRY: &str = "AZ/GOV/MOH/broker";

/// The health card's ministry runs a broker of its own.
async fn start() -> (Federation, RunningBroker) {
    let mut founded = Founded::new();
    founded.nation.add_broker("ministry", MINISTRY, "log.moh.az").unwrap();
    let ministry = founded.nation.id(MINISTRY);
    founded
        .nation
        .publish(|directory| {
            let owner =
                directory.members.iter_mut().find(|member| member.id.as_str() == "AZ/GOV/MOH/health-card").unwrap();
            owner.broker = ministry;
        })
        .unwrap();
    let federation = founded.start().await;
    let broker = federation.nation.start_broker_in("ministry").await.unwrap();
    (federation, broker)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ministrys_own_broker_decides_about_its_own_register() {
    let (federation, ministry) = start().await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    let answered = office.ask(ask::blood_group(citizen.fin)).await.unwrap();
    assert_eq!(answered.receipt.checkpoint().origin, "log.hub.az");
    let receipt = mohur_transparency::Receipt::from_header(answered.provider_receipt.as_deref().unwrap()).unwrap();
    let key = federation.nation.directory().brokers[1].log.key.parse::<LogKey>().unwrap();
    assert!(receipt.verify(&key).unwrap().leaf().policy.is_some());
    let entries = logs::of(&federation, answered.id.as_str()).await;
    assert_eq!(logs::kinds(&entries), [Kind::Intent, Kind::Outcome]);
    assert!(entries.iter().all(|leaf| leaf.policy.is_none()), "the hub decided nothing");
    // Whose register is at home at the hub is asked as ever.
    let birth = office.ask(ask::birth_date(&citizen)).await.unwrap();
    assert!(birth.provider_receipt.is_none());
    // Policy counts as ever; and a member is heard by its home broker alone.
    let bank = federation.bank();
    assert_eq!(code(Signed::new(&bank, ask::blood_group(citizen.fin)).send(&bank).await), RefusalCode::NotAvailable);
    // The ministry does not hand on what is not its own to decide: nothing goes round in circles.
    let keys = BrokerKeys::of(&federation.nation);
    let now = mohur_wire::Clock::now(&*federation.clock);
    let to = (&federation, ministry.address());
    let elsewhere = Signed::new(&office, ask::birth_date(&citizen));
    let handing = keys.handing(&elsewhere, &federation.nation.id(MINISTRY), now);
    let said = keys.hand_at(handing, (&federation, "broker"), to).await;
    assert_eq!(said, BrokerSaid::Refused(RefusalCode::WrongBroker));
    // What is its own it decides.
    let own = Signed::new(&office, ask::blood_group(citizen.fin));
    let handing = keys.handing(&own, &federation.nation.id(MINISTRY), now);
    assert!(matches!(keys.hand_at(handing, (&federation, "broker"), to).await, BrokerSaid::Answer(_)));
    ministry.shutdown().await;
    assert_eq!(
        code(Signed::new(&office, ask::blood_group(citizen.fin)).send(&office).await),
        RefusalCode::ProviderUnavailable
    );
}
