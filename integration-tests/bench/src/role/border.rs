//! The parts of the border's bench: hosts before slow registers, and the generator.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_client::{Caller, Config, Inputs};
use mohur_contract::{BoxFuture, Context, Query, Registry, RegistryError};
use mohur_host::{Host, HostConfig};
use mohur_http::SystemClock;
use mohur_wire::answer::Finding;
use mohur_wire::bundle::{BundleAnswer, Definition, Outcome};
use mohur_wire::subject::{DocumentKey, NameAndBirthDate};
use mohur_wire::{Answer, SubjectKey, Verdict};
use tokio::time::Instant;

use super::{say, told_to_end};
use crate::border::Waits;
use crate::error::{BenchError, Tried};

/// Not counted: connections are made, and everything is read for the first time.
const WARM_UP: Duration = Duration::from_secs(2);

/// Which owner's host, and how slow its register is.
#[derive(clap::Args)]
pub(crate) struct SlowHost {
    folder: PathBuf,
    owner: String,
    slowness_ms: u64,
    #[arg(value_delimiter = ',')]
    services: Vec<String>,
}

/// How many bundles in a second, for how long.
#[derive(clap::Args)]
pub(crate) struct Load {
    folder: PathBuf,
    rate: u32,
    seconds: u32,
}

/// A register that agrees with everything, after a while.
struct Slow {
    services: Vec<String>,
    slowness: Duration,
}

impl Registry for Slow {
    fn services(&self) -> Vec<String> {
        self.services.iter().map(|service| format!("{service}/v1")).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, _: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(async move {
            tokio::time::sleep(self.slowness).await;
            let agreed = query.fields().into_iter().map(|field| (field.clone(), Verdict::Match.to_value()));
            Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(agreed.collect()) })
        })
    }

    fn health<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

pub(super) async fn slow_host(args: SlowHost) -> Result<(), BenchError> {
    let file = args.folder.join(format!("hosts/{}/host.toml", args.owner));
    let (config, _) = HostConfig::load(&file).tried("host.toml")?;
    let register = Slow { services: args.services, slowness: Duration::from_millis(args.slowness_ms) };
    let host = Host::start(config, Arc::new(register), Arc::new(SystemClock)).await.tried("the host")?;
    say(host.local_addr())?;
    told_to_end().await;
    host.shutdown().await;
    Ok(())
}

/// Says `started` and `ended` when the time that counts begins and ends, and then what was seen.
pub(super) async fn load(args: Load) -> Result<(), BenchError> {
    let caller = Arc::new(caller(&args.folder)?);
    let definition = caller.definition(&"border-first-line".parse().tried("a name")?).await.tried("the definition")?;
    let inputs = inputs().tried("the traveller")?;
    prove(&caller, &definition, &inputs).await?;
    let (definition, inputs) = (Arc::new(definition), Arc::new(inputs));
    let begin = Instant::now() + Duration::from_millis(100);
    let gap = Duration::from_secs(1) / args.rate;
    let counted = begin + WARM_UP;
    let end = counted + Duration::from_secs(args.seconds.into());
    let mut tasks = Vec::new();
    let (mut due, mut has_started) = (begin, false);
    while due < end {
        tokio::time::sleep_until(due).await;
        if !has_started && due >= counted {
            say("started")?;
            has_started = true;
        }
        let (caller, definition, inputs) = (Arc::clone(&caller), Arc::clone(&definition), Arc::clone(&inputs));
        let task = tokio::spawn(async move { ask(&caller, &definition, &inputs, due).await });
        tasks.push((due >= counted, task));
        due += gap;
    }
    say("ended")?;
    let (mut waits, mut failed) = (Vec::new(), 0);
    for (counts, task) in tasks {
        match task.await.tried("a bundle")? {
            Ok(wait) => waits.extend(counts.then_some(wait)),
            Err(_) => failed += usize::from(counts),
        }
    }
    say(serde_json::to_string(&summary(waits, failed)).tried("the result")?)?;
    told_to_end().await;
    Ok(())
}

fn summary(mut waits: Vec<Duration>, failed: usize) -> Waits {
    waits.sort_unstable();
    let at = |hundredths: usize| {
        let place = waits.len().saturating_sub(1) * hundredths / 100;
        waits.get(place).map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
    };
    Waits { bundles: waits.len(), failed, p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) }
}

/// One bundle, which must be whole and clear; how long after its time it was there.
async fn ask(caller: &Caller, definition: &Definition, inputs: &Inputs, due: Instant) -> Result<Duration, BenchError> {
    let request = caller.sign_bundle(definition, inputs).tried("a bundle")?;
    let reply = caller.http.send(request, caller.patience).await.tried("a bundle")?;
    let took = due.elapsed();
    let said = || String::from_utf8_lossy(reply.response.body()).into_owned();
    let answer: BundleAnswer = serde_json::from_slice(reply.response.body()).map_err(|_| BenchError::new(said()))?;
    if answer.complete && answer.outcome == Outcome::Clear { Ok(took) } else { Err(BenchError::new(said())) }
}

/// One bundle with everything verified, as `mohur bundle` does it: what is measured is the real thing.
async fn prove(caller: &Caller, definition: &Definition, inputs: &Inputs) -> Result<(), BenchError> {
    let report = caller.bundle(definition.clone(), inputs).await.tried("the bundle that is verified")?;
    let outcome = report.outcome.as_str();
    if outcome == "clear" { Ok(()) } else { Err(BenchError::new(format!("the verified bundle is {outcome}"))) }
}

fn caller(folder: &Path) -> Result<Caller, BenchError> {
    let config = Config::load(&folder.join("callers/border/client.toml")).tried("client.toml")?;
    config.caller(Arc::new(SystemClock)).tried("the caller")
}

fn inputs() -> Result<Inputs, mohur_wire::ParseError> {
    let document = DocumentKey { issuing_state: "AZE".parse()?, kind: "P".parse()?, number: "C01234567".parse()? };
    let person = NameAndBirthDate { name: "ALIYEV VUGAR".parse()?, birth_date: "1990-05-06".parse()? };
    Ok(Inputs {
        subjects: vec![SubjectKey::Document(document), SubjectKey::NameAndBirthDate(person)],
        case: None,
        official: "post-3".parse()?,
        on_behalf_of: None,
        values: std::collections::BTreeMap::new(),
        predicates: std::collections::BTreeMap::new(),
        receipt: None,
        key: None,
    })
}
