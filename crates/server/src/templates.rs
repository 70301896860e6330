//! Templates of projects, the folders below `templates/`, and projects made of them with their image repositories.

use std::collections::BTreeMap;

use maru_build::{RepositorySpec, Source};
use maru_model::{ProjectName, Text};
use maru_store::users::User;
use serde::Deserialize;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// What a template's texts call the project that is made of it.
const PROJECT: &str = "{{project}}";

/// `template.json`: what belongs to a template beside its files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its folder, and the name that is proposed for a project.
    pub name: String,
    pub title: Text,
    pub description: Text,
    /// Where it stands in a list; the smallest first.
    order: u32,
    pub repositories: Vec<TemplateRepository>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRepository {
    /// `{{project}}` stands for the project's name.
    name: String,
    context: String,
    dockerfile: String,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    pub repositories: Vec<String>,
    /// Names, and why they were not made.
    pub not_made: Vec<(String, Text)>,
}

/// All templates, in their order.
///
/// # Errors
/// Where the folder or one of them cannot be read.
pub async fn all(state: &AppState) -> ApiResult<Vec<Template>> {
    let folder = &state.config.templates;
    let unreadable = |error: std::io::Error| ApiError::internal(Text::verbatim(format!("reading {}: {error}", folder.display())));
    let mut entries = tokio::fs::read_dir(folder).await.map_err(unreadable)?;
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        if let Ok(name) = entry.file_name().into_string() {
            found.extend(read(state, &name).await?);
        }
    }
    found.sort_by_key(|template| template.order);
    Ok(found)
}

/// The template of this name; `None` where there is none.
///
/// # Errors
/// Where it cannot be read, or its description is none.
pub async fn read(state: &AppState, name: &str) -> ApiResult<Option<Template>> {
    // A name of a project is no path.
    if ProjectName::parse(name).is_err() {
        return Ok(None);
    }
    let path = state.config.templates.join(name).join("template.json");
    let unreadable =
        |error: &dyn std::fmt::Display| ApiError::internal(Text::verbatim(format!("reading the template {}: {error}", path.display())));
    match tokio::fs::read(&path).await {
        Ok(described) => serde_json::from_slice(&described).map(Some).map_err(|error| unreadable(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Makes a project of a template, and its image repositories as far as there is room for them. Those of `leaving` go first,
/// with their versions, and not before there is a project that they make room for.
///
/// # Errors
/// [`maru_git::GitError::Exists`]; where the project cannot be made.
pub async fn make(
    state: &AppState,
    user: &User,
    template: &Template,
    project: &ProjectName,
    leaving: &[String],
) -> Result<Made, maru_git::GitError> {
    let replacements = BTreeMap::from([
        ("login".to_owned(), user.login.to_string()),
        ("project".to_owned(), project.to_string()),
        ("apps_domain".to_owned(), state.config.apps_domain.clone()),
        ("apps_port".to_owned(), state.config.url_port()),
    ]);
    let author = maru_git::Author::of(&user.login, &user.name);
    let folder = state.config.templates.join(&template.name);
    state.git.create_from_template(&user.login, project, &folder, &replacements, &author).await?;
    for name in leaving {
        if let Err(error) = state.builds.delete_repository(&user.id, &user.login, name).await {
            tracing::info!(%error, user = %user.login, %name, "a repository that was to make room stays");
        }
    }
    let mut made = Made { repositories: Vec::new(), not_made: Vec::new() };
    for repository in &template.repositories {
        let name = repository.name.replace(PROJECT, project.as_str());
        let spec = RepositorySpec {
            name: name.clone(),
            source: Source::Project { project: project.clone() },
            context: repository.context.clone(),
            dockerfile: repository.dockerfile.clone(),
        };
        match state.builds.add_repository(&user.id, spec).await {
            Ok(_) => made.repositories.push(name),
            Err(error) => {
                tracing::info!(%error, user = %user.login, %name, "a repository of a new project was not made");
                made.not_made.push((name, ApiError::from(error).detail().clone()));
            }
        }
    }
    Ok(made)
}
