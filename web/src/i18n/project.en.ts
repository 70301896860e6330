/** Words of new projects. */
export const projectEn = {
  "project.new": "Projects: open one, or make one of a template…",
  "project.title": "Projects",
  "project.yours": "Open:",
  "project.notThere":
    "{name} is not in your workspace. In the terminal: git clone http://127.0.0.1:7070/git/{login}/{name}.git ~/{name}",
  "project.template": "What does it begin with?",
  "project.name": "Name: small letters, digits and -",
  "project.what":
    "Makes the folder {name} in your workspace, with git, and this many image repositories: {count}.",
  "project.deployed": "Deploy this project from now on",
  "project.room": "All {limit} image repositories are in use. Choose what makes room ({count}):",
  "project.roomText":
    "They go with their versions. What runs goes on until the next Deploy, but cannot be rolled out again.",
  "project.make": "Make the project",
  "project.making": "Making it…",
  "project.made": "{name} is there: change something, and press Deploy.",
  "project.notCloned":
    "The project {name} is made, but not in your workspace: something is called so there already, or it does not run.",
  "project.notMade": "The image repository {name} was not made: {reason}",
  "project.clash": "You have a project {name} already. Choose another name.",
};
