//! Passwords are kept as argon2id hashes (RFC 9106), with the crate's parameters (OWASP's second choice: 19 MiB, 2 passes).

use std::sync::LazyLock;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use maru_model::Text;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

use crate::error::ApiError;

/// Letters of the shortest password that people may choose (NIST SP 800-63B).
pub const SHORTEST: usize = 8;

/// A whole class logs in at once. More at a time than there are CPUs are no quicker, and each takes 19 MiB.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, usize::from)));

/// # Errors
/// Where the system has no randomness to give.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

pub fn too_short() -> ApiError {
    ApiError::bad_request(Text::new(
        format!("A password has at least {SHORTEST} characters."),
        format!("비밀번호는 {SHORTEST}자 이상이어야 합니다."),
    ))
}

/// The same as [`hash`], where others wait for this thread. Waits for its turn.
///
/// # Errors
/// Where the system has no randomness to give, or the runtime ends meanwhile.
pub async fn hash_later(password: String) -> Result<String, String> {
    let _turn = TURNS.acquire().await;
    let hashed = spawn_blocking(move || hash(&password)).await.map_err(|error| error.to_string())?;
    hashed.map_err(|error| error.to_string())
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
