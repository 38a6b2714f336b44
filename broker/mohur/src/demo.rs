//! `mohur demo`: the whole exchange on this machine, told so that a person understands it in a minute.

mod story;
mod telling;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::nation::Nation;
use mohur_http::SystemClock;

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur demo                                run the story and stop
  mohur demo --serve                        stay up afterwards, and print what to try next
  mohur demo --folder /tmp/az --json        keep the files there; print one JSON document";

/// Run the whole exchange on this machine: a throwaway PKI, a broker, six registers with their hosts, and a story.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Stay up after the story, until Ctrl-C.
    #[arg(long)]
    serve: bool,
    /// Keep everything in this folder, which must be empty or new. Without it: a folder that is removed at the end.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let kept = args.folder.is_some() || args.serve;
    let folder = match args.folder {
        Some(folder) => folder,
        None => std::env::temp_dir().join(format!("mohur-demo-{}", std::process::id())),
    };
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(CliError::usage(format!("{} is not empty; choose a new folder", folder.display())));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::usage)?;
    let result = runtime.block_on(play(&folder, args.serve, out));
    if !kept {
        // Throwaway keys in a throwaway folder: what cannot be removed is harmless.
        let _left_behind = std::fs::remove_dir_all(&folder);
    }
    result
}

async fn play(folder: &std::path::Path, serve: bool, out: &Output) -> Result<ExitCode, CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::new(Exit::Usage, error);
    let teller = telling::Teller::new(out.is_json());
    teller.chapter("A throwaway nation: a PKI, a broker, six registers with their hosts, mutual TLS between them");
    let nation = Nation::found(folder, Arc::new(SystemClock)).map_err(|error| failed(&error))?;
    let running = nation.start().await.map_err(|error| failed(&error))?;
    teller.nation(&nation, &running);
    let story = Box::pin(story::tell(&nation, &running, &teller)).await;
    let good = story.as_ref().is_ok_and(story::Story::went_well);
    if let Ok(story) = &story {
        teller.end(story, out);
    }
    if serve && good {
        teller.next_steps(&nation, &running);
        // Without a terminal's Ctrl-C there is nothing to wait for: it then stops at once.
        let _interrupted = tokio::signal::ctrl_c().await;
    }
    running.stop().await;
    story?;
    Ok(if good { ExitCode::SUCCESS } else { Exit::Unverified.into() })
}
