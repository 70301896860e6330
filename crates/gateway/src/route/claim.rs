//! Whose host is it? One gateway serves every student, so a host under the class's domain belongs to the student
//! whose login it ends with, whatever an Ingress elsewhere says.

use maru_model::Text;

/// Hosts `{login}.{domain}` and `*-{login}.{domain}` belong to the namespace `{prefix}{login}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPolicy {
    /// Like `apps.localhost`, in lower case.
    pub domain: String,
    /// Like `u-`. Namespaces that begin otherwise are the system's and may claim anything.
    pub namespace_prefix: String,
}

/// A host that an Ingress asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub namespace: String,
    pub ingress: String,
    pub host: String,
    pub why: Text,
}

/// A host that is granted, unless somebody has a better claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// None: rules for every host.
    pub(super) host: Option<String>,
    /// The longer the login, the better the claim: `web-lee-kim` is rather `lee-kim`'s than `kim`'s.
    pub(super) strength: usize,
}

impl HostPolicy {
    pub(super) fn claim(&self, namespace: &str, host: Option<&str>) -> Result<Claim, Text> {
        let Some(login) = namespace.strip_prefix(&self.namespace_prefix) else {
            return Ok(Claim { host: host.map(str::to_ascii_lowercase), strength: usize::MAX });
        };
        let own = format!("{login}.{}", self.domain);
        // A rule for every host would catch the hosts of others: what its author means is their own.
        let host = host.filter(|h| !h.is_empty()).map_or_else(|| own.clone(), str::to_ascii_lowercase);
        let name = host.strip_suffix(&self.domain).and_then(|h| h.strip_suffix('.'));
        let allowed = name.is_some_and(|name| !name.contains(['.', '*']) && (name == login || name.ends_with(&format!("-{login}"))));
        if allowed {
            return Ok(Claim { host: Some(host), strength: login.len() });
        }
        Err(Text::new(
            format!("Hosts of this namespace are {own} and names that end with -{own}."),
            format!("이 네임스페이스가 쓸 수 있는 호스트는 {own} 또는 -{own}(으)로 끝나는 이름입니다."),
        ))
    }
}

pub(super) fn taken() -> Text {
    Text::new("Somebody else has this host: choose another name in front.", "다른 사람이 쓰는 호스트입니다. 앞부분의 이름을 바꾸세요.")
}
