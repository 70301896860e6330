//! What a browser reads where a program's answer should have been.

use axum::body::Body;
use http::StatusCode;
use http::header::HeaderMap;
use maru_gateway::{Links, Page};
use maru_model::{Login, Text};
use maru_protocol::Port;
use maru_workspace::{AgentLink, Sharing, Visibility, WorkspaceError};

use super::permission::Grant;
use crate::config::Config;
use crate::proxy::forward::{ForwardError, root_cause};

pub(super) fn answer(page: &Page, asked: &HeaderMap) -> axum::response::Response {
    page.answer(asked).map(Body::from)
}

pub(super) fn no_preview(host: &str, domain: &str) -> Page {
    Page::new(
        StatusCode::NOT_FOUND,
        "no_such_preview",
        Text::new("This is not the address of a preview", "미리보기 주소가 아닙니다"),
        Text::new(
            format!("{host} does not name a port and a login, like 8000--mina.{domain}."),
            format!("{host}에 포트와 아이디가 없습니다. 8000--mina.{domain}처럼 써야 합니다."),
        ),
    )
}

pub(super) fn private(open: &str) -> Page {
    Page::new(
        StatusCode::UNAUTHORIZED,
        "preview_private",
        Text::new("This preview is private", "비공개 미리보기입니다"),
        Text::new("Only its owner can see it, unless it is shared.", "공유하지 않으면 주인만 볼 수 있습니다."),
    )
    .step(Text::new(
        format!("Open {open} in the browser, or send `Authorization: Bearer TOKEN`."),
        format!("브라우저에서 {open} 주소를 열거나 `Authorization: Bearer 토큰`을 보내세요."),
    ))
}

/// Also for what does not exist: the two look alike.
pub(super) fn not_yours() -> Page {
    Page::new(
        StatusCode::NOT_FOUND,
        "preview_not_shared",
        Text::new("There is no preview here for you", "볼 수 있는 미리보기가 없습니다"),
        Text::new("It does not exist, or its owner does not share it with you.", "존재하지 않거나, 주인이 공유하지 않았습니다."),
    )
    .step(Text::new(
        "Ask its owner to share the port with the class: the list of ports in the IDE has a switch for it.",
        "주인에게 포트를 수업에 공유해 달라고 하세요. IDE의 포트 목록에서 바꿀 수 있습니다.",
    ))
}

pub(super) fn spent() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "ticket_spent",
        Text::new("This link has been used or is too old", "이미 사용했거나 너무 오래된 링크입니다"),
        Text::new("The way into a preview is good once, for one minute.", "미리보기로 들어가는 링크는 1분 동안 한 번만 쓸 수 있습니다."),
    )
    .step(Text::new("Open the preview again from the IDE.", "IDE에서 미리보기를 다시 여세요."))
}

pub(super) fn foreign() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "preview_foreign",
        Text::new("Another site may not use this preview", "다른 사이트에서는 이 미리보기를 쓸 수 없습니다"),
        Text::new(
            "The request came from a page of another site. A preview that is public may be used from anywhere.",
            "다른 사이트의 페이지에서 온 요청입니다. 공개된 미리보기는 어디서나 쓸 수 있습니다.",
        ),
    )
}

/// While a request was waiting for its answer.
pub(super) fn revoked() -> Page {
    Page::new(
        StatusCode::FORBIDDEN,
        "preview_revoked",
        Text::new("This preview is no longer shared with you", "이 미리보기의 공유가 끝났습니다"),
        Text::new("Its owner has ended that, or its time is over.", "주인이 공유를 끝냈거나 공유 기간이 지났습니다."),
    )
}

pub(super) fn unavailable(error: &dyn std::fmt::Debug) -> Page {
    tracing::error!(?error, "a preview could not be looked up");
    Page::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        Text::new("Maru could not do this", "Maru가 처리하지 못했습니다"),
        Text::new("Its database did not answer. Try again in a moment.", "데이터베이스가 응답하지 않았습니다. 잠시 후 다시 시도하세요."),
    )
}

pub(super) fn not_there(error: &WorkspaceError, config: &Config) -> Page {
    match error {
        WorkspaceError::NotReady { .. } => Page::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "workspace_not_ready",
            Text::new("The workspace is not running", "작업 공간이 실행 중이 아닙니다"),
            error.cause(),
        )
        .links(Some(Links {
            title: Text::new("Opening the IDE starts it", "IDE를 열면 시작됩니다"),
            to: vec![(Text::verbatim("IDE"), format!("{}/ide", config.url))],
        }))
        .retry(5),
        _ => Page::new(
            StatusCode::BAD_GATEWAY,
            "workspace_unreachable",
            Text::new("The workspace does not answer", "작업 공간이 응답하지 않습니다"),
            error.cause(),
        )
        .retry(3),
    }
}

/// Ports that do listen, as far as this visitor may know of them.
pub(super) async fn others(
    link: &AgentLink,
    config: &Config,
    login: &Login,
    grant: Grant,
    shared: impl Fn(u16) -> Sharing,
) -> Vec<(Text, String)> {
    let ports: Vec<Port> = link.get_json("/ports").await.unwrap_or_default();
    let known = |port: u16| match grant {
        Grant::Owner | Grant::Staff => true,
        Grant::Class => shared(port).visibility != Visibility::Private,
        Grant::Anybody => shared(port).visibility == Visibility::Public,
    };
    ports
        .into_iter()
        .filter(|port| known(port.port))
        .map(|Port { port, process, .. }| {
            let name = process.map_or_else(|| port.to_string(), |process| format!("{port} ({process})"));
            (Text::verbatim(name), config.preview_url(login, port))
        })
        .collect()
}

/// Nothing listens on the port: the page opens by itself as soon as something does.
pub(super) fn waiting(port: u16, others: Vec<(Text, String)>) -> Page {
    let lead = if others.is_empty() {
        Text::new(
            "The workspace runs, but no program in it listens on a port. This page opens by itself as soon as one listens on this port.",
            "작업 공간은 실행 중이지만 포트를 연 프로그램이 없습니다. 프로그램이 이 포트를 열면 화면이 저절로 열립니다.",
        )
    } else {
        Text::new(
            "No program in the workspace listens on this port. This page opens by itself as soon as one does.",
            "이 포트를 연 프로그램이 작업 공간에 없습니다. 프로그램이 이 포트를 열면 화면이 저절로 열립니다.",
        )
    };
    let links =
        (!others.is_empty()).then(|| Links { title: Text::new("These ports do listen", "지금 열려 있는 포트"), to: others });
    Page::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "nothing_listens",
        Text::new(format!("Waiting for port {port}"), format!("{port}번 포트를 기다리는 중입니다")),
        lead,
    )
    .links(links)
    .step(Text::new("Start the program in a terminal of the workspace.", "작업 공간의 터미널에서 프로그램을 실행하세요."))
    .step(Text::new(
        "Compare the port in the address with the one that the program says it listens on.",
        "주소의 포트 번호와 프로그램이 출력한 포트 번호를 비교해 보세요.",
    ))
    .retry(2)
}

pub(super) fn broken(error: &ForwardError<hyper::Error>) -> Page {
    let why = match error {
        ForwardError::Sending(error) => root_cause(error),
        ForwardError::NotAsked(error) => error.to_string(),
    };
    Page::new(
        StatusCode::BAD_GATEWAY,
        "no_answer",
        Text::new("The program did not answer", "프로그램이 응답하지 않았습니다"),
        Text::new(
            format!("It took the connection and ended it without an answer in HTTP: {why}."),
            format!("연결을 받은 뒤 HTTP 응답 없이 끊었습니다: {why}"),
        ),
    )
    .step(Text::new("Look at its output in the terminal.", "터미널에서 프로그램의 출력을 확인하세요."))
    .step(Text::new(
        "A program that speaks TLS by itself has to be told to speak plain HTTP.",
        "프로그램이 직접 TLS를 쓴다면 일반 HTTP를 쓰도록 바꾸세요.",
    ))
}
