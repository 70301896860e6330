//! What a home gets when its workspace has started. It only adds what is missing, so it may run at every start, and a
//! student's own changes stay.

use maru_protocol::ExecRequest;

use crate::config::{Config, Owner};
use crate::link::AgentLink;

/// kubectl and git reach the server through the agent, which says whose they are: nothing secret is written here.
const SCRIPT: &str = r#"
cd "$HOME" || exit 1
[ -e .kube/config ] && [ -e .gitconfig ] && [ -e "$MARU_PROJECT" ] && exit 0
if ! [ -e .kube/config ]; then
  mkdir -p .kube && cat > .kube/config <<EOF
apiVersion: v1
kind: Config
clusters: [{name: maru, cluster: {server: "http://127.0.0.1:7070/k8s"}}]
users: [{name: $MARU_LOGIN, user: {}}]
contexts: [{name: maru, context: {cluster: maru, user: $MARU_LOGIN, namespace: $MARU_NAMESPACE}}]
current-context: maru
EOF
fi
if command -v git >/dev/null; then
  have() { git config --global --get "$1" >/dev/null; }
  have user.name || git config --global user.name "$MARU_NAME"
  have user.email || git config --global user.email "$MARU_LOGIN@maru.localhost"
  have init.defaultBranch || git config --global init.defaultBranch main
  if [ -n "$MARU_PROJECT" ] && ! [ -e "$MARU_PROJECT" ]; then
    git clone --quiet "http://127.0.0.1:7070/git/$MARU_LOGIN/$MARU_PROJECT.git" "$MARU_PROJECT" || exit 3
  fi
fi
exit 0
"#;

/// Nothing here is needed for a workspace to work, so what fails is only told to the log; the next start tries again.
pub(crate) async fn set_up(link: &AgentLink, owner: &Owner, config: &Config) {
    let env = [
        ("MARU_LOGIN", owner.login.as_str().to_owned()),
        ("MARU_NAME", owner.name.clone()),
        ("MARU_NAMESPACE", owner.login.namespace()),
        ("MARU_PROJECT", config.project.as_ref().map(|project| project.as_str().to_owned()).unwrap_or_default()),
    ];
    let request = ExecRequest {
        argv: ["/bin/sh", "-c", SCRIPT].map(str::to_owned).to_vec(),
        env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        timeout: Some(20),
        ..Default::default()
    };
    match link.exec(&request).await {
        Ok(done) if done.code == 0 => {}
        Ok(done) => {
            tracing::warn!(login = %owner.login, code = done.code, stderr = %done.stderr.trim_end(), "the home is not set up");
        }
        Err(error) => tracing::warn!(login = %owner.login, %error, "the home is not set up"),
    }
}
