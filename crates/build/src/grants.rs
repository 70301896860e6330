//! Who may do what in the registry: asked for as scopes, answered as grants. Pure, so that the whole table is tested.

use maru_model::Login;

use crate::BASE;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A user, by password or token: everything in the own namespace.
    User(Login),
    /// The cluster, on behalf of a user's pods: reads the own namespace.
    Pods(Login),
}

/// One scope of the token protocol: `repository:mina/web:pull,push`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) repository: String,
    pub(crate) actions: Vec<String>,
}

impl Scope {
    /// `None` for every other type of resource (`registry:catalog:*`), which nobody is granted.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("repository:")?;
        // A repository's name may hold a port's colon, its actions never do.
        let (repository, actions) = rest.rsplit_once(':')?;
        Some(Self { repository: repository.to_owned(), actions: actions.split(',').map(str::to_owned).collect() })
    }

    pub(crate) fn pull(repository: impl Into<String>) -> Self {
        Self { repository: repository.into(), actions: vec!["pull".to_owned()] }
    }

    pub(crate) fn push(repository: impl Into<String>) -> Self {
        Self { repository: repository.into(), actions: vec!["pull".to_owned(), "push".to_owned()] }
    }

    pub(crate) fn delete(repository: impl Into<String>) -> Self {
        Self { repository: repository.into(), actions: vec!["pull".to_owned(), "delete".to_owned()] }
    }
}

/// What of a scope is granted: a part of it, maybe none.
pub(crate) fn granted(holder: &Holder, asked: &Scope) -> Scope {
    let namespace = asked.repository.split_once('/').map_or("", |(namespace, _)| namespace);
    let allowed: &[&str] = match holder {
        _ if namespace == BASE => &["pull"],
        Holder::User(login) if login.as_str() == namespace => &["pull", "push"],
        Holder::Pods(login) if login.as_str() == namespace => &["pull"],
        _ => &[],
    };
    let actions = asked.actions.iter().filter(|action| allowed.contains(&action.as_str())).cloned().collect();
    Scope { repository: asked.repository.clone(), actions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn login(text: &str) -> Login {
        Login::parse(text).unwrap()
    }

    fn ask(holder: &Holder, scope: &str) -> Vec<String> {
        granted(holder, &Scope::parse(scope).unwrap()).actions
    }

    #[test]
    fn the_whole_table() {
        let (user, pods) = (Holder::User(login("mina")), Holder::Pods(login("mina")));
        assert_eq!(ask(&user, "repository:mina/web:pull,push"), ["pull", "push"]);
        assert_eq!(ask(&pods, "repository:mina/web:pull,push"), ["pull"]);
        assert_eq!(ask(&user, "repository:base/python:pull,push"), ["pull"]);
        assert_eq!(ask(&pods, "repository:base/python:pull"), ["pull"]);
        for other in ["juno/web", "minax/web", "min/web", "mina", "", "/web", "Mina/web"] {
            assert!(ask(&user, &format!("repository:{other}:pull,push,delete,*")).is_empty(), "{other}");
            assert!(ask(&pods, &format!("repository:{other}:pull")).is_empty(), "{other}");
        }
        assert!(ask(&user, "repository:mina/web:delete,*").is_empty());
        assert_eq!(Scope::parse("registry:catalog:*"), None);
    }

    #[test]
    fn the_base_namespace_is_nobodys() {
        // `base` is a name that a login may have; it gains nothing by it.
        assert_eq!(ask(&Holder::User(login("base")), "repository:base/python:pull,push"), ["pull"]);
    }

    proptest! {
        #[test]
        fn any_scope_is_taken(text in ".{0,60}", near in "(repository|registry|[:,/*]|pull|push|mina|base|가){0,12}") {
            for text in [text, near] {
                if let Some(asked) = Scope::parse(&text) {
                    let got = granted(&Holder::Pods(login("mina")), &asked);
                    prop_assert!(got.actions.iter().all(|action| action == "pull"));
                    prop_assert_eq!(format!("repository:{}:{}", asked.repository, asked.actions.join(",")), text);
                }
            }
        }

        #[test]
        fn nothing_outside_the_own_namespace(scope in "[a-z/:,.*-]{0,40}") {
            if let Some(asked) = Scope::parse(&format!("repository:{scope}")) {
                let got = granted(&Holder::User(login("mina")), &asked);
                let own = asked.repository.starts_with("mina/");
                let base = asked.repository.starts_with("base/");
                prop_assert!(own || base || got.actions.is_empty());
                prop_assert!(got.actions.iter().all(|action| action == "pull" || (own && action == "push")));
            }
        }
    }
}
