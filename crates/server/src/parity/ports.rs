//! The port that the image opens, the one that the manifest names, and `$PORT`.

use std::sync::LazyLock;

use maru_manifest::Diagnostic;
use maru_model::Text;
use regex::Regex;

use super::Subject;

static READS_PORT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|[^A-Za-z0-9_])PORT(?:[^A-Za-z0-9_]|$)").ok());

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let exposed: Vec<i64> = subject
        .instructions
        .iter()
        .filter(|instruction| instruction.keyword == "EXPOSE")
        .flat_map(|instruction| instruction.arguments.split_whitespace())
        .filter_map(|port| port.split('/').next()?.parse().ok())
        .collect();
    let reads = READS_PORT.as_ref().is_none_or(|pattern| subject.sources.iter().any(|source| pattern.is_match(&source.text)));
    for container in &subject.containers {
        let title = &container.title;
        let variable = container.env.iter().find(|(name, ..)| name == "PORT");
        if let Some((_, port, mark)) = variable.filter(|_| !reads && !container.has_command) {
            let place = if subject.program.context.is_empty() { "." } else { &subject.program.context };
            found.push(
                Diagnostic::warning(
                    "ignores_port",
                    Text::new(
                        format!("{title} sets PORT to {port}, and no file in `{place}` reads it: the program goes on listening where it did"),
                        format!("{title} 이(가) PORT 를 {port} (으)로 정하지만 `{place}` 의 어떤 파일도 읽지 않습니다. 프로그램은 원래 포트에서 듣습니다"),
                    ),
                )
                .at(&container.file, *mark)
                .fix(Text::new(
                    "Read the port from the variable PORT in the program, or take it out of the manifest",
                    "프로그램에서 환경 변수 PORT 를 읽거나, 매니페스트에서 빼세요",
                )),
            );
        }
        // What the variable says is what the program that reads it opens.
        let opened: Vec<i64> = match variable.and_then(|(_, port, _)| port.parse().ok()) {
            Some(port) if reads => vec![port],
            _ => exposed.clone(),
        };
        if let (Some(opens), Some((port, mark))) = (opened.first(), container.ports.first())
            && !container.ports.iter().any(|(port, _)| opened.contains(port))
        {
            found.push(
                Diagnostic::warning(
                    "port_differs",
                    Text::new(
                        format!("{title} says that its container listens on {port}, and the program opens {opens}"),
                        format!("{title} 은(는) 컨테이너가 {port} 포트에서 듣는다고 하지만, 프로그램이 여는 포트는 {opens} 입니다"),
                    ),
                )
                .at(&container.file, *mark)
                .fix(Text::new(
                    format!("Write containerPort: {opens}, and the same in the Service's targetPort; or let the program listen on {port}"),
                    format!("containerPort 와 Service 의 targetPort 를 {opens} (으)로 쓰거나, 프로그램이 {port} 에서 듣게 하세요"),
                )),
            );
        }
    }
}
