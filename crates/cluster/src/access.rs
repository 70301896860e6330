use std::path::Path;

use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::ClusterError;
use crate::pki::Identity;

/// Everything that a cluster in use hands out.
pub(crate) struct Access {
    pub(crate) config: kube::Config,
    pub(crate) client: kube::Client,
}

impl Access {
    /// To the embedded node.
    pub(crate) async fn embedded(url: &str, ca: &str, admin: &Identity) -> Result<Self, ClusterError> {
        let data = |pem: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pem);
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "maru",
            "clusters": [{ "name": "maru", "cluster": { "server": url, "certificate-authority-data": data(ca) } }],
            "users": [{ "name": "maru", "user": {
                "client-certificate-data": data(&admin.certificate), "client-key-data": data(&admin.key),
            } }],
            "contexts": [{ "name": "maru", "context": { "cluster": "maru", "user": "maru" } }],
        });
        let wrong = |message: String| ClusterError::Kubeconfig { path: "of the embedded node".to_owned(), message };
        let kubeconfig: Kubeconfig = serde_json::from_value(kubeconfig).map_err(|error| wrong(error.to_string()))?;
        Self::new(kubeconfig).await.map_err(wrong)
    }

    /// To the cluster of a kubeconfig's current context.
    pub(crate) async fn external(path: &Path) -> Result<Self, ClusterError> {
        let wrong = |message: String| ClusterError::Kubeconfig { path: path.display().to_string(), message };
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| wrong(error.to_string()))?;
        Self::new(kubeconfig).await.map_err(wrong)
    }

    async fn new(kubeconfig: Kubeconfig) -> Result<Self, String> {
        let config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(|error| error.to_string())?;
        let client = kube::Client::try_from(config.clone()).map_err(|error| error.to_string())?;
        Ok(Self { config, client })
    }
}
