//! Which hosts are fetched from although they are not public, and who may sign their certificates: a school's own GitLab.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Where a machine keeps the certificate authorities that it trusts.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// What an administrator allowed beside public hosts; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteAccess {
    /// In lower case; with the address where the name is in no DNS.
    hosts: BTreeMap<String, Option<IpAddr>>,
    authority: Option<PathBuf>,
}

impl RemoteAccess {
    /// `hosts` are `NAME` or `NAME=ADDRESS`; `authority` is a PEM file, trusted at these hosts beside the machine's own.
    ///
    /// # Errors
    /// What is wrong with them, and how they are written.
    pub fn parse(hosts: &[String], authority: Option<&Path>) -> Result<Self, String> {
        let mut allowed = BTreeMap::new();
        for given in hosts.iter().map(|given| given.trim()).filter(|given| !given.is_empty()) {
            let (name, address) = match given.split_once('=') {
                Some((name, address)) => (name.trim(), Some(address.trim())),
                None => (given, None),
            };
            let name = name.to_ascii_lowercase();
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
            let named =
                name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.bytes().all(plain) && !label.starts_with('-'));
            if !named {
                return Err(format!(
                    "{given:?} is no host: write NAME or NAME=ADDRESS, such as git.school.example=10.0.0.5, without https:// and port"
                ));
            }
            let address = address
                .map(|address| address.parse().map_err(|_| format!("{given:?}: {address:?} is no IP address, such as 10.0.0.5")))
                .transpose()?;
            allowed.insert(name, address);
        }
        if let Some(path) = authority {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            if !text.split_once(BEGIN).is_some_and(|(_, rest)| rest.contains(END)) {
                return Err(format!("{} holds no certificate: it has to be a PEM file with {BEGIN}", path.display()));
            }
        }
        Ok(Self { hosts: allowed, authority: authority.map(Path::to_owned) })
    }

    /// The hosts, with their addresses where they were given.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, Option<IpAddr>)> {
        self.hosts.iter().map(|(name, address)| (name.as_str(), *address))
    }

    /// The PEM file that was given.
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// The host is allowed, wherever it is.
    pub(super) fn allows(&self, host: &str) -> bool {
        self.hosts.contains_key(host)
    }

    pub(super) fn address(&self, host: &str) -> Option<IpAddr> {
        self.hosts.get(host).copied().flatten()
    }

    /// A file with the machine's authorities and the given one, for a fetch from an allowed host. It goes with what is
    /// returned; `None`: the machine's are enough.
    pub(super) fn authorities(&self, host: &str) -> std::io::Result<Option<tempfile::NamedTempFile>> {
        let Some(own) = self.authority.as_deref().filter(|_| self.allows(host)) else { return Ok(None) };
        let system = std::env::var_os("SSL_CERT_FILE").map_or_else(|| PathBuf::from(SYSTEM), PathBuf::from);
        let mut file = tempfile::NamedTempFile::new()?;
        // A machine without any trusts the given one alone.
        if let Ok(known) = std::fs::read(system) {
            file.write_all(&known)?;
            file.write_all(b"\n")?;
        }
        file.write_all(&std::fs::read(own)?)?;
        file.flush()?;
        Ok(Some(file))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(hosts: &[&str]) -> Result<RemoteAccess, String> {
        RemoteAccess::parse(&hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>(), None)
    }

    #[test]
    fn a_school_names_its_hosts() {
        let access = parse(&["Git.School.Example=10.0.0.5", " gitlab ", ""]).unwrap();
        assert_eq!(access.address("git.school.example"), Some("10.0.0.5".parse().unwrap()));
        assert!(access.allows("gitlab") && access.address("gitlab").is_none() && !access.allows("school.example"));
        for wrong in ["https://git.school.example", "git.school.example:8443", "a..b", "a=b", "a=", "=10.0.0.5", "-a"] {
            assert!(parse(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        assert!(RemoteAccess::parse(&[], Some(&path)).unwrap_err().contains("ca.pem"));
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----").unwrap();
        assert!(RemoteAccess::parse(&[], Some(&path)).unwrap_err().contains("no certificate"));
        std::fs::write(&path, format!("{BEGIN}\nAA==\n{END}\n")).unwrap();
        let access = RemoteAccess::parse(&["git.school.example".to_owned()], Some(&path)).unwrap();
        let file = access.authorities("git.school.example").unwrap().unwrap();
        assert!(std::fs::read_to_string(file.path()).unwrap().ends_with(&format!("{BEGIN}\nAA==\n{END}\n")));
        assert!(access.authorities("github.com").unwrap().is_none(), "a school signs for its own hosts only");
    }

    proptest! {
        #[test]
        fn any_host_is_taken_or_refused(given in "\\PC{0,40}") {
            if let Ok(access) = RemoteAccess::parse(std::slice::from_ref(&given), None) {
                let all_in_urls = access.hosts().all(|(name, _)| http::Uri::try_from(format!("https://{name}/")).is_ok());
                prop_assert!(all_in_urls);
            }
        }
    }
}
