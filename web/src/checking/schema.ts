/** The fields of Kubernetes' objects, out of the same list that the checker has (crates/manifest/schema). */

export interface Field {
  name: string;
  /** As the list writes it: s, i, b, q, x, s(a|b), a type's name, [of a list], {of a map}. */
  kind: string;
  required: boolean;
}

export class Schema {
  private readonly types = new Map<string, readonly Field[]>();
  private readonly kinds = new Map<string, string>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [head = "", ...cells] = line.split("\t");
      const object = /^kind (\S+) (\S+)$/.exec(head);
      if (object) {
        this.kinds.set(`${object[1]} ${object[2]}`, cells[0] ?? "");
      } else if (head !== "") {
        this.types.set(head, cells.map(readField));
      }
    }
  }

  /** Each with its apiVersion. */
  objectKinds(): { apiVersion: string; kind: string }[] {
    return [...this.kinds.keys()].map((key) => {
      const [apiVersion = "", kind = ""] = key.split(" ");
      return { apiVersion, kind };
    });
  }

  /** What can stand at a place in an object; null where that is not known. */
  fieldsAt(apiVersion: string, kind: string, path: readonly string[]): readonly Field[] | null {
    let at = this.kinds.get(`${apiVersion} ${kind}`);
    for (const key of path) {
      if (at === undefined) return null;
      at = inner(this.types.get(at)?.find(({ name }) => name === key)?.kind ?? "");
    }
    return at === undefined ? null : (this.types.get(at) ?? null);
  }
}

function readField(cell: string): Field {
  const equals = cell.indexOf("=");
  const name = cell.slice(0, equals);
  return { name: name.replace("!", ""), required: name.endsWith("!"), kind: cell.slice(equals + 1) };
}

/** What is in a list or map. */
function inner(kind: string): string {
  const bracket = /^[[{](.*)[\]}]$/.exec(kind);
  return bracket ? inner(bracket[1] ?? "") : kind;
}

/** The only values that a field may have. */
export const valuesOf = (kind: string): string[] => /^s\((.*)\)$/.exec(kind)?.[1]?.split("|") ?? [];
