import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMATS } from '../formats/formats.ts';
import { hasErrors } from '../kernel/errors.ts';
import { CASE_CONTEXT, type MappingCase } from './cases.ts';
import type { LoadedMapping } from './load-mapping.ts';
import { type MappingPart, partsOfMapping } from './mapping-parts.ts';
import { Trace } from './trace.ts';
import { watchRun } from './watch-run.ts';
import { formatPlace, type Place } from './yaml-source.ts';

/** How much of a mapping its cases show to work. */
export interface Coverage {
  /** Leaves, and both outcomes of each condition and loop. */
  readonly total: number;
  readonly reached: number;
  /** What no case reaches, in the order of the file. */
  readonly missed: readonly { readonly mapping: string; readonly text: string }[];
}

/**
 * Runs the cases watched, and tells which leaves gave no value in any of them, which conditions were never true or
 * never false, and which loops never went round. A leaf that is evaluated and finds nothing is not covered by that.
 */
export function measureCoverage(loaded: LoadedMapping, cases: readonly MappingCase[]): Coverage {
  const reached = new Set<string>();
  for (const one of cases) coverCase(loaded, one, reached);
  const wanted = [...partsOfMapping(loaded.document)].flatMap((part) => [...outcomesOf(part)]);
  const missed = wanted.filter(({ key }) => !reached.has(key));
  return {
    total: wanted.length,
    reached: wanted.length - missed.length,
    missed: missed.map(({ place, text }) => ({ mapping: formatPlace(place), text })),
  };
}

export function percentOf({ total, reached }: Pick<Coverage, 'total' | 'reached'>): number {
  // Rounded down, so that 100 means all.
  return total === 0 ? 100 : Math.floor((reached * 100) / total);
}

interface Outcome {
  readonly key: string;
  readonly place: Place;
  readonly text: string;
}

function* outcomesOf(part: MappingPart): Generator<Outcome> {
  const { place } = part;
  const at = formatPlace(place);
  if (part.kind === 'leaf') yield { key: at, place, text: 'No case gives this a value.' };
  else if (part.kind === 'loop') yield { key: `${at} true`, place, text: 'No case goes round this loop.' };
  else {
    yield { key: `${at} true`, place, text: 'In no case is this true.' };
    yield { key: `${at} false`, place, text: 'In no case is this false.' };
  }
}

class CoverageTrace extends Trace {
  private readonly reached: Set<string>;

  constructor(reached: Set<string>) {
    super(undefined);
    this.reached = reached;
  }

  override endLeaf(place: Place, value: unknown): void {
    if (value === undefined) return;
    const at = formatPlace(place);
    const isEmpty = Array.isArray(value) && value.length === 0;
    if (!isEmpty) this.reached.add(at);
    this.reached.add(`${at} ${!isEmpty && value !== false}`);
  }

  override onConstant(place: Place): void {
    this.reached.add(formatPlace(place));
  }
}

function coverCase(loaded: LoadedMapping, { folder, input }: MappingCase, reached: Set<string>): void {
  if (input === undefined) return;
  const { mapping } = loaded;
  const [format, options] =
    mapping.direction === 'in' ? [mapping.input.format, mapping.input.options] : (['fhir', {}] as const);
  const parsed = FORMATS[format].parse(readFileSync(join(folder, input)), options);
  // What is refused before the map runs shows nothing of the map.
  if (!parsed.ok || (mapping.direction === 'in' && hasErrors(mapping.check(parsed.value)))) return;
  watchRun(loaded, parsed.value, CASE_CONTEXT, new CoverageTrace(reached));
}
