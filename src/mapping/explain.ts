import type { Payload, SourcePosition } from '../formats/format.ts';
import { wordJsonPath } from '../formats/positions.ts';
import { LineageTrace, locateAll, type Origin, type Read } from './lineage.ts';
import type { LoadedMapping } from './load-mapping.ts';
import type { MappingContext } from './mapping.ts';
import { watchRun } from './watch-run.ts';
import { formatPlace, type Place } from './yaml-source.ts';

/** Where one element of a result comes from. It holds no value of the message but what is in the name of an entry. */
export interface ElementLineage {
  /** `ServiceRequest.code.coding[0].code`, or in a partner's payload `$.referral.id`. */
  readonly element: string;
  /** The entry of the mapping that it belongs to; undefined out of FHIR. */
  readonly entry: string | undefined;
  /** Fields of the message that the leaf looked at, those behind its variables included. */
  readonly sources: readonly SourcePosition[];
  /** What the leaf looked at besides: `%messageId`, `%partner`. */
  readonly given: readonly string[];
  /** The leaf: `mappings/gp-json/referral/mapping.yaml:71:18`. */
  readonly mapping: string;
  /** Names that were assigned on the way, each with its place. */
  readonly via: readonly { readonly name: string; readonly mapping: string }[];
  /** The mapping says it, whatever the message has. */
  readonly constant: boolean;
}

/** The lineage of every element of what a message becomes; none where the message is refused. */
export function explain(
  loaded: Pick<LoadedMapping, 'mapping' | 'watched' | 'codes'>,
  payload: Payload,
  context: MappingContext,
): ElementLineage[] {
  const trace = new LineageTrace(payload);
  const result = watchRun(loaded, payload, context, trace);
  if (result === undefined) return [];
  const found: ElementLineage[] = [];
  if ('tree' in result) explainTree(result.tree, (path) => wordJsonPath(path), undefined, { trace, payload, found });
  else {
    for (const { name, resource } of result) {
      const word = (path: readonly (string | number)[]) => `${resource.resourceType}${wordJsonPath(path).slice(1)}`;
      explainTree(resource, word, name, { trace, payload, found });
    }
  }
  return found;
}

/** Those that a person asks for: an element, without or with the numbers of list items, or all that is below it. */
export function selectElements(lineage: readonly ElementLineage[], wanted: string): ElementLineage[] {
  const plain = (path: string) => path.replaceAll(/\[[0-9]+\]/g, '');
  return lineage.filter(({ element }) => {
    const path = wanted.includes('[') ? element : plain(element);
    return path === wanted || path.startsWith(`${wanted}.`) || path.startsWith(`${wanted}[`);
  });
}

/** `ServiceRequest.priority ← $.urgency (3:4) ← mappings/…/mapping.yaml:41:7`. */
export function formatLineage({ element, sources, given, mapping, via, constant }: ElementLineage): string {
  const fields = sources.map(({ at, line, column }) => `${at}${line === undefined ? '' : ` (${line}:${column ?? 1})`}`);
  const from = [...fields, ...given].join(', ');
  const names = via.map(({ name, mapping: place }) => ` ← %${name} ${place}`).join('');
  return `${element} ← ${from === '' ? (constant ? 'constant' : 'nothing in the message') : from} ← ${mapping}${names}`;
}

interface Parts {
  readonly trace: LineageTrace;
  readonly payload: Payload;
  readonly found: ElementLineage[];
}

function explainTree(
  root: unknown,
  word: (path: readonly (string | number)[]) => string,
  entry: string | undefined,
  { trace, payload, found }: Parts,
): void {
  const walk = (value: unknown, path: readonly (string | number)[], link: Inherited | undefined): void => {
    if (typeof value !== 'object' || value === null) {
      if (link !== undefined && value !== null) found.push(lineageOf(word(path), entry, link, { trace, payload }));
      return;
    }
    const own = trace.wholeOf(value) ?? link?.origin;
    const names = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    for (const name of names) {
      const inherited = own === undefined ? undefined : { origin: own, exact: trace.exactOf(value, name) };
      walk((value as Record<string | number, unknown>)[name], [...path, name], trace.linkOf(value, name) ?? inherited);
    }
  };
  walk(root, [], undefined);
}

interface Inherited {
  readonly origin: Origin;
  readonly exact?: Read | undefined;
}

function lineageOf(
  element: string,
  entry: string | undefined,
  link: Inherited,
  { trace, payload }: Pick<Parts, 'trace' | 'payload'>,
): ElementLineage {
  const sources = trace.sourcesOf(link);
  return {
    element,
    entry,
    sources: locateAll(payload, sources),
    given: [...sources.given],
    mapping: link.origin.place === undefined ? '' : formatPlace(link.origin.place),
    via: [...sources.assigns].map(([name, place]: [string, Place]) => ({ name, mapping: formatPlace(place) })),
    constant: link.origin.constant,
  };
}
