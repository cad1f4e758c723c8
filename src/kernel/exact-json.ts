import { isJsonObject, type JsonValue } from './json.ts';

/**
 * JSON whose numbers keep their spelling: FHIR says that 1.00 is not 1.0 (https://hl7.org/fhir/R4/json.html#decimal),
 * and a double knows only that they are equal. A tree holds doubles, so that everything that computes with them can;
 * an object or list in which a number is spelt otherwise than a double would be says so beside it, under a symbol that
 * copying by spread takes along and that JSON, `Object.keys` and comparisons of members pass over.
 */
const SPELLINGS = Symbol('spellings');

/** `owner`: whose it is. A copy that took it along has to make its own before it changes anything. */
interface Spellings {
  readonly owner: object;
  readonly at: Map<string, string>;
}

type Holder = { [SPELLINGS]?: Spellings };

/** The literal of a number in JSON (RFC 8259 section 6), which is that of a FHIR decimal too. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** A text without anything of this holds no number that is spelt otherwise; with it, it may. */
const PERHAPS = /(?:":|[[,])\s{0,20}(?:-0|-?\d{1,16}(?:[.eE]|(?<=\d{16})))/;

/** Notes how the number at `key` of `holder` is written; as a double would be, there is nothing to note. */
export function spell(holder: object, key: string | number, source: string): void {
  const held = holder as Holder;
  const known = held[SPELLINGS];
  const isPlain = String(Number(source)) === source;
  if (isPlain && known === undefined) return;
  const own = known?.owner === holder ? known : { owner: holder, at: new Map(known?.at) };
  held[SPELLINGS] = own;
  if (isPlain) own.at.delete(String(key));
  else own.at.set(String(key), source);
}

/** How the number `value` at `key` of `holder` is written; undefined where it is as any double, or is no longer that one. */
export function spellingOf(holder: object, key: string | number, value: number): string | undefined {
  const source = (holder as Holder)[SPELLINGS]?.at.get(String(key));
  return source !== undefined && Object.is(Number(source), value) ? source : undefined;
}

/** Takes the spellings of one object or list over to a copy of it. */
export function copySpellings<T extends object>(from: object, to: T): T {
  const spellings = (from as Holder)[SPELLINGS];
  if (spellings !== undefined) (to as Holder)[SPELLINGS] = spellings;
  return to;
}

/** A deep copy with all spellings. */
export function cloneJson<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) return copySpellings(value, value.map(cloneJson)) as T;
  if (!isJsonObject(value)) return value;
  const copy: Record<string, JsonValue> = {};
  for (const name of Object.keys(value)) copy[name] = cloneJson(value[name] as JsonValue);
  return copySpellings(value, copy) as T;
}

/** Reads JSON that we have printed, spellings included. Throws as `JSON.parse` does. */
export function parseExact(text: string): JsonValue {
  if (!PERHAPS.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, function (this: object, key: string, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number' && context?.source !== undefined) spell(this, key, context.source);
    return value;
  } as (key: string, value: unknown) => unknown) as JsonValue;
}

/** Prints compact JSON, or with `indent` spaces a level, in which numbers are spelt as they came. */
export function printExact(value: unknown, indent?: number): string {
  if (!hasSpellings(value)) return JSON.stringify(value, null, indent);
  const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
  return JSON.stringify(
    value,
    function (this: object, key: string, one: unknown): unknown {
      const source = typeof one === 'number' ? spellingOf(this, key, one) : undefined;
      return source === undefined ? one : raw(source);
    },
    indent,
  );
}

export function isNumberText(text: string): boolean {
  return NUMBER.test(text);
}

/** Whether any number of a tree is spelt otherwise than a double would be. */
export function hasSpellings(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ((value as Holder)[SPELLINGS] !== undefined) return true;
  if (Array.isArray(value)) return value.some(hasSpellings);
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    // Most members are texts, and not worth a call.
    if (typeof member === 'object' && hasSpellings(member)) return true;
  }
  return false;
}
