//! Random secrets that are shown once (session cookies, bearer tokens, one-time passwords), and the hash that is kept.

use rand::RngExt;
use sha2::{Digest, Sha256};

const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `length` characters of 5 random bits each, none of which looks like another.
pub fn random(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

const TOKEN: &str = "maru_";

/// A bearer token: 160 random bits behind a prefix by which secret scanners know it.
pub fn token() -> String {
    format!("{TOKEN}{}", random(32))
}

/// Whether this is, or was, one of ours: such a one is shown to nobody's program.
pub fn is_token(text: &str) -> bool {
    text.strip_prefix(TOKEN).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| ALPHABET.contains(&b)))
}

/// SHA-256 in hexadecimal. The secrets are random, so a slow hash would add nothing.
pub fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
