//! TLS from outside: a real client, certificates from literal Secrets, and which one is shown to whom.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::Ingress;
use maru_gateway::route::{HostPolicy, Policy};
use maru_gateway::{Certificates, Options, Proxy};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

struct Pair {
    certificate: String,
    key: String,
}

/// A certificate for `host` that signs for itself.
fn pair(host: &str) -> Pair {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().self_signed(&key).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn secret(namespace: &str, name: &str, certificate: &str, key: &str) -> Arc<Secret> {
    let text = json!({"metadata": {"namespace": namespace, "name": name}, "type": "kubernetes.io/tls"});
    let mut secret: Secret = serde_json::from_value(text).unwrap();
    let bytes = |text: &str| k8s_openapi::ByteString(text.as_bytes().to_vec());
    secret.data = Some([("tls.crt".to_owned(), bytes(certificate)), ("tls.key".to_owned(), bytes(key))].into());
    Arc::new(secret)
}

fn ingress(namespace: &str, age: u8, host: &str, secret: &str) -> Arc<Ingress> {
    let made = format!("2026-01-01T00:00:{age:02}Z");
    let metadata = json!({"namespace": namespace, "name": format!("web-{age}"), "creationTimestamp": made});
    let spec = json!({"tls": [{"hosts": [host], "secretName": secret}], "rules": [{"host": host}]});
    Arc::new(serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap())
}

fn policy() -> Policy {
    Policy { unclassed: true, ..Policy::default() }
}

struct Gateway {
    address: SocketAddr,
    proxy: Arc<Proxy>,
}

async fn gateway(certificates: Certificates) -> Gateway {
    let proxy = Arc::new(Proxy::new(Options::default(), None).unwrap());
    proxy.publish_certificates(certificates);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(maru_gateway::serve_tls(listener, Arc::clone(&proxy), CancellationToken::new()));
    Gateway { address, proxy }
}

impl Gateway {
    /// What a client that trusts only `trusted` hears from `host`; an error where it is shown another certificate.
    async fn ask(&self, trusted: &Pair, host: &str) -> std::io::Result<String> {
        let mut roots = RootCertStore::empty();
        let der = rustls_pem(&trusted.certificate);
        roots.add(der).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

fn rustls_pem(pem: &str) -> tokio_rustls::rustls::pki_types::CertificateDer<'static> {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    tokio_rustls::rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn each_host_is_shown_its_own_certificate() {
    let (shop, any) = (pair("shop.test"), pair("*.wild.test"));
    let secrets = [secret("n", "shop", &shop.certificate, &shop.key), secret("n", "any", &any.certificate, &any.key)];
    let ingresses = [ingress("n", 1, "shop.test", "shop"), ingress("n", 2, "*.wild.test", "any")];
    let gateway = gateway(Certificates::build(&ingresses, &secrets, &policy())).await;
    // Nothing is routed: the answer is the page in words, which came by TLS.
    assert!(gateway.ask(&shop, "shop.test").await.unwrap().starts_with("HTTP/1.1 404"));
    assert!(gateway.ask(&any, "a.wild.test").await.unwrap().starts_with("HTTP/1.1 404"));
    assert!(gateway.ask(&shop, "a.wild.test").await.is_err(), "that is another's");
    assert!(gateway.ask(&shop, "other.test").await.is_err(), "no certificate of somebody's for a host that has none");

    // A renewed certificate is shown at once, on the same listener.
    let renewed = pair("shop.test");
    let secrets = [secret("n", "shop", &renewed.certificate, &renewed.key)];
    gateway.proxy.publish_certificates(Certificates::build(&ingresses, &secrets, &policy()));
    assert!(gateway.ask(&renewed, "shop.test").await.is_ok());
    assert!(gateway.ask(&shop, "shop.test").await.is_err());
}

#[tokio::test]
async fn who_has_a_host_has_its_certificate() {
    let (kim, thief) = (pair("kim.apps.test"), pair("kim.apps.test"));
    let secrets = [secret("u-kim", "tls", &kim.certificate, &kim.key), secret("u-lee", "tls", &thief.certificate, &thief.key)];
    let ingresses = [ingress("u-lee", 1, "kim.apps.test", "tls"), ingress("u-kim", 2, "kim.apps.test", "tls")];
    let hosts = HostPolicy { domain: "apps.test".to_owned(), namespace_prefix: "u-".to_owned() };
    let policy = Policy { hosts: Some(hosts), ..policy() };
    let gateway = gateway(Certificates::build(&ingresses, &secrets, &policy)).await;
    assert!(gateway.ask(&kim, "kim.apps.test").await.is_ok());
}

#[test]
fn what_is_no_certificate_is_told_and_harms_nothing() {
    let (good, other) = (pair("good.test"), pair("other.test"));
    let secrets = [
        secret("n", "good", &good.certificate, &good.key),
        secret("n", "mixed", &good.certificate, &other.key),
        secret("n", "junk", "-----BEGIN CERTIFICATE-----\nx\n", "y"),
        secret("n", "empty", "", &good.key),
    ];
    let names = ["good", "mixed", "junk", "empty", "missing"];
    let ingresses: Vec<_> = (1..).zip(names).map(|(age, name)| ingress("n", age, &format!("{name}.test"), name)).collect();
    let certificates = Certificates::build(&ingresses, &secrets, &policy());
    let told: Vec<_> = certificates.troubles().iter().map(|trouble| trouble.secret.as_str()).collect();
    assert_eq!(told, ["mixed", "junk", "empty", "missing"]);
    let why: Vec<_> = certificates.troubles().iter().map(|trouble| trouble.why.as_str()).collect();
    assert!(why[0].starts_with("tls.key does not belong to tls.crt"), "{why:?}");
    assert!(why[2].starts_with("tls.crt has no certificate"), "{why:?}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_in_a_secret_are_answered(certificate in ".*", key in ".*") {
        let secrets = [secret("n", "any", &certificate, &key)];
        let certificates = Certificates::build(&[ingress("n", 1, "any.test", "any")], &secrets, &policy());
        proptest::prop_assert_eq!(certificates.troubles().len(), 1);
    }
}
