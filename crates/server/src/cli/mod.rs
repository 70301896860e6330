//! The commands. Each prints its answer on stdout and what went wrong on stderr, and exits 0 or 1.

mod backup;
mod check;
mod demo;
mod doctor;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use maru_store::Store;

use crate::config::{ServeSettings, Settings};

#[derive(Debug, Parser)]
#[command(name = "maru", version, about = "A self-hosted cloud IDE for classes")]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<ServeSettings>),
    /// Check manifests as a deployment would, without a cluster.
    Check(check::Command),
    /// Say what is wrong with this installation, and the fix of each thing.
    Doctor(Box<doctor::Command>),
    /// Add users.
    #[command(subcommand)]
    User(user::Command),
    /// Make bearer tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Make the demo class with an administrator, an instructor and a student, and print their logins as JSON.
    Demo,
    /// Write everything into one file; the server may run.
    Backup(Box<backup::Backup>),
    /// Put a backup into an empty data folder.
    Restore(Box<backup::Restore>),
    /// Run the Ingress controller, inside the cluster.
    Gateway,
}

/// What a command says when it fails: a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    pub fn run(self) -> ExitCode {
        match self.dispatch() {
            Ok(code) => code,
            Err(failure) => {
                eprintln!("maru: {failure}");
                ExitCode::FAILURE
            }
        }
    }

    fn dispatch(self) -> Result<ExitCode, Failure> {
        let settings = self.settings;
        match self.command {
            Command::Serve(serve) => {
                crate::memory::settle();
                log_to_stderr();
                let config = crate::config::Config::load(settings, *serve)?;
                runtime()?.block_on(crate::serve::run(config))?;
            }
            Command::Check(command) => return Ok(command.run()),
            Command::Doctor(command) => return runtime()?.block_on(command.run(settings)),
            Command::User(command) => runtime()?.block_on(async { command.run(&open(&settings).await?).await })?,
            Command::Token(command) => runtime()?.block_on(async { command.run(&open(&settings).await?).await })?,
            Command::Gateway => {
                crate::memory::settle();
                log_to_stderr();
                runtime()?.block_on(gateway())?;
            }
            Command::Backup(command) => runtime()?.block_on(command.run(settings))?,
            Command::Restore(command) => runtime()?.block_on(command.run(settings))?,
            Command::Demo => runtime()?.block_on(async { demo::run(&settings.data()?, &open(&settings).await?).await })?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("MARU_LOG").unwrap_or_else(|_| "info,sqlx=warn,kube=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}

/// Until Ctrl-C or SIGTERM, and then until what is under way has ended.
async fn gateway() -> Result<(), Failure> {
    let options = maru_gateway::Options::from_env()?;
    let client = kube::Client::try_default().await.map_err(|error| format!("the cluster's API can't be reached from here: {error}"))?;
    let stop = tokio_util::sync::CancellationToken::new();
    let mut running = std::pin::pin!(maru_gateway::run(client, options, stop.clone()));
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        () = crate::serve::asked_to_end() => stop.cancel(),
    }
    Ok(running.await?)
}

async fn open(settings: &Settings) -> Result<Store, Failure> {
    let data = settings.data()?;
    Ok(Store::open(&settings.database(&data)).await?)
}
