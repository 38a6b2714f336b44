//! The broker, as `mohur broker run` runs it.

use std::path::Path;
use std::sync::Arc;

use mohur_http::SystemClock;
use mohur_server::{Broker, Config};

use super::{say, told_to_end};
use crate::error::{BenchError, Tried};

pub(super) async fn run(folder: &Path) -> Result<(), BenchError> {
    let config = Config::load(&folder.join("broker.toml")).tried("broker.toml")?;
    let broker = Broker::start(config, Arc::new(SystemClock)).await.tried("the broker")?;
    say(broker.address())?;
    tokio::select! {
        () = told_to_end() => {}
        error = broker.failed() => return Err(BenchError::new(format!("the log: {error}"))),
    }
    broker.shutdown().await;
    Ok(())
}
