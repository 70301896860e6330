//! Passwords are kept as argon2id hashes (RFC 9106), with the crate's parameters (OWASP's second choice: 19 MiB, 2 passes).

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};

/// # Errors
/// Where the system has no randomness to give.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// True where the password is the one that was hashed. Takes tens of milliseconds: call it off the runtime's threads.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::unwrap_used)]
    fn only_the_right_password() {
        let hash = super::hash("마루 password").unwrap();
        assert!(super::verify("마루 password", &hash));
        assert!(!super::verify("maru password", &hash));
        assert!(!super::verify("maru password", "not a hash"));
    }
}
