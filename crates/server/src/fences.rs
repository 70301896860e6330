//! Keeping the containers of students away from this host: at the start, again now and then, and said in plain words where
//! it does not work.

use std::time::Duration;

use maru_engine::Engine;
use maru_model::Text;
use tokio_util::sync::CancellationToken;

/// Somebody may have loaded other rules meanwhile.
const AGAIN: Duration = Duration::from_secs(10 * 60);
/// The networks with programs of students on them.
pub const NETWORKS: [&str; 3] = ["workspaces", SHUT, "builds"];
/// The one that leads nowhere; it is there once a class wants it.
const SHUT: &str = "workspaces-shut";

/// For a server that may not use iptables itself: `workspace_image` has nsenter, and `node_image` iptables, once it is built.
pub async fn run(engine: Engine, node_image: String, workspace_image: String, shutdown: CancellationToken) {
    loop {
        for suffix in NETWORKS {
            let fenced = async {
                let network = if suffix == SHUT {
                    let name = engine.name(SHUT);
                    if engine.network_id(&name).await?.is_none() {
                        return Ok(());
                    }
                    name
                } else {
                    engine.ensure_isolated_network(suffix).await?
                };
                let image = if engine.inspect_image(&node_image).await?.is_some() { &node_image } else { &workspace_image };
                engine.fence_network(&network, image).await
            };
            if let Err(error) = fenced.await {
                tracing::error!("{}", words(suffix, &error.to_string()));
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// What is not protected, for those who look after the server.
pub fn warnings(engine: &Engine) -> Vec<Text> {
    let unfenced = engine.unfenced();
    NETWORKS.iter().filter_map(|suffix| Some(words(suffix, unfenced.get(&engine.name(suffix))?))).collect()
}

fn words(suffix: &str, why: &str) -> Text {
    let (en, ko) = match suffix {
        "builds" => ("Commands of image builds", "이미지 빌드의 명령"),
        _ => ("Programs in workspaces", "작업 공간의 프로그램"),
    };
    Text::new(
        format!(
            "{en} can reach all ports that this machine listens on, and its cloud's metadata service: the firewall's rules could \
             not be set ({why}). Run the server as root on the Docker host, or as a user who may start privileged containers \
             there; iptables has to be installed."
        ),
        format!(
            "{ko}이 이 컴퓨터가 여는 모든 포트와 클라우드 메타데이터 서비스에 접근할 수 있습니다. 방화벽 규칙을 설정하지 \
             못했습니다 ({why}). 서버를 Docker 호스트의 root로 실행하거나 특권 컨테이너를 실행할 수 있는 사용자로 실행하세요. \
             iptables가 설치되어 있어야 합니다."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_open_is_said() {
        let Ok(engine) = Engine::connect(format!("test-open-{}", std::process::id())).await else { panic!("no Docker Engine") };
        assert!(warnings(&engine).is_empty());
        // There is no such network, so it cannot be fenced.
        assert!(engine.fence_network(&engine.name("workspaces"), "no-such-image").await.is_err());
        let said = warnings(&engine);
        assert_eq!(said.len(), 1);
        assert!(said[0].en.starts_with("Programs in workspaces can reach") && said[0].ko.starts_with("작업 공간의 프로그램이"), "{said:?}");
    }
}
