use std::collections::HashMap;

use bollard::query_parameters as query;

use crate::error::found;
use crate::{Engine, EngineError, models};

impl Engine {
    /// Makes a named volume unless it is there; true where it is new.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn ensure_volume(&self, name: &str, role: &str, more_labels: HashMap<String, String>) -> Result<bool, EngineError> {
        let seen = found(self.docker.inspect_volume(name).await.map_err(EngineError::during(format!("inspecting volume {name}"))))?;
        if seen.is_some() {
            return Ok(false);
        }
        let mut labels = self.labels(role);
        labels.extend(more_labels);
        let request = models::VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..Default::default() };
        self.docker.create_volume(request).await.map_err(EngineError::during(format!("creating volume {name}")))?;
        Ok(true)
    }

    /// Removing what is gone is fine.
    ///
    /// # Errors
    /// What the Engine said, for one that a volume in use can't go.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        found(
            self.docker
                .remove_volume(name, None::<query::RemoveVolumeOptions>)
                .await
                .map_err(EngineError::during(format!("removing volume {name}"))),
        )
        .map(drop)
    }
}
