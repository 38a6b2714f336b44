//! The bundles that officers run, over registers that are databases: what a definition ties together and expects is held by the
//! broker, a bundle with services that are not connected is never clear, and what a site leaves out it says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::time::{Duration, Instant};

use mohur_client::{BundleReport, Caller, Inputs, Question};
use mohur_federation::{Bundled, Databases, Enveloped, Federation, Founded, Held, ask};
use mohur_reference::country::{Alert, Sought};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Ask, Clock, Mrz, Operation, RefusalCode, SubjectKey, Value, Verdict};
use serde_json::json;

/// The registers that a border asks, and the passport office.
const HELD: &[&str] = &["documents-mia", "documents-mfa", "invalid-documents", "watch-list", "visas", "migration"];

/// A nation at whose border nobody compares faces: its definitions leave that out. Those of the passport office are the nation's.
async fn nation() -> (Databases, Federation) {
    let held: Vec<_> = HELD.iter().map(|name| Held::named(name)).collect();
    let databases = Databases::with(&held);
    let mut founded = Founded::with_databases(&databases, &held);
    let policy = founded.nation.path("policy");
    for file in [
        "SBS/bundles/border-first-line.toml",
        "MIA/bundles/mobile-identity-check.toml",
        "MIA/bundles/replace-lost-document.toml",
    ] {
        without(&policy.join(file), "face");
    }
    for modality in ["face", "finger", "voice", "dna"] {
        without(&policy.join("MIA/bundles/new-fin.toml"), &format!("{modality}-duplicate"));
    }
    let whole = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/agencies/MIA/bundles/issue-id-document.toml");
    std::fs::copy(whole, policy.join("MIA/bundles/issue-id-document.toml")).unwrap();
    for agency in ["SBS", "MIA"] {
        mohur_policy_bundle::seal(&policy.join(agency), None).unwrap();
    }
    founded.nation.publish(|_| {}).unwrap();
    (databases, founded.start().await)
}

/// A site's definition: the nation's without one leg, which it names.
fn without(file: &std::path::Path, leg: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let (head, legs) = text.split_once("\n[[legs]]\n").unwrap();
    let is_left_out = |text: &&str| text.contains(&format!("id = \"{leg}\"\n"));
    let left_out = legs.split("[[legs]]\n").find(is_left_out).unwrap();
    let title = left_out.lines().find(|line| line.starts_with("title = ")).unwrap();
    let kept: Vec<_> = legs.split("[[legs]]\n").filter(|text| !is_left_out(text)).collect();
    let kept = kept.join("[[legs]]\n");
    std::fs::write(file, format!("{head}\n[[left-out]]\nid = \"{leg}\"\n{title}\n\n[[legs]]\n{kept}")).unwrap();
}

fn inputs(subjects: Vec<SubjectKey>, case: Option<&str>) -> Inputs {
    Inputs {
        subjects,
        case: case.map(|case| case.parse().unwrap()),
        official: "post-3".parse().unwrap(),
        on_behalf_of: None,
        values: Default::default(),
        predicates: Default::default(),
        receipt: None,
        key: None,
    }
}

async fn decide(caller: &Caller, name: &str, inputs: &Inputs) -> BundleReport {
    let definition = caller.definition(&name.parse().unwrap()).await.unwrap();
    let mut report = caller.bundle(definition, inputs).await.unwrap();
    let since = Instant::now();
    while !report.complete {
        assert!(since.elapsed() < Duration::from_secs(20), "the bundle never ends");
        assert_eq!(report.outcome, Outcome::Incomplete);
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = caller.poll(report).await.unwrap();
    }
    report
}

fn verdict(report: &BundleReport, leg: &str) -> Verdict {
    report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap().verdict
}

fn said(report: &BundleReport) -> (Outcome, &str, Vec<&str>) {
    (report.outcome, &report.word, report.reasons.iter().map(|reason| reason.as_str()).collect())
}

/// What a terminal reads from the document that a statement selects.
fn read(databases: &Databases, federation: &Federation, select: &str) -> Vec<SubjectKey> {
    let row = databases.row(select);
    let mrz: Mrz = row["mrz"].as_str().unwrap_or_else(|| panic!("{row}")).parse().unwrap();
    mrz.subjects(federation.clock.now())
}

const GOOD: &str = "select mrz from documents where kind = 'passport' and issuer = 'MIA' and status = 'valid'
    and expires_on > '2027' and not exists (select from invalid_documents as i where i.number = documents.number)
    and not exists (select from watch_list as w where w.fin = documents.fin or w.document_no = documents.number)";

#[tokio::test(flavor = "multi_thread")]
async fn a_traveller_is_green_or_goes_to_the_second_line_with_a_class_of_reasons() {
    let (databases, federation) = nation().await;
    let border = federation.border();
    let read = |select: &str| inputs(read(&databases, &federation, select), None);

    let good = decide(&border, "border-first-line", &read(GOOD)).await;
    assert_eq!(said(&good), (Outcome::Clear, "green", vec![]));
    assert_eq!((verdict(&good, "issuer-mia"), verdict(&good, "visa")), (Verdict::Match, Verdict::Mismatch));
    assert_eq!(good.left_out.iter().map(|leg| leg.title.as_str()).collect::<Vec<_>>(), ["Face against the chip (1:1)"]);
    // A consulate's passport: another issuer of the group knows it.
    let consulate = GOOD.replace("'MIA'", "'MFA'");
    let good = decide(&border, "border-first-line", &read(&consulate)).await;
    assert_eq!((said(&good).1, verdict(&good, "issuer-mfa")), ("green", Verdict::Match));

    let listed = "select d.mrz from documents as d join invalid_documents as i using (issuing_state, type, number)
        where d.kind = 'passport' and d.status = 'valid' and d.issuer = 'MIA'";
    let stopped = decide(&border, "border-first-line", &read(listed)).await;
    assert_eq!((stopped.outcome, verdict(&stopped, "invalid")), (Outcome::NotClear, Verdict::Hit));
    assert_eq!((said(&stopped).1, said(&stopped).2.contains(&"document")), ("second line", true));

    let wanted = "select d.mrz from documents as d join watch_list as w on w.fin = d.fin
        where d.kind = 'passport' and d.status = 'valid' and d.issuer = 'MIA' and w.until is null";
    let stopped = decide(&border, "border-first-line", &read(wanted)).await;
    assert_eq!((stopped.outcome, verdict(&stopped, "watch-name")), (Outcome::NotClear, Verdict::Hit));
    assert!(said(&stopped).2.contains(&"watch-list"), "{:?}", said(&stopped));
}

/// The number of the document that is sought abroad; nothing for persons and vehicles.
fn number(alert: &Alert) -> &str {
    match &alert.sought {
        Sought::Document { number, .. } => number,
        Sought::Person { .. } | Sought::Vehicle { .. } => "",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreigner_enters_on_a_visa_and_nobody_on_nothing() {
    let (databases, federation) = nation().await;
    let border = federation.border();
    let today = federation.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let sought: Vec<_> = federation.country.alerts().iter().map(|alert| format!("'{}'", number(alert))).collect();
    let visa = databases.row(&format!(
        "select passport_state, passport_no, family_name, given_name, birth_date from visas
         where status = 'valid' and '{today}' between valid_from and valid_until and passport_no not in ({})",
        sought.join(",")
    ));
    let foreigner = |number: &str| {
        let name = format!("{} {}", visa["family_name"].as_str().unwrap(), visa["given_name"].as_str().unwrap());
        let keys = json!([
            { "document": { "issuingState": visa["passport_state"], "type": "P", "number": number } },
            { "name-and-birth-date": { "name": name, "birthDate": visa["birth_date"] } },
        ]);
        inputs(serde_json::from_value(keys).unwrap(), None)
    };
    let enters = decide(&border, "border-first-line", &foreigner(visa["passport_no"].as_str().unwrap())).await;
    assert_eq!((said(&enters).1, verdict(&enters, "visa")), ("green", Verdict::Match), "{enters:?}");
    assert_eq!(verdict(&enters, "issuer-mia"), Verdict::Unknown, "its issuer is abroad");
    // No issuer, no visa, no permit: something is unknown, so it is incomplete and never green.
    let stays = decide(&border, "border-first-line", &foreigner("XX0000001")).await;
    assert_eq!(said(&stays), (Outcome::Incomplete, "second line", vec!["entry"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_definition_ties_and_expects_is_held_by_the_broker_and_nobody_is_asked() {
    let (databases, federation) = nation().await;
    let police = federation.caller("police");
    let keys = read(&databases, &federation, GOOD);
    let check = "mobile-identity-check";
    let honest = inputs(keys.clone(), Some("street-1"));
    let report = decide(&police, check, &honest).await;
    assert_eq!((report.outcome, verdict(&report, "document")), (Outcome::Clear, Verdict::Match));

    // Another's name beside one's own passport: the issuer says that they are not one person's.
    let other = read(&databases, &federation, &format!("{GOOD} order by number desc"));
    let mixed = inputs(vec![keys[0].clone(), other[1].clone()], Some("street-2"));
    assert_ne!(keys[1], other[1]);
    let report = decide(&police, check, &mixed).await;
    assert_eq!((report.outcome, verdict(&report, "document")), (Outcome::NotClear, Verdict::Mismatch));

    // Whoever builds the legs without the client cannot leave that out.
    let value = |query: &mut mohur_wire::Query, name: &str, value: Value| {
        let Ask::Match(values) = &mut query.ask else { panic!("a match") };
        assert!(values.insert(ask::field(name), value).is_some());
    };
    let [_, SubjectKey::NameAndBirthDate(person)] = &keys[..] else { panic!("a document and a person") };
    let name = Value::text(person.name.as_str());
    let forged = Bundled::built(&police, check, &mixed, |legs| value(&mut legs[0], "holderName", name)).await;
    assert_eq!(forged.refusal(&police).await, RefusalCode::Malformed, "a tie that is not the key");
    assert_eq!(Enveloped::bundle(&police, &forged).refusal(&police).await, RefusalCode::Malformed, "in SOAP neither");
    let honestly = Enveloped::bundle(&police, &Bundled::built(&police, check, &honest, |_| {}).await);
    let answer = honestly.send(&police).await;
    let (answer, _) = answer.bundle();
    assert_eq!((answer.outcome, answer.left_out.len()), (Outcome::Clear, 1), "and what is honest is clear in both");
    let forged = Bundled::built(&police, check, &honest, |legs| value(&mut legs[1], "listed", Value::Flag(true))).await;
    assert_eq!(forged.refusal(&police).await, RefusalCode::Malformed, "another expectation");
    let forged = Bundled::built(&police, check, &honest, |legs| {
        let Ask::Match(values) = &mut legs[0].ask else { panic!("a match") };
        values.remove(&ask::field("holderBirthDate")).unwrap();
    });
    assert_eq!(forged.await.refusal(&police).await, RefusalCode::Malformed, "a tie left out");
    let forged = Bundled::built(&police, check, &honest, |legs| legs[2].subject = other[0].clone()).await;
    assert_eq!(forged.refusal(&police).await, RefusalCode::Malformed, "two documents");
    let forged = Bundled::built(&police, check, &honest, |legs| legs[2].subject = keys[1].clone()).await;
    assert_eq!(forged.refusal(&police).await, RefusalCode::Malformed, "another kind of key");
    // The case says why: the purpose demands one.
    let report = decide(&police, check, &inputs(keys, None)).await;
    assert!(report.legs.iter().all(|leg| leg.refusal == Some(RefusalCode::Denied)), "{report:?}");
    assert_eq!(report.outcome, Outcome::Incomplete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_of_its_own_bundle_and_leg_and_what_nobody_serves_is_unavailable() {
    let (_databases, federation) = nation().await;
    let police = federation.caller("police");
    let nobody = inputs(Vec::new(), Some("alert-1"));
    let report = decide(&police, "crowd-alert", &nobody).await;
    assert_eq!(said(&report), (Outcome::Incomplete, "nothing known", vec!["watch-list"]));
    let leg = &report.legs[0];
    assert_eq!((leg.verdict, leg.refusal), (Verdict::Unavailable, Some(RefusalCode::UnknownService)));
    let replayed: SubjectKey = serde_json::from_value(json!({ "biometric": "another-bundle.wanted-face" })).unwrap();
    let forged = Bundled::built(&police, "crowd-alert", &nobody, |legs| legs[0].subject = replayed).await;
    assert_eq!(forged.refusal(&police).await, RefusalCode::Malformed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nations_bundle_waits_for_biometrics_and_gives_the_fee_back() {
    let (databases, federation) = nation().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let mut form = ask::application(citizen);
    let card = databases.row(&format!(
        "select issuing_state, type, number from documents where fin = '{}' and kind = 'identity-card' and status = 'valid'",
        citizen.fin
    ));
    let key = json!({ "document": {
        "issuingState": card["issuing_state"], "type": card["type"], "number": card["number"],
    } });
    form.subjects.push(serde_json::from_value(key).unwrap());
    let report = decide(&office, ask::ISSUE, &form).await;
    assert_eq!(report.outcome, Outcome::Incomplete);
    for (leg, expected) in [
        ("birth", Verdict::Match),
        ("shown-document", Verdict::Match),
        ("invalid", Verdict::Clear),
        ("face", Verdict::Unavailable),
        ("face-duplicate", Verdict::Unavailable),
        ("residence", Verdict::Unavailable),
        ("fee", Verdict::Clear),
    ] {
        assert_eq!(verdict(&report, leg), expected, "{leg}");
    }
    let fee = report.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    assert_eq!(fee.settlement, Some((Operation::Release, Some("released".to_owned()))), "nothing is used up");
    assert!(report.left_out.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_learns_one_flag_and_the_police_reads_the_notice() {
    let (databases, federation) = nation().await;
    let (carrier, police) = (federation.caller("carrier"), federation.caller("police"));
    let board = |select: &str| {
        let document = read(&databases, &federation, select).remove(0);
        inputs(vec![document], Some("J2-075"))
    };
    let good = decide(&carrier, "carrier-pre-check", &board(GOOD)).await;
    assert_eq!(said(&good), (Outcome::Clear, "OK", vec![]));
    let listed = board(
        "select d.mrz from documents as d join invalid_documents as i using (issuing_state, type, number)
        where d.kind = 'passport'",
    );
    let stopped = decide(&carrier, "carrier-pre-check", &listed).await;
    assert_eq!(said(&stopped), (Outcome::NotClear, "contact the authority", vec![]));
    let [leg] = &stopped.legs[..] else { panic!("one leg") };
    let told: Vec<_> =
        leg.answer.as_ref().unwrap().fields().iter().map(|(name, said)| format!("{name}: {said}")).collect();
    assert_eq!(told, ["contact: mismatch"], "not which list, and not why");

    let day = federation.clock.now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(4))).date().to_string();
    let day: SubjectKey = serde_json::from_value(json!({ "serial": day })).unwrap();
    let notices = |purpose: &str| Question {
        service: "AZ/GOV/MIA/watch-list/boarding-notices/v1".parse().unwrap(),
        subject: day.clone(),
        ask: Ask::Read(["count", "notices"].map(ask::field).into()),
        purpose: purpose.parse().unwrap(),
        case: Some("boarding".parse().unwrap()),
        official: "duty".parse().unwrap(),
        on_behalf_of: None,
        message: None,
    };
    let noted = police.ask(notices("police-check")).await.unwrap().answer;
    let values: Vec<_> = noted.fields().values().map(ToString::to_string).collect();
    let SubjectKey::Document(document) = &listed.subjects[0] else { panic!("a document") };
    assert_eq!(values[0], "1", "one notice, and none of whom nothing is recorded");
    for part in [document.number.as_str(), "AZ/COM/AIR/carriers", "J2-075"] {
        assert!(values[1].contains(part), "{values:?}");
    }
    assert_eq!(mohur_federation::code(carrier.ask(notices("carrier-pre-check")).await), RefusalCode::Denied);
}

fn settled(report: &BundleReport, leg: &str) -> Option<(Operation, String)> {
    let leg = report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap();
    leg.settlement.as_ref().map(|(operation, state)| (*operation, state.clone().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_document_is_suspended_listed_and_paid_for_all_at_once_or_not_at_all() {
    let (databases, federation) = nation().await;
    let (office, border) = (federation.office(), federation.border());
    // Somebody with a passport, with whom all is well and whose fee is paid.
    let fins: Vec<_> = federation.country.clear_citizens().map(|citizen| format!("'{}'", citizen.fin)).collect();
    let holder =
        databases.row(&format!("select fin, mrz {} and fin in ({})", GOOD.replace("select mrz", ""), fins.join(",")));
    let citizen = federation.country.clear_citizens().find(|citizen| holder["fin"] == citizen.fin.as_str()).unwrap();
    let own = holder["mrz"].as_str().unwrap().parse::<Mrz>().unwrap().subjects(federation.clock.now());
    let other = read(&databases, &federation, &format!("{GOOD} and fin <> '{}'", citizen.fin));
    let application = |document: &SubjectKey| {
        let mut form = ask::application(citizen);
        form.subjects.push(document.clone());
        form.values.insert(ask::field("reason"), Value::text("lost"));
        form
    };
    // The passport of somebody else: reserved, and all of it given up again.
    let report = decide(&office, "replace-lost-document", &application(&other[0])).await;
    assert_eq!((report.outcome, verdict(&report, "holder")), (Outcome::NotClear, Verdict::Mismatch));
    for leg in ["fee", "suspend", "publish", "publish-abroad"] {
        assert_eq!(settled(&report, leg), Some((Operation::Release, "released".to_owned())), "{leg}");
    }
    let good = decide(&border, "border-first-line", &inputs(other, None)).await;
    assert_eq!(said(&good).1, "green", "nothing happened to it");

    let report = decide(&office, "replace-lost-document", &application(&own[0])).await;
    assert_eq!(report.outcome, Outcome::Clear, "{report:?}");
    for leg in ["fee", "suspend", "publish", "publish-abroad"] {
        assert_eq!(settled(&report, leg), Some((Operation::Consume, "consumed".to_owned())), "{leg}");
    }
    let stopped = decide(&border, "border-first-line", &inputs(own, None)).await;
    assert_eq!(said(&stopped).1, "second line");
    let expected = [("invalid", Verdict::Hit), ("interpol-document", Verdict::Hit), ("issuer-mia", Verdict::Mismatch)];
    for (leg, expected) in expected {
        assert_eq!(verdict(&stopped, leg), expected, "{leg}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_number_gets_one_once() {
    let (_databases, federation) = nation().await;
    let office = federation.office();
    let person = json!({ "name-and-birth-date": { "name": "Yenidoğulmuş Aytən", "birthDate": "2025-02-03" } });
    let mut form = inputs(vec![serde_json::from_value(person).unwrap()], Some("NF-1"));
    for (name, value) in
        [("familyName", "Yenidoğulmuş"), ("givenName", "Aytən"), ("patronymic", "Vüqar qızı"), ("sex", "F")]
    {
        form.values.insert(ask::field(name), Value::text(value));
    }
    let report = decide(&office, "new-fin", &form).await;
    assert_eq!(report.outcome, Outcome::Clear, "{report:?}");
    assert_eq!(report.left_out.len(), 4, "what was not searched is said");
    let number = report.legs[0].settled.as_ref().unwrap().fields().iter().find(|(name, _)| name.as_str() == "fin");
    let fin: mohur_wire::Fin = number.unwrap().1.to_string().parse().unwrap();
    assert_eq!(fin.as_str().len(), 7);
    // The same person again: there is a number already.
    let again = decide(&office, "new-fin", &form).await;
    assert_eq!((again.outcome, verdict(&again, "number")), (Outcome::Incomplete, Verdict::Mismatch));
    assert_eq!(settled(&again, "number"), None);
}
