//! Names that people choose, and the rules they follow because of where they end up: in host names,
//! Kubernetes namespaces, image references and folders.

use serde::{Deserialize, Serialize};

use crate::Text;

/// Label of a Kubernetes namespace: the login of the user whose it is.
pub const USER_LABEL: &str = "maru.dev/user";

/// Why a name was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?}: {rule}")]
pub struct NameError {
    what: &'static str,
    given: String,
    rule: &'static str,
}

impl NameError {
    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let Self { what, given, rule } = self;
        Text::new(
            format!("The {what} {given:?} cannot be taken: {rule}."),
            format!("{given:?}은(는) 쓸 수 없습니다. 소문자로 시작하는 2~32자의 영문 소문자, 숫자, 하이픈(연속 불가)을 쓰세요."),
        )
    }
}

const LABEL_RULE: &str = "use 2 to 32 lowercase letters, digits and single hyphens, starting with a letter, ending with a letter or digit";

/// A DNS label (RFC 1123) of 2 to 32 characters that starts with a letter and has no double hyphen: the double
/// hyphen separates port and login in preview host names.
fn is_label(s: &str) -> bool {
    (2..=32).contains(&s.len()) && s.starts_with(|c: char| c.is_ascii_lowercase()) && !s.contains("--") && is_dns_label(s)
}

/// A DNS label (RFC 1123) but for its length, in lower case.
fn is_dns_label(s: &str) -> bool {
    let inside = s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    inside && !s.is_empty() && !s.starts_with('-') && !s.ends_with('-')
}

/// True for what Kubernetes takes as the name of most objects: a DNS subdomain (RFC 1123) of at most 253 characters. Such a
/// name means nothing else in a path, where `kube` puts it as it is.
#[must_use]
pub fn is_object_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_label)
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
    use proptest::prelude::*;

    #[test]
    fn names_of_objects_mean_nothing_else_in_a_path() {
        for good in ["web", "web-7d9f4c-x2x7k", "1", "kube-root-ca.crt", &"a".repeat(253)] {
            assert!(is_object_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a..b", "-a", "a-", "a.-b", "Web", "a/b", "a?b", "a#b", "a%2fb", "a b", "웹", "a\0", &"a".repeat(254)] {
            assert!(!is_object_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn rules_hold() {
        for good in ["student", "mina2", "a1", "kim-minsu"] {
            assert!(Login::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "1ab", "a--b", "-ab", "ab-", "Ab", "a_b", "민수", &"a".repeat(33)] {
            assert!(Login::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{0,40}") {
            if let Ok(login) = Login::parse(text.clone()) {
                prop_assert_eq!(login.as_str(), text.as_str());
                // A namespace has 63 characters, and a host's label and an image's path these signs only.
                prop_assert!(login.namespace().len() <= 63 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            }
        }

        #[test]
        fn near_misses_are_judged(text in "[a-c1A가_. -]{0,4}-{0,3}[a-c1]{0,34}-?") {
            let words: Vec<&str> = text.split('-').collect();
            let plain = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            let good = (2..=32).contains(&text.len()) && text.as_bytes()[0].is_ascii_lowercase() && words.iter().all(plain);
            prop_assert_eq!(Login::parse(text.clone()).is_ok(), good, "{:?}", text);
            // What separates port and login in a preview's host stands in no login.
            let host = format!("8000--{text}");
            prop_assert!(!good || host.split_once("--") == Some(("8000", text.as_str())));
        }
    }
}
