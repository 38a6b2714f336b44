//! The log at a start: opened, closed where a crash left it open, and its claims remembered.

use mohur_exchange::{Claims, Way, World};
use mohur_journal::{Draft, Journal};
use mohur_seal::{LogSigner, Passphrase};
use mohur_transparency::LogKey;
use mohur_transparency::leaf::Kind;
use mohur_wire::{Arrival, Clock, MemberId, Timestamp};

use crate::broker::StartError;
use crate::config::Config;
use crate::watch::log_activation;

/// Opens the log, closes what a crash left open, and rebuilds the claims from its tail.
pub(crate) async fn open_log(
    config: &Config,
    passphrase: &Passphrase,
    world: &World,
    clock: &dyn Clock,
) -> Result<(Journal, Claims), StartError> {
    let signer = LogSigner::load(&config.log.key, passphrase)?;
    let mut settings = mohur_journal::Settings::new(&config.log.folder, &config.log.origin);
    settings.pool = config.log.pool;
    settings.publish_every = config.log.publish_every;
    settings.segment_bytes = config.log.segment_bytes;
    settings.max_bytes = config.log.max_bytes;
    let key = named_key(world, config)?;
    if signer.public_key() != *key.public_key() {
        return Err(StartError::Identity("the log's key is not the one that the directory names".to_owned()));
    }
    settings.retired = key.retired().to_vec();
    let (journal, recovery) = Journal::open(settings, signer)?;
    tracing::info!(
        entries = recovery.entries,
        replayed = recovery.replayed,
        orphans = recovery.orphans,
        "the log is open"
    );
    let unusable = |error: &dyn std::fmt::Display| StartError::Journal(error.to_string());
    let now = clock.now();
    check_clock(&journal, config, now)?;
    journal.close_orphans(now).await.map_err(|error| unusable(&error))?;
    journal.append(Draft::new(Kind::Start, now, config.member.clone())).await.map_err(|error| unusable(&error))?;
    if recovery.rekeyed {
        tracing::warn!(key = %key, "another key signs for the log from here on");
        let draft = Draft::new(Kind::Key, now, config.member.clone()).commit("key", key.to_string());
        journal.append(draft).await.map_err(|error| unusable(&error))?;
    }
    log_activation(&journal, world, &config.member, clock).await.map_err(|error| unusable(&error))?;
    let (exchange, most) = (&config.exchange, config.log.claims);
    let claims = Claims::new(exchange.freshness, exchange.forwarded_kept(), most);
    restore_claims(&journal, &claims, world, &config.member, Arrival(now)).map_err(|error| unusable(&error))?;
    Ok((journal, claims))
}

/// A clock that fell behind would have messages of the past taken anew, whose claims are no longer known.
fn check_clock(journal: &Journal, config: &Config, now: Timestamp) -> Result<(), StartError> {
    let read = |error: mohur_journal::ReadError| StartError::Journal(error.to_string());
    let (checkpoint, _) = journal.checkpoint().map_err(read)?;
    let Some(index) = checkpoint.size.checked_sub(1) else { return Ok(()) };
    let last = journal.log().entry(index, checkpoint.size).map_err(read)?.leaf.at;
    let behind = last.duration_since(now);
    if config.clock_was_wrong || behind.as_secs() <= i64::try_from(config.exchange.freshness.as_secs()).unwrap_or(0) {
        return Ok(());
    }
    Err(StartError::Clock { last, now })
}

/// The log's keys as the directory names them.
fn named_key(world: &World, config: &Config) -> Result<LogKey, StartError> {
    let entry = world.directory().broker(&config.member);
    let entry =
        entry.ok_or_else(|| StartError::Identity(format!("the directory names no broker {}", config.member)))?;
    LogKey::parse_all(&entry.log.keys())
        .map_err(|error| StartError::Identity(format!("the log's keys in the directory: {error}")))
}

/// Whose home this broker is sent it; anybody else's came by way of another broker.
fn restore_claims(
    journal: &Journal,
    claims: &Claims,
    world: &World,
    me: &MemberId,
    now: Arrival,
) -> Result<(), mohur_journal::ReadError> {
    let since = now.0.checked_sub(std::time::Duration::from_secs(claims.kept_seconds().unsigned_abs()));
    for entry in journal.tail(since.unwrap_or(now.0))? {
        let entry = entry?;
        let leaf = entry.leaf;
        if matches!(leaf.kind, Kind::Intent | Kind::Outcome)
            && let Some(id) = leaf.id
        {
            let outcome = (leaf.kind == Kind::Outcome).then_some(entry.index);
            let is_ours = world.directory().broker_of(&leaf.consumer).is_some_and(|home| home.id == *me);
            let way = if is_ours { Way::Sent } else { Way::Forwarded };
            claims.restore(leaf.consumer, id, Arrival(leaf.at), way, outcome);
        }
    }
    Ok(())
}
