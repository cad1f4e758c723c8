/** A path as what leads to the element, its name there, and its number where the path gives one. */
export interface SplitPath {
  readonly parent: string;
  readonly name: string;
  readonly index: number | undefined;
}

const STEP = /^([A-Za-z_][A-Za-z0-9_]{0,63})(?:\[(\d{1,9})\])?$/;

/** `Patient.name[0].given[1]` is `Patient.name[0]`, `given` and 1. Undefined where the last step is not of that form. */
export function splitLastStep(path: string): SplitPath | undefined {
  const dot = lastDot(path);
  if (dot === -1) return undefined;
  const found = STEP.exec(path.slice(dot + 1).trim());
  if (found === null) return undefined;
  const [, name = '', index] = found;
  return { parent: path.slice(0, dot), name, index: index === undefined ? undefined : Number(index) };
}

/** The last dot that stands in no bracket and in no quotes. */
function lastDot(path: string): number {
  let last = -1;
  let depth = 0;
  let quote = '';
  for (let at = 0; at < path.length; at += 1) {
    const character = path.charAt(at);
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === "'" || character === '`') quote = character;
    else if (character === '(' || character === '[' || character === '{') depth += 1;
    else if (character === ')' || character === ']' || character === '}') depth -= 1;
    else if (character === '.' && depth === 0) last = at;
  }
  return last;
}
