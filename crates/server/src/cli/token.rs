use maru_model::Login;
use maru_store::Store;
use maru_store::now_ms;
use maru_store::users::CredentialKind;

use super::Failure;
use crate::auth::secret;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a bearer token for a user and print it: it can't be shown again.
    Create {
        login: Login,
        /// How long it is valid: a number with s, m, h or d.
        #[arg(long, default_value = "30d", value_parser = duration)]
        expires: i64,
    },
}

impl Command {
    pub async fn run(self, store: &Store) -> Result<(), Failure> {
        let Self::Create { login, expires } = self;
        let user = store.user_by_login(&login).await?.ok_or_else(|| format!("there is no user {login}"))?;
        let token = secret::token();
        store.add_credential(&secret::hash(&token), &user.id, CredentialKind::Token, now_ms() + expires).await?;
        println!("{token}");
        Ok(())
    }
}

/// Milliseconds of `30d`, `12h`, `5m`, `90s`.
fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?}: use a number with s, m, h or d, like 30d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds * 1000).filter(|ms| (1..=3650 * 24 * 60 * 60 * 1000).contains(ms)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations() {
        assert_eq!(duration("30d"), Ok(30 * 86_400_000));
        assert_eq!(duration("90s"), Ok(90_000));
        for bad in ["", "d", "3", "-1d", "1y", "1일", "99999999999999999999d", "9999999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
