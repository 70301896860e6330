/** The names that a text defines, with their places: out of its syntax tree, or line by line where its language has none. */
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

type SyntaxNode = ReturnType<typeof syntaxTree>["topNode"];

export interface Definition {
  name: string;
  /** From 1. */
  line: number;
  column: number;
  /** In how many others it is. */
  depth: number;
}

/** Nodes that define something, and which of their parts is its name. */
const DEFINING: Record<string, readonly string[]> = {
  // Python
  FunctionDefinition: ["VariableName", "Name", "FunctionDeclarator"],
  ClassDefinition: ["VariableName"],
  // JavaScript, TypeScript, Java, PHP
  FunctionDeclaration: ["VariableDefinition"],
  ClassDeclaration: ["VariableDefinition", "Definition", "Name"],
  InterfaceDeclaration: ["TypeDefinition", "Definition", "Name"],
  TypeAliasDeclaration: ["TypeDefinition"],
  EnumDeclaration: ["TypeDefinition", "Definition"],
  RecordDeclaration: ["Definition"],
  MethodDeclaration: ["PropertyDefinition", "PrivatePropertyDefinition", "Definition", "Name"],
  ConstructorDeclaration: ["Definition"],
  // C, C++
  ClassSpecifier: ["TypeIdentifier"],
  StructSpecifier: ["TypeIdentifier"],
  // Go
  FunctionDecl: ["DefName"],
  MethodDecl: ["FieldName"],
  TypeSpec: ["DefName"],
  // Rust
  FunctionItem: ["BoundIdentifier"],
  StructItem: ["TypeIdentifier"],
  EnumItem: ["TypeIdentifier"],
  TraitItem: ["TypeIdentifier"],
  ImplItem: ["TypeIdentifier", "GenericType"],
  ModItem: ["BoundIdentifier"],
  // CSS, YAML, JSON
  RuleSet: [
    "TagSelector",
    "ClassSelector",
    "IdSelector",
    "PseudoClassSelector",
    "DescendantSelector",
    "UniversalSelector",
  ],
  Pair: ["Key"],
  Property: ["PropertyName"],
};
const HEADING = /^(?:ATX|Setext)Heading(\d)$/;
/** Data is listed no deeper than this: below are values. */
const DATA = new Set(["Pair", "Property"]);
const DATA_DEPTH = 2;
const PARSE_MS = 300;
const MOST = 2000;

/** Line by line: what the languages without a tree define. */
const PATTERNS: Record<string, RegExp> = {
  sh: /^\s*(?:function\s+)?([\w-]+)\s*\(\)\s*\{?/,
  bash: /^\s*(?:function\s+)?([\w-]+)\s*\(\)\s*\{?/,
  rb: /^\s*(?:def|class|module)\s+([\w.:?!]+)/,
  kt: /^\s*(?:\w+\s+)*(?:fun|class|object|interface)\s+(?:<[^>]*>\s*)?([\w.]+)/,
  dockerfile: /^FROM\s+(.+)$/i,
  sql: /^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|FUNCTION|INDEX)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w."]+)/i,
};

function patternOf(path: string): RegExp | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return PATTERNS[name.startsWith("dockerfile") ? "dockerfile" : name.slice(name.lastIndexOf(".") + 1)];
}

export function symbolsOf(state: EditorState, path: string): Definition[] {
  const pattern = patternOf(path);
  return pattern ? byLine(state, pattern) : ofTree(state);
}

function byLine(state: EditorState, pattern: RegExp): Definition[] {
  const found: Definition[] = [];
  for (let line = 1; line <= state.doc.lines && found.length < MOST; line++) {
    const match = pattern.exec(state.doc.line(line).text);
    if (match?.[1]) found.push({ name: match[1], line, column: match[0].indexOf(match[1]) + 1, depth: 0 });
  }
  return found;
}

/** What names the thing that a node defines; null where it defines none. */
function nameOf(node: SyntaxNode): SyntaxNode | null {
  // A function in a variable is as good as one by itself.
  if (node.name === "VariableDeclaration")
    return node.getChild("ArrowFunction") || node.getChild("FunctionExpression")
      ? node.getChild("VariableDefinition")
      : null;
  for (const part of DEFINING[node.name] ?? []) {
    const found = node.getChild(part);
    // A C function's name is in what declares it.
    if (found?.name === "FunctionDeclarator") return found.getChild("Identifier") ?? found.firstChild;
    if (found) return found;
  }
  return null;
}

function ofTree(state: EditorState): Definition[] {
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS) ?? syntaxTree(state);
  const found: Definition[] = [];
  const add = (node: SyntaxNode, name: string, depth: number) => {
    const line = state.doc.lineAt(node.from);
    found.push({ name, line: line.number, column: node.from - line.from + 1, depth });
  };
  const walk = (parent: SyntaxNode, depth: number) => {
    for (let node = parent.firstChild; node && found.length < MOST; node = node.nextSibling) {
      const heading = HEADING.exec(node.name);
      if (heading) {
        const text = state.sliceDoc(node.from, node.to).replace(/^#+\s*|\s*#*$|\n[=-]+$/g, "");
        add(node, text, Number(heading[1]) - 1);
        continue;
      }
      if (DATA.has(node.name) && depth >= DATA_DEPTH) continue;
      const name = nameOf(node);
      if (name) add(name, state.sliceDoc(name.from, name.to).replace(/^["']|["']$/g, ""), depth);
      walk(node, name ? depth + 1 : depth);
    }
  };
  walk(tree.topNode, 0);
  return found;
}
