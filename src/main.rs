//! The `bangtin` program.

fn main() -> std::process::ExitCode {
    bangtin::cli::main()
}
