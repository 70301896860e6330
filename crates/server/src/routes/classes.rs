//! What the settings of a class have in common: who may change them, and whose workspaces they change.

use maru_model::{ClassId, Role};
use maru_workspace::State as WorkspaceState;
use serde_json::{Value, json};

use crate::auth::CurrentUser;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// A class that the caller looks after: any for administrators, for instructors those that they
/// are instructors of. Whether there is such a class
/// is seen by who reads its setting.
pub(super) async fn looked_after(state: &AppState, caller: &CurrentUser, id: String) -> ApiResult<ClassId> {
    caller.require_staff()?;
    let class = ClassId::from(id);
    let own = caller.user.role == Role::Admin || state.store.role_in_class(&class, &caller.user.id).await? == Some(Role::Instructor);
    if own { Ok(class) } else { Err(ApiError::not_found()) }
}

/// Says in `body` whose workspaces run with the old setting; `now` makes their containers anew: files stay, programs end.
pub(super) async fn carry_over(state: &AppState, class: &ClassId, now: bool, body: &mut Value) -> ApiResult<()> {
    let members = state.store.members(class).await?;
    let mut running = Vec::new();
    for (owner, view) in state.workspaces.list() {
        let runs = matches!(view.state, WorkspaceState::Ready | WorkspaceState::Starting | WorkspaceState::Queued);
        if runs && members.contains(&owner.id) {
            if now {
                state.workspaces.recreate(&owner).await?;
            }
            running.push(owner.login);
        }
    }
    body[if now { "recreated" } else { "at_next_start" }] = json!(running);
    Ok(())
}
