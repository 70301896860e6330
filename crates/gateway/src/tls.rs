//! Certificates: which one a client is shown, by the name that it asks for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::Ingress;
use rcgen::{CertificateParams, DnType, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::Error;
use crate::route::{Policy, by_age};

/// The certificates that Ingresses bring, by host.
#[derive(Debug, Default)]
pub struct Certificates {
    /// By name, in lower case.
    hosts: HashMap<Box<str>, Shown>,
    /// `foo.com` holds that of `*.foo.com`.
    wildcards: HashMap<Box<str>, Shown>,
    troubles: Vec<Trouble>,
}

#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    strength: usize,
}

/// A Secret that an Ingress names, and that is no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub namespace: String,
    pub ingress: String,
    pub secret: String,
    pub why: String,
}

impl Certificates {
    /// From the Ingresses that are ours and the Secrets of type `kubernetes.io/tls`. A host's certificate is that of who has
    /// the host; of two Ingresses the older one's.
    #[must_use]
    pub fn build(ingresses: &[Arc<Ingress>], secrets: &[Arc<Secret>], policy: &Policy) -> Self {
        let secrets: HashMap<_, _> =
            secrets.iter().map(|s| ((s.metadata.namespace.as_deref(), s.metadata.name.as_deref()), &**s)).collect();
        let mut made = Self::default();
        for ingress in by_age(ingresses, policy) {
            let meta = &ingress.metadata;
            for tls in ingress.spec.iter().flat_map(|spec| spec.tls.iter().flatten()) {
                let Some(name) = tls.secret_name.as_deref() else { continue };
                let found = secrets.get(&(meta.namespace.as_deref(), Some(name)));
                let key = found.ok_or_else(|| "there is no Secret of type kubernetes.io/tls with this name".to_owned());
                match key.and_then(|secret| certified(secret)) {
                    Ok(key) => made.add(ingress, tls.hosts.as_deref().unwrap_or_default(), &Arc::new(key), policy),
                    Err(why) => made.troubles.push(Trouble {
                        namespace: meta.namespace.clone().unwrap_or_default(),
                        ingress: meta.name.clone().unwrap_or_default(),
                        secret: name.to_owned(),
                        why,
                    }),
                }
            }
        }
        made
    }

    /// For `hosts`, or for those of the rules where none are named.
    fn add(&mut self, ingress: &Ingress, hosts: &[String], key: &Arc<CertifiedKey>, policy: &Policy) {
        let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten()).filter_map(|rule| rule.host.as_ref());
        let of_rules: Vec<_> = if hosts.is_empty() { rules.cloned().collect() } else { Vec::new() };
        for host in hosts.iter().chain(&of_rules) {
            let Some((host, strength)) = policy.granted(ingress.metadata.namespace.as_deref().unwrap_or_default(), host) else { continue };
            let (map, name) = match host.strip_prefix("*.") {
                Some(parent) => (&mut self.wildcards, parent),
                None => (&mut self.hosts, host.as_str()),
            };
            if map.get(name).is_none_or(|other| other.strength < strength) {
                map.insert(name.into(), Shown { key: Arc::clone(key), strength });
            }
        }
    }

    /// What Ingresses ask for and cannot be shown.
    #[must_use]
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let wildcard = || name.split_once('.').and_then(|(_, parent)| self.wildcards.get(parent));
        self.hosts.get(name.as_str()).or_else(wildcard).map(|shown| &shown.key)
    }
}

fn certified(secret: &Secret) -> Result<CertifiedKey, String> {
    let data = |name: &str| {
        let found = secret.data.as_ref().and_then(|data| data.get(name));
        found.map(|bytes| bytes.0.as_slice()).ok_or_else(|| format!("{name} is missing"))
    };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(data("tls.crt")?).collect::<Result<_, _>>().map_err(|error| format!("tls.crt: {error}"))?;
    if chain.is_empty() {
        return Err("tls.crt has no certificate".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(data("tls.key")?).map_err(|error| format!("tls.key: {error}"))?;
    let key = CertifiedKey::new(chain, ring::sign::any_supported_type(&key).map_err(|error| format!("tls.key: {error}"))?);
    match key.keys_match() {
        // Some kinds of keys do not tell what they belong to.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(key),
        Err(error) => Err(format!("tls.key does not belong to tls.crt: {error}")),
    }
}

/// Shows the certificates as they are now, and one of its own for every other name.
#[derive(Debug)]
pub(crate) struct Resolver {
    now: RwLock<Arc<Certificates>>,
    fallback: Arc<CertifiedKey>,
}

impl Resolver {
    pub(crate) fn new() -> Result<Self, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::Certificate(error.to_string());
        let pair = KeyPair::generate().map_err(|error| wrong(&error))?;
        let mut params = CertificateParams::new(Vec::new()).map_err(|error| wrong(&error))?;
        params.distinguished_name.push(DnType::CommonName, "Maru gateway: no certificate for this host");
        let certificate = params.self_signed(&pair).map_err(|error| wrong(&error))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let key = ring::sign::any_supported_type(&key).map_err(|error| wrong(&error))?;
        let fallback = Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key));
        Ok(Self { now: RwLock::default(), fallback })
    }

    pub(crate) fn publish(&self, certificates: Certificates) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificates);
    }

    pub(crate) fn now(&self) -> Arc<Certificates> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now = self.now();
        let found = hello.server_name().and_then(|name| now.find(name));
        Some(Arc::clone(found.unwrap_or(&self.fallback)))
    }
}

/// TLS 1.2 and 1.3, HTTP/2 where the client speaks it.
pub(crate) fn acceptor(resolver: Arc<Resolver>) -> Result<TlsAcceptor, Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::Certificate(error.to_string()))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
