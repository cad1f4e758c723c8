import { type Category, ISSUE_CODES, type Issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import { firstValue, readRawMsh } from './charset.ts';
import { DEFAULT_DELIMITERS, type Delimiters, encodingCharacters } from './delimiters.ts';
import { escapeHl7v2 } from './escape.ts';

/** What a door needs of a message before it is parsed: MSH, read cheaply. Absent fields are empty. */
export interface MessageHeader {
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  readonly messageType: string;
  readonly triggerEvent: string;
  readonly controlId: string;
  readonly version: string;
  readonly delimiters: Delimiters;
  /** `fields[3]` is MSH-3 with its components, as the sender's bytes have it (one byte, one character). */
  readonly fields: readonly string[];
}

/** Undefined where the bytes do not begin with an MSH segment that can be read. */
export function readHeader(bytes: Uint8Array): MessageHeader | undefined {
  const msh = readRawMsh(bytes);
  if (msh === undefined) return undefined;
  const [messageType = '', triggerEvent = ''] = (msh.fields[9] ?? '').split(msh.delimiters.component);
  return {
    sendingApplication: firstValue(msh, 3),
    sendingFacility: firstValue(msh, 4),
    messageType,
    triggerEvent,
    controlId: msh.fields[10] ?? '',
    version: firstValue(msh, 12),
    ...msh,
  };
}

export interface Acknowledgement {
  /** The message's header; undefined where none could be read. */
  readonly header: MessageHeader | undefined;
  /** HL7 table 0008. */
  readonly code: 'AA' | 'AE' | 'AR';
  /** Our MSH-10. */
  readonly controlId: string;
  readonly issues: readonly Issue[];
  readonly now: Date;
}

/**
 * A general acknowledgement (HL7 v2 section 2.9.2): MSH with sender and receiver exchanged, MSA, and for AE and AR one
 * ERR a problem, in the layout of version 2.5. It is written in the sender's own delimiters, and what it repeats of the
 * sender's MSH is the same bytes, so that its encoding does not matter.
 */
export function buildAcknowledgement(acknowledgement: Acknowledgement): Uint8Array {
  const { header, code, controlId, issues, now } = acknowledgement;
  const delimiters = header?.delimiters ?? DEFAULT_DELIMITERS;
  const { field, component } = delimiters;
  const echo = (number: number, otherwise = ''): string => withoutControls(header?.fields[number] ?? '') || otherwise;
  const event = withoutControls(header?.triggerEvent ?? '');
  const problems = code === 'AA' ? [] : issues.slice(0, LIMITS.formatWarningsMax);

  const msh: string[] = [`MSH${field}${encodingCharacters(delimiters)}`];
  msh.push(echo(5, 'GINNEL'), echo(6), echo(3), echo(4), hl7Time(now), '');
  msh.push(event === '' ? 'ACK' : `ACK${component}${event}`, escapeHl7v2(controlId, delimiters));
  msh.push(echo(11, 'P'), echo(12, '2.5'), '', '', '', '', '', echo(18));
  const msa = ['MSA', code, echo(10), escapeHl7v2(asciiText(problems[0]?.text ?? ''), delimiters)];
  const segments = [msh, msa, ...problems.map((problem) => errSegment(problem, delimiters))];
  const text = segments.map((parts) => `${trimEnd(parts).join(field)}\r`).join('');
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** ERR-2 location, ERR-3 code of table 0357, ERR-4 severity, ERR-5 our code, ERR-8 words for a person. */
function errSegment({ at, code, severity, text }: Issue, delimiters: Delimiters): string[] {
  const error = HL7_ERRORS[ISSUE_CODES[code]] ?? INTERNAL;
  const coded = [error.code, escapeHl7v2(error.text, delimiters), 'HL70357'].join(delimiters.component);
  const location = errorLocation(at).join(delimiters.component);
  const letter = { error: 'E', warning: 'W', information: 'I' }[severity];
  return [
    'ERR',
    '',
    location,
    coded,
    letter,
    escapeHl7v2(code, delimiters),
    '',
    '',
    escapeHl7v2(asciiText(text), delimiters),
  ];
}

/** `OBX[2]-5[1].3` as segment, its number, field, repetition, component, subcomponent (data type ERL). */
function errorLocation(at = ''): string[] {
  const place = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?$/.exec(at);
  if (place === null) return [];
  const [, segment = '', sequence = '1', field, repetition = '1', component = '', subcomponent = ''] = place;
  return field === undefined
    ? [segment, sequence]
    : trimEnd([segment, sequence, field, repetition, component, subcomponent]);
}

interface Hl7Error {
  readonly code: string;
  readonly text: string;
}

const DATA_TYPE: Hl7Error = { code: '102', text: 'Data type error' };
const UNSUPPORTED: Hl7Error = { code: '200', text: 'Unsupported message type' };
const UNKNOWN_KEY: Hl7Error = { code: '204', text: 'Unknown key identifier' };
const INTERNAL: Hl7Error = { code: '207', text: 'Application internal error' };

/** HL7 table 0357 by our category of problem; what is not here is an internal error to the sender. */
const HL7_ERRORS: Readonly<Partial<Record<Category, Hl7Error>>> = {
  structure: { code: '100', text: 'Segment sequence error' },
  invalid: DATA_TYPE,
  rule: DATA_TYPE,
  'too-large': DATA_TYPE,
  required: { code: '101', text: 'Required field missing' },
  code: { code: '103', text: 'Table value not found' },
  'not-supported': UNSUPPORTED,
  'media-type': UNSUPPORTED,
  'not-found': UNKNOWN_KEY,
  gone: UNKNOWN_KEY,
  conflict: { code: '206', text: 'Application record locked' },
};

/** `20260301093000+0000`: an HL7 time in UTC that says so. */
function hl7Time(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}+0000`;
}

/** Bytes below a space could end the segment or the frame. */
function withoutControls(text: string): string {
  return Array.from(text, (character) => (character < ' ' || character === '\x7f' ? '' : character)).join('');
}

/** Our own words, in what every encoding shares. */
function asciiText(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?');
}

function trimEnd(parts: string[]): string[] {
  let length = parts.length;
  while (length > 0 && parts[length - 1] === '') length -= 1;
  return parts.slice(0, length);
}
