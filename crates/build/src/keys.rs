use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use ring::{hkdf, hmac};

use crate::BuildError;

/// What the registry trusts: a P-256 key that signs its tokens, with a certificate of it, and the secrets that are derived
/// from the key. Made at the first start and kept.
pub(crate) struct Keys {
    signer: EcdsaKeyPair,
    random: SystemRandom,
    certificate_pem: String,
    /// The certificate as a token's `x5c` header carries it.
    certificate: String,
    secrets: hmac::Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys of a folder, or makes them. One file holds both, so that a key never meets another's certificate.
    pub(crate) fn load(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join("token-key.pem");
        let attempt = format!("reading the registry's key {}", path.display());
        let pem = match std::fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let pem = generate().map_err(|error| BuildError::registry("making the registry's key", error))?;
                write(folder, &path, &pem).map_err(BuildError::io(format!("keeping the registry's key {}", path.display())))?;
                pem
            }
            Err(source) => return Err(BuildError::Io { attempt, source }),
        };
        Self::parse(&pem).map_err(|message| BuildError::registry(attempt, message))
    }

    fn parse(pem: &str) -> Result<Self, String> {
        let split = pem.find("-----BEGIN CERTIFICATE-----").ok_or("it holds no certificate")?;
        let (key, certificate_pem) = pem.split_at(split);
        let der = rcgen::KeyPair::from_pem(key).map_err(|error| error.to_string())?;
        let random = SystemRandom::new();
        let signer =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.serialized_der(), &random).map_err(|error| error.to_string())?;
        let secrets = hkdf::Salt::new(hkdf::HKDF_SHA256, b"maru registry secrets").extract(der.serialized_der());
        let okm = secrets.expand(&[b"v1"], hmac::HMAC_SHA256).map_err(|error| error.to_string())?;
        let certificate = certificate_pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Ok(Self { signer, random, certificate_pem: certificate_pem.to_owned(), certificate, secrets: hmac::Key::from(okm) })
    }

    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A JSON Web Token (RFC 7519) of these claims, signed with ES256.
    pub(crate) fn sign(&self, claims: &serde_json::Value) -> Result<String, BuildError> {
        let header = serde_json::json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self
            .signer
            .sign(&self.random, signed.as_bytes())
            .map_err(|_| BuildError::registry("signing a token of the registry", "no randomness"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A secret of 256 bits that follows from the key and a purpose, in hexadecimal.
    pub(crate) fn secret(&self, purpose: &str) -> String {
        hmac::sign(&self.secrets, purpose.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// True where `given` is the secret of this purpose; takes the same time for every wrong one.
    pub(crate) fn is_secret(&self, purpose: &str, given: &str) -> bool {
        let bytes: Option<Vec<u8>> = (given.len() == 64 && given.is_ascii())
            .then(|| (0..64).step_by(2).map(|at| u8::from_str_radix(&given[at..at + 2], 16).ok()).collect())
            .flatten();
        bytes.is_some_and(|bytes| hmac::verify(&self.secrets, purpose.as_bytes(), &bytes).is_ok())
    }
}

fn generate() -> Result<String, rcgen::Error> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new())?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Maru registry tokens");
    let certificate = parameters.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

fn write(folder: &Path, path: &Path, pem: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let staged = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&staged, path)?;
    std::fs::File::open(folder)?.sync_all()
}

/// For tests that look into a token: its claims, unverified.
#[cfg(test)]
pub(crate) fn claims(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The value of basic authentication (RFC 7617).
pub(crate) fn basic(login: &str, password: &str) -> String {
    STANDARD.encode(format!("{login}:{password}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let first = Keys::load(folder.path()).unwrap();
        let second = Keys::load(folder.path()).unwrap();
        assert_eq!(first.certificate, second.certificate);
        assert_eq!(first.secret("pull mina"), second.secret("pull mina"));
        assert_ne!(first.secret("pull mina"), first.secret("pull juno"));
        assert!(first.is_secret("pull mina", &first.secret("pull mina")));
        assert!(!first.is_secret("pull mina", &first.secret("pull juno")));
        assert!(!first.is_secret("pull mina", "") && !first.is_secret("pull mina", &"한".repeat(22)));
        let mode = std::fs::metadata(folder.path().join("token-key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(claims(&first.sign(&serde_json::json!({"sub": "mina"})).unwrap())["sub"], "mina");
    }
}
