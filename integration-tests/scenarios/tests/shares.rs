//! Every agency has its share of the door, whatever the directory says of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use mohur_federation::{Federation, Signed, ask, problem};
use mohur_wire::RefusalCode;

const OFFICE: &str = "AZ/GOV/MIA/id-cards";

#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_a_share_is_not_one_without_a_limit() {
    let mut federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    federation
        .publish(|directory| {
            let office = directory.members.iter_mut().find(|member| member.id.as_str() == OFFICE).unwrap();
            office.requests_per_second = 0;
        })
        .await;
    let response = Signed::new(&office, ask::blood_group(fin)).raw(&office).await;
    assert_eq!(problem(&response).code, RefusalCode::RateLimited);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_longer_listed_cannot_flood_the_log_with_refusals() {
    let mut federation = Federation::start().await;
    let (bank, fin) = (federation.bank(), federation.citizen().fin);
    federation.publish(|directory| directory.members.retain(|member| member.id.as_str() != "AZ/COM/BANK/credit")).await;
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(problem(&Signed::new(&bank, ask::blood_group(fin)).raw(&bank).await).code);
    }
    assert_eq!(codes[0], RefusalCode::UnknownMember);
    assert!(codes.contains(&RefusalCode::RateLimited), "{codes:?}");
}
