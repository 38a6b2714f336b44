//! `mohur`, built together with the scenarios that start it as a process of its own.

fn main() -> std::process::ExitCode {
    mohur::main()
}
