//! The broker beside nginx, in one run on one machine: what a request costs, and how many there are in a second.
//!
//! `cargo run --release -p mohur-bench -- rest`, and `soap` for SOAP beside the XML signature libraries. Everything that takes part is a process of its own (this same binary, in
//! another role), so that the CPU of each is counted apart. `docs/performance.md` says what is measured, and why so.

mod border;
mod child;
mod cpu;
mod envelope;
mod error;
mod federation;
mod http1;
mod interrupt;
mod memory;
mod nginx;
mod report;
mod rest;
mod rival;
mod role;
mod soap;
mod soap_report;
mod stage;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::BenchError;

/// As in `mohur` itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the broker beside nginx, libxmlsec1 and Santuario.
#[derive(Parser)]
#[command(name = "mohur-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Signed REST queries through the broker, and the same bytes through nginx as mutual-TLS pass-through.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- rest\n  \
                            cargo run --release -p mohur-bench -- rest --json --rounds 9")]
    Rest(rest::Args),
    /// Signed SOAP: envelopes beside libxmlsec1 and Santuario, and whole requests beside Santuario's part of them.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- soap\n  \
                            cargo run --release -p mohur-bench -- soap --json --rounds 9")]
    Soap(soap::Args),
    /// A query that two brokers handle beside one that a single broker does: what the second broker costs.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- federation\n  \
                            cargo run --release -p mohur-bench -- federation --json --rounds 9")]
    Federation(federation::Args),
    /// Whether broker and adapter hold the same memory after a million queries.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- memory\n  \
                            cargo run --release -p mohur-bench -- memory --json --queries 100000")]
    Memory(memory::Args),
    /// The bundle of the border's first line over seven slow registers, at 200 a second.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- border\n  \
                            cargo run --release -p mohur-bench -- border --json --rate 100")]
    Border(border::Args),
    /// Signatures in a PKCS#11 token, by the number of sessions.
    #[command(after_help = "Examples:\n  cargo run --release -p mohur-bench -- token\n  \
                            cargo run --release -p mohur-bench -- token --json --seconds 10")]
    Token(token::Args),
    /// One process of a measurement; started by it.
    #[command(subcommand, hide = true)]
    Role(role::Role),
}

fn main() -> ExitCode {
    let done: Result<(), BenchError> = match Cli::parse().command {
        Command::Rest(args) => rest::run(&args),
        Command::Soap(args) => soap::run(&args),
        Command::Federation(args) => federation::run(&args),
        Command::Border(args) => border::run(&args),
        Command::Memory(args) => memory::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Role(role) => role::run(role),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mohur-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
