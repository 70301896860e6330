//! `maru`: the server of a class's cloud IDE, and the commands that go with it.

#![forbid(unsafe_code)]

mod auth;
mod cli;
mod config;
mod error;
mod lang;
mod pages;
mod routes;
mod serve;
mod state;

use clap::Parser;

fn main() -> std::process::ExitCode {
    cli::Cli::parse().run()
}
