//! What an installation is told: `maru.toml`, over it the `MARU_*` variables, over them the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use maru_git::RemoteAccess;
use maru_model::{Egress, is_object_name};

/// Previews are below it where nothing else is said.
pub const PREVIEW_DOMAIN: &str = "preview.localhost";
/// Applications are.
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
    /// Applications are at NAME below this domain: not the domain that people log in at, nor one below it.
    #[arg(long, env = "MARU_APPS_DOMAIN")]
    apps_domain: Option<String>,
    /// Previews are at PORT--LOGIN below this domain: another one again.
    #[arg(long, env = "MARU_PREVIEW_DOMAIN")]
    preview_domain: Option<String>,
    /// `embedded`, or the path of a kubeconfig.
    #[arg(long, env = "MARU_CLUSTER")]
    cluster: Option<String>,
    /// Where workspaces run: `docker`. On a cluster they do not yet.
    #[arg(long, env = "MARU_RUNTIME")]
    runtime: Option<String>,
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
    /// Hosts that projects may be fetched from although they are not public: NAME, or NAME=ADDRESS where it is in no DNS.
    #[arg(long, env = "MARU_GIT_HOSTS", value_delimiter = ',')]
    git_hosts: Option<Vec<String>>,
    /// PEM file of the certificate authority of these hosts, trusted there beside the machine's own.
    #[arg(long, env = "MARU_GIT_CA")]
    git_ca: Option<PathBuf>,
    /// Keep the newest requests to applications in memory, for their owners.
    #[arg(long, env = "MARU_ACCESS_LOG", value_parser = clap::builder::BoolishValueParser::new())]
    access_log: Option<bool>,
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
    /// Applications are below it.
    pub apps_domain: String,
    /// Previews are below it.
    pub preview_domain: String,
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
    /// Where projects may be fetched from beside public hosts.
    pub remotes: RemoteAccess,
    pub access_log: bool,
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
    #[error("{setting}={given}: use a domain such as apps.example.org")]
    Domain { setting: &'static str, given: String },
    #[error(
        "MARU_RUNTIME={0}: workspaces run on the Docker Engine; use docker, or leave it out. A cluster (MARU_CLUSTER) runs applications only"
    )]
    Runtime(String),
    #[error("MARU_GIT_HOSTS, MARU_GIT_CA: {0}")]
    Remotes(String),
    #[error(
        "{one} and {other} overlap: the IDE (MARU_URL), applications (MARU_APPS_DOMAIN) and previews (MARU_PREVIEW_DOMAIN) need \
         domains of which none is below another"
    )]
    Overlap { one: String, other: String },
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
        let apps_domain = domain("MARU_APPS_DOMAIN", serve.apps_domain.or(written.apps_domain), APPS_DOMAIN)?;
        let preview_domain = domain("MARU_PREVIEW_DOMAIN", serve.preview_domain.or(written.preview_domain), PREVIEW_DOMAIN)?;
        if let Some(other) = serve.runtime.or(written.runtime).filter(|runtime| !matches!(runtime.as_str(), "" | "docker")) {
            return Err(ConfigError::Runtime(other));
        }
        let cluster = serve.cluster.or(written.cluster).filter(|cluster| !matches!(cluster.as_str(), "" | "embedded"));
        let config = Self {
            database: settings.database(&data),
            instance: instance(&data)?,
            listen: serve.listen.or(written.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            url,
            apps_domain,
            preview_domain,
            kubeconfig: cluster.map(PathBuf::from),
            node_image: serve.node_image.or(written.node_image).unwrap_or_else(|| "maru/node:latest".to_owned()),
            workspace_image: serve.workspace_image.or(written.workspace_image).unwrap_or_else(|| "maru/workspace:latest".to_owned()),
            registry_image: serve.registry_image.or(written.registry_image).unwrap_or_else(|| "maru/registry:latest".to_owned()),
            registry: serve.registry.or(written.registry),
            idle_stop: idle_stop(serve.idle_stop.or(written.idle_stop)),
            egress: serve.egress.or(written.egress).unwrap_or_default(),
            registries: serve.registries.or(written.registries).unwrap_or_default(),
            remotes: remotes(serve.git_hosts.or(written.git_hosts), serve.git_ca.or(written.git_ca))?,
            access_log: serve.access_log.or(written.access_log).unwrap_or(true),
            allow_old_runc: serve.allow_old_runc.or(written.allow_old_runc).unwrap_or(false),
            agent: serve.agent.or(written.agent).unwrap_or_else(|| programs.join("maru-agent")),
            web: serve.web.or(written.web).unwrap_or_else(|| checkout.join("web/dist")),
            templates: serve.templates.or(written.templates).unwrap_or_else(|| checkout.join("templates")),
            data,
        };
        apart(&config)?;
        Ok(config)
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
        format!("{}://{port}--{login}.{}{}/", self.url_scheme(), self.preview_domain, self.url_port())
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

/// A name of two labels and more, as DNS has them; in lower case.
fn domain(setting: &'static str, given: Option<String>, default: &str) -> Result<String, ConfigError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(default.to_owned()) };
    let name = given.trim_start_matches('.').to_ascii_lowercase();
    // The longest login, a port and two dashes have to fit before it.
    let fits = name.len() <= 180 && name.split('.').all(|label| label.len() <= 63);
    let valid = name.contains('.') && fits && is_object_name(&name) && name.parse::<std::net::IpAddr>().is_err();
    if valid { Ok(name) } else { Err(ConfigError::Domain { setting, given }) }
}

/// Whether a host name is a domain, or below it; both in lower case.
pub fn under(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A student's page below the IDE's own name could set its cookies; one name for two things would hide one of them.
fn apart(config: &Config) -> Result<(), ConfigError> {
    let (ide, apps, previews) = (config.url_host(), config.apps_domain.as_str(), config.preview_domain.as_str());
    // Below it there is only one's own machine.
    let overlap = |a: &str, b: &str| (under(a, b) || under(b, a)) && a != "localhost" && b != "localhost";
    match [(ide.as_str(), apps), (ide.as_str(), previews), (apps, previews)].into_iter().find(|(a, b)| overlap(a, b)) {
        Some((one, other)) => Err(ConfigError::Overlap { one: one.to_owned(), other: other.to_owned() }),
        None => Ok(()),
    }
}

fn remotes(hosts: Option<Vec<String>>, authority: Option<PathBuf>) -> Result<RemoteAccess, ConfigError> {
    let authority = authority.filter(|path| !path.as_os_str().is_empty());
    RemoteAccess::parse(&hosts.unwrap_or_default(), authority.as_deref()).map_err(ConfigError::Remotes)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn domains(url: &str, apps: &str, previews: &str) -> Result<Config, ConfigError> {
        let data = tempfile::tempdir().unwrap();
        let given = |text: &str| Some(text.to_owned());
        let serve =
            ServeSettings { url: given(url), apps_domain: given(apps), preview_domain: given(previews), ..ServeSettings::default() };
        Config::load(Settings { data: Some(data.path().to_owned()), database: None }, serve)
    }

    #[test]
    fn a_school_says_under_which_names() {
        let config = domains("https://maru.school.example", ".Apps-School.example", "previews-school.example").unwrap();
        assert_eq!(config.apps_domain, "apps-school.example");
        let kim = maru_model::Login::parse("kim").unwrap();
        assert_eq!(config.preview_url(&kim, 8000), "https://8000--kim.previews-school.example/");
        let config = domains("http://localhost:8080", "", "").unwrap();
        assert_eq!((config.apps_domain.as_str(), config.preview_domain.as_str()), (APPS_DOMAIN, PREVIEW_DOMAIN));
    }

    #[test]
    fn names_that_would_take_each_others_cookies_are_refused() {
        for (url, apps, previews) in [
            ("https://school.example", "apps.school.example", "previews.example"),
            ("https://maru.apps.example", "apps.example", "previews.example"),
            ("https://school.example", "apps.example", "school.example"),
            ("https://school.example", "apps.example", "apps.example"),
            ("https://school.example", "a.previews.example", "previews.example"),
        ] {
            assert!(matches!(domains(url, apps, previews), Err(ConfigError::Overlap { .. })), "{url} {apps} {previews}");
        }
        for wrong in ["apps", "a..example", "-a.example", "a_b.example", "apps.example:8080", "192.0.2.1", "앱.example"] {
            assert!(matches!(domains("http://localhost", wrong, ""), Err(ConfigError::Domain { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_runtime_that_is_not_there_is_refused() {
        let load = |runtime: &str| {
            let data = tempfile::tempdir().unwrap();
            let serve = ServeSettings { runtime: Some(runtime.to_owned()), ..ServeSettings::default() };
            Config::load(Settings { data: Some(data.path().to_owned()), database: None }, serve).map(drop)
        };
        assert!(load("docker").is_ok() && load("").is_ok());
        assert!(matches!(load("kubernetes"), Err(ConfigError::Runtime(_))));
    }

    #[test]
    fn git_hosts_are_checked_at_the_start() {
        let load = |hosts: &[&str], authority: &str| {
            let data = tempfile::tempdir().unwrap();
            let git_hosts = Some(hosts.iter().map(|host| (*host).to_owned()).collect());
            let serve = ServeSettings { git_hosts, git_ca: Some(authority.into()), ..ServeSettings::default() };
            Config::load(Settings { data: Some(data.path().to_owned()), database: None }, serve)
        };
        assert_eq!(load(&["git.school.example=10.0.0.5", ""], "").unwrap().remotes.hosts().count(), 1);
        let refused = |hosts: &[&str], authority: &str| load(hosts, authority).unwrap_err().to_string();
        assert!(refused(&["https://git.school.example"], "").contains("MARU_GIT_HOSTS"));
        assert!(refused(&[], "/nonexistent/ca.pem").contains("/nonexistent/ca.pem"));
    }

    proptest! {
        #[test]
        fn any_domain_is_taken_or_refused(given in "\\PC{0,40}") {
            if let Ok(name) = domain("MARU_APPS_DOMAIN", Some(given), APPS_DOMAIN) {
                prop_assert!(http::HeaderValue::from_str(&name).is_ok() && name == name.to_ascii_lowercase());
            }
        }
    }
}
