/** Formatting by a language server. */

import { indentUnit } from "@codemirror/language";
import { LSPPlugin } from "@codemirror/lsp-client";
import type { EditorView } from "@codemirror/view";
import { putFormatted } from "../editor/formatting";
import { applyTextEdits, type TextEdit } from "./edits";

/** False where the server does not format, or has nothing to do it with. */
export async function formatByServer(view: EditorView): Promise<boolean> {
  const plugin = LSPPlugin.get(view);
  if (!plugin?.client.serverCapabilities?.documentFormattingProvider) return false;
  plugin.client.sync();
  const { doc } = view.state;
  const indent = view.state.facet(indentUnit);
  const edits = await plugin.client.request<object, TextEdit[] | null>("textDocument/formatting", {
    textDocument: { uri: plugin.uri },
    options: { tabSize: indent.startsWith("\t") ? 4 : indent.length, insertSpaces: !indent.startsWith("\t") },
  });
  if (edits === null) return false;
  putFormatted(view, doc, applyTextEdits(doc.toString(), edits));
  return true;
}
