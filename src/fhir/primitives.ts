import type { IssueCode } from '../kernel/errors.ts';
import { isResourceId } from './references.ts';
import { findUnsafeXhtml } from './xhtml.ts';

/** What is wrong with the value of a primitive, in words that quote nothing of it. */
export interface PrimitiveFault {
  readonly code: IssueCode;
  readonly text: string;
}

/** Undefined where nothing is wrong. */
export type CheckPrimitive = (value: unknown) => PrimitiveFault | undefined;

const TEXT_CHARS_MAX = 1024 * 1024;
const INTEGER_MAX = 2_147_483_647;

const EMPTY: PrimitiveFault = { code: 'element-empty', text: 'An empty text is not a value. Leave the element out.' };
const TOO_LONG: PrimitiveFault = { code: 'resource-invalid', text: 'The text is larger than 1 MB.' };
const WRONG_JSON: PrimitiveFault = {
  code: 'resource-invalid',
  text: 'The JSON type is wrong for this element (text, number, true/false or object).',
};
const WRONG_NUMBER: PrimitiveFault = {
  code: 'resource-invalid',
  text: 'The number is not one that this element can hold.',
};
const WRONG_ID: PrimitiveFault = {
  code: 'id-invalid',
  text: 'A resource id is 1 to 64 letters, digits, hyphens and dots.',
};

const DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;
const ZONE = '(Z|[+-]((0\\d|1[0-3]):[0-5]\\d|14:00))';
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,9})?';
const DATE_TIME = new RegExp(`^\\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\\d|3[01])(T${CLOCK}${ZONE})?)?)?$`);
const INSTANT = new RegExp(`^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T${CLOCK}${ZONE}$`);
const TIME = new RegExp(`^${CLOCK}$`);

/** https://hl7.org/fhir/R4/datatypes.html#primitive, by the name of the type. */
const CHECKS: Readonly<Record<string, CheckPrimitive>> = {
  boolean: (value) => (typeof value === 'boolean' ? undefined : WRONG_JSON),
  decimal: (value) => (typeof value !== 'number' ? WRONG_JSON : Number.isFinite(value) ? undefined : WRONG_NUMBER),
  integer: integerFrom(-INTEGER_MAX - 1),
  unsignedInt: integerFrom(0),
  positiveInt: integerFrom(1),
  string: textOf('string', hasNoControl),
  markdown: textOf('markdown', hasNoControl),
  code: textOf('code', (text) => /^[^\s]+( [^\s]+)*$/.test(text)),
  id: textOf('id', isResourceId),
  uri: textOf('uri', hasNoSpace),
  url: textOf('url', hasNoSpace),
  canonical: textOf('canonical', hasNoSpace),
  oid: textOf('oid', (text) => /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/.test(text)),
  uuid: textOf('uuid', (text) => /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)),
  date: textOf('date', (text) => DATE.test(text) && isDay(text)),
  dateTime: textOf('dateTime', (text) => DATE_TIME.test(text) && isDay(text)),
  instant: textOf('instant', (text) => INSTANT.test(text) && isDay(text)),
  time: textOf('time', (text) => TIME.test(text)),
  base64Binary: checkBase64,
  xhtml: checkNarrative,
};

/** The check of a primitive type; undefined for a type that is none. */
export function primitiveCheck(type: string): CheckPrimitive | undefined {
  return Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined;
}

/** R4 calls the id of a resource a string, which would let anything pass (https://hl7.org/fhir/R4/resource.html#id). */
export const checkResourceId: CheckPrimitive = (value) => {
  if (typeof value !== 'string') return WRONG_JSON;
  return isResourceId(value) ? undefined : WRONG_ID;
};

function integerFrom(min: number): CheckPrimitive {
  return (value) => {
    if (typeof value !== 'number') return WRONG_JSON;
    return Number.isInteger(value) && value >= min && value <= INTEGER_MAX ? undefined : WRONG_NUMBER;
  };
}

function textOf(type: string, isRight: (text: string) => boolean): CheckPrimitive {
  const wrong: PrimitiveFault = { code: 'resource-invalid', text: `This is not a valid ${type}.` };
  return (value) => {
    if (typeof value !== 'string') return WRONG_JSON;
    if (isBlank(value)) return EMPTY;
    if (value.length > TEXT_CHARS_MAX) return TOO_LONG;
    return isRight(value) ? undefined : wrong;
  };
}

/** Most texts are told by their first character. */
function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  return !(first > 0x20 && first < 0x80) && text.trim() === '';
}

/** Line breaks and tabs may stand in a text, other control characters not. */
const WITHOUT_CONTROL = /^[\t\n\r -\uffff]*$/;

function hasNoControl(text: string): boolean {
  return WITHOUT_CONTROL.test(text);
}

function hasNoSpace(text: string): boolean {
  return !/\s/.test(text);
}

/** Year 0 does not exist, and neither does 30 February. The text has the form of a date already. */
function isDay(text: string): boolean {
  if (text.startsWith('0000')) return false;
  const day = text.length < 10 ? 0 : Number(text.slice(8, 10));
  if (day <= 28) return true;
  const month = Number(text.slice(5, 7));
  if (month !== 2) return day <= (MONTHS_OF_30.has(month) ? 30 : 31);
  const year = Number(text.slice(0, 4));
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTHS_OF_30 = new Set([4, 6, 9, 11]);

const NOT_BASE64: PrimitiveFault = { code: 'resource-invalid', text: 'This is not a valid base64Binary.' };
const ATTACHMENT_TOO_LARGE: PrimitiveFault = {
  code: 'resource-invalid',
  text: 'The attachment is larger than 1 MB.',
};

function checkBase64(value: unknown): PrimitiveFault | undefined {
  if (typeof value !== 'string') return WRONG_JSON;
  if (isBlank(value)) return EMPTY;
  if (value.length % 4 !== 0 || !/^[A-Za-z\d+/]+={0,2}$/.test(value)) return NOT_BASE64;
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
  return (value.length * 3) / 4 - padding > TEXT_CHARS_MAX ? ATTACHMENT_TOO_LARGE : undefined;
}

/** Basic formatting and nothing that could run (https://hl7.org/fhir/R4/narrative.html#xhtml). */
function checkNarrative(value: unknown): PrimitiveFault | undefined {
  if (typeof value !== 'string') return WRONG_JSON;
  if (isBlank(value)) return EMPTY;
  if (value.length > TEXT_CHARS_MAX) return TOO_LONG;
  const problem = findUnsafeXhtml(value);
  return problem === undefined ? undefined : { code: 'narrative-unsafe', text: problem };
}
