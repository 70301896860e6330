/** Starts the IDE page: who are we, the shell at once, then the workspace and all that lives in it. */
import "./theme/tokens.css";
import "./theme/base.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { startKeys } from "./actions/keys";
import { keysPart } from "./actions/registry";
import { signedOut } from "./api/http";
import { pause } from "./api/pause";
import { readPreferences } from "./api/preferences";
import { whoAmI } from "./api/session";
import { App } from "./app/App";
import { startActions } from "./app/actions";
import { layoutPart, rememberLayout } from "./app/layout";
import { me } from "./app/me";
import { sayError } from "./app/toast";
import { startChecking } from "./checking/start";
import { explainedPart, rememberExplained } from "./deploy/explained";
import { resumeDeployment } from "./deploy/state";
import { startDocuments } from "./editor/documents";
import { checkOutside, fileMoved, fileRemoved, reopenFiles, startEditor } from "./editor/state";
import { tabsPart } from "./editor/tabs";
import { onFileMoved, onFileRemoved, onFilesChanged, openTree, projectPart } from "./files/state";
import { langPart, startLang } from "./i18n";
import { startLanguages } from "./languages/state";
import { startPalette } from "./palette/state";
import { startPorts } from "./ports/state";
import { startScm } from "./scm/state";
import { settingsPart, startSettings } from "./settings/state";
import { Sync } from "./settings/sync";
import { openTerminals, splitsPart, startTerminals } from "./terminal/state";
import { startTheme, themePart } from "./theme/theme";
import { startTour, tourPart } from "./tour/state";
import { ready, readyCount, startActivity, startWorkspace } from "./workspace/state";

startTheme();
startSettings();
startLang();
rememberLayout();
rememberExplained();
startDocuments();
startLanguages();
startChecking();
startActions();
startKeys();
startPalette();
startScm();
startTerminals();
startPorts();
startActivity();
onFilesChanged(checkOutside);
onFileMoved(fileMoved);
onFileRemoved(fileRemoved);

const place = document.getElementById("app");
if (place) render(<App />, place);

/** What a user finds again in every browser. */
const PARTS = [
  themePart,
  langPart,
  settingsPart,
  keysPart,
  layoutPart,
  tabsPart,
  splitsPart,
  tourPart,
  explainedPart,
  projectPart,
];

async function start(): Promise<void> {
  // Beside the question who it is; where it fails, this browser's copy will do.
  const preferences = readPreferences();
  preferences.catch(() => undefined);
  const user = await whoAmI();
  me.value = user;
  startEditor(user.login);
  startTour(user.login);
  const remembered = new Sync(user.login, PARTS).start(preferences);
  effect(() => {
    if (readyCount.value > 0) remembered.then(openWorkspace).catch(sayError);
  });
  resumeDeployment().catch(sayError);
  await startWorkspace();
}

const TRIES = 5;
const AGAIN_MS = 1000;

/** Once more after a pause where it fails: one answer that was lost would leave the page empty until it is loaded again. */
async function untilDone(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries === TRIES || !ready.peek()) throw error;
      await pause(tries * AGAIN_MS);
    }
  }
}

async function openWorkspace(): Promise<void> {
  await untilDone(openTree);
  await Promise.all([reopenFiles(), openTerminals()]);
}

start().catch((error: unknown) => {
  if (signedOut.peek()) location.replace(`/login?next=${encodeURIComponent(location.pathname)}`);
  else sayError(error);
});
