use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use maru_model::{Login, Role};
use maru_store::users::{CredentialKind, User};
use maru_store::{Store, now_ms};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Failure;
use crate::auth::{password, secret};

/// A year: the demo is to be tried out, not to be renewed.
const TOKEN_MS: i64 = 365 * 24 * 60 * 60 * 1000;

#[derive(Serialize, Deserialize, Clone)]
struct Account {
    login: String,
    password: String,
    token: String,
}

/// Makes what is missing of the demo class. Passwords and tokens are made at random at the first run and kept in
/// `demo.json` of the data folder, for its owner only, so that every run prints the same.
pub async fn run(data: &Path, store: &Store) -> Result<(), Failure> {
    let path = data.join("demo.json");
    let mut kept: Map<String, Value> = match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Map::new(),
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    let class = store.ensure_class("demo").await?;
    let mut answer = Map::new();
    for (login, name, role) in [
        ("admin", "Admin 관리자", Role::Admin),
        ("instructor", "Instructor 강사", Role::Instructor),
        ("student", "Student 학생", Role::Student),
    ] {
        let before = kept.get(login).and_then(|account| serde_json::from_value::<Account>(account.clone()).ok());
        let (user, account) = ensure(store, login, name, role, before).await?;
        store.join_class(&class, &user.id).await?;
        let account = serde_json::to_value(account)?;
        kept.insert(login.to_owned(), account.clone());
        let mut shown = account;
        if role == Role::Student {
            shown["namespace"] = json!(user.login.namespace());
        }
        answer.insert(login.to_owned(), shown);
    }
    write_private(&path, serde_json::to_string_pretty(&kept)?.as_bytes())?;
    println!("{}", serde_json::to_string_pretty(&answer)?);
    Ok(())
}

async fn ensure(store: &Store, login: &str, name: &str, role: Role, before: Option<Account>) -> Result<(User, Account), Failure> {
    let login = Login::parse(login)?;
    let mut account = before.unwrap_or_else(|| Account { login: login.to_string(), password: secret::random(12), token: secret::token() });
    let user = match store.user_by_login(&login).await? {
        Some(user) => user,
        None => {
            let hash = password::hash(&account.password).map_err(|error| format!("hashing the password: {error}"))?;
            store.add_user(&login, name, role, &hash).await?
        }
    };
    if store.user_by_credential(&secret::hash(&account.token), CredentialKind::Token).await?.is_none() {
        account.token = secret::token();
        store.add_credential(&secret::hash(&account.token), &user.id, CredentialKind::Token, now_ms() + TOKEN_MS).await?;
    }
    Ok((user, account))
}

/// Whole or not at all, and readable by its owner only.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let new = path.with_extension("json.new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}
