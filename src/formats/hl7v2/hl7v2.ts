import { success } from '../../kernel/result.ts';
import type { Format } from '../format.ts';
import { decodeHl7v2 } from './charset.ts';
import { gatherGroups } from './groups.ts';
import { createHl7v2Locate } from './locate.ts';
import { parseHl7v2Text } from './parse.ts';
import { printHl7v2Tree } from './print.ts';

/**
 * HL7 v2 in its delimiter encoding (ER7), any version. The tree is `{ segments: [s, …], PID: [s], … }`; a segment is
 * `{ name: 'PID', '3': [repetition, …] }`, a repetition `{ '1': component, … }`, a component a text, or an object of
 * subcomponents where it has them. Options: `encoding`, for senders that leave MSH-18 empty; `groups`, which stand in
 * the tree beside the segments, as the same objects once more.
 */
export const hl7v2: Format = {
  name: 'hl7v2',
  mediaTypes: ['application/hl7-v2', 'x-application/hl7-v2+er7', 'text/hl7v2'],
  dialect: 'hl7v2',
  parse(bytes, options = {}) {
    const decoded = decodeHl7v2(bytes, options.encoding);
    if (!decoded.ok) return decoded;
    const { text, encoding } = decoded.value;
    const parsed = parseHl7v2Text(text, encoding);
    if (!parsed.ok) return parsed;
    const { tree, delimiters } = parsed.value;
    if (options.groups !== undefined)
      Object.assign(tree, Object.fromEntries(gatherGroups(tree.segments ?? [], options.groups)));
    return success({ format: 'hl7v2', tree, text, locate: createHl7v2Locate(text, tree, delimiters) }, [
      ...decoded.issues,
      ...parsed.issues,
    ]);
  },
  print: printHl7v2Tree,
};
