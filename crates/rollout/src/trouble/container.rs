//! What keeps a container from working: its image, its settings, its program, its probe.

use std::time::Duration;

use maru_model::Text;
use serde_json::Value;

use super::{AT_ONCE, Trouble, seconds, str};
use crate::live::Live;
use crate::model::text;

pub(super) fn all(workload: &str, pod: &Value, live: &Live, alone: bool, found: &mut Vec<Trouble>) {
    for list in ["initContainerStatuses", "containerStatuses"] {
        for status in pod.pointer(&format!("/status/{list}")).and_then(Value::as_array).into_iter().flatten() {
            container(workload, pod, status, live, alone, found);
        }
    }
}

fn container(workload: &str, pod: &Value, status: &Value, live: &Live, alone: bool, found: &mut Vec<Trouble>) {
    let name = str(status, "/name");
    let waiting = str(status, "/state/waiting/reason");
    let said = str(status, "/state/waiting/message");
    let pod_name = str(pod, "/metadata/name").to_owned();
    let mut say = |code, message, fix, patience, log| {
        found.push(Trouble { code, workload: workload.to_owned(), message, fix, patience, log });
    };
    match waiting {
        "ErrImagePull" | "ImagePullBackOff" => {
            let image = container_image(pod, name).unwrap_or_else(|| str(status, "/image").to_owned());
            let gone = ["not found", "NotFound", "manifest unknown", "denied", "unauthorized", "no such host", "insufficient_scope"];
            let certain = gone.iter().any(|word| said.contains(word));
            let fix = if image.starts_with("registry.localhost/") {
                Text::new(
                    "Check the name; build the image first (Deploy does it), or pick a version that exists",
                    "이름을 확인하고 먼저 이미지를 빌드하거나(배포가 해 줍니다) 있는 버전을 쓰세요",
                )
            } else {
                Text::new(
                    "Images come from the class registry: `registry.localhost/LOGIN/REPOSITORY` or `registry.localhost/base/NAME`",
                    "이미지는 수업 레지스트리에서 옵니다: `registry.localhost/로그인/저장소` 또는 `registry.localhost/base/이름`",
                )
            };
            say(
                "image_pull",
                text!("The image `{image}` cannot be pulled: {said}", "이미지 `{image}` 을(를) 받을 수 없습니다: {said}"),
                Some(fix),
                if certain { seconds(2) } else { seconds(30) },
                None,
            );
        }
        "InvalidImageName" => {
            let image = container_image(pod, name).unwrap_or_default();
            let fix =
                Text::new("An image is written `host/name:version`, in lowercase", "이미지는 소문자로 `호스트/이름:버전` 처럼 씁니다");
            say(
                "image_name",
                text!("`{image}` is not the name of an image", "`{image}` 은(는) 이미지 이름이 아닙니다"),
                Some(fix),
                AT_ONCE,
                None,
            );
        }
        "CreateContainerConfigError" => {
            let fix = Text::new(
                "Add what is missing, or enter the Secret on the app page",
                "없는 것을 추가하거나 앱 페이지에서 Secret 을 입력하세요",
            );
            let certain = said.contains("not found") || said.contains("couldn't find key");
            say(
                "container_config",
                text!("The container `{name}` cannot be set up: {said}", "컨테이너 `{name}` 을(를) 준비할 수 없습니다: {said}"),
                Some(fix),
                if certain { seconds(3) } else { seconds(30) },
                None,
            );
        }
        "CreateContainerError" | "RunContainerError" => {
            say(
                "container_start",
                text!("The container `{name}` cannot be started: {said}", "컨테이너 `{name}` 을(를) 시작할 수 없습니다: {said}"),
                None,
                seconds(10),
                None,
            );
        }
        _ => crashed(pod, status, alone, &pod_name, &mut say),
    }
    if waiting.is_empty() && status["ready"] == false && status.pointer("/state/running").is_some() {
        probe(pod, name, live, &pod_name, &mut say);
    }
}

type Say<'a> = dyn FnMut(&'static str, Text, Option<Text>, Option<Duration>, Option<(String, String, bool)>) + 'a;

/// A program that ends. It may be waiting for another part of the application that is not up yet, so it gets more tries while
/// something else is not healthy.
fn crashed(pod: &Value, status: &Value, alone: bool, pod_name: &str, say: &mut Say<'_>) {
    let name = str(status, "/name");
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    let (ended, previous) = match (status.pointer("/state/terminated"), status.pointer("/lastState/terminated")) {
        (Some(ended), _) => (ended, false),
        (None, Some(ended)) => (ended, true),
        (None, None) => return,
    };
    let is_job = str(pod, "/spec/restartPolicy") != "Always";
    let code = ended["exitCode"].as_i64().unwrap_or(0);
    if is_job && code == 0 {
        return;
    }
    // The log of a run that ended and of none since is the container's newest; once it runs again, the one before.
    let running = status.pointer("/state/running").is_some();
    let log = Some((pod_name.to_owned(), name.to_owned(), previous && running));
    let enough = if alone { restarts >= 2 } else { restarts >= 5 };
    let patience = (enough && !running).then_some(Duration::ZERO);
    if ended["reason"] == "OOMKilled" {
        let fix = Text::new(
            "Raise `resources.limits.memory`, or make the program use less",
            "`resources.limits.memory` 를 늘리거나 프로그램의 메모리 사용을 줄이세요",
        );
        say(
            "out_of_memory",
            text!(
                "The program in `{name}` needs more memory than its limit and was ended ({restarts} restarts)",
                "`{name}` 의 프로그램이 메모리 한도를 넘어 종료되었습니다 (재시작 {restarts}회)"
            ),
            Some(fix),
            patience,
            log,
        );
        return;
    }
    let (message, fix) = if code == 0 {
        (
            text!(
                "The program in `{name}` ends at once without an error; a server has to keep running ({restarts} restarts)",
                "`{name}` 의 프로그램이 오류 없이 바로 끝납니다. 서버는 계속 실행되어야 합니다 (재시작 {restarts}회)"
            ),
            Text::new(
                "Start the server in the foreground in the Dockerfile's CMD",
                "Dockerfile 의 CMD 에서 서버를 포그라운드로 실행하세요",
            ),
        )
    } else {
        (
            text!(
                "The program in `{name}` ends with code {code} ({restarts} restarts)",
                "`{name}` 의 프로그램이 코드 {code} 로 끝납니다 (재시작 {restarts}회)"
            ),
            match code {
                126 => Text::new(
                    "The command is not executable: `chmod +x`, or name the interpreter",
                    "실행할 수 없는 명령입니다. `chmod +x` 하거나 인터프리터를 지정하세요",
                ),
                127 => Text::new(
                    "The command does not exist in the image: check CMD and `command:`",
                    "이미지에 없는 명령입니다. CMD 와 `command:` 를 확인하세요",
                ),
                137 => Text::new(
                    "It was killed: by a failing liveness probe, or for its memory",
                    "강제 종료되었습니다. liveness 프로브 실패나 메모리를 확인하세요",
                ),
                _ => Text::new(
                    "Its last lines say why; run the same command in the terminal to try it",
                    "마지막 로그에 이유가 있습니다. 터미널에서 같은 명령을 실행해 보세요",
                ),
            },
        )
    };
    say("crash_loop", message, Some(fix), patience, log);
}

/// It runs and is not ready: what the probe says.
fn probe(pod: &Value, container: &str, live: &Live, pod_name: &str, say: &mut Say<'_>) {
    let uid = str(pod, "/metadata/uid");
    let path = format!("{{{container}}}");
    let event = live
        .of_kind("Event")
        .filter(|e| {
            e["reason"] == "Unhealthy" && str(e, "/involvedObject/uid") == uid && str(e, "/involvedObject/fieldPath").contains(&path)
        })
        .max_by_key(|e| (str(e, "/lastTimestamp").to_owned(), str(e, "/eventTime").to_owned()));
    if let Some(event) = event {
        let said = str(event, "/message");
        say(
            "probe_failing",
            text!("`{container}` runs, but is not ready: {said}", "`{container}` 은(는) 실행 중이지만 준비되지 않았습니다: {said}"),
            Some(Text::new(
                "Check that the program listens on 0.0.0.0 and on the probe's port, and that the probe's path answers",
                "프로그램이 0.0.0.0 의 프로브 포트에서 듣는지, 프로브 경로가 응답하는지 확인하세요",
            )),
            None,
            Some((pod_name.to_owned(), container.to_owned(), false)),
        );
    }
}

fn container_image(pod: &Value, name: &str) -> Option<String> {
    ["initContainers", "containers"].iter().find_map(|list| {
        let containers = pod.pointer(&format!("/spec/{list}"))?.as_array()?;
        Some(containers.iter().find(|c| c["name"] == name)?["image"].as_str()?.to_owned())
    })
}
