//! Why a fetch from elsewhere failed, of git's own words, and what to do about it.

use maru_model::Text;

use crate::GitError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    NoBranch,
    /// It asks for a login, as many hosts also do for what is not there.
    Login,
    NotFound,
    /// It says that it is elsewhere, where nobody goes: that may be an inside address.
    Moved,
    Certificate,
    Unreachable,
    /// What the repository itself is: git's words say it.
    Other,
}

impl Trouble {
    /// Of what git printed.
    pub(crate) fn of(said: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if has(&["find remote ref", "Remote branch"]) {
            Self::NoBranch
        } else if has(&[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "returned error: 401",
            "returned error: 403",
        ]) {
            Self::Login
        } else if has(&["not found", "returned error: 404"]) && !has(&["certificate"]) {
            Self::NotFound
        } else if has(&[
            "returned error: 301",
            "returned error: 302",
            "returned error: 303",
            "returned error: 307",
            "returned error: 308",
            "redirect",
        ]) {
            Self::Moved
        } else if has(&["certificate", "SSL", "TLS", "gnutls"]) {
            Self::Certificate
        } else if has(&[
            "Failed to connect",
            "Couldn't connect",
            "Could not resolve",
            "timed out",
            "Connection re",
            "Empty reply",
            "returned error: 5",
        ]) {
            Self::Unreachable
        } else {
            Self::Other
        }
    }
}

impl GitError {
    /// What is wrong with a repository elsewhere, and what to do, for people; `None` for what is wrong here.
    #[must_use]
    pub fn remote_words(&self) -> Option<(Text, Text)> {
        match self {
            Self::BadRemote { url, reason } => Some((
                Text::new(
                    format!("Nothing can be fetched from {url}: {}.", reason.en),
                    format!("{url} 에서는 가져올 수 없습니다: {}.", reason.ko),
                ),
                Text::new(
                    "Use the https address of a public git repository, such as https://github.com/NAME/PROJECT.git. A school's own host is allowed by its administrator, in MARU_GIT_HOSTS.",
                    "공개 git 저장소의 https 주소를 쓰세요. 예: https://github.com/이름/프로젝트.git. 학교의 자체 서버는 관리자가 MARU_GIT_HOSTS에 추가해야 합니다.",
                ),
            )),
            Self::Remote { url, branch, trouble, said } => Some(words(url, branch, *trouble, said)),
            Self::RemoteLate { url, seconds } => Some((
                Text::new(
                    format!("{url} was not fetched within {seconds} s."),
                    format!("{url} 을(를) {seconds}초 안에 가져오지 못했습니다."),
                ),
                again(),
            )),
            _ => None,
        }
    }
}

fn again() -> Text {
    Text::new(
        "Try again in a while. If it stays so, ask its administrator whether the host is up, and whether this machine reaches it.",
        "잠시 뒤 다시 시도하세요. 계속되면 그 서버가 켜져 있는지, 이 컴퓨터에서 접속할 수 있는지 관리자에게 물어보세요.",
    )
}

/// Without git's own telling of the address, which is told already.
fn reason(said: &str) -> &str {
    let said = said.strip_prefix("fatal: unable to access '").and_then(|rest| rest.split_once("': ")).map_or(said, |(_, why)| why);
    said.trim_start_matches("fatal: ").trim_end_matches('.')
}

fn words(url: &str, branch: &str, trouble: Trouble, said: &str) -> (Text, Text) {
    let said = reason(said);
    match trouble {
        Trouble::NoBranch => (
            Text::new(format!("{url} has no branch `{branch}`."), format!("{url} 에 `{branch}` 브랜치가 없습니다.")),
            Text::new(
                "Look at the repository's branches, and write the name of one of them.",
                "저장소의 브랜치 목록을 확인해 그중 하나의 이름을 쓰세요.",
            ),
        ),
        Trouble::Login => (
            Text::new(
                format!("{url} asks for a login: it is private, or it is not there."),
                format!("{url} 에 로그인이 필요합니다. 비공개 저장소이거나 없는 저장소입니다."),
            ),
            Text::new("Check the address, and make the repository public.", "주소를 확인하고 저장소를 공개로 바꾸세요."),
        ),
        Trouble::NotFound => (
            Text::new(format!("There is no git repository at {url}."), format!("{url} 에 git 저장소가 없습니다.")),
            Text::new(
                "Copy the address that the repository's page offers for cloning over https.",
                "저장소 화면에서 https로 복제(clone)하는 주소를 복사해 쓰세요.",
            ),
        ),
        Trouble::Moved => (
            Text::new(
                format!("{url} sends on to another address, which is not followed."),
                format!("{url} 이(가) 다른 주소로 넘기는데, 넘겨진 주소로는 가져오지 않습니다."),
            ),
            Text::new(
                "Write the address where the repository is now; at many hosts it ends with .git.",
                "저장소의 현재 주소를 쓰세요. 많은 서버에서 주소가 .git으로 끝납니다.",
            ),
        ),
        Trouble::Certificate => (
            Text::new(
                format!("The certificate of {url} is not trusted: {said}."),
                format!("{url} 의 인증서를 신뢰할 수 없습니다: {said}."),
            ),
            Text::new(
                "Where the host has a certificate authority of its own, the administrator names its PEM file in MARU_GIT_CA, and the host in MARU_GIT_HOSTS.",
                "서버가 자체 인증 기관을 쓴다면 관리자가 그 PEM 파일을 MARU_GIT_CA에, 서버 이름을 MARU_GIT_HOSTS에 설정해야 합니다.",
            ),
        ),
        Trouble::Unreachable => {
            (Text::new(format!("{url} could not be reached: {said}."), format!("{url} 에 연결하지 못했습니다: {said}.")), again())
        }
        Trouble::Other => (
            Text::new(
                format!("{branch} of {url} could not be fetched. git said: {said}."),
                format!("{url} 의 {branch} 을(를) 가져오지 못했습니다. git의 말: {said}."),
            ),
            Text::new(
                "Run `git clone` with this address on your own machine to see more.",
                "자신의 컴퓨터에서 이 주소로 `git clone`을 실행해 자세히 확인하세요.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_git_says_is_understood() {
        let at = "fatal: unable to access 'https://git.example/a/': ";
        for (said, trouble) in [
            ("fatal: couldn't find remote ref refs/heads/x".to_owned(), Trouble::NoBranch),
            ("fatal: could not read Username for 'https://github.com': terminal prompts disabled".to_owned(), Trouble::Login),
            ("fatal: repository 'https://github.com/a/' not found".to_owned(), Trouble::NotFound),
            (format!("{at}The requested URL returned error: 301"), Trouble::Moved),
            (format!("{at}server certificate verification failed. CAfile: none CRLfile: none"), Trouble::Certificate),
            (format!("{at}SSL certificate problem: unable to get local issuer certificate"), Trouble::Certificate),
            (format!("{at}Failed to connect to git.example port 443 after 3 ms: Couldn't connect to server"), Trouble::Unreachable),
            ("fatal: bad object".to_owned(), Trouble::Other),
        ] {
            assert_eq!(Trouble::of(&said), trouble, "{said}.");
        }
    }

    #[test]
    fn an_address_is_told_once() {
        let said = "fatal: unable to access 'https://a.example/b/': Failed to connect to a.example port 443";
        let error = GitError::Remote {
            url: "https://a.example/b".to_owned(),
            branch: "main".to_owned(),
            trouble: Trouble::of(said),
            said: said.to_owned(),
        };
        let detail = error.remote_words().map(|(detail, _)| detail.en);
        assert_eq!(detail.as_deref(), Some("https://a.example/b could not be reached: Failed to connect to a.example port 443."));
    }

    proptest! {
        #[test]
        fn whatever_is_said_has_words(said in "\\PC{0,80}") {
            let error = GitError::Remote { url: "https://a.example/b".to_owned(), branch: "main".to_owned(), trouble: Trouble::of(&said), said };
            prop_assert!(error.remote_words().is_some_and(|(detail, fix)| detail.en != fix.en && detail.ko != detail.en));
        }
    }
}
