//! Containers that run one program as root for this process and end.

use crate::{Engine, EngineError, models};

impl Engine {
    /// Runs a program to its end in a container of its own, which is removed after it.
    ///
    /// # Errors
    /// What the Engine said, or the program, where it did not succeed.
    pub(crate) async fn run_helper(
        &self,
        name: &str,
        image: &str,
        program: &[&str],
        arguments: &[&str],
        host_config: models::HostConfig,
        attempt: &str,
    ) -> Result<(), EngineError> {
        let words = |list: &[&str]| Some(list.iter().map(|&word| word.to_owned()).collect());
        let spec = models::ContainerCreateBody {
            image: Some(image.to_owned()),
            user: Some("0:0".to_owned()),
            entrypoint: words(program),
            cmd: words(arguments),
            labels: Some(self.labels("helper")),
            host_config: Some(host_config),
            ..Default::default()
        };
        let helper = self.name(name);
        self.remove_container(&helper).await?;
        self.create_container(&helper, spec).await?;
        let ran = async {
            self.start_container(&helper).await?;
            let code = self.wait_container(&helper).await?;
            if code == 0 {
                return Ok(());
            }
            let (_, stderr) = self.container_output(&helper, 5).await?;
            Err(EngineError::Failed {
                attempt: attempt.to_owned(),
                message: format!("exit code {code}: {}", String::from_utf8_lossy(&stderr).trim()),
            })
        };
        let ran = ran.await;
        self.remove_container(&helper).await?;
        ran
    }
}
