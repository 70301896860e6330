//! What an installation is told: `maru.toml`, over it the `MARU_*` variables, over them the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use maru_model::Egress;

/// Previews are below it.
pub const PREVIEW_DOMAIN: &str = "preview.localhost";
/// Applications are below it.
pub const APPS_DOMAIN: &str = "apps.localhost";

/// Settings of the server and of every command that works on its data.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Folder with everything that is kept.
    #[arg(long, env = "MARU_DATA", global = true)]
    data: Option<PathBuf>,
    /// `sqlite://PATH` or `postgres://...`; a file in the data folder where none is given.
    #[arg(long, env = "MARU_DATABASE", global = true)]
    database: Option<String>,
}

/// Settings of `maru serve`. Empty variables count as unset.
#[derive(Debug, Clone, Args, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServeSettings {
    /// Address and port to listen on.
    #[arg(long, env = "MARU_LISTEN")]
    listen: Option<SocketAddr>,
    /// The address that people type.
    #[arg(long, env = "MARU_URL")]
    url: Option<String>,
    /// `embedded`, or the path of a kubeconfig.
    #[arg(long, env = "MARU_CLUSTER")]
    cluster: Option<String>,
    /// Image of the embedded cluster's node.
    #[arg(long, env = "MARU_NODE_IMAGE")]
    node_image: Option<String>,
    /// Image of the workspaces.
    #[arg(long, env = "MARU_WORKSPACE_IMAGE")]
    workspace_image: Option<String>,
    /// Image of the registry.
    #[arg(long, env = "MARU_REGISTRY_IMAGE")]
    registry_image: Option<String>,
    /// Where the nodes of another cluster reach the registry: an address of this machine and a port; the port after it hands
    /// out its tokens.
    #[arg(long, env = "MARU_REGISTRY")]
    registry: Option<SocketAddr>,
    /// Minutes after which a workspace that nobody uses is stopped; 0 for never.
    #[arg(long, env = "MARU_IDLE_STOP")]
    idle_stop: Option<u32>,
    /// The way out of workspaces whose class says nothing: open, registries or none.
    #[arg(long, env = "MARU_EGRESS")]
    egress: Option<Egress>,
    /// Hosts that count as package registries beside the well-known ones; `.example.org` for all below.
    #[arg(long, env = "MARU_REGISTRIES", value_delimiter = ',')]
    registries: Option<Vec<String>>,
    /// Start although runc is one that lets programs out of their containers.
    #[arg(long, env = "MARU_ALLOW_OLD_RUNC", value_parser = clap::builder::BoolishValueParser::new())]
    allow_old_runc: Option<bool>,
    /// The agent's static binary.
    #[arg(long, env = "MARU_AGENT")]
    agent: Option<PathBuf>,
    /// Folder of the built web pages.
    #[arg(long, env = "MARU_WEB")]
    web: Option<PathBuf>,
    /// Folder of the starter projects.
    #[arg(long, env = "MARU_TEMPLATES")]
    templates: Option<PathBuf>,
    /// In the file only: the data folder and the database.
    #[arg(skip)]
    data: Option<PathBuf>,
    #[arg(skip)]
    database: Option<String>,
}

/// Everything decided.
#[derive(Debug, Clone)]
pub struct Config {
    pub data: PathBuf,
    pub database: String,
    pub instance: String,
    pub listen: SocketAddr,
    pub url: String,
    /// `None`: the embedded cluster.
    pub kubeconfig: Option<PathBuf>,
    pub node_image: String,
    pub workspace_image: String,
    pub registry_image: String,
    /// Where nodes that are not ours reach the registry.
    pub registry: Option<SocketAddr>,
    /// A workspace that nobody has used for so long is stopped.
    pub idle_stop: Option<Duration>,
    pub egress: Egress,
    pub registries: Vec<String>,
    pub allow_old_runc: bool,
    pub agent: PathBuf,
    pub web: PathBuf,
    pub templates: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {message}")]
    File { path: String, message: String },
    #[error("MARU_URL={0}: use http://HOST[:PORT] or https://HOST[:PORT], without a path")]
    Url(String),
}

impl Settings {
    /// The data folder, which is made where it is missing.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn data(&self) -> Result<PathBuf, ConfigError> {
        let data = self.data.clone().unwrap_or_else(|| {
            let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
            std::env::var_os("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from).join("maru")
        });
        std::fs::create_dir_all(&data).map_err(|error| file(&data, &error))?;
        std::fs::canonicalize(&data).map_err(|error| file(&data, &error))
    }

    /// The database of these settings, for a data folder.
    pub fn database(&self, data: &Path) -> String {
        self.database.clone().unwrap_or_else(|| format!("sqlite://{}?mode=rwc", data.join("maru.db").display()))
    }
}

impl Config {
    /// # Errors
    /// Where a file cannot be read or a value makes no sense.
    pub fn load(mut settings: Settings, serve: ServeSettings) -> Result<Self, ConfigError> {
        let path = std::env::var_os("MARU_CONFIG").map_or_else(|| PathBuf::from("maru.toml"), PathBuf::from);
        let written = read_file(&path)?;
        settings.data = settings.data.or(written.data);
        settings.database = settings.database.or(written.database);
        let data = settings.data()?;
        let programs = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).unwrap_or_default();
        // target/release/maru lies two folders below the checkout.
        let checkout = programs.join("../..");
        let url = serve.url.or(written.url).unwrap_or_else(|| "http://localhost:8080".to_owned());
        let url = url.trim_end_matches('/').to_owned();
        let valid = url
            .parse::<http::Uri>()
            .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.path().len() <= 1);
        if !valid {
            return Err(ConfigError::Url(url));
        }
        let cluster = serve.cluster.or(written.cluster).filter(|cluster| !matches!(cluster.as_str(), "" | "embedded"));
        Ok(Self {
            database: settings.database(&data),
            instance: instance(&data)?,
            listen: serve.listen.or(written.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            url,
            kubeconfig: cluster.map(PathBuf::from),
            node_image: serve.node_image.or(written.node_image).unwrap_or_else(|| "maru/node:latest".to_owned()),
            workspace_image: serve.workspace_image.or(written.workspace_image).unwrap_or_else(|| "maru/workspace:latest".to_owned()),
            registry_image: serve.registry_image.or(written.registry_image).unwrap_or_else(|| "maru/registry:latest".to_owned()),
            registry: serve.registry.or(written.registry),
            idle_stop: idle_stop(serve.idle_stop.or(written.idle_stop)),
            egress: serve.egress.or(written.egress).unwrap_or_default(),
            registries: serve.registries.or(written.registries).unwrap_or_default(),
            allow_old_runc: serve.allow_old_runc.or(written.allow_old_runc).unwrap_or(false),
            agent: serve.agent.or(written.agent).unwrap_or_else(|| programs.join("maru-agent")),
            web: serve.web.or(written.web).unwrap_or_else(|| checkout.join("web/dist")),
            templates: serve.templates.or(written.templates).unwrap_or_else(|| checkout.join("templates")),
            data,
        })
    }

    /// `http://HOST:PORT` of the address that people type, as a browser writes it in `Origin`.
    pub fn url_origin(&self) -> String {
        self.url.clone()
    }

    /// HOST of that address, in lower case.
    pub fn url_host(&self) -> String {
        self.url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default()
    }

    /// `:PORT` of that address, empty where it has none: apps and previews are on the same port.
    pub fn url_port(&self) -> String {
        self.url.parse::<http::Uri>().ok().and_then(|uri| uri.port_u16()).map(|port| format!(":{port}")).unwrap_or_default()
    }

    /// Where the preview of a port of a user's workspace is: another host name than the IDE's, so never its cookies.
    pub fn preview_url(&self, login: &maru_model::Login, port: u16) -> String {
        format!("{}://{port}--{login}.{PREVIEW_DOMAIN}{}/", self.url_scheme(), self.url_port())
    }

    /// What there is where nothing is set.
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub fn for_tests() -> Self {
        let data = tempfile::tempdir().unwrap();
        Self::load(Settings { data: Some(data.path().to_owned()), database: None }, ServeSettings::default()).unwrap()
    }

    /// `http` or `https`.
    pub fn url_scheme(&self) -> &str {
        if self.url.starts_with("https:") { "https" } else { "http" }
    }
}

/// An hour where nothing is said; never for 0.
fn idle_stop(minutes: Option<u32>) -> Option<Duration> {
    let minutes = minutes.unwrap_or(60);
    (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
}

fn read_file(path: &Path) -> Result<ServeSettings, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| file(path, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ServeSettings::default()),
        Err(error) => Err(file(path, &error)),
    }
}

fn file(path: &Path, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::File { path: path.display().to_string(), message: error.to_string() }
}

/// The installation's id: made once, kept in the data folder, part of the name of everything in Docker.
fn instance(data: &Path) -> Result<String, ConfigError> {
    let path = data.join("instance");
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() == 6 && text.trim().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) => {
            Ok(text.trim().to_owned())
        }
        Ok(_) => Err(ConfigError::File {
            path: path.display().to_string(),
            message: "does not hold an instance id (6 lowercase letters and digits)".to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = crate::auth::secret::random(6);
            std::fs::write(&path, format!("{id}\n")).map_err(|error| file(&path, &error))?;
            Ok(id)
        }
        Err(error) => Err(file(&path, &error)),
    }
}
