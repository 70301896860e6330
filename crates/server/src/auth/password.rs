//! Passwords are kept as argon2id hashes (RFC 9106), with the crate's parameters (OWASP's second choice: 19 MiB, 2 passes).

use std::sync::LazyLock;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// A whole class logs in at once. More at a time than there are CPUs are no quicker, and each takes 19 MiB.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, usize::from)));

/// # Errors
/// Where the system has no randomness to give.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// True where the password is the one that was hashed. Waits for its turn, and then takes tens of milliseconds.
///
/// # Errors
/// Where the runtime ends meanwhile.
pub async fn is_right(password: String, hash: String) -> Result<bool, JoinError> {
    // Never closed; and if it were, a check without its turn is right all the same.
    let _turn = TURNS.acquire().await;
    spawn_blocking(move || verify(&password, &hash)).await
}

fn verify(password: &str, hash: &str) -> bool {
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
