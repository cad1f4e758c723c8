import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import type { Payload, TreePath } from '../formats/format.ts';
import { FORMATS } from '../formats/formats.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import { CASE_CONTEXT, listCases, type MappingCase, readRouted } from './cases.ts';
import { namesInResource, namesOnPath, startsWithPath } from './field-path.ts';
import type { LoadedMapping } from './load-mapping.ts';
import type { InMapping, MappedEntry, OutMapping } from './mapping.ts';
import type { IgnoredField } from './mapping-document.ts';
import { readAccepted } from './read-accepted.ts';
import { formatPlace } from './yaml-source.ts';

/** A mapping with its root, and the one that goes the other way with the same message. */
export interface Pair {
  readonly root: string;
  readonly from: LoadedMapping;
  readonly back: LoadedMapping;
}

/** A field that a message has and that is not there any more when it has gone there and back. */
export interface LostField {
  /** Names from the root of the message, out of FHIR from the type of a resource; without positions in lists. */
  readonly field: string;
  /** `absent`, or `changed` where the field comes back with another value. */
  readonly how: 'absent' | 'changed';
  readonly cases: readonly string[];
}

export interface RoundTrip {
  /** Cases that went there and back. */
  readonly cases: number;
  readonly lost: readonly LostField[];
  /** A message that does not come through at all, and acceptances that are wrong or not needed. */
  readonly issues: readonly Issue[];
}

/**
 * The name of the mapping that goes the other way with the same message: what `inverse` says, or else `<name>-out` of
 * `<name>` and the reverse. Undefined where there is none, or it says `none`.
 */
export function inverseName({ mapping, document }: LoadedMapping, names: readonly string[]): string | undefined {
  if (document.inverse !== undefined) return document.inverse === 'none' ? undefined : document.inverse;
  const guess = mapping.name.endsWith('-out') ? mapping.name.slice(0, -'-out'.length) : `${mapping.name}-out`;
  return names.includes(guess) ? guess : undefined;
}

/**
 * Sends the cases of a mapping there and back and compares what comes back with what was sent, field by field. What
 * `round-trip.yaml` in the folder of `from` accepts with a reason, and fields that `from` ignores, are not told.
 */
export function runRoundTrip(pair: Pair): RoundTrip {
  const { root, from } = pair;
  const { name } = from.mapping;
  const accepted = readAccepted(root, name);
  if (!accepted.ok) return { cases: 0, lost: [], issues: accepted.issues };
  // What is refused goes nowhere.
  const cases = listCases(root, name).filter(
    ({ input, expected }) => input !== undefined && expected !== 'outcome.json',
  );
  const issues: Issue[] = [];
  const needed = new Set<IgnoredField>();
  const losses = new Map<string, Loss & { readonly cases: string[] }>();
  for (const one of cases) {
    const trip = runThereAndBack(pair, one);
    // A case that cannot go back at all is accepted by its name.
    const excuse = accepted.value.find(({ path }) => path.length === 1 && path[0] === one.name);
    if (!trip.ok && excuse !== undefined) needed.add(excuse);
    else issues.push(...trip.issues.map((found) => ({ ...found, text: `Case ${one.name}: ${found.text}` })));
    for (const loss of trip.ok ? trip.value : []) {
      const field = loss.names.join('.');
      const known = losses.get(field) ?? { ...loss, cases: [] };
      losses.set(field, known);
      known.cases.push(one.name);
    }
  }
  const lost: LostField[] = [];
  for (const [field, { names, how, cases: where }] of losses) {
    const covers = ({ path }: IgnoredField) => startsWithPath(names, path);
    for (const one of accepted.value) if (covers(one)) needed.add(one);
    if (!accepted.value.some(covers) && !from.document.ignore.some(covers)) lost.push({ field, how, cases: where });
  }
  for (const one of accepted.value) {
    if (needed.has(one)) continue;
    const text = 'This is accepted as lost, and comes back in every case.';
    issues.push(issue('mapping-unused', text, { mapping: formatPlace(one.place) }));
  }
  return { cases: cases.length, lost, issues };
}

interface Loss {
  readonly names: readonly string[];
  readonly how: LostField['how'];
}

function runThereAndBack({ root, from, back }: Pair, one: MappingCase): Result<Loss[]> {
  const bytes = readFileSync(join(one.folder, one.input ?? ''));
  if (from.mapping.direction === 'in' && back.mapping.direction === 'out') {
    return inAndOut(from.mapping, back.mapping, routedTypes(back, root), bytes);
  }
  if (from.mapping.direction === 'out' && back.mapping.direction === 'in') {
    return outAndIn(from.mapping, back.mapping, bytes);
  }
  return failure(issue('mapping-invalid-result', 'A mapping and its inverse go in different directions.'));
}

function inAndOut(into: InMapping, out: OutMapping, types: ReadonlySet<string>, bytes: Uint8Array): Result<Loss[]> {
  const parsed = FORMATS[into.input.format].parse(bytes, into.input.options);
  if (!parsed.ok) return parsed;
  const mapped = into.run(parsed.value, CASE_CONTEXT);
  if (!mapped.ok) return mapped;
  const resources = asStored(mapped.value);
  const returned: Payload[] = [];
  for (const focus of resources.filter(({ resourceType }) => types.has(resourceType))) {
    const payload = sendBack(out, into, focus, resources);
    if (payload.ok) returned.push(payload.value);
    else if (payload.issues.some(({ code }) => code !== 'message-type-unsupported')) return payload;
  }
  if (returned.length === 0) return failure(wrong(`nothing that it becomes is taken by ${out.name}.`));
  return success(lossesOf(messageFields(parsed.value), joinFields(returned.map(messageFields))));
}

function outAndIn(out: OutMapping, into: InMapping, bytes: Uint8Array): Result<Loss[]> {
  const parsed = FORMATS.fhir.parse(bytes);
  if (!parsed.ok) return parsed;
  const { focus, resources } = readRouted(parsed.value.tree);
  const payload = sendBack(out, into, focus, resources);
  if (!payload.ok) return payload;
  const breaches = into.check(payload.value);
  if (hasErrors(breaches)) return failure(...breaches);
  const mapped = into.run(payload.value, CASE_CONTEXT);
  if (!mapped.ok) return mapped;
  const sent = joinFields(resources.map((one) => elementsOf(one)));
  return success(lossesOf(sent, joinFields(asStored(mapped.value).map((one) => elementsOf(one)))));
}

/** FHIR → the partner's bytes → a message that has come in. */
function sendBack(out: OutMapping, into: InMapping, focus: Resource, resources: readonly Resource[]): Result<Payload> {
  const mapped = out.run(focus, resources, CASE_CONTEXT);
  if (!mapped.ok) return mapped;
  const printed = FORMATS[out.output.format].print(mapped.value.tree, out.output.options);
  return printed.ok ? FORMATS[into.input.format].parse(printed.value, into.input.options) : printed;
}

/** Types that a map out of FHIR is for: as it declares, or else as its cases show. */
function routedTypes({ document, mapping }: LoadedMapping, root: string): ReadonlySet<string> {
  if (document.type !== undefined) return new Set([document.type]);
  const types = new Set<string>();
  for (const { folder, input } of listCases(root, mapping.name)) {
    const parsed = input === undefined ? undefined : FORMATS.fhir.parse(readFileSync(join(folder, input)));
    if (parsed?.ok) types.add(readRouted(parsed.value.tree).focus.resourceType);
  }
  return types;
}

/** Entries as the store would have them: with ids, and with references by type and id. */
function asStored(entries: readonly MappedEntry[]): Resource[] {
  const references = new Map(
    entries.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${fullUrl.slice('urn:uuid:'.length)}`]),
  );
  return entries.map(({ fullUrl, resource }) => {
    const text = JSON.stringify({ ...resource, id: fullUrl.slice('urn:uuid:'.length) });
    return JSON.parse(text, (name, value: unknown) =>
      name === 'reference' && typeof value === 'string' ? (references.get(value) ?? value) : value,
    ) as Resource;
  });
}

/** Values by the names on their path: lists may come back in another order, and that is no loss. */
type Fields = Map<string, { readonly names: readonly string[]; readonly values: Set<string> }>;

function fieldsOf(tree: unknown, namesOf: (path: TreePath) => readonly string[]): Fields {
  const fields: Fields = new Map();
  const seen = new Set<object>();
  const walk = (value: unknown, path: TreePath): void => {
    if (typeof value === 'object' && value !== null) {
      if (seen.has(value)) return;
      seen.add(value);
      for (const [name, member] of Object.entries(value)) {
        walk(member, [...path, Array.isArray(value) ? Number(name) : name]);
      }
      return;
    }
    const text = String(value ?? '').trim();
    if (text === '') return;
    const names = namesOf(path);
    if (isWriting(names)) return;
    const key = names.join('.');
    const known = fields.get(key);
    if (known === undefined) fields.set(key, { names, values: new Set([text]) });
    else known.values.add(text);
  };
  walk(tree, []);
  return fields;
}

/** How HL7 v2 is written, not what it says: what a segment is called, and the delimiters. */
function isWriting([segment = '', field, ...more]: readonly string[]): boolean {
  const isSegment = /^[A-Z][A-Z0-9]{2}$/.test(segment);
  return (
    (isSegment && field === 'name' && more.length === 0) || (segment === 'MSH' && (field === '1' || field === '2'))
  );
}

/** The elements of a resource, without what the store says of it; of a reference, only the type it is to. */
function elementsOf(resource: Resource): Fields {
  const { id: _id, meta: _meta, ...rest } = resource;
  const tree = JSON.parse(JSON.stringify(rest), (name, value: unknown) =>
    name === 'reference' && typeof value === 'string' ? value.replace(/\/[^/]*$/, '') : value,
  ) as unknown;
  const payload: Payload = { format: 'fhir', tree, text: '', locate: () => ({ at: '' }) };
  return fieldsOf(tree, (path) => namesInResource(path, payload));
}

/** The fields of a partner's message. */
function messageFields(payload: Payload): Fields {
  const isFhir = FORMATS[payload.format].dialect === 'fhir';
  return fieldsOf(isFhir ? withoutPlaces(payload.tree) : payload.tree, (path) => namesOnPath(path, payload));
}

/** What entries of a Bundle are called there says nothing: of a reference to one, only the type it is to. */
function withoutPlaces(tree: unknown): unknown {
  const types = new Map<string, string>();
  for (const { fullUrl, resource } of (tree as Partial<Bundle>).entry ?? []) {
    if (resource === undefined) continue;
    const { resourceType, id } = resource;
    if (fullUrl !== undefined) types.set(fullUrl, resourceType);
    if (id !== undefined) types.set(`${resourceType}/${id}`, resourceType);
  }
  return JSON.parse(JSON.stringify(tree), (name, value: unknown) => {
    if (name === 'fullUrl') return undefined;
    return name === 'reference' && typeof value === 'string' ? (types.get(value) ?? value) : value;
  });
}

function joinFields(all: readonly Fields[]): Fields {
  const joined: Fields = new Map();
  for (const [key, { names, values }] of all.flatMap((fields) => [...fields])) {
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { names, values: new Set(values) });
    else for (const value of values) known.values.add(value);
  }
  return joined;
}

function lossesOf(sent: Fields, returned: Fields): Loss[] {
  return [...sent].flatMap(([key, { names, values }]): Loss[] => {
    const back = returned.get(key)?.values;
    if (back === undefined) return [{ names, how: 'absent' }];
    return [...values].every((value) => back.has(value)) ? [] : [{ names, how: 'changed' }];
  });
}

function wrong(text: string): Issue {
  return issue('mapping-invalid-result', text);
}
