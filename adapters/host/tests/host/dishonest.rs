//! A dishonest broker, one lie at a time. In each case the register is not asked, and the owner seals nothing that the broker
//! could show.

use std::time::Duration;

use bytes::Bytes;
use mohur_authority::Reason;
use mohur_crypto::Digest;
use mohur_message::hop::Ask;
use mohur_message::{Evidence, SentOpening};
use mohur_transparency::Kind;
use mohur_wire::{RefusalCode, Verb};
use serde_json::json;

use crate::broker::{Case, post, query, read, signed, signed_leg};
use crate::nation::{BORDER, HEALTH, HUB, Nation, OTHER_BROKER, PASSPORTS, id};
use crate::register::{Told, health_card};

const VITALS: &str = "AZ/GOV/MOH/health-card/vitals/v1";

/// What a lie changes of an honest case.
type Lie = fn(&mut Case);

fn blood() -> serde_json::Value {
    query(PASSPORTS, VITALS, json!({ "verb": "read", "fields": ["bloodGroup"] }))
}

fn honest(nation: &Nation) -> Case {
    Case::honest(nation, signed(nation, PASSPORTS, &blood(), 0))
}

/// Sends one falsified case to a fresh host's register, and gives what came back.
struct Scene {
    nation: Nation,
    register: std::sync::Arc<Told>,
    host: mohur_host::RunningHost,
}

impl Scene {
    async fn set() -> Self {
        let (nation, register) = (Nation::found(), health_card().shared());
        let host = nation.host(HEALTH, register.clone()).await;
        Self { nation, register, host }
    }

    #[track_caller]
    fn nothing_was_read(&self) {
        assert_eq!(self.register.asked(), 0, "the register was asked");
    }

    async fn refused(&self, case: Case, code: RefusalCode) {
        case.send(&self.nation, &self.host).await.is_problem(code);
        self.nothing_was_read();
    }
}

#[tokio::test]
async fn it_asks_in_a_ministrys_name() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    // With its own seal under the ministry's words.
    let case = Case::honest(nation, signed(nation, HUB, &blood(), 0));
    scene.refused(case, RefusalCode::IdentityMismatch).await;
    // With another ministry's seal.
    let case = Case::honest(nation, signed(nation, BORDER, &blood(), 0));
    scene.refused(case, RefusalCode::IdentityMismatch).await;
    // With a signature that the ministry made over something else.
    let (_, evidence) = signed(nation, PASSPORTS, &blood(), 0);
    let (opening, _) = signed(nation, PASSPORTS, &blood(), 0);
    scene.refused(Case::honest(nation, (opening, evidence)), RefusalCode::DigestMismatch).await;
    // With a signature whose base it has rewritten to fit.
    let (opening, evidence) = signed(nation, PASSPORTS, &blood(), 0);
    let Evidence::Http(mut evidence) = evidence else { panic!("signed over HTTP") };
    let base = String::from_utf8(evidence.base).unwrap().replace("\"@method\": POST", "\"@method\": PUT");
    evidence.base = base.into_bytes();
    scene.refused(Case::honest(nation, (opening, evidence.into())), RefusalCode::SignatureInvalid).await;
}

#[tokio::test]
async fn it_changes_what_the_ministry_asked() {
    let scene = Scene::set().await;
    let query = blood();
    let (opening, evidence) = signed(&scene.nation, PASSPORTS, &query, 0);
    let mut other = query;
    other["subject"] = json!({ "fin": "9ZZZZZ9" });
    let opening = SentOpening::of_body(Bytes::from(opening.query().map(|_| other.to_string()).unwrap()));
    scene.refused(Case::honest(&scene.nation, (opening, evidence)), RefusalCode::DigestMismatch).await;
}

#[tokio::test]
async fn it_passes_a_leg_off_as_another_bundles_or_as_a_query() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    let mut leg = blood();
    leg["id"] = json!("bundle-1.vitals");
    leg["bundle"] = json!({ "definition": "issue-id-document", "version": 1, "leg": "vitals" });
    // A leg that was not in the signed list.
    let mut added = leg.clone();
    added["salt"] = json!(Digest([7; 32]).to_base64url());
    let (_, evidence) = signed_leg(nation, PASSPORTS, std::slice::from_ref(&leg), 0);
    let (opening, _) = signed_leg(nation, PASSPORTS, &[added], 0);
    scene.refused(Case::honest(nation, (opening, evidence)), RefusalCode::DigestMismatch).await;
    // A leg of which the broker says that it was a query.
    let (leg_opening, evidence) = signed_leg(nation, PASSPORTS, std::slice::from_ref(&leg), 0);
    let opening = SentOpening::of_body(leg_opening.text().clone());
    scene.refused(Case::honest(nation, (opening, evidence)), RefusalCode::DigestMismatch).await;
    // A leg under another bundle's id.
    leg["id"] = json!("bundle-2.vitals");
    let case = Case::honest(nation, signed_leg(nation, PASSPORTS, &[leg], 0));
    scene.refused(case, RefusalCode::SignatureInvalid).await;
}

#[tokio::test]
async fn its_decision_is_about_another_query() {
    let scene = Scene::set().await;
    let lies: [Lie; 5] = [
        |case| case.decision.query_digest = Digest([1; 32]),
        |case| case.decision.id = "another".parse().unwrap(),
        |case| case.decision.caller = id(BORDER),
        |case| case.decision.service = VITALS.replace("v1", "v2").parse().unwrap(),
        |case| case.decision.verb = Verb::Match,
    ];
    for lie in lies {
        let mut case = honest(&scene.nation);
        lie(&mut case);
        scene.refused(case, RefusalCode::SignatureInvalid).await;
    }
}

#[tokio::test]
async fn its_decision_is_not_its_own_not_for_us_or_not_of_now() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    let lies: [(Lie, RefusalCode); 9] = [
        // Sealed by the ministry, and said to be the hub's.
        (|case| case.sealed_by = PASSPORTS.to_owned(), RefusalCode::IdentityMismatch),
        // Another broker's decision, brought by the hub; and the hub's, brought by another broker.
        (
            |case| {
                case.sealed_by = OTHER_BROKER.to_owned();
                case.decision.iss = id(OTHER_BROKER);
            },
            RefusalCode::IdentityMismatch,
        ),
        (|case| case.connects = OTHER_BROKER.to_owned(), RefusalCode::IdentityMismatch),
        (|case| case.decision.aud = id(BORDER), RefusalCode::SignatureInvalid),
        (|case| case.decision.iat -= 61, RefusalCode::Stale),
        (|case| case.decision.exp = case.decision.iat - 1, RefusalCode::Stale),
        (
            |case| {
                case.decision.iat += 61;
                case.decision.exp += 61;
            },
            RefusalCode::Future,
        ),
        (|case| case.decision.exp = case.decision.iat + 121, RefusalCode::Malformed),
        (|case| case.decision.obligations = vec!["four_eyes".to_owned()], RefusalCode::PolicyUnavailable),
    ];
    for (lie, code) in lies {
        let mut case = honest(nation);
        lie(&mut case);
        scene.refused(case, code).await;
    }
    let mut case = honest(nation);
    case.decision.fields.insert("bloodGroup".parse().unwrap(), Some("no-such-mask".to_owned()));
    scene.refused(case, RefusalCode::Malformed).await;
}

#[tokio::test]
async fn it_is_no_broker_or_not_the_callers() {
    let scene = Scene::set().await;
    // A member that plays broker.
    let mut case = honest(&scene.nation);
    (case.connects, case.sealed_by) = (PASSPORTS.to_owned(), PASSPORTS.to_owned());
    case.decision.iss = id(PASSPORTS);
    scene.refused(case, RefusalCode::UnknownMember).await;
    // A broker that is listed, with its own seal and its own log, and a query that was signed for the hub.
    let mut case = honest(&scene.nation);
    (case.connects, case.sealed_by, case.logs) =
        (OTHER_BROKER.to_owned(), OTHER_BROKER.to_owned(), OTHER_BROKER.to_owned());
    case.decision.iss = id(OTHER_BROKER);
    scene.refused(case, RefusalCode::WrongBroker).await;
}

#[tokio::test]
async fn it_asks_without_logging() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    // The entry of another query.
    let mut logged = honest(nation);
    let (_, entry) = logged.prepare(nation).await;
    let mut case = honest(nation);
    case.decision.intent = entry.leaf_hash();
    let ask = case.ask(nation, &entry);
    case.deliver(nation, &scene.host, &ask).await.is_problem(RefusalCode::JournalUnavailable);
    // The entry of this query, but the decision names another.
    let mut case = honest(nation);
    let (_, own) = case.prepare(nation).await;
    case.decision.intent = entry.leaf_hash();
    let ask = case.ask(nation, &own);
    case.deliver(nation, &scene.host, &ask).await.is_problem(RefusalCode::JournalUnavailable);
    // A log that is not the broker's own.
    let mut case = honest(nation);
    case.logs = OTHER_BROKER.to_owned();
    scene.refused(case, RefusalCode::JournalUnavailable).await;
    // A receipt that was tampered with.
    let mut case = honest(nation);
    let (ask, entry) = case.prepare(nation).await;
    let mut receipt = entry.receipt("opening");
    receipt.leaf = receipt.leaf.replace("\"seq\":", "\"seq\":1");
    let ask = with_receipt(&case, &ask, &serde_json::to_string(&receipt).unwrap());
    case.deliver(nation, &scene.host, &ask).await.is_problem(RefusalCode::JournalUnavailable);
    // A receipt that opens another commitment than the opening's; and something that is no receipt.
    let mut case = honest(nation);
    let (ask, entry) = case.prepare(nation).await;
    let subject = with_receipt(&case, &ask, &serde_json::to_string(&entry.receipt("subject")).unwrap());
    case.deliver(nation, &scene.host, &subject).await.is_problem(RefusalCode::JournalUnavailable);
    let nothing = with_receipt(&case, &ask, "{}");
    case.deliver(nation, &scene.host, &nothing).await.is_problem(RefusalCode::JournalUnavailable);
    scene.nothing_was_read();
}

fn with_receipt(case: &Case, ask: &Ask, receipt: &str) -> Ask {
    Ask::new(&case.opening, case.evidence.clone(), ask.decision().to_owned(), receipt).unwrap()
}

#[tokio::test]
async fn its_entry_says_something_else() {
    let scene = Scene::set().await;
    let lies: [Lie; 10] = [
        |case| case.intent.kind = Kind::Outcome,
        |case| case.intent.id = Some("another".parse().unwrap()),
        |case| case.intent.id = None,
        |case| case.intent.consumer = id(BORDER),
        |case| case.intent.provider = Some(id(BORDER)),
        |case| case.intent.service = None,
        |case| case.intent.purpose = Some("border-control".parse().unwrap()),
        |case| case.intent.verb = Some(Verb::Match),
        |case| case.intent.bundle = Some("issue-id-document@1".to_owned()),
        |case| case.intent.certificate = Some(Digest([0; 32])),
    ];
    for lie in lies {
        let mut case = honest(&scene.nation);
        lie(&mut case);
        scene.refused(case, RefusalCode::JournalUnavailable).await;
    }
    let mut old = honest(&scene.nation);
    old.intent.at -= Duration::from_secs(61);
    scene.refused(old, RefusalCode::Stale).await;
}

#[tokio::test]
async fn it_repeats_itself() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    let mut case = honest(nation);
    let (ask, _) = case.prepare(nation).await;
    case.deliver(nation, &scene.host, &ask).await.fields();
    case.deliver(nation, &scene.host, &ask).await.is_refusal(RefusalCode::Replayed);
    // Under a new entry and a new decision it is still the same opening.
    let (again, _) = case.prepare(nation).await;
    case.deliver(nation, &scene.host, &again).await.is_refusal(RefusalCode::Replayed);
    assert_eq!(scene.register.asked(), 1);

    // A host that was stopped and started again has not forgotten.
    let Scene { nation, register, host } = scene;
    host.shutdown().await;
    let host = restarted(&nation, &register).await;
    nation.clock.advance(Duration::from_secs(59));
    case.deliver(&nation, &host, &ask).await.is_problem(RefusalCode::Stale);
    case.decision.iat += 59;
    case.decision.exp += 59;
    case.intent.at += Duration::from_secs(59);
    let (again, _) = case.prepare(&nation).await;
    case.deliver(&nation, &host, &again).await.is_refusal(RefusalCode::Replayed);
    assert_eq!(register.asked(), 1);
}

/// The store's file is let go a moment after the old host is gone.
async fn restarted(nation: &Nation, register: &std::sync::Arc<Told>) -> mohur_host::RunningHost {
    for _ in 0..100 {
        if let Ok(host) = nation.try_host(HEALTH, register.clone()).await {
            return host;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    nation.host(HEALTH, register.clone()).await
}

#[tokio::test]
async fn repeated_at_once_only_one_is_answered() {
    let scene = Scene::set().await;
    let mut case = honest(&scene.nation);
    let (ask, _) = case.prepare(&scene.nation).await;
    let same = (0..8).map(|_| case.deliver(&scene.nation, &scene.host, &ask));
    let came = futures_util::future::join_all(same).await;
    let answers = came.iter().filter(|came| matches!(came, crate::broker::Came::Answer(_))).count();
    assert_eq!((answers, scene.register.asked()), (1, 1), "{came:?}");
}

#[tokio::test]
async fn it_brings_an_old_signature() {
    let scene = Scene::set().await;
    let nation = &scene.nation;
    // Older than the window, but within a bundle's time: good.
    let case = Case::honest(nation, signed(nation, PASSPORTS, &blood(), 299));
    case.send(nation, &scene.host).await.fields();
    let case = Case::honest(nation, signed(nation, PASSPORTS, &blood(), 301));
    case.send(nation, &scene.host).await.is_problem(RefusalCode::Stale);
    let case = Case::honest(nation, signed(nation, PASSPORTS, &blood(), -61));
    case.send(nation, &scene.host).await.is_problem(RefusalCode::Future);
    assert_eq!(scene.register.asked(), 1);
}

#[tokio::test]
async fn it_asks_for_a_caller_whose_seal_is_revoked_denied_or_unknown() {
    let mut scene = Scene::set().await;
    let seal = mohur_seal::Seal::key_id(&scene.nation.party(PASSPORTS).seal);
    // Denied by the directory, at the next reading.
    scene.nation.publish(|directory| directory.denied.push(seal.into()));
    scene.host.reload().await;
    let case = honest(&scene.nation);
    scene.refused(case, RefusalCode::KeyUnknown).await;
    // No longer denied, but no member any more.
    scene.nation.publish(|directory| {
        directory.denied.clear();
        directory.members.retain(|member| member.id != id(PASSPORTS));
    });
    scene.host.reload().await;
    let case = honest(&scene.nation);
    scene.refused(case, RefusalCode::KeyUnknown).await;
}

#[tokio::test]
async fn it_asks_for_a_caller_whose_seal_is_on_the_revocation_list() {
    let mut scene = Scene::set().await;
    let seal = mohur_seal::Seal::key_id(&scene.nation.party(PASSPORTS).seal).to_string();
    let case = honest(&scene.nation);
    let now = mohur_wire::Clock::now(&*scene.nation.clock);
    scene.nation.national.revoke(&seal, Reason::KeyCompromise, now).unwrap();
    scene.nation.publish(|_| {});
    scene.host.reload().await;
    scene.refused(case, RefusalCode::CertificateRevoked).await;
}

#[tokio::test]
async fn it_sends_something_else_altogether() {
    let scene = Scene::set().await;
    for body in [&b""[..], b"{}", b"[]", b"\xff\xfe", b"{\"opening\":1}", &[b'['; 100_000]] {
        let response = post(&scene.nation, HUB, &scene.host, "/v1/ask", Bytes::copy_from_slice(body)).await;
        read(&scene.nation, response, &Digest([0; 32])).is_problem(RefusalCode::Malformed);
    }
    let response = post(&scene.nation, HUB, &scene.host, "/v1/asks", Bytes::new()).await;
    read(&scene.nation, response, &Digest([0; 32])).is_problem(RefusalCode::NoSuchEndpoint);
    let response = post(&scene.nation, HUB, &scene.host, "/v1/ask", vec![b' '; 300 << 10].into()).await;
    read(&scene.nation, response, &Digest([0; 32])).is_problem(RefusalCode::TooLarge);
    scene.nothing_was_read();
}
