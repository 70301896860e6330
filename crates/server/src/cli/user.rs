use std::io::Read;

use maru_model::{Login, Role};
use maru_store::Store;

use super::Failure;
use crate::auth::{password, secret};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a user; prints a one-time password where none is given.
    Add {
        login: Login,
        #[arg(long)]
        role: Role,
        /// How the user is called; the login where it is not given.
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

impl Command {
    pub async fn run(self, store: &Store) -> Result<(), Failure> {
        let Self::Add { login, role, name, password_stdin } = self;
        let given = if password_stdin {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            if text.is_empty() {
                return Err("the password on standard input is empty".into());
            }
            Some(text)
        } else {
            None
        };
        let word = given.clone().unwrap_or_else(|| secret::random(16));
        let hash = password::hash(&word).map_err(|error| format!("hashing the password: {error}"))?;
        let name = name.unwrap_or_else(|| login.to_string());
        let user = store.add_user(&login, &name, role, &hash).await?;
        if given.is_none() {
            store.set_password(&user.id, &hash, true).await?;
            println!("{word}");
        }
        Ok(())
    }
}
