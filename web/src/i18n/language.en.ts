/** Words of language servers. */
export const languageEn = {
  "language.install": "Install the language server",
  "language.installHint": "For completion, errors and definitions. Runs in a terminal: {command}",
  "language.installing": "Installing",
  "language.starting": "{program} is starting…",
  "language.ended": "Language server has ended",
  "language.endedHint": "{program} ended several times. Press to start it again.",
  "language.definition": "Go to the definition",
  "language.references": "Find all references",
  "language.rename": "Rename it everywhere",
  "language.renamed": "Renamed in other files too: {count}",
  "language.notRenamed": "{path} was changed meanwhile or is no UTF-8: the name in it is as it was.",
  "language.format": "Format the file",
  "settings.languageServers": "Language servers",
  "settings.languageServers.hint": "Completion, errors, definitions; each takes memory of your workspace",
};
