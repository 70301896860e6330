/** Words about Secrets that are kept outside git. */
export const secretsEn = {
  "appmap.tab.secrets": "Secrets",
  "secrets.note":
    "Passwords and keys that do not belong in git. What you enter goes to the cluster, and is never shown again.",
  "secrets.none": "There is no Secret yet.",
  "secrets.entered": "entered here",
  "secrets.brought": "from your files or from kubectl",
  "secrets.keysOf": "Keys of {name}",
  "secrets.new": "Enter a Secret",
  "secrets.enter": "Enter the Secret",
  "secrets.change": "Change",
  "secrets.changeOf": "Change {name}",
  "secrets.addKey": "Add a key",
  "secrets.addTo": "Add a key to {name}",
  "secrets.remove": "Delete",
  "secrets.removeOf": "Delete {name}",
  "secrets.removeAsk": "Delete the Secret {name}?",
  "secrets.removeText":
    "Its values cannot be had back. Pods that read it go on until they start anew, and then wait for it.",
  "secrets.removed": "The Secret {name} is gone.",
  "secrets.anew":
    "Nobody can read the values back, so {name} is entered as a whole: all its keys once more. A key that you leave out goes.",
  "secrets.kept":
    "{name} comes from your files or from kubectl. Its keys stay; what you enter is added to them.",
  "secrets.name": "Name of the Secret",
  "secrets.keyNumber": "Key number {number}",
  "secrets.key": "Key",
  "secrets.value": "Value",
  "secrets.show": "Show the value",
  "secrets.drop": "Leave out key number {number}",
  "secrets.another": "Another key",
  "secrets.lost": "These keys are not in the form, and go when you save: {keys}",
  "secrets.twice": "The key {key} is there twice.",
  "secrets.save": "Save",
  "secrets.saved":
    "{name} is saved. Pods that wait for it start by themselves; restart those that run, so that they read it.",
};
