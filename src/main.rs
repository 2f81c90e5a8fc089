//! The `bangtin` program.

/// Imports allocate and free millions of small pieces on several cores. With this allocator they take a quarter
/// less time than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bangtin::cli::main()
}
