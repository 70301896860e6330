//! The plan as the API shows it, in the reader's language.

use maru_manifest::Diagnostic;
use maru_model::Lang;
use maru_rollout::PlannedObject;
use serde_json::{Value, json};

use super::{DeployPlan, PlannedImage, Why};

impl DeployPlan {
    pub fn json(&self, lang: Lang) -> Value {
        let views = |found: &[Diagnostic]| json!(found.iter().map(|diagnostic| diagnostic.view(lang)).collect::<Vec<_>>());
        let blocked = self.diagnostics.iter().chain(&self.parity).any(Diagnostic::is_error);
        json!({
            "ok": !blocked,
            "commit": {
                "source": self.source,
                "from_workspace": self.tree.from_workspace,
                "branch": self.tree.branch,
                "head": self.tree.head,
                "files": self.tree.changed,
            },
            "images": self.images.iter().map(image).collect::<Vec<_>>(),
            "compared": self.compared,
            "objects": self.objects.iter().map(planned_json).collect::<Vec<_>>(),
            "diagnostics": views(&self.diagnostics),
            "parity": views(&self.parity),
        })
    }
}

fn image(image: &PlannedImage) -> Value {
    json!({
        "repository": image.repository.name,
        "context": image.repository.context,
        "build": image.why != Why::Unchanged,
        "why": image.why,
        "version": image.version,
        "changed": image.changed,
    })
}

/// One object of a plan.
pub fn planned_json(planned: &PlannedObject) -> Value {
    json!({
        "api_version": planned.object.api_version,
        "kind": planned.object.kind,
        "name": planned.object.name,
        "change": planned.change,
        "file": planned.place.as_ref().map(|place| &place.file),
        "line": planned.place.as_ref().map(|place| place.line),
        "replaces_pods": planned.replaces_pods,
        "fields": planned.fields,
    })
}
