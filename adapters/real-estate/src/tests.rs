use std::sync::Arc;
use std::time::Duration;

use mohur_connection::soap::envelope;
use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_http::SystemClock;
use mohur_reference::{Citizen, Country, Dwelling, Faults, HoldingKind, Kind, Oddity, Register};
use mohur_soap::{Document, Limits, Version};
use serde_json::{Value as Json, json};

use super::*;
use crate::rights::Rights;

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: RealEstate,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::RealEstate, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = RealEstate::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
    Bench { country, register, adapter, _folder: folder }
}

impl Bench {
    fn home(&self, citizen: &Citizen) -> &Dwelling {
        self.country.dwelling_at(&citizen.claims.home).unwrap()
    }

    async fn verdict(&self, fin: Fin, field: &str, value: &str) -> Result<String, RegistryError> {
        let query = query(fin, &json!({ "verb": "match", "values": { field: value } }));
        let answer = self.adapter.answer(&query, &Context::new(ARRIVAL, Duration::from_secs(10))).await?;
        let Finding::Found(fields) = answer.finding else { panic!("absent") };
        Ok(fields.into_values().next().unwrap().to_string())
    }

    async fn verdicts(&self, citizen: &Citizen) -> [String; 2] {
        let home = self.home(citizen);
        let by_address = self.verdict(citizen.fin, "address", &home.address.to_string()).await.unwrap();
        [by_address, self.verdict(citizen.fin, "dwelling", &home.unit).await.unwrap()]
    }
}

fn faults(fault: Fault) -> Faults {
    match fault {
        Fault::None => Faults::default(),
        Fault::Slow(delay) => Faults { delay, ..Faults::default() },
        Fault::Down => Faults { down: true, ..Faults::default() },
        Fault::WrongSubject => Faults { wrong_person: true, ..Faults::default() },
        Fault::ExtraFields => Faults { extra_fields: true, ..Faults::default() },
        Fault::Garbage => Faults { garbage: true, ..Faults::default() },
    }
}

fn query(fin: Fin, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": "AZ/GOV/PROP/real-estate/ownership/v1",
        "subject": { "fin": fin },
        "purpose": "issue-id-document",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn verdicts(pairs: &[(&str, Verdict)]) -> BTreeMap<FieldName, Verdict> {
    pairs.iter().map(|(name, verdict)| (name.parse().unwrap(), *verdict)).collect()
}

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = bench().await;
    let person = bench.country.clear_citizens().nth(1).unwrap();
    let stranger = bench.country.clear_citizens().nth(2).unwrap();
    let (home, other) = (bench.home(person), bench.home(stranger));
    let ask = |values: Json| query(person.fin, &json!({ "verb": "match", "values": values }));
    let cases = Cases {
        present: None,
        absent: None,
        verdicts: vec![
            (ask(json!({ "address": home.address.to_string() })), verdicts(&[("address", Verdict::Match)])),
            (
                ask(json!({ "address": other.address.to_string(), "dwelling": home.unit })),
                verdicts(&[("address", Verdict::Mismatch), ("dwelling", Verdict::Match)]),
            ),
        ],
        refused: vec![
            query(person.fin, &json!({ "verb": "read", "fields": ["address"] })),
            query(person.fin, &json!({ "verb": "verify", "predicates": { "dwelling": { "oneOf": [home.unit] } } })),
            ask(json!({ "address": 14 })),
            ask(json!({ "address": "Bakı" })),
            ask(json!({ "dwelling": "<suID>" })),
        ],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn owners_and_sharers_hold_a_right_and_tenants_sellers_and_lenders_do_not() {
    let bench = bench().await;
    for citizen in bench.country.clear_citizens().take(60) {
        assert_eq!(bench.verdicts(citizen).await, ["match", "match"]);
    }
    for oddity in [Oddity::ClaimsRentedHome, Oddity::ClaimsSoldHome] {
        let citizen = bench.country.with_oddity(oddity).unwrap();
        assert_eq!(bench.verdicts(citizen).await, ["mismatch", "mismatch"], "{oddity:?}");
    }
    let held_as = |kind: HoldingKind| {
        let held = bench.country.dwellings().iter().flat_map(|dwelling| {
            dwelling.holdings.iter().filter(move |held| held.kind == kind).map(move |held| (dwelling, held.holder))
        });
        held.into_iter().next().unwrap()
    };
    for (kind, verdict) in [
        (HoldingKind::Ownership, "match"),
        (HoldingKind::CommonOwnership, "match"),
        (HoldingKind::Usufruct, "match"),
        (HoldingKind::Mortgage, "mismatch"),
    ] {
        let (dwelling, holder) = held_as(kind);
        assert_eq!(bench.verdict(holder, "dwelling", &dwelling.unit).await.unwrap(), verdict, "{kind:?}");
    }
}

#[tokio::test]
async fn nobody_learns_whether_a_person_owns_anything_else() {
    let bench = bench().await;
    let person = bench.country.clear_citizen();
    let home = bench.home(person).address.to_string();
    let stranger = bench.country.clear_citizens().nth(4).unwrap();
    let owns_elsewhere = bench.verdict(stranger.fin, "address", &home).await.unwrap();
    let is_nobody = bench.verdict(bench.country.unused_fin(), "address", &home).await.unwrap();
    assert_eq!((owns_elsewhere.as_str(), is_nobody.as_str()), ("mismatch", "mismatch"));
}

#[tokio::test]
async fn a_dwelling_that_is_not_there_is_unknown_and_spelling_is_forgiven_in_capitals_and_blanks() {
    let bench = bench().await;
    let person = bench.country.clear_citizen();
    let home = bench.home(person).address.to_string();
    assert_eq!(bench.verdict(person.fin, "address", "Bakı, Yoxdur küçəsi, 9999").await.unwrap(), "unknown");
    assert_eq!(bench.verdict(person.fin, "dwelling", "AZ-D-000000").await.unwrap(), "unknown");
    let shouted = home.replace('i', "İ").to_uppercase().replace(", ", " ,  ");
    assert_eq!(bench.verdict(person.fin, "address", &shouted).await.unwrap(), "match");
    let marked_up = home.replacen(", ", ", </re:city><re:city>&amp;", 1);
    assert_eq!(bench.verdict(person.fin, "address", &marked_up).await.unwrap(), "unknown");
}

const REPLY: &str = "<re:GetRightsResponse xmlns:re=\"urn:mohur:real-estate:1\"><re:LA_Party><re:extPID>5ABCDE1\
    </re:extPID></re:LA_Party><re:LA_BAUnit><re:uID>T-1</re:uID><re:LA_LegalSpaceBuildingUnit><re:suID>D-1</re:suID>\
    <re:extAddressID><re:city>Bakı</re:city><re:streetName>Nizami</re:streetName><re:buildingNumber>1\
    </re:buildingNumber><re:unitNumber>2</re:unitNumber></re:extAddressID><re:type>individual</re:type>\
    </re:LA_LegalSpaceBuildingUnit><re:LA_Right><re:rID>H-1</re:rID><re:share><re:numerator>1</re:numerator>\
    <re:denominator>2</re:denominator></re:share><re:beginLifespanVersion>2020-01-01</re:beginLifespanVersion>\
    <re:type>ownership</re:type></re:LA_Right></re:LA_BAUnit></re:GetRightsResponse>";

/// Whether a right stands on the day of `ARRIVAL`, which is in 2026.
fn stands(reply: &str) -> Result<bool, RegistryError> {
    let document = Document::parse(reply, &Limits::default()).unwrap();
    Rights::read(document.root()).map(|held| held.stands(rights::today(ARRIVAL)))
}

#[test]
fn a_right_stands_between_its_days() {
    assert_eq!(stands(REPLY), Ok(true));
    let ended = |day: &str| {
        let end = format!("</re:beginLifespanVersion><re:endLifespanVersion>{day}</re:endLifespanVersion>");
        stands(&REPLY.replace("</re:beginLifespanVersion>", &end))
    };
    let today = rights::today(ARRIVAL);
    assert_eq!(ended("2021-01-01"), Ok(false));
    assert_eq!(ended(&today.to_string()), Ok(false), "what ends today has ended");
    assert_eq!(ended(&format!("{}+04:00", today.tomorrow().unwrap())), Ok(true));
    assert_eq!(stands(&REPLY.replace("2020-01-01", "2090-01-01")), Ok(false), "it does not stand yet");
    let restricted = REPLY.replace("LA_Right", "LA_Restriction").replace("ownership", "mortgage");
    assert_eq!(stands(&restricted), Ok(false));
}

#[test]
fn a_reply_that_is_not_of_the_contract_is_invalid() {
    for (from, to) in [
        ("urn:mohur:real-estate:1", "urn:other"),
        ("5ABCDE1", "nobody"),
        ("<re:suID>D-1</re:suID>", ""),
        ("<re:city>Bakı</re:city>", ""),
        ("<re:city>", "<re:city/><re:city>"),
        ("ownership", "squatting"),
        ("<re:numerator>1", "<re:numerator>3"),
        ("<re:denominator>2", "<re:denominator>0"),
        ("2020-01-01", "2020-13-01"),
        ("2020-01-01", "2020-01-01T00:00:00"),
        ("<re:type>ownership</re:type>", ""),
    ] {
        assert!(matches!(stands(&REPLY.replace(from, to)), Err(RegistryError::Invalid(_))), "{from} → {to}");
    }
}

#[test]
fn faults_mean_what_the_contract_says() {
    let mean = |code: &str, blamed: &str| {
        let text = envelope(
            Version::Soap11,
            "",
            &format!(
                "<soap:Fault><faultcode>soap:{blamed}</faultcode><faultstring>x</faultstring><detail>\
                 <re:GetRightsFault xmlns:re=\"urn:mohur:real-estate:1\"><re:code>{code}</re:code></re:GetRightsFault>\
                 </detail></soap:Fault>"
            ),
        );
        let document = Document::parse(&text, &Limits::default()).unwrap();
        let fault = document.root().descendants().find(|element| element.local() == "Fault").unwrap();
        let blame = mohur_connection::soap::Blame::Request;
        let fault = mohur_connection::soap::Fault { blame, element: fault, detail: fault.child("", "detail") };
        cadastre::unknown_unit(&fault)
    };
    assert_eq!(mean("UnknownUnit", "Client"), Ok(Verdict::Unknown));
    assert!(matches!(mean("OutOfService", "Server"), Err(RegistryError::Unavailable(_))));
    assert!(matches!(mean("InvalidRequest", "Client"), Err(RegistryError::Invalid(_))));
    assert!(matches!(mean("SomethingNew", "Client"), Err(RegistryError::Invalid(_))));
}
