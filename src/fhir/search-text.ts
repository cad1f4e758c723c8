/**
 * A search value split at an unescaped separator (https://hl7.org/fhir/R4/search.html#escaping). The parts keep their
 * escapes, so that they can be split again.
 */
export function splitEscaped(text: string, separator: ',' | '|' | '$'): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** `\,` `\|` `\$` `\\` as what they stand for; undefined when a backslash stands before anything else. */
export function unescapeValue(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let plain = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char !== '\\') plain += char;
    else {
      at += 1;
      const escaped = text[at];
      if (escaped === undefined || !',|$\\'.includes(escaped)) return undefined;
      plain += escaped;
    }
  }
  return plain;
}
