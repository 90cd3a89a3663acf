//! The whole-path figures: starts the release binaries and a bare handler, loads them over loopback and compares with the budgets.
//!
//! `make bench`, or `cargo bench --bench load -- --help`. It speaks HTTP only and knows nothing of the library: what it measures is what
//! a shop would see.

#[path = "load/mod.rs"]
mod load;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    load::run()
}
