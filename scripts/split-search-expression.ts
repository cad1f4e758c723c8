/**
 * The part of a search parameter's expression that is about `type`. A parameter for many types joins one expression
 * for each with ` | ` (https://hl7.org/fhir/R4/searchparameter.html). Undefined when no part is.
 */
export function splitSearchExpression(expression: string, type: string): string | undefined {
  const own = splitUnion(expression).filter((part) => {
    const root = /^[\s(]*([A-Za-z]+)/.exec(part)?.[1] ?? '';
    // A few parameters leave the type out and begin with an element: they belong to every base they name.
    return root === type || /^[a-z]/.test(root);
  });
  return own.length === 0 ? undefined : own.join(' | ');
}

/** Splits at `|` outside brackets and quotes. */
function splitUnion(expression: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < expression.length; at += 1) {
    const char = expression[at];
    if (char === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (char === '(' || char === '[') depth += 1;
    else if (char === ')' || char === ']') depth -= 1;
    else if (char === '|' && depth === 0) {
      parts.push(expression.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(expression.slice(start).trim());
  return parts;
}
