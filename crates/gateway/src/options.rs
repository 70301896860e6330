use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::route::{HostPolicy, Policy};

/// How a gateway runs. [`Options::from_env`] reads it from the environment, as its pod sets it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where applications are served.
    pub listen: SocketAddr,
    /// Where they are served by TLS.
    pub listen_tls: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are.
    pub health: SocketAddr,
    pub policy: Policy,
    /// What Ingresses get as their status: the address under which this gateway is reached.
    pub address: Option<IpAddr>,
    /// Whose `X-Forwarded-*` are believed: the proxies in front.
    pub trusted: Vec<IpAddr>,
    pub connect_timeout: Duration,
    /// How long a client may take for the head of a request, and for the first one after it has connected.
    pub head_timeout: Duration,
    /// How long an application may be silent before the first byte of its answer.
    pub read_timeout: Duration,
    /// How long connections may go on after the order to stop.
    pub drain: Duration,
    /// Where a page of ours shows the last log lines to those who may see them: a host and a path follow.
    pub why: Option<String>,
    /// Whether the newest requests are kept, for those whom they concern.
    pub access_log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::UNSPECIFIED, 80).into(),
            listen_tls: (Ipv4Addr::UNSPECIFIED, 443).into(),
            health: (Ipv4Addr::UNSPECIFIED, 10254).into(),
            policy: Policy { classes: vec!["maru".into(), "nginx".into()], unclassed: true, hosts: None, loopback: false },
            address: None,
            trusted: Vec::new(),
            connect_timeout: Duration::from_secs(3),
            head_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(4),
            why: None,
            access_log: true,
        }
    }
}

impl Options {
    /// Reads `MARU_GATEWAY_*`: `LISTEN`, `LISTEN_TLS`, `HEALTH`, `CLASSES` (a list), `ADDRESS`, `TRUSTED` (a list of addresses),
    /// `DOMAIN` (switches the host policy on), `NAMESPACE_PREFIX` (`u-`), `WHY` (a URL),
    /// `ACCESS_LOG` (`true` or `false`). Lists are separated by commas.
    ///
    /// # Errors
    /// Where a value cannot be read: which, and why.
    pub fn from_env() -> Result<Self, BadOption> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadOption> {
        let mut options = Self::default();
        let get = |name: &'static str| get(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        if let Some(v) = get("MARU_GATEWAY_LISTEN") {
            options.listen = parse("MARU_GATEWAY_LISTEN", &v)?;
        }
        if let Some(v) = get("MARU_GATEWAY_LISTEN_TLS") {
            options.listen_tls = parse("MARU_GATEWAY_LISTEN_TLS", &v)?;
        }
        if let Some(v) = get("MARU_GATEWAY_HEALTH") {
            options.health = parse("MARU_GATEWAY_HEALTH", &v)?;
        }
        if let Some(v) = get("MARU_GATEWAY_CLASSES") {
            options.policy.classes = list(&v).map(str::to_owned).collect();
        }
        if let Some(v) = get("MARU_GATEWAY_ADDRESS") {
            options.address = Some(parse("MARU_GATEWAY_ADDRESS", &v)?);
        }
        if let Some(v) = get("MARU_GATEWAY_TRUSTED") {
            options.trusted = list(&v).map(|ip| parse("MARU_GATEWAY_TRUSTED", ip)).collect::<Result<_, _>>()?;
        }
        options.why = get("MARU_GATEWAY_WHY");
        if let Some(v) = get("MARU_GATEWAY_ACCESS_LOG") {
            options.access_log = parse("MARU_GATEWAY_ACCESS_LOG", &v)?;
        }
        let namespace_prefix = get("MARU_GATEWAY_NAMESPACE_PREFIX").unwrap_or_else(|| "u-".into());
        options.policy.hosts =
            get("MARU_GATEWAY_DOMAIN").map(|domain| HostPolicy { domain: domain.to_ascii_lowercase(), namespace_prefix });
        Ok(options)
    }
}

/// A setting that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{name}={value:?}: {why}")]
pub struct BadOption {
    name: &'static str,
    value: String,
    why: String,
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(name: &'static str, value: &str) -> Result<T, BadOption> {
    value.parse().map_err(|why: T::Err| BadOption { name, value: value.to_owned(), why: why.to_string() })
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_environment() {
        let env = [
            ("MARU_GATEWAY_LISTEN", "127.0.0.1:8081"),
            ("MARU_GATEWAY_CLASSES", "maru, alb"),
            ("MARU_GATEWAY_DOMAIN", "Apps.localhost"),
            ("MARU_GATEWAY_TRUSTED", "10.213.0.1,::1"),
            ("MARU_GATEWAY_ACCESS_LOG", "false"),
            ("MARU_GATEWAY_WHY", "http://localhost:8080/why"),
        ];
        let options = Options::read(|name| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())).unwrap();
        assert_eq!(options.listen.port(), 8081);
        assert_eq!(options.policy.classes, ["maru", "alb"]);
        assert_eq!(options.policy.hosts.unwrap(), HostPolicy { domain: "apps.localhost".into(), namespace_prefix: "u-".into() });
        assert_eq!(options.trusted.len(), 2);
        assert!(!options.access_log);
        assert_eq!(options.why.as_deref(), Some("http://localhost:8080/why"));
        let error = Options::read(|name| (name == "MARU_GATEWAY_ADDRESS").then(|| "node".into())).unwrap_err();
        assert!(error.to_string().starts_with("MARU_GATEWAY_ADDRESS=\"node\": "), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_read_or_named(value in "([0-9]{1,20}|[.:,\\[\\] ]|true|가|.){0,8}", which in 0..7_usize) {
            let names = ["LISTEN", "HEALTH", "CLASSES", "ADDRESS", "TRUSTED", "ACCESS_LOG", "DOMAIN"];
            let set = format!("MARU_GATEWAY_{}", names[which]);
            if let Err(error) = Options::read(|name| (name == set).then(|| value.clone())) {
                proptest::prop_assert!(error.to_string().starts_with(&set));
            }
        }
    }
}
