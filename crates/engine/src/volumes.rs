use std::collections::HashMap;

use bollard::query_parameters as query;

use crate::error::found;
use crate::{Engine, EngineError, LABEL_INSTANCE, LABEL_ROLE, models};

impl Engine {
    /// Makes a named volume unless it is there; true where it is new.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn ensure_volume(&self, name: &str, role: &str, more_labels: HashMap<String, String>) -> Result<bool, EngineError> {
        if self.volume_options(name).await?.is_some() {
            return Ok(false);
        }
        self.create_volume(name, role, more_labels, HashMap::new()).await?;
        Ok(true)
    }

    /// Makes a named volume with these options of the Engine's local driver. One that is there stays as it is.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn create_volume(
        &self,
        name: &str,
        role: &str,
        more_labels: HashMap<String, String>,
        options: HashMap<String, String>,
    ) -> Result<(), EngineError> {
        let mut labels = self.labels(role);
        labels.extend(more_labels);
        let request = models::VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels),
            driver_opts: Some(options),
            ..Default::default()
        };
        self.docker.create_volume(request).await.map(drop).map_err(EngineError::during(format!("creating volume {name}")))
    }

    /// The options that a volume was made with; `None`: there is no such volume.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn volume_options(&self, name: &str) -> Result<Option<HashMap<String, String>>, EngineError> {
        let seen = found(self.docker.inspect_volume(name).await.map_err(EngineError::during(format!("inspecting volume {name}"))))?;
        Ok(seen.map(|volume| volume.options))
    }

    /// The volumes of this installation with this role, by name, with the options that they were made with.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn list_volumes(&self, role: &str) -> Result<Vec<(String, HashMap<String, String>)>, EngineError> {
        Ok(self.find_volumes(role, None).await?.into_iter().map(|volume| (volume.name, volume.options)).collect())
    }

    /// The names of those of them that have this label as well.
    ///
    /// # Errors
    /// What the Engine said.
    pub async fn volumes_labelled(&self, role: &str, label: &str, value: &str) -> Result<Vec<String>, EngineError> {
        Ok(self.find_volumes(role, Some(format!("{label}={value}"))).await?.into_iter().map(|volume| volume.name).collect())
    }

    async fn find_volumes(&self, role: &str, label: Option<String>) -> Result<Vec<models::Volume>, EngineError> {
        let mut labels = vec![format!("{LABEL_INSTANCE}={}", self.instance()), format!("{LABEL_ROLE}={role}")];
        labels.extend(label);
        let options = query::ListVolumesOptions { filters: Some(HashMap::from([("label".to_owned(), labels)])) };
        let listed = self.docker.list_volumes(Some(options)).await;
        let listed = listed.map_err(EngineError::during(format!("listing the volumes with role {role}")))?;
        Ok(listed.volumes.unwrap_or_default())
    }

    /// # Errors
    /// What the Engine said.
    pub async fn has_volume(&self, name: &str) -> Result<bool, EngineError> {
        let seen = self.docker.inspect_volume(name).await.map_err(EngineError::during(format!("inspecting volume {name}")));
        Ok(found(seen)?.is_some())
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
