//! Keeping containers of one network away from the host that carries it. The Engine keeps networks apart from one
//! another, but lets every container reach every port the host listens on, and whatever metadata service its cloud has.

use crate::{Engine, EngineError, models};

/// New connections from the bridge to the host are refused, answers to the host's own pass; link-local addresses
/// (a cloud's metadata service) are refused through the chain that the Engine leaves to us. Idempotent.
const RULES: &str = r#"
put() { chain=$1; shift; iptables -w 5 -C "$chain" "$@" 2>/dev/null || iptables -w 5 -I "$chain" "$@"; }
iptables -w 5 -L DOCKER-USER >/dev/null && ip link show dev "$0" >/dev/null || exit 1
put INPUT -i "$0" -m conntrack ! --ctstate ESTABLISHED,RELATED -j REJECT --reject-with icmp-admin-prohibited &&
put DOCKER-USER -i "$0" -d 169.254.0.0/16 -j REJECT --reject-with icmp-admin-prohibited
"#;

impl Engine {
    /// Shields the host from the containers of a bridge network by the host's own iptables, which the Engine needs too.
    /// Where this process may not use it, a helper container in the host's namespaces does, made from `image`, which has
    /// to have nsenter: so this works for a server that may use the Engine but isn't root.
    ///
    /// # Errors
    /// What the Engine or iptables said.
    pub async fn fence_network(&self, network: &str, image: &str) -> Result<(), EngineError> {
        let attempt = format!("fencing network {network} off from the host");
        let Some(id) = self.network_id(network).await? else { return Err(EngineError::NotFound { attempt }) };
        let bridge = format!("br-{}", id.get(..12).unwrap_or(&id));
        // A server that is root on the Docker host needs no helper. The rules look for the bridge before they act.
        let directly = tokio::process::Command::new("/bin/sh")
            .args(["-c", RULES, &bridge])
            .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
            .output()
            .await;
        if directly.is_ok_and(|done| done.status.success()) {
            return Ok(());
        }
        let argv = ["nsenter", "--target", "1", "--mount", "--net", "--", "/bin/sh", "-c"].map(str::to_owned);
        let spec = models::ContainerCreateBody {
            image: Some(image.to_owned()),
            user: Some("0:0".to_owned()),
            entrypoint: Some(argv.to_vec()),
            cmd: Some(vec![format!("PATH=/usr/sbin:/sbin:/usr/bin:/bin; export PATH; {RULES}"), bridge]),
            labels: Some(self.labels("fence")),
            host_config: Some(models::HostConfig {
                privileged: Some(true),
                pid_mode: Some("host".to_owned()),
                network_mode: Some("none".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let helper = self.name(&format!("fence-{network}"));
        self.remove_container(&helper).await?;
        self.create_container(&helper, spec).await?;
        let ran = async {
            self.start_container(&helper).await?;
            let code = self.wait_container(&helper).await?;
            if code == 0 {
                return Ok(());
            }
            let (_, stderr) = self.container_output(&helper, 5).await?;
            Err(EngineError::Failed { attempt, message: format!("exit code {code}: {}", String::from_utf8_lossy(&stderr).trim()) })
        };
        let ran = ran.await;
        self.remove_container(&helper).await?;
        ran
    }
}
