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
    let questions = coverage.questions(&databases, &federation);

    let refused = each(&questions, |asking| asking.refused(&callers)).await;
    nobody_was_asked(&federation).await;
    let granted = each(&questions, |asking| asking.granted(&callers)).await;
    eprintln!("{filled:.1?} to fill, {founded:.1?} to found, {:.1?} with the questions", began.elapsed());

    let mut wrong = Vec::new();
    let mut lines = Vec::new();
    for ((asking, refused), granted) in questions.iter().zip(refused).zip(granted) {
        match (refused, granted) {
            (Ok(refused), Ok(())) => lines.push(line(&federation, asking, refused)),
            (refused, granted) => wrong.extend([refused.err(), granted.err()].into_iter().flatten()),
        }
    }
    assert!(wrong.is_empty(), "{} questions went wrong:\n{}", wrong.len(), wrong.join("\n"));
    write(&lines, &page::render(&coverage, &federation, &lines));
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

async fn each<'a, T, F>(questions: &'a [Asking], ask: impl Fn(&'a Asking) -> F) -> Vec<T>
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
