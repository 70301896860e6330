//! `maru`: the server of a class's cloud IDE, and the commands that go with it.

#![forbid(unsafe_code)]

mod auth;
mod backup;
mod cli;
mod config;
mod deploy;
mod doctor;
mod error;
mod exits;
mod fences;
mod inbound;
mod lang;
mod load;
mod machine;
mod metrics;
mod openapi;
mod pages;
mod parity;
mod proxy;
mod removal;
mod render;
mod roster;
mod routes;
mod serve;
mod settings;
mod starter;
mod state;
mod surroundings;
mod tidy;

use clap::Parser;

/// The C library's keeps what was needed for a moment (19 MiB for each password that is checked) for ever: a class that
/// logged in at nine cost hundreds of MiB for the rest of the day.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
