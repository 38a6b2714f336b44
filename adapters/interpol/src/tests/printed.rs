//! Prints: written and read as INT-I 6 has them, and searched for in the reference databases.
//!
//! INTERPOL's schemas and samples are under the GPL and not part of this project: `MOHUR_REFERENCE` says where they are.

use std::path::PathBuf;

use mohur_reference::Mark;
use mohur_reference::country::photo;
use mohur_wire::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::prints::{
    Candidate, Compression, ControlNumber, Image, Kind as Matter, PrintsError, Reply, Search, Transaction, limits,
};

/// The folder of INT-I, if its data is at hand.
fn int_i() -> Option<PathBuf> {
    let folder = std::env::var_os("MOHUR_REFERENCE").map(|folder| Path::new(&folder).join("int-i"));
    if folder.is_none() {
        println!("MOHUR_REFERENCE is not set: transactions are not held against INTERPOL's schemas and samples");
    }
    folder
}

fn image(content: &[u8], matter: Matter) -> Image<'_> {
    let mark = matter == Matter::Mark;
    Image {
        content,
        compression: if mark { Compression::Png } else { Compression::Wsq },
        width: 512,
        height: 500,
        density: 500,
        finger: if mark { 0 } else { 2 },
        impression: if mark { 4 } else { 0 },
        captured: "2026-05-01".parse().unwrap(),
    }
}

fn search(matter: Matter, contents: &[&'static [u8]]) -> Search<'static> {
    let images = contents.iter().map(|content| image(content, matter)).collect();
    Search { kind: matter, number: ControlNumber::new(417, ARRIVAL.0), at: ARRIVAL.0, images }
}

fn written(search: &Search<'_>) -> String {
    search.write(&"AZE".parse().unwrap()).unwrap()
}

const MATTERS: [Matter; 3] = [Matter::Criminal, Matter::Civil, Matter::Mark];

#[test]
fn what_is_written_is_read_back_and_says_nothing_of_whoever_asks() {
    for matter in MATTERS {
        let search = search(matter, &[b"one image", b"another image"]);
        let text = written(&search);
        let head = Transaction::read(text.as_bytes(), &limits()).unwrap();
        let record = if matter == Matter::Mark { 13 } else { 14 };
        assert_eq!(head.kind, matter.code());
        assert_eq!((head.number, head.answers, head.from.as_str()), (search.number, None, "AZE"));
        assert_eq!(head.records, [2, record, record]);
        assert!(text.contains(">b25lIGltYWdl<"), "the image is the given octets");
        // The only references are the transaction's own number.
        let references = text.matches(head_number(&text)).count();
        assert_eq!(references, if matter == Matter::Mark { 3 } else { 2 });
    }
}

fn head_number(text: &str) -> &str {
    let start = text.find("<biom:TransactionControlIdentification><nc:IdentificationID>").unwrap() + 60;
    &text[start..start + 15]
}

#[test]
fn what_int_i_does_not_have_is_not_written() {
    let good = search(Matter::Criminal, &[b"an image of a print"]);
    let with = |change: &dyn Fn(&mut Image<'static>)| {
        let mut search = good.clone();
        change(&mut search.images[0]);
        search
    };
    static HUGE: &[u8] = &[0; (2 << 20) + 1];
    for wrong in [
        search(Matter::Criminal, &[]),
        search(Matter::Criminal, &[b"an image of a print".as_slice(); 25]),
        with(&|image| image.content = b""),
        with(&|image| image.content = HUGE),
        with(&|image| image.width = 0),
        with(&|image| image.height = 70_000),
        with(&|image| image.density = 72),
        with(&|image| image.finger = 16),
        with(&|image| image.impression = 4),
        Search { kind: Matter::Mark, ..good.clone() },
    ] {
        let written = wrong.write(&"AZE".parse().unwrap());
        assert!(matches!(written, Err(PrintsError::Unwritten(_))), "{wrong:?}");
    }
}

/// A reply of the reference databases to a search for prints that nobody left.
async fn no_hit() -> (String, ControlNumber) {
    let bench = bench().await;
    let search = search(Matter::Criminal, &[b"an image of a print"]);
    assert_eq!(bench.adapter.search_prints(&search, &context()).await.unwrap(), Reply::NoHit);
    let said = bench.wire.said();
    (said[said.find("<?xml").unwrap()..].to_owned(), search.number)
}

#[tokio::test]
async fn a_reply_is_read_strictly_and_within_bounds() {
    let (good, number) = no_hit().await;
    let read = |text: &str| Reply::read(text.as_bytes(), &number, &limits());
    assert_eq!(read(&good), Ok(Reply::NoHit));
    let summary = "<biom:ContentRecordQuantity>1</biom:ContentRecordQuantity>";
    for (from, to) in [
        ("<itl:NIST", "<!DOCTYPE x><itl:NIST"),
        ("<itl:NIST", "<!DOCTYPE x [<!ENTITY a \"b\">]><itl:NIST"),
        (">SRE<", ">CPS<"),
        (">06.00<", ">05.03<"),
        (">INT-I<", ">EBTS<"),
        (summary, "<biom:ContentRecordQuantity>2</biom:ContentRecordQuantity>"),
        (">2</biom:RecordCategoryCode>", ">14</biom:RecordCategoryCode>"),
        ("ResultsCode>N<", "ResultsCode>X<"),
        ("ResultsCode>N<", "ResultsCode>I<"),
        ("TotalQuantity>0<", "TotalQuantity>3<"),
        ("<int-i:RespondentsList>", "<int-i:RespondentsList/><int-i:RespondentsList>"),
        ("http://interpol.gov/int-i/1.0", "http://interpol.gov/int-i/2.0"),
        ("</biom:Transaction>", ""),
    ] {
        let wrong = good.replacen(from, to, 1);
        assert!(
            wrong != good && matches!(read(&wrong), Err(PrintsError::Unread(_))),
            "{from} → {to}: {:?}",
            read(&wrong)
        );
    }
    let other = ControlNumber::new(418, ARRIVAL.0);
    assert_eq!(Reply::read(good.as_bytes(), &other, &limits()), Err(PrintsError::OtherTransaction));
    let small = mohur_soap::Limits { bytes: 1_000, ..limits() };
    assert!(matches!(Reply::read(good.as_bytes(), &number, &small), Err(PrintsError::Unread(_))));
    let deep = good.replacen("<int-i:RespondentsList>", &"<int-i:RespondentsList>".repeat(64), 1);
    assert!(matches!(read(&deep), Err(PrintsError::Unread(_))));
}

#[tokio::test]
async fn the_reference_databases_answer_a_search_with_a_result_or_an_error() {
    let bench = bench().await;
    let wanted = bench.country.with_mark(Mark::Wanted).next().unwrap();
    let kept: &'static [u8] = photo(wanted.fin).leak();
    let hit = bench.adapter.search_prints(&search(Matter::Criminal, &[b"somebody else's", kept]), &context()).await;
    let Reply::Hit(Candidate { place: 1, total: 1, verified: true, record: Some((keeper, id)) }) = hit.unwrap() else {
        panic!("no hit")
    };
    assert_eq!(keeper, "XPO");
    let alert = bench.alert(|alert| alert.reason == "fraud");
    assert_eq!(bench.value(&bench.search(alert, &read(&["record"])), "record").await.as_deref(), Some(id.as_str()));
    for matter in [Matter::Civil, Matter::Mark] {
        let nobody = bench.adapter.search_prints(&search(matter, &[b"nobody's print"]), &context()).await;
        assert_eq!(nobody.unwrap(), Reply::NoHit, "{matter:?}");
    }
    let poor = bench.adapter.search_prints(&search(Matter::Criminal, &[b"poor"]), &context()).await;
    assert_eq!(poor.unwrap(), Reply::Error(vec![501]));
    bench.register.set_faults(faults(Fault::Garbage));
    let garbage = bench.adapter.search_prints(&search(Matter::Criminal, &[b"an image"]), &context()).await;
    assert!(matches!(garbage, Err(RegistryError::Invalid(_))), "{garbage:?}");

    let Some(folder) = int_i() else { return };
    let packages = |octets: &str| -> Vec<String> {
        let end = "</itl:NISTBiometricInformationExchangePackage>";
        octets
            .split("<?xml")
            .skip(1)
            .filter_map(|text| Some(format!("<?xml{}{end}", text.split_once(end)?.0)))
            .collect()
    };
    let (asked, answered) = (packages(&bench.wire.heard()), packages(&bench.wire.said()));
    assert_eq!((asked.len(), answered.len()), (5, 4));
    assert_eq!(against(&folder.join("XMLschemas/int-i/1.0/int-i.xsd"), &[asked, answered].concat()), "");
}

#[test]
fn what_is_written_is_after_interpols_schema() {
    let Some(folder) = int_i() else { return };
    let schema = folder.join("XMLschemas/int-i/1.0/int-i.xsd");
    let compressions =
        [Compression::Wsq, Compression::Jpeg2000, Compression::Jpeg2000Lossless, Compression::Jpeg, Compression::Png];
    let mut documents: Vec<_> = MATTERS.iter().map(|matter| written(&search(*matter, &[b"one", b"two"]))).collect();
    documents.extend(compressions.map(|compression| {
        let mut search = search(Matter::Criminal, &[b"an image"]);
        search.images[0].compression = compression;
        search.images[0].finger = 13;
        written(&search)
    }));
    documents.push(written(&Search { at: Timestamp::MAX, ..search(Matter::Civil, &[b"an image"]) }));
    assert_eq!(against(&schema, &documents), "");
    let wrong = written(&search(Matter::Mark, &[b"one"])).replace(">MPS<", ">XYZ<");
    assert_ne!(against(&schema, &[wrong]), "", "the schema is not a sieve");
}

#[test]
fn every_sample_of_interpol_is_read() {
    let Some(folder) = int_i() else { return };
    let sample =
        |name: &str| std::fs::read(folder.join(format!("XMLsamples/Sample-{name}-INT-ITransaction.xml"))).unwrap();
    // The sample of an NPS says in its head that it is a CPS.
    for (name, kind, records) in
        [("NPS", "CPS", &[2, 10, 14, 14, 14, 14][..]), ("MPS", "MPS", &[2, 9, 13, 20]), ("ERR", "ERR", &[2])]
    {
        let head = Transaction::read(&sample(name), &limits()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((head.kind.as_str(), head.records.as_slice()), (kind, records), "{name}");
    }
    let to: ControlNumber = "19125458357683H".parse().unwrap();
    let read =
        |name: &str| Reply::read(&sample(name), &to, &limits()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(read("ERR"), Reply::Error(vec![112]));
    assert_eq!(read("SRE-NOHIT"), Reply::NoHit);
    let Reply::Hit(hit) = read("SRE-HIT_CPS") else { panic!("no hit") };
    assert_eq!((hit.place, hit.total, hit.verified), (1, 3, true));
    assert_eq!(hit.record, Some(("DEU".to_owned(), "1234567890".to_owned())));
    assert!(matches!(read("SRE-HIT_MPS"), Reply::Hit(_)));
}

proptest! {
    #[test]
    fn any_images_are_written_and_read_back(
        images in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..64), 1..=65_535_u32, 0..=10_u8), 1..=24),
        serial in any::<u64>(),
        matter in prop::sample::select(MATTERS.to_vec()),
    ) {
        let images: Vec<_> = images
            .iter()
            .map(|(content, width, finger)| Image { width: *width, finger: *finger, ..image(content, matter) })
            .collect();
        let search = Search { kind: matter, number: ControlNumber::new(serial, ARRIVAL.0), at: ARRIVAL.0, images };
        let text = written(&search);
        let head = Transaction::read(text.as_bytes(), &limits()).unwrap();
        prop_assert_eq!(head.records.len(), search.images.len() + 1);
        prop_assert_eq!(head.number, search.number);
    }

    /// Whatever is cut out of a reply, put into it or changed in it: it is read or refused, and never for another search.
    #[test]
    fn a_damaged_reply_never_ends_the_process(at in any::<prop::sample::Index>(), with in "[<>/&a-z0-9 \"]{0,12}", cut in 0..40_usize) {
        let good = include_str!("reply.xml");
        let mut text = good.as_bytes().to_vec();
        let at = at.index(text.len());
        text.splice(at..(at + cut).min(good.len()), with.bytes());
        let number: ControlNumber = "26000000000417V".parse().unwrap();
        if let Ok(reply) = Reply::read(&text, &number, &limits()) {
            prop_assert!(!matches!(reply, Reply::Error(_)));
        }
    }
}
