import { CURSOR_PARAMETER } from '../../fhir/parse-search.ts';
import { type DateRange, parseDateRange } from '../../fhir/search-dates.ts';
import { refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { ChangePlace, ChangeRequest } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirRequest } from '../exchange.ts';
import { readPrefer } from '../prefer.ts';
import { readView, type View } from '../search/view.ts';

/** What of a history is asked for. */
export interface AskedHistory {
  readonly page: Pick<ChangeRequest, 'order' | 'since' | 'at' | 'after'>;
  readonly count: number;
  readonly view: View;
  /** Whether the history is asked for as a whole, and not from or at a time. */
  readonly whole: boolean;
}

/** Whose history it is. */
export interface HistoryAddress {
  /** Below the FHIR base: `Patient/1/_history`. */
  readonly path: string;
  /** That of all entries; undefined where there are several. */
  readonly type: string | undefined;
}

/** `_sort` is not in R4; R5 has it, by the time alone. */
const ORDERS: Readonly<Record<string, ChangeRequest['order']>> = {
  '-_lastUpdated': 'newest',
  _lastUpdated: 'oldest',
};

/**
 * The parameters of https://hl7.org/fhir/R4/http.html#history. Throws for one that we do not know, unless the client says `Prefer: handling=lenient`, and for one that stands
 * twice.
 */
export function readHistory({ path, type }: HistoryAddress, request: FhirRequest, parts: ApiParts): AskedHistory {
  const given = new Map<string, string>();
  const isLenient = readPrefer(request.header('prefer')).handling === 'lenient';
  for (const [name, value] of request.query) {
    if (!PARAMETERS.has(name)) {
      if (isLenient) continue;
      throw refuse('parameter-unsupported', `A history takes ${[...PARAMETERS].slice(0, TOLD).join(', ')}.`);
    }
    if (given.has(name)) throw refuse('parameter-invalid', `${name} may stand in a history once.`);
    given.set(name, value);
  }
  const [since, at] = [given.get('_since'), given.get('_at')];
  const order = ORDERS[given.get('_sort') ?? '-_lastUpdated'];
  if (order === undefined) throw refuse('parameter-invalid', '_sort is -_lastUpdated (the default) or _lastUpdated.');
  const after = given.get(CURSOR_PARAMETER);
  return {
    page: {
      order,
      since: since === undefined ? undefined : isoOf(readInstant('_since', since).low),
      at: at === undefined ? undefined : readSpan(at),
      after: after === undefined ? undefined : readPlace(after, path, request, parts),
    },
    count: readCount(given.get('_count')),
    view: viewOf(given, type, parts),
    whole: since === undefined && at === undefined,
  };
}

const PARAMETERS = new Set([
  '_count',
  '_since',
  '_at',
  '_sort',
  '_summary',
  '_elements',
  '_format',
  '_pretty',
  CURSOR_PARAMETER,
]);
/** Those of them that are worth telling. */
const TOLD = 6;

function viewOf(given: ReadonlyMap<string, string>, type: string | undefined, { definitions }: ApiParts): View {
  const elements = given.get('_elements');
  if (elements !== undefined && type === undefined) {
    throw refuse('parameter-unsupported', '_elements is for the history of one type.');
  }
  return readView(type ?? '', given.get('_summary'), elements, definitions);
}

function readCount(text: string | undefined): number {
  if (text === undefined) return LIMITS.searchCountDefault;
  if (!/^\d{1,9}$/.test(text)) throw refuse('parameter-invalid', '_count is a whole number, 0 or more.');
  return Math.min(Number(text), LIMITS.searchCountMax);
}

function readInstant(name: string, text: string): DateRange {
  const range = text.includes('T') ? readDate(text) : undefined;
  if (range === undefined) throw refuse('parameter-invalid', `${name} is an instant: 2026-03-01T09:00:00Z.`);
  return range;
}

/** A day is a span, an instant a millisecond. */
function readSpan(text: string): { readonly low: string; readonly high: string } {
  const range = readDate(text);
  if (range === undefined) throw refuse('parameter-invalid', '_at is a date or an instant: 2026-03-01T09:00:00Z.');
  return { low: isoOf(range.low), high: isoOf(range.high) };
}

/** A plus in a URL that was not written as %2B arrives as a space. */
function readDate(text: string): DateRange | undefined {
  return parseDateRange(text.replace(' ', '+'));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Where the next page begins: what the address of a page holds, sealed. */
export function printPlace({ type, id, version, lastUpdated }: ChangePlace): string {
  return JSON.stringify([type, id, version, lastUpdated]);
}

function readPlace(sealed: string, path: string, { identity }: FhirRequest, { pageLinks }: ApiParts): ChangePlace {
  const { place = '[]' } = pageLinks.open(sealed, path, identity);
  const [type, id, version, lastUpdated] = JSON.parse(place) as [string, string, number, string];
  return { type, id, version, lastUpdated };
}
