//! `mohur`: one binary.

fn main() -> std::process::ExitCode {
    mohur::main()
}
