//! The node's certificates. Only the authorities and the key of service accounts are kept (`$MARU_DATA/cluster`, 0600);
//! a container that is made gets certificates minted anew, and one that runs gets others before they end.

use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

use crate::ClusterError;

const YEAR: Duration = Duration::from_secs(31_556_952);

/// For how long certificates are issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub lifetime: Duration,
    /// How long before their end others take their place.
    pub renew_before: Duration,
}

impl Default for Validity {
    /// The node goes on for years where no server looks after it.
    fn default() -> Self {
        Self { lifetime: 10 * YEAR, renew_before: YEAR }
    }
}

/// The API server's address inside the cluster: the first of its service addresses (`docker/node`).
const API_SERVICE: &str = "10.96.0.1";

/// The system's own clients: file name, user, group. RBAC knows the `system:` names; the others get roles from the node's add-ons.
const CLIENTS: [(&str, &str, Option<&str>); 11] = [
    ("admin", "maru:admin", Some("system:masters")),
    ("apiserver-kubelet", "maru:apiserver-kubelet", None),
    ("argo-rollouts", "maru:argo-rollouts", None),
    ("controller-manager", "system:kube-controller-manager", None),
    ("coredns", "maru:coredns", None),
    ("kube-proxy", "system:kube-proxy", None),
    ("kubelet", "system:node:maru", Some("system:nodes")),
    ("local-path", "maru:local-path", None),
    ("metrics-server", "maru:metrics-server", None),
    ("network-policy", "maru:network-policy", None),
    ("scheduler", "system:kube-scheduler", None),
];

/// A certificate and its key, both PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

struct Authority {
    /// Also the file names, `{name}.crt` and `{name}.key`.
    name: &'static str,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    lifetime: Duration,
}

pub(crate) struct Pki {
    ca: Authority,
    front_proxy: Authority,
    service_accounts: KeyPair,
    validity: Validity,
}

impl Pki {
    /// Reads the authorities from `folder`, or makes them.
    pub(crate) fn load_or_create(folder: &Path, validity: Validity) -> Result<Self, ClusterError> {
        std::fs::create_dir_all(folder).map_err(ClusterError::file("making the folder", folder))?;
        Ok(Self {
            ca: Authority::load_or_create(folder, "ca", "maru-cluster", validity)?,
            front_proxy: Authority::load_or_create(folder, "front-proxy-ca", "maru-front-proxy", validity)?,
            service_accounts: load_or_create_key(&folder.join("service-account.key"))?,
            validity,
        })
    }

    pub(crate) fn ca(&self) -> &str {
        &self.ca.certificate
    }

    /// Changes when anything kept changes: the node must then be given new files.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.ca.certificate, &self.front_proxy.certificate, &self.service_accounts.public_key_pem()] {
            hash.update(part);
        }
        hex(&hash.finalize())
    }

    /// Whether a certificate has to make way for another one. One that cannot be read has.
    pub(crate) fn is_due(&self, certificate: &str) -> bool {
        ends_within(certificate, self.validity.renew_before)
    }

    /// How often to look: more than once while they are due.
    pub(crate) fn look_every(&self) -> Duration {
        (self.validity.renew_before / 4).min(Duration::from_secs(3600))
    }

    /// The identity that may do everything.
    pub(crate) fn admin(&self) -> Result<Identity, ClusterError> {
        self.ca.issue("maru:admin", Some("system:masters"), &[])
    }

    /// Every file of the node's `/etc/maru/pki`.
    pub(crate) fn node_files(&self, node: Ipv4Addr) -> Result<Vec<(String, String)>, ClusterError> {
        let mut files = vec![
            ("ca.crt".to_owned(), self.ca.certificate.clone()),
            ("ca.key".to_owned(), self.ca.issuer.key().serialize_pem()),
            ("front-proxy-ca.crt".to_owned(), self.front_proxy.certificate.clone()),
            ("service-account.key".to_owned(), self.service_accounts.serialize_pem()),
            ("service-account.pub".to_owned(), self.service_accounts.public_key_pem()),
        ];
        let mut add = |name: &str, identity: Identity| {
            files.push((format!("{name}.crt"), identity.certificate));
            files.push((format!("{name}.key"), identity.key));
        };
        for (name, user, group) in CLIENTS {
            add(name, self.ca.issue(user, group, &[])?);
        }
        add("front-proxy", self.front_proxy.issue("front-proxy", None, &[])?);
        let address = node.to_string();
        let api = [
            &address,
            "127.0.0.1",
            API_SERVICE,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        add("apiserver", self.ca.issue("kube-apiserver", None, &api)?);
        add("kubelet-serving", self.ca.issue("system:node:maru", Some("system:nodes"), &[&address, "127.0.0.1", "maru"])?);
        add(
            "metrics-server-serving",
            self.ca.issue("metrics-server", None, &[&address, "metrics-server.kube-system.svc", "metrics-server.kube-system"])?,
        );
        Ok(files)
    }
}

impl Authority {
    fn load_or_create(folder: &Path, name: &'static str, common_name: &str, validity: Validity) -> Result<Self, ClusterError> {
        let key = load_or_create_key(&folder.join(format!("{name}.key")))?;
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(common_name, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        // Longer than what it signs. The key stays, so what it signed before is as good as ever.
        set_validity(&mut params, 2 * validity.lifetime.max(YEAR));
        let path = folder.join(format!("{name}.crt"));
        let certificate = match std::fs::read_to_string(&path) {
            Ok(pem) if !ends_within(&pem, validity.renew_before) => pem,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ClusterError::file("reading the certificate", &path)(error));
            }
            _ => {
                let pem = params.self_signed(&key).map_err(ClusterError::certificates("making an authority"))?.pem();
                write_private(&path, &pem)?;
                pem
            }
        };
        Ok(Self { name, certificate, issuer: Issuer::new(params, key), lifetime: validity.lifetime })
    }

    /// A client certificate, and a server's one too where there are names for it.
    fn issue(&self, user: &str, group: Option<&str>, names: &[&str]) -> Result<Identity, ClusterError> {
        let failed = ClusterError::certificates("issuing a certificate");
        let key = KeyPair::generate().map_err(&failed)?;
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(&failed)?;
        params.distinguished_name = subject(user, group);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if !params.subject_alt_names.is_empty() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, self.lifetime);
        let certificate = params.signed_by(&key, &self.issuer).map_err(&failed)?;
        tracing::trace!(authority = self.name, user, "issued a certificate");
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn subject(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}

/// From last year's beginning, since clocks differ, on.
fn set_validity(params: &mut CertificateParams, lifetime: Duration) {
    let now = SystemTime::now();
    let years = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / YEAR.as_secs());
    params.not_before = rcgen::date_time_ymd(1969 + i32::try_from(years).unwrap_or(0), 1, 1);
    params.not_after = (now + lifetime).into();
}

/// Whether a certificate ends within this time, or is none.
fn ends_within(pem: &str, time: Duration) -> bool {
    let limit = SystemTime::now() + time;
    let limit = limit.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else { return true };
    pem.parse_x509().map_or(true, |certificate| certificate.validity().not_after.timestamp() <= limit)
}

fn load_or_create_key(path: &Path) -> Result<KeyPair, ClusterError> {
    match std::fs::read_to_string(path) {
        Ok(pem) => KeyPair::from_pem(&pem).map_err(ClusterError::certificates("reading a key")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = KeyPair::generate().map_err(ClusterError::certificates("making a key"))?;
            write_private(path, &key.serialize_pem())?;
            Ok(key)
        }
        Err(error) => Err(ClusterError::file("reading the key", path)(error)),
    }
}

/// Whole or not at all: a key that is half there would lock us out of the cluster.
fn write_private(path: &Path, text: &str) -> Result<(), ClusterError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(ClusterError::file("writing", path))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let first = Pki::load_or_create(folder.path(), Validity::default()).unwrap();
        let again = Pki::load_or_create(folder.path(), Validity::default()).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.ca(), again.ca());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.path().join("ca.key")).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_ends_soon_is_due_and_an_authority_that_does_is_made_anew_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let short = Validity { lifetime: Duration::from_secs(90), renew_before: Duration::from_secs(60) };
        let pki = Pki::load_or_create(folder.path(), short).unwrap();
        let certificate = pki.admin().unwrap().certificate;
        assert!(!pki.is_due(&certificate));
        assert!(ends_within(&certificate, Duration::from_secs(91)) && !ends_within(&certificate, Duration::from_secs(85)));
        assert!(pki.is_due("") && pki.is_due("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
        let ends_in_two_years = Validity { renew_before: 3 * YEAR, ..short };
        let renewed = Pki::load_or_create(folder.path(), ends_in_two_years).unwrap();
        assert_ne!(renewed.ca(), pki.ca());
        assert_eq!(renewed.ca.issuer.key().serialize_pem(), pki.ca.issuer.key().serialize_pem());
    }

    #[test]
    fn every_program_gets_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = Pki::load_or_create(folder.path(), Validity::default()).unwrap().node_files(Ipv4Addr::new(10, 213, 7, 2)).unwrap();
        for needed in ["ca.key", "apiserver.crt", "front-proxy.key", "kubelet-serving.key", "admin.crt", "service-account.pub"] {
            assert!(files.iter().any(|(name, text)| name == needed && text.starts_with("-----BEGIN ")), "{needed}");
        }
    }
}
