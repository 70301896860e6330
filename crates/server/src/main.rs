//! `maru`: the server of a class's cloud IDE, and the commands that go with it.

#![forbid(unsafe_code)]

mod auth;
mod cli;
mod config;
mod deploy;
mod doctor;
mod error;
mod exits;
mod inbound;
mod lang;
mod pages;
mod proxy;
mod render;
mod routes;
mod serve;
mod starter;
mod state;
mod surroundings;

use clap::Parser;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
