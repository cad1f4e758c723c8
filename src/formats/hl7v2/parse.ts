import { type Issue, type IssueCode, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { failure, type Result, success } from '../../kernel/result.ts';
import { type Delimiters, encodingCharacters, readDelimiters } from './delimiters.ts';
import { unescapeHl7v2 } from './escape.ts';

/**
 * HL7 v2 text → tree (chapter 2, section 2.6). Fields, components and subcomponents are keyed by their number in the
 * standard; what is empty has no key. The null value `""` stays the two characters it is.
 */
export type Component = string | { [subcomponent: string]: string };
export type Repetition = { [component: string]: Component };
export interface Segment {
  name: string;
  [field: string]: string | Repetition[];
}
/** `segments` in order, and the same objects again by their name. */
export type Hl7v2Tree = { [name: string]: Segment[] };

/** One segment of a text, with the offset and the 1-based line it starts at. */
export interface SegmentText {
  readonly raw: string;
  readonly offset: number;
  readonly line: number;
}

/** What reading a segment needs to know, and what it counts. */
export interface SegmentReader {
  readonly delimiters: Delimiters;
  readonly encoding: string;
  /** Segments and separators read so far. */
  values: number;
  /** Number of the field being read. */
  field: number;
  onUnknown: () => void;
}

/** The text a segment was read from, so that printing an unchanged one gives back every byte. */
export const SEGMENT_SOURCE = Symbol('segment source');
export interface SegmentSource {
  readonly raw: string;
  readonly delimiters: Delimiters;
  readonly encoding: string;
}

export interface ParsedHl7v2 {
  readonly tree: Hl7v2Tree;
  readonly delimiters: Delimiters;
}

class TooManyValues extends Error {}

/** `encoding` is what the message was decoded from; `\X..\` sequences are bytes of it. */
export function parseHl7v2Text(text: string, encoding: string): Result<ParsedHl7v2> {
  const texts = splitSegments(text);
  const head = checkStructure(texts);
  if (!head.ok) return head;
  const delimiters = head.value;

  const segments: Segment[] = [];
  const tree: Hl7v2Tree = { segments };
  const warnings: Issue[] = [];
  const reader: SegmentReader = { delimiters, encoding, values: 0, field: 0, onUnknown: () => {} };
  for (const { raw, line } of texts) {
    reader.onUnknown = () => {
      if (warnings.length >= LIMITS.formatWarningsMax) return;
      const words = 'An escape sequence is unknown or not closed; it was kept as it stands.';
      warnings.push(
        issue('hl7v2-syntax', words, { severity: 'warning', at: `${raw.slice(0, 3)}-${reader.field}`, line }),
      );
    };
    let segment: Segment;
    try {
      segment = parseSegment(raw, reader);
    } catch (thrown) {
      if (!(thrown instanceof TooManyValues)) throw thrown;
      const words = `The message has more than ${LIMITS.fieldsMax} fields, components and repetitions.`;
      return failure(issue('fields-too-many', words, { at: raw.slice(0, 3), line }));
    }
    segments.push(segment);
    const sameName = tree[segment.name];
    if (sameName === undefined) tree[segment.name] = [segment];
    else sameName.push(segment);
  }
  return success({ tree, delimiters }, warnings);
}

/** Splits at CR, LF or CR LF; lines of white space are passed over. */
export function splitSegments(text: string): SegmentText[] {
  const found: SegmentText[] = [];
  let start = 0;
  let line = 1;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? 13 : text.charCodeAt(at);
    if (code !== 13 && code !== 10) continue;
    const raw = text.slice(start, at);
    if (raw.trim() !== '') found.push({ raw, offset: start, line });
    if (code === 13 && text.charCodeAt(at + 1) === 10) at += 1;
    start = at + 1;
    line += 1;
  }
  return found;
}

function checkStructure(texts: readonly SegmentText[]): Result<Delimiters> {
  const [first, ...rest] = texts;
  if (first === undefined) return failure(issue('body-empty', 'The message has no segment.'));
  if (/^[FB]HS/.test(first.raw)) {
    return wrong('A batch is not accepted; send each of its messages in a frame of its own.', first);
  }
  const msh = first.raw.trimStart();
  if (!msh.startsWith('MSH')) return wrong('The message does not begin with MSH.', first);
  const delimiters = readDelimiters(msh);
  if (delimiters === undefined) {
    return wrong('MSH-1 and MSH-2 are not five different signs, such as |^~\\&.', first, 'hl7v2-syntax', 'MSH-2');
  }
  for (const [index, segment] of rest.entries()) {
    const { raw } = segment;
    if (!/^[A-Z][A-Z0-9]{2}/.test(raw) || (raw.length > 3 && raw.charAt(3) !== delimiters.field)) {
      const words =
        'A segment begins with its name and a field separator; a line end within a value is sent as \\.br\\.';
      return wrong(words, segment, 'hl7v2-syntax', `segment ${index + 2}`);
    }
    // Two messages read as one could put one patient's data into another's record.
    if (/^(?:MSH|[FB]HS|[FB]TS)/.test(raw)) {
      return wrong('A second message begins here; send each in a frame of its own.', segment);
    }
  }
  return success(delimiters);
}

function wrong(words: string, { line }: SegmentText, code: IssueCode = 'hl7v2-syntax', at?: string): Result<never> {
  return failure(issue(code, words, { at, line, column: 1 }));
}

/** One segment's text → object. Throws `TooManyValues` at the bound. */
export function parseSegment(raw: string, reader: SegmentReader): Segment {
  const { delimiters } = reader;
  const text = raw.trimStart();
  const name = text.slice(0, 3);
  reader.values += 1;
  const segment: Segment = { name };
  const isMsh = name === 'MSH';
  if (isMsh) {
    segment['1'] = [{ '1': delimiters.field }];
    segment['2'] = [{ '1': encodingCharacters(delimiters) }];
  }
  const parts = split(text, delimiters.field, reader);
  for (let index = isMsh ? 2 : 1; index < parts.length; index += 1) {
    // MSH-1 is the separator itself, so the parts of MSH are numbered one higher.
    const number = isMsh ? index + 1 : index;
    reader.field = number;
    const field = parseField(parts[index] ?? '', reader);
    if (field.length > 0) segment[String(number)] = field;
  }
  const source: SegmentSource = { raw: text, delimiters, encoding: reader.encoding };
  Object.defineProperty(segment, SEGMENT_SOURCE, { value: source });
  return segment;
}

/** Every repetition keeps its place, an empty one among others as `{}`; empty ones at the end are dropped. */
function parseField(text: string, reader: SegmentReader): Repetition[] {
  if (text === '') return [];
  const repetitions = split(text, reader.delimiters.repetition, reader).map((part) => parseRepetition(part, reader));
  while (repetitions.length > 0 && Object.keys(repetitions.at(-1) ?? {}).length === 0) repetitions.pop();
  return repetitions;
}

function parseRepetition(text: string, reader: SegmentReader): Repetition {
  const repetition: Repetition = {};
  if (text === '') return repetition;
  for (const [index, part] of split(text, reader.delimiters.component, reader).entries()) {
    const component = parseComponent(part, reader);
    if (component !== undefined) repetition[String(index + 1)] = component;
  }
  return repetition;
}

function parseComponent(text: string, reader: SegmentReader): Component | undefined {
  if (text === '') return undefined;
  if (!text.includes(reader.delimiters.subcomponent)) return unescapeHl7v2(text, reader);
  const subcomponents: { [subcomponent: string]: string } = {};
  for (const [index, part] of split(text, reader.delimiters.subcomponent, reader).entries()) {
    if (part !== '') subcomponents[String(index + 1)] = unescapeHl7v2(part, reader);
  }
  return Object.keys(subcomponents).length === 0 ? undefined : subcomponents;
}

function split(text: string, separator: string, reader: SegmentReader): string[] {
  const parts = text.split(separator);
  reader.values += parts.length - 1;
  if (reader.values > LIMITS.fieldsMax) throw new TooManyValues();
  return parts;
}
