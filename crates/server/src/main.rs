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
mod memory;
mod metrics;
mod openapi;
mod pages;
mod parity;
mod polls;
mod proxy;
mod pushes;
mod quotas;
mod reconcile;
mod removal;
mod render;
mod roster;
mod routes;
mod serve;
mod settings;
mod sleep;
mod source;
mod starter;
mod state;
mod surroundings;
mod templates;
mod tidy;

use clap::Parser;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
