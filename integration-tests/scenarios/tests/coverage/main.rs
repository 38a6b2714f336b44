//! Every row of the State Programme that is a register: who may ask gets the answer, who may not is refused and nothing is read,
//! over signed REST and signed SOAP, through hosts and broker, from PostgreSQL where the register is a database.
//!
//! What came back is written as JSON below `target/tmp`, and docs/coverage.md must be the page that it renders to. To write
//! the page anew: `MOHUR_BLESS=1 cargo nextest run -p mohur-scenarios --test coverage`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

mod asking;
mod bundles;
mod documents;
mod page;
mod table;

use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream;
use mohur_federation::{Databases, Federation, Founded};

use asking::{Asking, Callers};
use page::{Line, Refused, protocol};
use table::Coverage;

/// How many questions are under way at once.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_register_of_the_programme_answers_whom_it_may_and_nobody_else() {
    let began = Instant::now();
    let databases = tokio::task::spawn_blocking(Databases::whole).await.unwrap();
    let filled = began.elapsed();
    let federation = Box::pin(Founded::whole(&databases).start()).await;
    let founded = began.elapsed();
    let (coverage, callers) = (Coverage::read(), Callers::of(&federation));
    coverage.names_everybody(&callers);
    let today = table::today(&federation);
    let (questions, bundles) = (coverage.questions(&databases, &today), coverage.bundles(&databases, &today));

    let refused = each(&questions, |asking| asking.refused(&callers)).await;
    let bundles_refused = each(&bundles, |bundle| bundle.refused(&callers)).await;
    nobody_was_asked(&federation).await;
    let granted = each(&questions, |asking| asking.granted(&callers)).await;
    let bundles_granted = each(&bundles, |bundle| bundle.granted(&callers)).await;
    eprintln!("{filled:.1?} to fill, {founded:.1?} to found, {:.1?} with the questions", began.elapsed());

    let asked = questions.iter().zip(refused).zip(granted);
    let asked = asked.map(|((asking, refused), granted)| {
        both(refused, granted).map(|(refused, ())| line(&federation, asking, refused))
    });
    let bundled = bundles.iter().zip(bundles_refused).zip(bundles_granted);
    let bundled = bundled.map(|((bundle, refused), granted)| {
        both(refused, granted).map(|(refused, left_out)| bundle.line(&left_out, refused))
    });
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for result in asked.chain(bundled) {
        result.map_or_else(|what| wrong.push(what), |line| lines.push(line));
    }
    lines.sort_by_key(|line| line.row);
    assert!(wrong.is_empty(), "{} questions went wrong:\n{}", wrong.len(), wrong.join("\n"));
    write(&lines, &page::render(&coverage, &federation, &lines));
}

fn both<A, B>(one: Result<A, String>, other: Result<B, String>) -> Result<(A, B), String> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err([one.err(), other.err()].into_iter().flatten().collect::<Vec<_>>().join("\n")),
    }
}

fn line(federation: &Federation, asking: &Asking, refused: Vec<Refused>) -> Line {
    Line {
        row: asking.row,
        service: asking.question.service.clone(),
        asked: asking.question.asks.clone(),
        learned: asking.question.learned(),
        refused,
        protocol: protocol(federation, &asking.question.service).to_owned(),
    }
}

async fn each<'a, Q, T, F>(questions: &'a [Q], ask: impl Fn(&'a Q) -> F) -> Vec<T>
where
    F: Future<Output = T> + 'a,
{
    stream::iter(questions).map(ask).buffered(AT_ONCE).collect().await
}

/// No host has asked its register anything.
async fn nobody_was_asked(federation: &Federation) {
    for owner in &federation.owners {
        let figures = federation.page(owner.host.admin_addr(), "/metrics").await;
        let count = figures.lines().find_map(|line| line.strip_prefix("mohur_host_register_seconds_count "));
        assert_eq!(count.unwrap_or("0"), "0", "{}: refused questions were put to the register", owner.part.name);
    }
}

fn write(lines: &[Line], page: &str) {
    let results = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("coverage.json");
    std::fs::write(&results, serde_json::to_string_pretty(lines).unwrap()).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    if std::env::var_os("MOHUR_BLESS").is_some() {
        std::fs::write(&file, page).unwrap();
    }
    let stands = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stands == page,
        "docs/coverage.md is not what {} renders to; MOHUR_BLESS=1 cargo nextest run -p mohur-scenarios --test coverage \
         writes it anew",
        results.display()
    );
}
