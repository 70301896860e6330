//! The node's certificates. Only the authorities and the key of service accounts are kept (`$MARU_DATA/cluster`, 0600);
//! whoever starts gets certificates minted anew, so that a changed address or an old date is no trouble.

use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

use crate::ClusterError;

const YEARS: i32 = 10;

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
}

pub(crate) struct Pki {
    ca: Authority,
    front_proxy: Authority,
    service_accounts: KeyPair,
}

impl Pki {
    /// Reads the authorities from `folder`, or makes them.
    pub(crate) fn load_or_create(folder: &Path) -> Result<Self, ClusterError> {
        std::fs::create_dir_all(folder).map_err(ClusterError::file("making the folder", folder))?;
        Ok(Self {
            ca: Authority::load_or_create(folder, "ca", "maru-cluster")?,
            front_proxy: Authority::load_or_create(folder, "front-proxy-ca", "maru-front-proxy")?,
            service_accounts: load_or_create_key(&folder.join("service-account.key"))?,
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
    fn load_or_create(folder: &Path, name: &'static str, common_name: &str) -> Result<Self, ClusterError> {
        let key = load_or_create_key(&folder.join(format!("{name}.key")))?;
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(common_name, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        set_validity(&mut params, 2 * YEARS);
        let path = folder.join(format!("{name}.crt"));
        let certificate = match std::fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let pem = params.self_signed(&key).map_err(ClusterError::certificates("making an authority"))?.pem();
                write_private(&path, &pem)?;
                pem
            }
            Err(error) => return Err(ClusterError::file("reading the certificate", &path)(error)),
        };
        Ok(Self { name, certificate, issuer: Issuer::new(params, key) })
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
        set_validity(&mut params, YEARS);
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
fn set_validity(params: &mut CertificateParams, years: i32) {
    const SECONDS_OF_A_YEAR: u64 = 31_556_952;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let year = 1970 + i32::try_from(seconds / SECONDS_OF_A_YEAR).unwrap_or(0);
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + years, 1, 1);
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
        let first = Pki::load_or_create(folder.path()).unwrap();
        let again = Pki::load_or_create(folder.path()).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.ca(), again.ca());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.path().join("ca.key")).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn every_program_gets_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = Pki::load_or_create(folder.path()).unwrap().node_files(Ipv4Addr::new(10, 213, 7, 2)).unwrap();
        for needed in ["ca.key", "apiserver.crt", "front-proxy.key", "kubelet-serving.key", "admin.crt", "service-account.pub"] {
            assert!(files.iter().any(|(name, text)| name == needed && text.starts_with("-----BEGIN ")), "{needed}");
        }
    }
}
