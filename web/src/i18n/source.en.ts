/** Words about where an application's manifests and code come from. */
export const sourceEn = {
  "source.title": "Source:",
  "source.none": "the starter project, until you deploy or choose another",
  "source.ofProject": "project {project}, branch main, manifests in {folder}",
  "source.atBranch": "{url}, branch {branch}, manifests in {folder}",
  "source.change": "Change",
  "source.formTitle": "Where the manifests and the code come from",
  "source.project": "A project of mine",
  "source.elsewhere": "Another git server",
  "source.projectName": "Project",
  "source.url": "Address (https)",
  "source.branch": "Branch",
  "source.path": "Folder of the manifests (empty: k8s, or the top)",
  "source.noteProject": "Deploy commits the project as it is in the workspace, and pushes it to main.",
  "source.noteElsewhere":
    "Deploy fetches the newest commit of the branch. Nothing of the workspace is committed then. The repository has to be public.",
  "source.save": "Use it and read it",
  "source.saving": "Reading…",
  "source.changed": "The source is changed. Nothing that runs has changed.",
  "source.notHttps": "The address has to begin with https://. Copy the one for cloning over HTTPS.",
  "source.noAddress":
    "This is no address of a repository. It looks like https://github.com/NAME/PROJECT.git.",
  "source.noPassword": "Take the login out of the address: only public repositories can be read.",
  "source.noPushes": "Refreshing by itself works for projects here: a push elsewhere is not told to Maru.",
  "plan.fetched": "Nothing of the workspace is committed. {branch} of {url} is deployed, now at {commit}.",
};
