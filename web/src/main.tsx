/** Starts the IDE page: who are we, the shell at once, then the workspace and all that lives in it. */
import "./theme/tokens.css";
import "./theme/base.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { startKeys } from "./actions/keys";
import { signedOut } from "./api/http";
import { whoAmI } from "./api/session";
import { App } from "./app/App";
import { startActions } from "./app/actions";
import { rememberLayout } from "./app/layout";
import { me } from "./app/me";
import { sayError } from "./app/toast";
import { startChecking } from "./checking/start";
import { resumeDeployment } from "./deploy/state";
import { startDocuments } from "./editor/documents";
import { checkOutside, fileMoved, fileRemoved, reopenFiles, startEditor } from "./editor/state";
import { onFileMoved, onFileRemoved, onFilesChanged, openTree } from "./files/state";
import { startLang } from "./i18n";
import { startLanguages } from "./languages/state";
import { startPalette } from "./palette/state";
import { startPorts } from "./ports/state";
import { startScm } from "./scm/state";
import { startSettings } from "./settings/state";
import { openTerminals, startTerminals } from "./terminal/state";
import { startTheme } from "./theme/theme";
import { startTour } from "./tour/state";
import { readyCount, startActivity, startWorkspace } from "./workspace/state";

startTheme();
startSettings();
startLang();
rememberLayout();
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

async function start(): Promise<void> {
  const user = await whoAmI();
  me.value = user;
  startEditor(user.login);
  startTour(user.login);
  effect(() => {
    if (readyCount.value > 0) openWorkspace().catch(sayError);
  });
  resumeDeployment().catch(sayError);
  await startWorkspace();
}

async function openWorkspace(): Promise<void> {
  await openTree();
  await Promise.all([reopenFiles(), openTerminals()]);
}

start().catch((error: unknown) => {
  if (signedOut.peek()) location.replace(`/login?next=${encodeURIComponent(location.pathname)}`);
  else sayError(error);
});
