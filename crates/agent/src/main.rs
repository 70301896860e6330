//! `maru-agent serve | dial | tty`. See the library.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs::Permissions;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use maru_agent::{Agent, Config, Home};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

const USAGE: &str = "\
maru-agent serve [--socket PATH] [--home PATH] [--reverse ADDRESS:PORT | --reverse none]
maru-agent dial [--socket PATH]
maru-agent --version";

const SOCKET: &str = "/run/maru/agent.sock";
const REVERSE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, maru_protocol::REVERSE_PORT));

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let verb = args.next().unwrap_or_default();
    let done = match verb.to_str() {
        Some("serve") => options(args).and_then(|o| run(&o)),
        Some("dial") => options(args).and_then(|o| maru_agent::dial(&o.socket).map_err(|e| format!("{}: {e}", o.socket.display()))),
        Some("tty") => Err(maru_agent::become_program(args).to_string()),
        Some("--version" | "-V") => {
            println!("maru-agent {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("maru-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    socket: PathBuf,
    home: Option<PathBuf>,
    reverse: Option<SocketAddr>,
}

/// Three options are no reason for a parser's hundreds of kilobytes.
fn options(mut args: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let address = |text: &str| text.parse().map_err(|e| format!("--reverse {text}: {e}"));
    let mut options = Options { socket: SOCKET.into(), home: None, reverse: Some(REVERSE) };
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| USAGE.to_owned())?;
        match name.to_str() {
            Some("--socket") => options.socket = value.into(),
            Some("--home") => options.home = Some(value.into()),
            Some("--reverse") => {
                let text = value.to_string_lossy();
                options.reverse = if text == "none" { None } else { Some(address(&text)?) };
            }
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

/// A student who has locked themselves out of their home gets back in by the next start.
fn open_home(path: &Path) -> std::io::Result<Home> {
    match Home::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let mode = std::fs::metadata(path)?.permissions().mode() | 0o700;
            std::fs::set_permissions(path, Permissions::from_mode(mode))?;
            Home::open(path)
        }
        opened => opened,
    }
}

fn run(options: &Options) -> Result<(), String> {
    let home = options.home.clone().or_else(|| std::env::var_os("HOME").map(PathBuf::from)).ok_or("--home or $HOME is needed")?;
    let opened = open_home(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    // One worker: the agent moves bytes, and each thread more is memory of the student's.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .thread_stack_size(512 * 1024)
        .build()
        .map_err(|e| format!("runtime: {e}"))?;
    let config = Config { socket: options.socket.clone(), reverse: options.reverse };
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut signals = [SignalKind::terminate(), SignalKind::interrupt()]
            .map(signal)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?;
        let agent = Arc::new(Agent::new(opened, "/proc/self/exe".into(), config.reverse.map(|a| a.port())));
        let serving = maru_agent::serve(agent, config, stop.clone());
        tokio::pin!(serving);
        let asked = futures_util::future::select_all(signals.iter_mut().map(|s| Box::pin(s.recv())));
        tokio::select! {
            ended = &mut serving => return ended.map_err(|e| format!("{}: {e}", options.socket.display())),
            _ = asked => stop.cancel(),
        }
        serving.await.map_err(|e| e.to_string())
    })
}
