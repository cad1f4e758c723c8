import { success } from '../kernel/result.ts';
import type { Format } from './format.ts';
import { parseJsonText, readJsonPositions } from './json-parse.ts';
import { printJsonTree } from './json-print.ts';
import { createLocate, wordJsonPath } from './positions.ts';
import { decodeText } from './text.ts';

/**
 * JSON (RFC 8259) in UTF-8. The tree is the value as parsed, with two rules of our own: a name that stands twice in
 * one object is refused, and a number that a double cannot hold is kept as its text. Options: `encoding` and
 * `exactNumbers`.
 */
export const json: Format = {
  name: 'json',
  mediaTypes: ['application/json', 'text/json'],
  dialect: 'plain',
  parse(bytes, options = {}) {
    const decoded = decodeText(bytes, options.encoding);
    if (!decoded.ok) return decoded;
    const text = decoded.value;
    const parsed = parseJsonText(text, undefined, options.exactNumbers);
    if (!parsed.ok) return parsed;
    const locate = createLocate(text, () => readJsonPositions(text), wordJsonPath);
    return success({ format: 'json', tree: parsed.value, text, locate });
  },
  print: printJsonTree,
};
