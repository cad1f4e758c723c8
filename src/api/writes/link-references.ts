import type { Reader } from '../../auth/reader.ts';
import { parseReference, rewriteReferences } from '../../fhir/references.ts';
import { GinnelError, type Issue, issue } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { ApiParts } from '../api-parts.ts';
import type { Target } from './find-targets.ts';
import type { Link } from './plan-writes.ts';
import type { EntryPart, WriteIntent } from './write-intent.ts';

/**
 * References between the entries of a transaction, made real (https://hl7.org/fhir/R4/http.html#trules): what refers to
 * an entry's `fullUrl` refers to the resource that it became, and a reference that is a search refers to the one that
 * it finds. Throws for one that leads nowhere, which would be stored as it is and never lead anywhere.
 */
export async function linkReferences(
  intents: readonly WriteIntent[],
  targets: readonly Target[],
  reader: Reader,
  parts: ApiParts,
): Promise<Link> {
  if (intents.every(({ entry }) => entry === undefined)) return (_intent, resource) => resource;
  const byFullUrl = new Map<string, string>();
  for (const [index, { type, entry }] of intents.entries()) {
    if (entry?.fullUrl !== undefined) byFullUrl.set(entry.fullUrl, `${type}/${targets[index]?.id}`);
  }
  const bySearch = await findReferences(intents, targets, reader);

  return ({ entry }, resource) => {
    if (entry === undefined) return resource;
    const lost: Issue[] = [];
    const linked = rewriteReferences(resource, (reference) => {
      const target = bySearch.get(reference) ?? byFullUrl.get(absolute(reference, entry, parts));
      if (target === undefined && /^urn:(?:uuid|oid):/.test(reference)) {
        lost.push(issue('reference-unresolved', 'A urn: reference is to no entry of this Bundle.', at(entry)));
      }
      return target;
    });
    if (lost.length > 0) throw new GinnelError(lost.slice(0, 1));
    return linked;
  };
}

/** What each reference that is a search finds: exactly one resource, or the transaction fails. */
async function findReferences(
  intents: readonly WriteIntent[],
  targets: readonly Target[],
  reader: Reader,
): Promise<ReadonlyMap<string, string>> {
  const deleted = new Set(
    intents.flatMap(({ interaction, type }, index) =>
      interaction === 'delete' ? [`${type}/${targets[index]?.id}`] : [],
    ),
  );
  const found = new Map<string, string>();
  const lost: Issue[] = [];
  const wanted = new Map(
    intents.flatMap(({ entry }) => [...(entry?.searches ?? [])].map(([text, { search }]) => [text, { entry, search }])),
  );
  await Promise.all(
    [...wanted].map(async ([text, { entry, search }]) => {
      const page = await reader.search({ ...search, count: Math.min(2 + deleted.size, LIMITS.searchCountMax) });
      const matches = page.matches.filter(({ type, id }) => !deleted.has(`${type}/${id}`));
      const [match] = matches;
      if (match !== undefined && matches.length === 1) found.set(text, `${match.type}/${match.id}`);
      else {
        const [code, told] =
          match === undefined
            ? (['reference-unresolved', `A reference by search finds no ${search.type}.`] as const)
            : (['multiple-matches', `A reference by search finds more than one ${search.type}.`] as const);
        lost.push(issue(code, told, at(entry)));
      }
    }),
  );
  if (lost.length > 0) throw new GinnelError(lost);
  return found;
}

/** A relative reference is read against the server that its entry's `fullUrl` is on, where that is one. */
function absolute(reference: string, { fullUrl }: EntryPart, { definitions }: ApiParts): string {
  if (fullUrl === undefined || /^[a-z]+:/i.test(reference)) return reference;
  const own = parseReference(fullUrl, definitions.resourceTypes);
  return own?.base === undefined ? reference : `${own.base}${reference}`;
}

function at(entry: EntryPart | undefined): { expression: string | undefined } {
  return { expression: entry === undefined ? undefined : `${entry.place}.resource` };
}

/** Whether a reference is a search: `Practitioner?identifier=system|value`. */
export function isSearchReference(reference: string): boolean {
  return /^[A-Z][A-Za-z]{1,63}\?/.test(reference);
}
