//! The pages in words: what each failure is called, and what a student can do about it.

use http::StatusCode;
use maru_model::Text;

use crate::diagnose::Diagnosis;
use crate::page::{Log, Page, Tone};
use crate::proxy::Failure;
use crate::route::{Backend, Gap, Refused, Route, normal};

/// Nothing is known about this host.
pub(crate) fn no_host(host: &str, refused: Option<&Refused>) -> Page {
    // As an Ingress has it: without the port.
    let host = normal(host);
    let page = Page::new(
        StatusCode::NOT_FOUND,
        "no_such_host",
        Text::new("No application has this address", "이 주소를 쓰는 앱이 없습니다"),
        Text::new(
            format!("No Ingress in the cluster has a rule for {host}."),
            format!("클러스터의 어떤 Ingress에도 {host}에 대한 규칙이 없습니다."),
        ),
    );
    let page = match refused {
        Some(r) => page
            .fact(Text::new("Asked for by", "요청한 Ingress"), Text::verbatim(format!("{}/{}", r.namespace, r.ingress)))
            .fact(Text::new("Not given because", "거절된 이유"), r.why.clone()),
        None => page,
    };
    page.step(Text::new(
        "Look at spec.rules[].host of your Ingress: it must be the name in the address bar, without a port.",
        "Ingress의 spec.rules[].host가 주소창의 이름과 같은지 확인하세요. 포트 번호는 쓰지 않습니다.",
    ))
    .step(Text::new(
        "Run `kubectl get ingress`: if it is not in the list, press Deploy first.",
        "`kubectl get ingress`를 실행해 보세요. 목록에 없으면 먼저 배포하세요.",
    ))
}

/// The host is known, the path is not.
pub(crate) fn no_path(host: &str, path: &str, known: &[&str]) -> Page {
    let host = normal(host);
    Page::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        Text::new("No rule for this path", "이 경로에 대한 규칙이 없습니다"),
        Text::new(
            format!("{host} has an Ingress, but no rule of it matches {path}."),
            format!("{host}의 Ingress는 있지만 {path}에 맞는 규칙이 없습니다."),
        ),
    )
    .fact(Text::new("Paths with a rule", "규칙이 있는 경로"), Text::verbatim(known.join(", ")))
    .step(Text::new(
        "With pathType Prefix, the path / matches everything that no longer path matches.",
        "pathType이 Prefix인 경로 /는 더 긴 경로에 맞지 않는 모든 요청을 받습니다.",
    ))
}

/// A rule leads to a Service behind which nobody is ready.
pub(crate) fn no_pod(route: &Route, backend: &Backend, diagnosis: Option<&Diagnosis>) -> Page {
    let service = &backend.service;
    let (title, lead) = match &backend.gap {
        Some(Gap::NoService) => (
            Text::new(format!("There is no Service {service}"), format!("Service {service}이(가) 없습니다")),
            Text::new(
                format!("The Ingress {} sends this address to the Service {service}, which does not exist.", route.ingress),
                format!("Ingress {}이(가) 이 주소를 Service {service}(으)로 보내지만, 그런 Service가 없습니다.", route.ingress),
            ),
        ),
        Some(Gap::NoPort(has)) => (
            Text::new(
                format!("The Service {service} has no port {}", backend.port),
                format!("Service {service}에 포트 {}이(가) 없습니다", backend.port),
            ),
            Text::new(format!("Its ports are: {}.", has.join(", ")), format!("이 Service의 포트: {}", has.join(", "))),
        ),
        Some(Gap::External) => (
            Text::new("A Service of type ExternalName is not served", "ExternalName 유형의 Service는 연결할 수 없습니다"),
            Text::new(
                format!("{service} stands for a name outside of the cluster."),
                format!("{service}은(는) 클러스터 밖의 이름을 가리킵니다."),
            ),
        ),
        Some(Gap::NotAService) => (
            Text::new("The rule does not lead to a Service", "규칙이 Service를 가리키지 않습니다"),
            Text::new(
                format!("It names {service}; only Services are served."),
                format!("{service}을(를) 가리킵니다. Service만 연결할 수 있습니다."),
            ),
        ),
        Some(Gap::NotReady(_)) | None => {
            (Text::new(format!("No pod of {service} is ready"), format!("{service}의 파드가 준비되지 않았습니다")), unready_lead(diagnosis))
        }
    };
    let page = with_pods(about(Page::new(StatusCode::SERVICE_UNAVAILABLE, "no_ready_pod", title, lead), route, backend), diagnosis);
    match &backend.gap {
        Some(Gap::NoService) => page
            .step(Text::new(
                "Compare backend.service.name in the Ingress with metadata.name of your Service.",
                "Ingress의 backend.service.name과 Service의 metadata.name을 비교하세요.",
            ))
            .step(Text::new("Run `kubectl get service`.", "`kubectl get service`를 실행해 보세요.")),
        Some(Gap::NoPort(_)) => page.step(Text::new(
            "Write one of these ports into backend.service.port of the Ingress. It is the Service's port, not the container's.",
            "Ingress의 backend.service.port에 위 포트 중 하나를 쓰세요. 컨테이너 포트가 아니라 Service의 port입니다.",
        )),
        Some(Gap::External | Gap::NotAService) => page,
        Some(Gap::NotReady(_)) | None if diagnosis.is_some_and(|d| d.pods.is_empty() && !d.selector.is_empty()) => page
            .step(Text::new(
                "Compare spec.selector of the Service with spec.template.metadata.labels of your workload.",
                "Service의 spec.selector와 워크로드의 spec.template.metadata.labels를 비교하세요.",
            ))
            .step(Text::new(
                "Run `kubectl get pods --show-labels`: without a pod in the list, look at spec.replicas.",
                "`kubectl get pods --show-labels`를 실행해 보세요. 목록에 파드가 없으면 spec.replicas를 확인하세요.",
            ))
            .retry(3),
        Some(Gap::NotReady(_)) | None => page.retry(3),
    }
}

fn unready_lead(diagnosis: Option<&Diagnosis>) -> Text {
    match diagnosis {
        Some(d) if d.pods.is_empty() && d.selector.is_empty() => {
            Text::new("The Service has no selector, so it selects no pods.", "Service에 selector가 없어서 선택된 파드가 없습니다.")
        }
        Some(d) if d.pods.is_empty() => Text::new(
            format!("No pod has the labels that the Service selects ({}): they differ, or the workload has 0 replicas.", d.selector),
            format!("Service가 고르는 라벨({})을 가진 파드가 없습니다. 라벨이 다르거나 replicas가 0입니다.", d.selector),
        ),
        Some(Diagnosis { pods, .. }) if let Some(pod) = pods.first() => Text::new(
            format!("The Service exists, but none of its pods takes requests now: {} {}.", pod.name, pod.state.en),
            format!("Service는 있지만, 지금 요청을 받을 수 있는 파드가 없습니다. {}: {}", pod.name, pod.state.ko),
        ),
        _ => Text::new(
            "The Service exists, but none of its pods takes requests now.",
            "Service는 있지만, 지금 요청을 받을 수 있는 파드가 없습니다.",
        ),
    }
}

/// Pods take connections: whatever was, is over, and this is what they wrote last.
pub(crate) fn takes_requests(route: &Route, backend: &Backend, diagnosis: Option<&Diagnosis>) -> Page {
    let service = &backend.service;
    let page = Page::new(
        StatusCode::OK,
        "ready",
        Text::new(format!("{service} takes requests"), format!("{service}이(가) 요청을 받고 있습니다")),
        Text::new(
            "Its pods are ready and take connections. If an answer fails all the same, their last lines say why.",
            "파드가 준비되어 연결을 받습니다. 그래도 응답이 잘못되면 로그의 마지막 줄에서 이유를 찾을 수 있습니다.",
        ),
    );
    with_pods(about(page, route, backend), diagnosis)
}

/// It slept, and is on its way.
pub(crate) fn waking(host: &str) -> Page {
    let host = normal(host);
    Page::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "waking",
        Text::new("The application is waking up", "앱을 깨우는 중입니다"),
        Text::new(
            format!("Nobody had asked for {host} for a while, so it went to sleep. Your visit wakes it, which takes some seconds."),
            format!("{host}에 한동안 요청이 없어 앱이 잠들어 있었습니다. 지금 깨우고 있으며 몇 초 걸립니다."),
        ),
    )
    .tone(Tone::Waiting)
    .retry(2)
}

/// Its owner stopped it, and no request starts it.
pub(crate) fn stopped(host: &str) -> Page {
    let host = normal(host);
    Page::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "stopped",
        Text::new("The application is stopped", "앱이 정지되어 있습니다"),
        Text::new(
            format!("The owner of {host} has stopped it. Its data is kept."),
            format!("{host}의 주인이 앱을 정지했습니다. 데이터는 그대로 있습니다."),
        ),
    )
    .step(Text::new(
        "If it is yours: press Start at Application in the IDE, or deploy again.",
        "내 앱이라면 IDE의 앱 화면에서 시작을 누르거나 다시 배포하세요.",
    ))
    .tone(Tone::Resting)
    .retry(5)
}

/// There is a pod, and it did not answer.
pub(crate) fn no_answer(route: &Route, backend: &Backend, failure: &Failure, diagnosis: Option<&Diagnosis>) -> Page {
    let service = &backend.service;
    let (page, endpoint) = match failure {
        Failure::Connect(endpoint, why) => {
            let port = endpoint.address.port();
            let page = Page::new(
                StatusCode::BAD_GATEWAY,
                "connect_failed",
                Text::new(format!("{service} can't be connected to"), format!("{service}에 연결할 수 없습니다")),
                Text::new(
                    format!("The pod says it is ready, but nothing answers on its port {port} ({why})."),
                    format!("파드는 준비되었다고 하지만 {port}번 포트에서 응답이 없습니다({why})."),
                ),
            );
            let page = page
                .step(Text::new(
                    format!("Does the program listen on port {port}? The Service's targetPort must be the port the program listens on."),
                    format!("프로그램이 {port}번 포트를 쓰나요? Service의 targetPort는 프로그램이 여는 포트와 같아야 합니다."),
                ))
                .step(Text::new(
                    "Does it listen on 0.0.0.0? A program that listens on 127.0.0.1 or localhost can't be reached from outside of its pod.",
                    "프로그램이 0.0.0.0에서 기다리나요? 127.0.0.1이나 localhost에서 기다리면 파드 밖에서 연결할 수 없습니다.",
                ))
                .step(Text::new(
                    "A readiness probe keeps requests away until the program is up.",
                    "readinessProbe를 두면 프로그램이 준비될 때까지 요청이 가지 않습니다.",
                ));
            (page.retry(3), endpoint)
        }
        Failure::Broken(endpoint, why) => (
            Page::new(
                StatusCode::BAD_GATEWAY,
                "no_answer",
                Text::new(format!("{service} broke the connection off"), format!("{service}이(가) 연결을 끊었습니다")),
                Text::new(
                    format!("The program took the request and ended without a valid answer ({why})."),
                    format!("프로그램이 요청을 받은 뒤 올바른 응답 없이 연결을 끊었습니다({why})."),
                ),
            )
            .step(Text::new(
                "Look into its log: it may have crashed, or speak something else than HTTP on this port.",
                "로그를 확인하세요. 프로그램이 멈췄거나, 이 포트에서 HTTP가 아닌 것을 쓰고 있을 수 있습니다.",
            )),
            endpoint,
        ),
        Failure::Silent(endpoint, limit) => (
            Page::new(
                StatusCode::GATEWAY_TIMEOUT,
                "timed_out",
                Text::new(format!("{service} does not answer"), format!("{service}이(가) 응답하지 않습니다")),
                Text::new(
                    format!("There was no answer within {} seconds.", limit.as_secs()),
                    format!("{}초 안에 응답이 없었습니다.", limit.as_secs()),
                ),
            )
            .step(Text::new(
                "Look what the program waits for: a database that is not there, a lock, a long computation.",
                "프로그램이 무엇을 기다리는지 확인하세요. 연결되지 않는 데이터베이스, 잠금, 오래 걸리는 계산일 수 있습니다.",
            )),
            endpoint,
        ),
    };
    let page = match &endpoint.pod {
        Some(pod) => page.fact(Text::new("Pod", "파드"), Text::verbatim(format!("{pod} ({})", endpoint.address))),
        None => page.fact(Text::new("Address", "주소"), Text::verbatim(endpoint.address.to_string())),
    };
    with_pods(about(page, route, backend), diagnosis)
}

fn about(page: Page, route: &Route, backend: &Backend) -> Page {
    page.fact(Text::verbatim("Ingress"), Text::verbatim(format!("{} ({})", route.ingress, route.path.as_deref().unwrap_or("default"))))
        .fact(Text::verbatim("Service"), Text::verbatim(format!("{}:{}", backend.service, backend.port)))
}

fn with_pods(mut page: Page, diagnosis: Option<&Diagnosis>) -> Page {
    for pod in diagnosis.iter().flat_map(|d| &d.pods) {
        page = page.fact(Text::new(format!("Pod {}", pod.name), format!("파드 {}", pod.name)), pod.state.clone());
        if let Some(hint) = &pod.hint
            && !page.steps.contains(hint)
        {
            page = page.step(hint.clone());
        }
        if let Some(log) = &pod.log {
            page.logs.push(Log {
                title: Text::new(format!("Last words of {}", pod.name), format!("{}의 마지막 로그", pod.name)),
                lines: log.clone(),
            });
        }
    }
    page
}
