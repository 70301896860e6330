//! `/network`: what the network between this browser and Maru lets through, and what to ask its administrator for.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::render;
use crate::config::Config;
use crate::error::ApiResult;
use crate::lang::Lang;
use crate::state::AppState;

struct Check {
    id: &'static str,
    title: &'static str,
    /// What does not work without it, and what to ask for.
    breaks: &'static str,
    ask: String,
}

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    lang: &'static str,
    host: String,
    /// Addresses of another host name each, which answer something where names and ways are right.
    names: String,
    checks: Vec<Check>,
}

impl NetworkPage {
    fn t<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        super::pick(self.lang, en, ko)
    }
}

fn checks(config: &Config, lang: &'static str) -> Vec<Check> {
    let domain = config.url_host();
    let host = format!("{domain}{}", config.url_port());
    let (previews, apps) = (&config.preview_domain, &config.apps_domain);
    let t = |en: &'static str, ko: &'static str| super::pick(lang, en, ko);
    let said = |en: String, ko: String| if lang == "ko" { ko } else { en };
    vec![
        Check {
            id: "http",
            title: t("Answers", "응답"),
            breaks: t("Nothing works.", "아무것도 쓸 수 없습니다."),
            ask: said(format!("Let requests to {host} pass."), format!("{host} 주소로 가는 요청을 허용해 주세요.")),
        },
        Check {
            id: "methods",
            title: t("All kinds of requests", "모든 종류의 요청"),
            breaks: t(
                "Files cannot be saved, renamed or deleted, or somebody's change is overwritten without a question.",
                "파일을 저장하거나 지울 수 없고, 다른 변경을 묻지 않고 덮어쓸 수 있습니다.",
            ),
            ask: said(
                format!("Let PUT, PATCH and DELETE requests to {host} pass, and leave the headers If-Match and ETag as they are."),
                format!("{host} 주소로 가는 PUT, PATCH, DELETE 요청을 허용하고 If-Match와 ETag 헤더를 그대로 두어 주세요."),
            ),
        },
        Check {
            id: "events",
            title: t("Events as they happen (SSE)", "실시간 이벤트(SSE)"),
            breaks: t(
                "Changes of files, ports and the steps of Deploy are asked for again and again instead, after some seconds of trying.",
                "파일 변경, 포트, 배포 단계를 몇 초 시도한 뒤에 요청을 되풀이해 가져옵니다.",
            ),
            ask: said(
                format!("Do not buffer, compress or hold back for scanning answers of {host} with Content-Type: text/event-stream."),
                format!("{host} 응답 중 Content-Type이 text/event-stream인 것은 버퍼링, 압축, 검사를 위한 보류 없이 바로 전달해 주세요."),
            ),
        },
        Check {
            id: "stream",
            title: t("WebSocket", "WebSocket"),
            breaks: t(
                "Terminals, language servers and shells in pods go a slower way.",
                "터미널, 언어 서버, 파드 셸이 느린 방식으로 동작합니다.",
            ),
            ask: said(
                format!(
                    "Let WebSockets (Upgrade: websocket) to {host} pass, and do not close them within 60 seconds of silence; without TLS inspection if that does not know them."
                ),
                format!(
                    "{host} 주소의 WebSocket(Upgrade: websocket)을 허용하고, 60초 안에는 조용하다고 끊지 말아 주세요. TLS 검사 장비가 WebSocket을 모르면 예외로 해 주세요."
                ),
            ),
        },
        Check {
            id: "upload",
            title: t("Large uploads", "큰 업로드"),
            breaks: t("Larger files cannot be uploaded or saved.", "큰 파일을 올리거나 저장할 수 없습니다."),
            ask: said(
                format!("Let request bodies of 8 MB at least to {host} pass."),
                format!("{host} 주소로 가는 요청 본문을 8MB 이상 허용해 주세요."),
            ),
        },
        Check {
            id: "names",
            title: t("Names of previews and applications", "미리보기와 앱의 이름"),
            breaks: t("Previews of ports and deployed applications do not open.", "포트 미리보기와 배포한 앱이 열리지 않습니다."),
            ask: said(
                format!("Let all names below {previews} and {apps} resolve as {domain} does, and requests to them pass."),
                format!("*.{previews}, *.{apps}에 해당하는 모든 이름이 {domain}과 같은 주소로 연결되게 하고 요청을 허용해 주세요."),
            ),
        },
    ]
}

/// An address below each domain of students' pages: of a port of nobody's, and of no application.
fn names(config: &Config) -> [String; 2] {
    let (scheme, port) = (config.url_scheme(), config.url_port());
    [("1--network", &config.preview_domain), ("network", &config.apps_domain)]
        .map(|(name, domain)| format!("{scheme}://{name}.{domain}{port}/"))
}

pub async fn page(State(state): State<AppState>, Lang(lang): Lang) -> ApiResult<Response> {
    let config = &state.config;
    let page = NetworkPage {
        lang: lang.as_str(),
        host: format!("{}{}", config.url_host(), config.url_port()),
        names: names(config).join(" "),
        checks: checks(config, lang.as_str()),
    };
    Ok(render(&page)?.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_installation_was_told() {
        let mut config = Config::for_tests();
        config.url = "https://maru.school.example:8443".to_owned();
        config.preview_domain = "previews.example".to_owned();
        config.apps_domain = "apps.example".to_owned();
        assert_eq!(names(&config), ["https://1--network.previews.example:8443/", "https://network.apps.example:8443/"]);
        for lang in ["en", "ko"] {
            let of_names = checks(&config, lang).into_iter().find(|check| check.id == "names").expect("a check of names");
            for domain in ["previews.example", "apps.example", "maru.school.example"] {
                assert!(of_names.ask.contains(domain), "{}", of_names.ask);
            }
            assert!(!of_names.ask.contains(".maru.school.example"), "{}", of_names.ask);
        }
    }
}
