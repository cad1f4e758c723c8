import { success } from '../../kernel/result.ts';
import type { Format } from '../format.ts';
import { createLocate, wordXmlPath } from '../positions.ts';
import { decodeText } from '../text.ts';
import { parseXmlText, readXmlPositions } from './parse.ts';
import { printXmlTree } from './print.ts';

/**
 * XML 1.0 with namespaces. The tree is `{ rootName: node }`, by local names: an element with text alone is a string,
 * any other an object of its child elements (a list where a name stands more than once, or is named in
 * `options.lists`), its attributes as `@name`, and its text as `#text`. Options: `lists`, `encoding`.
 */
export const xml: Format = {
  name: 'xml',
  mediaTypes: ['application/xml', 'text/xml'],
  dialect: 'plain',
  parse(bytes, options = {}) {
    const decoded = decodeText(bytes, declaredEncoding(bytes) ?? options.encoding);
    if (!decoded.ok) return decoded;
    const text = decoded.value;
    const lists = new Set(options.lists);
    const parsed = parseXmlText(text, lists);
    if (!parsed.ok) return parsed;
    const locate = createLocate(text, () => readXmlPositions(text, lists), wordXmlPath);
    return success({ format: 'xml', tree: parsed.value, text, locate }, parsed.issues);
  },
  print: printXmlTree,
};

/** The encoding that the XML declaration names (XML 1.0 section 4.3.3); it is ASCII in every encoding we read. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 200)).toString('latin1');
  return /^(?:\xef\xbb\xbf)?<\?xml[^>]{1,120}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})["']/.exec(head)?.[1];
}
