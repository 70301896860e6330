//! What administrators change while the server runs. All of it acts at once; what is not set is as it was configured.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use maru_model::{Lang, Text};
use maru_store::{Store, StoreError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// A week.
pub const LONGEST_SLEEP_MINUTES: u32 = 7 * 24 * 60;

/// All settings, as the API shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Minutes after which a workspace that nobody uses is stopped; 0 for never.
    pub idle_stop_minutes: u32,
    /// Minutes after which an application that nobody asks for sleeps, where its class says nothing; 0 for never.
    pub app_sleep_minutes: u32,
    /// Of those whose browser asks for none of ours.
    pub language: &'static str,
    /// Days that a login lasts.
    pub session_days: u32,
    /// Days that the log of who did what is kept.
    pub audit_days: u32,
}

impl Values {
    pub fn idle_stop(&self) -> Option<Duration> {
        (self.idle_stop_minutes > 0).then(|| Duration::from_secs(u64::from(self.idle_stop_minutes) * 60))
    }
}

/// The values now; cheap to clone.
#[derive(Clone, Debug)]
pub struct Settings {
    configured: Values,
    values: Arc<RwLock<Values>>,
}

/// A change: what is left out stays, `null` is as configured.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    #[serde(deserialize_with = "given")]
    idle_stop_minutes: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    app_sleep_minutes: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    language: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    session_days: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    audit_days: Option<Option<u32>>,
}

/// Tells `null` from nothing.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Settings {
    /// # Errors
    /// Where the database fails.
    pub async fn open(store: &Store, idle_stop: Option<Duration>) -> Result<Self, StoreError> {
        let minutes = idle_stop.map_or(0, |after| u32::try_from(after.as_secs() / 60).unwrap_or(u32::MAX));
        let configured = Values { idle_stop_minutes: minutes, app_sleep_minutes: 0, language: "en", session_days: 14, audit_days: 365 };
        let settings = Self { configured, values: Arc::new(RwLock::new(configured)) };
        settings.put(apply(configured, &store.settings().await?));
        Ok(settings)
    }

    pub fn now(&self) -> Values {
        *self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn configured(&self) -> Values {
        self.configured
    }

    fn put(&self, values: Values) {
        *self.values.write().unwrap_or_else(PoisonError::into_inner) = values;
        crate::lang::set_default(if values.language == "ko" { Lang::Ko } else { Lang::En });
    }

    /// Writes the change down and lets it act. The answer says what was changed.
    ///
    /// # Errors
    /// 400 for a value that makes no sense; nothing is changed then.
    pub async fn change(&self, store: &Store, change: Change) -> ApiResult<Map<String, Value>> {
        let mut texts: Vec<(&str, Option<String>)> = Vec::new();
        let mut number = |name: &'static str, value: Option<Option<u32>>, least: u32, most: u32| {
            let Some(value) = value else { return Ok(()) };
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                return Err(ApiError::bad_request(Text::new(
                    format!("{name} has to be from {least} to {most}."),
                    format!("{name}은(는) {least} 이상 {most} 이하여야 합니다."),
                )));
            }
            texts.push((name, value.map(|value| value.to_string())));
            Ok(())
        };
        number("idle_stop_minutes", change.idle_stop_minutes, 0, 7 * 24 * 60)?;
        number("app_sleep_minutes", change.app_sleep_minutes, 0, LONGEST_SLEEP_MINUTES)?;
        number("session_days", change.session_days, 1, 365)?;
        number("audit_days", change.audit_days, 7, 3650)?;
        if let Some(language) = change.language {
            if language.as_ref().is_some_and(|language| !matches!(language.as_str(), "en" | "ko")) {
                return Err(ApiError::bad_request(Text::new("language is en or ko.", "language는 en 또는 ko입니다.")));
            }
            texts.push(("language", language));
        }
        let mut changed = Map::new();
        for (name, value) in texts {
            store.set_setting(name, value.as_deref()).await?;
            changed.insert(name.to_owned(), value.map_or(Value::Null, Value::String));
        }
        self.put(apply(self.configured, &store.settings().await?));
        Ok(changed)
    }
}

/// What the database says over what is configured. What cannot be read there counts as unset.
fn apply(configured: Values, texts: &BTreeMap<String, String>) -> Values {
    let number = |name: &str, otherwise: u32| texts.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    Values {
        idle_stop_minutes: number("idle_stop_minutes", configured.idle_stop_minutes),
        app_sleep_minutes: number("app_sleep_minutes", configured.app_sleep_minutes),
        language: match texts.get("language").map(String::as_str) {
            Some("ko") => "ko",
            Some("en") => "en",
            _ => configured.language,
        },
        session_days: number("session_days", configured.session_days),
        audit_days: number("audit_days", configured.audit_days),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_acts_and_stays_and_null_takes_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/maru.db?mode=rwc", folder.path().display())).await.unwrap();
        let hour = Some(Duration::from_secs(3600));
        let settings = Settings::open(&store, hour).await.unwrap();
        let change = |text: &str| serde_json::from_str::<Change>(text).unwrap();
        settings.change(&store, change(r#"{"idle_stop_minutes": 0, "session_days": 2}"#)).await.unwrap();
        assert_eq!((settings.now().idle_stop(), settings.now().session_days), (None, 2));
        for wrong in [r#"{"session_days": 0}"#, r#"{"language": "fr"}"#, r#"{"audit_days": 1, "session_days": 3}"#] {
            assert!(settings.change(&store, change(wrong)).await.is_err(), "{wrong}");
        }
        assert_eq!(Settings::open(&store, hour).await.unwrap().now(), settings.now());
        assert_eq!(settings.now().session_days, 2);
        settings.change(&store, change(r#"{"idle_stop_minutes": null}"#)).await.unwrap();
        assert_eq!(settings.now().idle_stop(), hour);
    }
}
