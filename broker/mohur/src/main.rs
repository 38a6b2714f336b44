//! `mohur`: one binary.

/// Decision 45: a tenth of a message's CPU was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mohur::main()
}
