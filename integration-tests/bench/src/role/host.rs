//! The stub behind the broker: a real host, which verifies, decides, masks and seals every answer, before a register that
//! knows everything at once.

use std::path::Path;
use std::sync::Arc;

use mohur_contract::{BoxFuture, Context, Query, Registry, RegistryError};
use mohur_host::{Host, HostConfig};
use mohur_http::SystemClock;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Value};

use super::{OWNER, say, told_to_end};
use crate::error::{BenchError, Tried};

/// The values of one answer together, in bytes.
pub(super) const ANSWER_BYTES: usize = 1024;

/// A register that answers every query about everyone with [`ANSWER_BYTES`].
struct Stub;

impl Registry for Stub {
    fn services(&self) -> Vec<String> {
        vec!["vitals/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, _: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        let fields: Vec<FieldName> = query.fields().into_iter().cloned().collect();
        let each = ANSWER_BYTES / fields.len().max(1);
        let found = fields.into_iter().map(|field| (field, Value::text("A+".repeat(each / 2)))).collect();
        let answer = Answer { subject: query.subject.clone(), finding: Finding::Found(found) };
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn health<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

pub(super) async fn run(folder: &Path) -> Result<(), BenchError> {
    let file = folder.join(format!("hosts/{OWNER}/host.toml"));
    let (config, _register) = HostConfig::load(&file).tried("host.toml")?;
    let host = Host::start(config, Arc::new(Stub), Arc::new(SystemClock)).await.tried("the host")?;
    say(host.local_addr())?;
    told_to_end().await;
    host.shutdown().await;
    Ok(())
}
