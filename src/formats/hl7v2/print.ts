import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { Result } from '../../kernel/result.ts';
import type { FormatOptions } from '../format.ts';
import { cannotPrint, encodeText } from '../text.ts';
import { encodingOfCharset } from './charset.ts';
import { DEFAULT_DELIMITERS, type Delimiters, delimitersFrom, encodingCharacters } from './delimiters.ts';
import { escapeHl7v2 } from './escape.ts';
import { parseSegment, SEGMENT_SOURCE, type SegmentSource } from './parse.ts';

/**
 * Prints the `segments` of a tree. A segment that was parsed and has not changed since is written as it came, byte for
 * byte; any other is built from its fields, with every delimiter in a value escaped. For a mapping's convenience a field
 * may be a scalar (one repetition, one component), one repetition, or a list of them; MSH-1 and MSH-2 may be left out.
 * The encoding is that of MSH-18, else of `options.encoding`, else UTF-8.
 */
export function printHl7v2Tree(tree: unknown, options: FormatOptions = {}): Result<Uint8Array> {
  const segments = isJsonObject(tree) ? tree.segments : undefined;
  const msh = Array.isArray(segments) ? segments[0] : undefined;
  if (!Array.isArray(segments) || !isJsonObject(msh) || msh.name !== 'MSH') {
    return cannotPrint('An HL7 v2 result is an object whose member segments is a list that begins with MSH.');
  }
  const delimiters = delimitersFrom(
    firstText(msh['1']) ?? DEFAULT_DELIMITERS.field,
    firstText(msh['2']) ?? encodingCharacters(DEFAULT_DELIMITERS),
  );
  if (delimiters === undefined) return cannotPrint('MSH-1 and MSH-2 are five different signs.', { at: 'MSH-2' });

  const lines: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const printed = isJsonObject(segment)
      ? (unchangedSource(segment, delimiters) ?? printSegment(segment, delimiters))
      : undefined;
    if (printed === undefined || (index > 0 && printed.startsWith('MSH'))) {
      return cannotPrint('A segment has a name of three capitals and numbered fields of single values.', {
        at: `segment ${index + 1}`,
      });
    }
    lines.push(printed, '\r');
  }
  return encodeText(lines.join(''), encodingOfCharset(firstText(msh['18']) ?? '') ?? options.encoding);
}

/** The text a segment was parsed from, if parsing it again gives the same content. */
function unchangedSource(segment: object, delimiters: Delimiters): string | undefined {
  const source = (segment as { [SEGMENT_SOURCE]?: SegmentSource })[SEGMENT_SOURCE];
  if (source === undefined || !isDeepStrictEqual(source.delimiters, delimiters)) return undefined;
  const { raw, encoding } = source;
  const again = parseSegment(raw, { delimiters, encoding, values: 0, field: 0, onUnknown: () => {} });
  return isDeepStrictEqual(again, segment) ? raw : undefined;
}

function printSegment(segment: Record<string, unknown>, delimiters: Delimiters): string | undefined {
  const { name, ...fields } = segment;
  if (typeof name !== 'string' || !/^[A-Z][A-Z0-9]{2}$/.test(name)) return undefined;
  if (name !== 'MSH') {
    const text = printNumbered(fields, delimiters.field, (value) => printField(value, delimiters));
    return text === undefined || text === '' ? (text === '' ? name : undefined) : `${name}${delimiters.field}${text}`;
  }
  const { '1': _separator, '2': _encoding, ...rest } = fields;
  const text = printNumbered(rest, delimiters.field, (value) => printField(value, delimiters));
  // The first two places are MSH-1, which is the separator itself, and MSH-2.
  return text === undefined ? undefined : `MSH${delimiters.field}${encodingCharacters(delimiters)}${text.slice(1)}`;
}

function printField(value: unknown, delimiters: Delimiters): string | undefined {
  const repetitions = Array.isArray(value) ? value : [value];
  const texts: string[] = [];
  for (const repetition of repetitions) {
    const text = printParts(repetition, delimiters.component, delimiters, (component) =>
      printParts(component, delimiters.subcomponent, delimiters, (leaf) => scalarText(leaf, delimiters)),
    );
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts.join(delimiters.repetition);
}

/** An object of numbered parts, or the scalar that stands for the first of them. */
function printParts(
  value: unknown,
  separator: string,
  delimiters: Delimiters,
  printPart: (part: unknown) => string | undefined,
): string | undefined {
  return isJsonObject(value) ? printNumbered(value, separator, printPart) : scalarText(value, delimiters);
}

function printNumbered(
  parts: Record<string, unknown>,
  separator: string,
  printPart: (part: unknown) => string | undefined,
): string | undefined {
  const texts: string[] = [];
  for (const [key, part] of Object.entries(parts)) {
    if (part === undefined || part === null) continue;
    const number = /^[1-9][0-9]{0,3}$/.test(key) ? Number(key) : 0;
    const text = printPart(part);
    if (number === 0 || number > LIMITS.hl7v2NumberMax || text === undefined) return undefined;
    texts[number - 1] = text;
  }
  return Array.from(texts, (text) => text ?? '').join(separator);
}

function scalarText(value: unknown, delimiters: Delimiters): string | undefined {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  return typeof value === 'string' ? escapeHl7v2(value, delimiters) : undefined;
}

/** The first component of a field, however short its form. */
function firstText(field: unknown): string | undefined {
  const repetition: unknown = Array.isArray(field) ? field[0] : field;
  const component = isJsonObject(repetition) ? repetition['1'] : repetition;
  return typeof component === 'string' ? component : undefined;
}
