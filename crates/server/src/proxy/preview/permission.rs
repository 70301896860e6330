//! Who may see which preview, decided anew at every request and every two seconds of a stream.

use http::{HeaderMap, Uri, header};
use maru_model::{Login, Role};
use maru_store::users::User;
use maru_workspace::Visibility;

use super::permits::{Holder, Place};
use super::place::own_port;
use crate::auth::{bearer, secret};
use crate::error::ApiResult;
use crate::lang::cookie;
use crate::proxy::cookies::{FRAMED_COOKIE, PREVIEW_COOKIE};
use crate::state::AppState;

/// Why somebody may see a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Owner,
    /// An instructor of the owner's class or an administrator, whose visit the owner can see in the log.
    Staff,
    /// A fellow of the class, as long as the port is shared with it.
    Class,
    /// Anybody, as long as the port is public.
    Anybody,
}

/// Who asks, why they may see the preview, and how it is shared.
#[derive(Debug)]
pub(super) struct Permission {
    pub(super) viewer: Option<User>,
    pub(super) grant: Option<Grant>,
    pub(super) visibility: Visibility,
}

/// Looks up who `holder` is now, and what they may.
pub(super) async fn look(state: &AppState, place: &Place, holder: Option<&Holder>) -> ApiResult<Permission> {
    let viewer = match holder.map(Holder::credential) {
        Some((hash, kind)) => state.store.user_by_credential(hash, kind).await?,
        None => None,
    };
    decide(state, place, viewer).await
}

pub(super) async fn decide(state: &AppState, place: &Place, viewer: Option<User>) -> ApiResult<Permission> {
    let Some(owner) = state.store.user(&place.owner).await? else {
        return Ok(Permission { viewer, grant: None, visibility: Visibility::Private });
    };
    let visibility = state.workspaces.sharing(&owner.id, place.port).await?.visibility;
    let (fellows, instructs) = match &viewer {
        Some(viewer) if viewer.id != owner.id => {
            (state.store.share_a_class(&viewer.id, &owner.id).await?, state.store.instructs(&viewer.id, &owner.id).await?)
        }
        _ => (false, false),
    };
    let grant = grant(viewer.as_ref(), &owner, fellows, instructs, visibility);
    Ok(Permission { viewer, grant, visibility })
}

fn grant(viewer: Option<&User>, owner: &User, fellows: bool, instructs: bool, visibility: Visibility) -> Option<Grant> {
    match viewer {
        Some(viewer) if viewer.id == owner.id => Some(Grant::Owner),
        Some(viewer) if viewer.role == Role::Admin || (viewer.role == Role::Instructor && instructs) => Some(Grant::Staff),
        Some(_) if fellows && visibility == Visibility::Class => Some(Grant::Class),
        _ => (visibility == Visibility::Public).then_some(Grant::Anybody),
    }
}

/// Everybody that a request says to come from, the likeliest first: by a pass, or by a bearer token of ours.
pub(super) fn holders(state: &AppState, headers: &HeaderMap, place: &Place) -> Vec<Holder> {
    let passes = [PREVIEW_COOKIE, FRAMED_COOKIE].into_iter().filter_map(|name| cookie(headers, name));
    let mut holders: Vec<Holder> = passes.filter_map(|pass| state.proxies.permits.holder(pass, place)).collect();
    holders.extend(bearer(headers).filter(|token| secret::is_token(token)).map(|token| Holder::token(&token)));
    holders.dedup();
    holders
}

/// A browser sends the pass along with whatever page asks for it. Other pages may lead here, but neither read nor
/// change anything; other ports of the same workspace may: a front end and its API are two ports.
pub(super) fn comes_from_here(headers: &HeaderMap, login: &Login, domain: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or(""));
    if let Some(origin) = text(header::ORIGIN) {
        return own_port(origin, login, domain).is_some();
    }
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    !matches!(site, Some("cross-site" | "same-site"))
        || navigates
        || text(header::REFERER).is_some_and(|from| from.parse::<Uri>().is_ok() && own_port(from, login, domain).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use maru_model::UserId;

    fn user(role: Role) -> User {
        User {
            id: UserId::generate(),
            login: Login::parse("kim").unwrap(),
            name: String::new(),
            role,
            created_at: 0,
            disabled: false,
            password_given: false,
        }
    }

    #[test]
    fn who_may_see_what() {
        use Visibility::{Class, Private, Public};
        let owner = user(Role::Student);
        let [fellow, instructor, admin] = [Role::Student, Role::Instructor, Role::Admin].map(user);
        let may = |who: &User, fellows, visibility| grant(Some(who), &owner, fellows, fellows, visibility);
        assert_eq!(may(&owner, false, Private), Some(Grant::Owner));
        assert_eq!(may(&admin, false, Private), Some(Grant::Staff));
        assert_eq!(may(&instructor, true, Private), Some(Grant::Staff));
        assert_eq!(may(&instructor, false, Private), None);
        assert_eq!(may(&instructor, false, Class), None);
        // In this class a fellow, whatever they are in another.
        assert_eq!([Private, Class].map(|v| grant(Some(&instructor), &owner, true, false, v)), [None, Some(Grant::Class)]);
        assert_eq!([Private, Class, Public].map(|v| may(&fellow, true, v)), [None, Some(Grant::Class), Some(Grant::Anybody)]);
        assert_eq!([Private, Class, Public].map(|v| may(&fellow, false, v)), [None, None, Some(Grant::Anybody)]);
        assert_eq!([Private, Class, Public].map(|v| grant(None, &owner, false, false, v)), [None, None, Some(Grant::Anybody)]);
    }

    #[test]
    fn other_sites_may_lead_here_but_not_use_it() {
        let kim = Login::parse("kim").unwrap();
        let from = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
            comes_from_here(&headers.collect::<HeaderMap>(), &kim, crate::config::PREVIEW_DOMAIN)
        };
        assert!(from(&[]), "curl");
        assert!(from(&[("origin", "http://8000--kim.preview.localhost:8080")]));
        assert!(from(&[("origin", "http://3000--kim.preview.localhost:8080")]), "its front end");
        for foreign in [
            "http://8000--eve.preview.localhost:8080",
            "http://localhost:8080",
            "http://kim.apps.localhost:8080",
            "http://8000--kim.preview.localhost.evil.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!from(&[("origin", foreign)]), "{foreign}");
        }
        assert!(from(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), "a link");
        assert!(!from(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")]), "an image in eve's page");
        assert!(from(&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
    }
}
