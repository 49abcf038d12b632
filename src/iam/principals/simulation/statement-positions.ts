/** A place in a text; both count from 1. */
export interface Position {
  readonly Line: number;
  readonly Column: number;
}

export interface StatementPosition {
  readonly start: Position;
  readonly end: Position;
}

/** Where the statements of a policy document begin and end, in their order. The document must be valid. Linear. */
export function statementPositions(text: string): readonly StatementPosition[] {
  const found: StatementPosition[] = [];
  let depth = 0;
  // A statement is an object in the list below `Statement`, or the object there: the depth says which.
  let statementDepth: number | undefined;
  let start: Position = { Line: 1, Column: 1 };
  // Inside strings JSON has no line breaks.
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') {
      const end = endOfString(text, index);
      if (depth === 1 && JSON.parse(text.slice(index, end + 1)) === "Statement" && isKey(text, end)) {
        statementDepth = /^\s*:\s*\[/.test(text.slice(end + 1)) ? 3 : 2;
      }
      index = end;
    } else if (character === "\n") {
      line++;
      lineStart = index + 1;
    } else if (character === "{" || character === "[") {
      depth++;
      if (character === "{" && depth === statementDepth)
        start = { Line: line, Column: index - lineStart + 1 };
    } else if (character === "}" || character === "]") {
      if (character === "}" && depth === statementDepth) {
        found.push({ start, end: { Line: line, Column: index - lineStart + 2 } });
      }
      depth--;
      if (depth === 1) statementDepth = undefined;
    }
  }
  return found;
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
  return index;
}

function isKey(text: string, end: number): boolean {
  return /^\s*:/.test(text.slice(end + 1, end + 100));
}
