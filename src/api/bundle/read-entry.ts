import type { Binary, BundleEntry } from '@medplum/fhirtypes';
import { isResourceId } from '../../fhir/references.ts';
import { FORMATS } from '../../formats/formats.ts';
import { GinnelError, type IssueCode, refuse } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirRequest, PatchBody } from '../exchange.ts';
import { JSON_PATCH } from '../middleware/negotiate.ts';
import type { FhirRoute } from '../routes.ts';
import { expressionAt } from '../writes/write-intent.ts';

/** An entry of a batch or transaction as the request that it stands for. */
export interface EntryRequest {
  /** `Bundle.entry[3]` */
  readonly place: string;
  readonly fullUrl: string | undefined;
  readonly route: FhirRoute;
  readonly request: FhirRequest;
}

/**
 * Finds the entry's route in the same table that the HTTP door uses, so that an entry can do what a request can, and
 * nothing else. Throws at the entry's place.
 */
export function readEntry(
  entry: BundleEntry,
  index: number,
  { outer, parts, routes }: { outer: FhirRequest; parts: ApiParts; routes: readonly FhirRoute[] },
): EntryRequest {
  const place = `Bundle.entry[${index}]`;
  const refuseAt = (code: IssueCode, text: string): GinnelError => refuse(code, text, { expression: place });
  const { method, url, ifMatch, ifNoneExist, ifNoneMatch, ifModifiedSince } = entry.request ?? {};
  if (method === undefined || url === undefined) {
    throw refuseAt('element-required', 'An entry of a batch or transaction has a request with method and url.');
  }
  if (url.length > LIMITS.urlCharsMax) {
    throw refuseAt('url-invalid', `The url is longer than ${LIMITS.urlCharsMax} characters.`);
  }
  const [path = '', ...rest] = withoutBase(url, parts.fhirBase).split('?');
  const found = findRoute(method, path, parts, routes);
  if (found === undefined) throw refuseAt('route-unknown', 'There is no interaction of this method and url here.');
  const { route, params } = found;
  if (route.body === 'form' || route.interaction === 'transaction') {
    throw refuseAt('parameter-unsupported', 'This interaction cannot be a part of a batch or transaction.');
  }
  if (params.id !== '' && !isResourceId(params.id)) {
    throw refuseAt('resource-not-found', 'This is not the form of a FHIR id.');
  }
  const headers: Record<string, string | undefined> = {
    'if-match': ifMatch,
    'if-none-exist': ifNoneExist,
    'if-none-match': ifNoneMatch,
    'if-modified-since': ifModifiedSince,
    // An answer that repeats all that was sent is for those who ask for it.
    prefer: [outer.header('prefer'), 'return=minimal'].filter((part) => part !== undefined).join(', '),
  };
  return {
    place,
    fullUrl: entry.fullUrl,
    route,
    request: {
      ...outer,
      ...params,
      query: rest.length === 0 ? [] : [...new URLSearchParams(rest.join('?'))],
      header: (name) => headers[name],
      bytes: () => {
        throw refuseAt('parameter-unsupported', 'This operation cannot be a part of a batch.');
      },
      readBody: () => {
        if (!isJsonObject(entry.resource)) throw refuseAt('body-empty', `A ${method} has a resource.`);
        return entry.resource;
      },
      readPatch: () => readPatchEntry(entry, place),
    },
  };
}

/** What went wrong with an entry, said at its place in the Bundle. */
export function atPlace(fault: unknown, place: string): unknown {
  if (!(fault instanceof GinnelError)) return fault;
  return new GinnelError(
    fault.issues.map((one) =>
      one.expression?.startsWith(place) === true ? one : { ...one, expression: expressionAt(place, one.expression) },
    ),
  );
}

function withoutBase(url: string, fhirBase: string): string {
  return url.startsWith(`${fhirBase}/`) ? url.slice(fhirBase.length + 1) : url.replace(/^\//, '');
}

type Params = Pick<FhirRequest, 'type' | 'id' | 'version'>;

function findRoute(
  method: string,
  path: string,
  { definitions }: ApiParts,
  routes: readonly FhirRoute[],
): { readonly route: FhirRoute; readonly params: Params } | undefined {
  const steps = path.split('/');
  for (const { route, pattern } of patternsOf(routes)) {
    const params = route.method === method ? matchPath(pattern, steps) : undefined;
    if (params === undefined) continue;
    return params.type === '' || definitions.resourceTypes.has(params.type) ? { route, params } : undefined;
  }
  return undefined;
}

interface RoutePattern {
  readonly route: FhirRoute;
  readonly pattern: readonly string[];
}

/** Every entry is held against the same table, whose paths are split once. */
const PATTERNS = new WeakMap<readonly FhirRoute[], readonly RoutePattern[]>();

function patternsOf(routes: readonly FhirRoute[]): readonly RoutePattern[] {
  const known = PATTERNS.get(routes);
  if (known !== undefined) return known;
  const patterns = routes.map((route) => ({ route, pattern: route.path.slice(1).split('/') }));
  PATTERNS.set(routes, patterns);
  return patterns;
}

/** `:type/:id` against `Patient/1`. */
function matchPath(pattern: readonly string[], steps: readonly string[]): Params | undefined {
  if (pattern.length !== steps.length) return undefined;
  const found: Record<string, string> = {};
  for (let index = 0; index < pattern.length; index += 1) {
    const part = pattern[index] ?? '';
    const step = steps[index] ?? '';
    if (part.startsWith(':') && step !== '') found[part.slice(1)] = step;
    else if (part !== step) return undefined;
  }
  return { type: found.type ?? '', id: found.id ?? '', version: found.version ?? '' };
}

/** A patch in a Bundle is Parameters, or a JSON Patch in a Binary. */
function readPatchEntry({ resource }: BundleEntry, place: string): PatchBody {
  if (!isJsonObject(resource)) throw refuse('body-empty', 'A PATCH has a resource.', { expression: place });
  if (resource.resourceType === 'Parameters') return { kind: 'fhirpath', tree: resource };
  return { kind: 'json', tree: readJsonPatch(resource as unknown as Binary, place) };
}

/** In a Bundle a JSON Patch is the data of a Binary (https://hl7.org/fhir/R4/http.html#patch). */
function readJsonPatch({ resourceType, contentType, data }: Binary, place: string): unknown {
  if (resourceType !== 'Binary' || contentType !== JSON_PATCH || typeof data !== 'string') {
    throw refuse(
      'patch-invalid',
      `A PATCH has Parameters, or a Binary of the type ${JSON_PATCH} with the patch as its data.`,
      {
        expression: `${place}.resource`,
      },
    );
  }
  const parsed = FORMATS.json.parse(Buffer.from(data, 'base64'), { exactNumbers: true });
  if (!parsed.ok) throw new GinnelError(parsed.issues);
  return parsed.value.tree;
}
