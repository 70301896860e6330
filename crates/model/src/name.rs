//! Names that people choose, and the rules they follow because of where they end up: in host names,
//! Kubernetes namespaces, image references and folders.

use serde::{Deserialize, Serialize};

/// Why a name was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?}: {rule}")]
pub struct NameError {
    what: &'static str,
    given: String,
    rule: &'static str,
}

const LABEL_RULE: &str = "use 2 to 32 lowercase letters, digits and single hyphens, starting with a letter, ending with a letter or digit";

/// A DNS label (RFC 1123) of 2 to 32 characters that starts with a letter and has no double hyphen: the double
/// hyphen separates port and login in preview host names.
fn is_label(s: &str) -> bool {
    (2..=32).contains(&s.len())
        && s.starts_with(|c: char| c.is_ascii_lowercase())
        && !s.ends_with('-')
        && !s.contains("--")
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $what:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// Where the name does not follow the rule, which the error spells out.
            pub fn parse(given: impl Into<String>) -> Result<Self, NameError> {
                let given = given.into();
                if is_label(&given) {
                    Ok(Self(given))
                } else {
                    Err(NameError { what: $what, given, rule: LABEL_RULE })
                }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(s: String) -> Result<Self, NameError> {
                Self::parse(s)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(s: &str) -> Result<Self, NameError> {
                Self::parse(s)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// What a person logs in with.
    Login = "login",
    /// A git repository of a user.
    ProjectName = "project name",
    /// An image repository of a user.
    RepositoryName = "repository name",
}

impl Login {
    /// The Kubernetes namespace of this user.
    #[must_use]
    pub fn namespace(&self) -> String {
        format!("u-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hold() {
        for good in ["student", "mina2", "a1", "kim-minsu"] {
            assert!(Login::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "1ab", "a--b", "-ab", "ab-", "Ab", "a_b", "민수", &"a".repeat(33)] {
            assert!(Login::parse(bad).is_err(), "{bad}");
        }
    }
}
