import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import type { ExtraFunction } from '../fhirpath/fhirpath.ts';
import { GinnelError, type Issue, issue, refuse } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import { GINNEL_PROFILE_BASE } from './canonical.ts';
import { checkProfile } from './check-profile.ts';
import { type CompiledProfile, compileProfile, type ProfileDefinition } from './compile-profile.ts';
import type { Definitions, ValueSetCodes } from './definitions.ts';
import { isInValueSet } from './rules/codes.ts';

export interface Profiles {
  /** Canonical urls. */
  readonly urls: readonly string[];
  /** Our profiles on a type, for the CapabilityStatement. */
  forType(type: string): readonly string[];
  /** One of ours by its canonical url, for what can be told of a resource that is not there yet. */
  profile(url: string): CompiledProfile | undefined;
  /**
   * Checks a resource, and those in it if it is a Bundle, against the profiles it names in `meta.profile`, and the
   * resource itself against those in `wanted`.
   */
  check(resource: JsonObject, wanted: 'meta' | readonly string[]): Issue[];
}

/**
 * Reads `<folder>/<name>/profile.json` and `<folder>/value-sets/*.json` and compiles them. Throws a configuration error
 * that names everything which cannot be compiled.
 */
export function loadProfiles(folder: string, definitions: Definitions): Profiles {
  const valueSets = readValueSets(join(folder, 'value-sets'));
  const valueSet = (url: string): ValueSetCodes | undefined => valueSets.get(url) ?? definitions.valueSet(url);
  const memberOf = makeMemberOf(valueSet);
  const profiles = new Map<string, CompiledProfile>();
  const issues: Issue[] = [];
  for (const name of listProfiles(folder)) {
    const file = join(folder, name, 'profile.json');
    const compiled = compileProfile(readJson(file) as unknown as ProfileDefinition, {
      file,
      valueSet,
      compile: (source) =>
        compileFhirPath(source, {
          dialect: 'fhir',
          variables: new Set(['resource', 'rootResource', 'context']),
          functions: new Map([['memberOf', memberOf]]),
          place: { file, line: 1, column: 1 },
        }),
    });
    if (compiled.ok) profiles.set(compiled.value.url, compiled.value);
    else issues.push(...compiled.issues);
  }
  if (issues.length > 0) throw new GinnelError(issues);

  const checkOne = (resource: JsonObject, url: string, at: string, namedAt: string): Issue[] => {
    const profile = profiles.get(url);
    if (profile !== undefined) return checkProfile(resource, profile, definitions.resourceTypes, at);
    // The profiles of others, UK Core's among them, may be named: a sender's claim about its own content.
    if (!url.startsWith(GINNEL_PROFILE_BASE)) return [];
    return [issue('profile-unknown', 'Ginnel has no such profile. Check its spelling.', { expression: namedAt })];
  };

  const checkNamed = (resource: JsonObject, at: string): Issue[] => {
    const named = isJsonObject(resource.meta) && Array.isArray(resource.meta.profile) ? resource.meta.profile : [];
    const found = named.flatMap((url, index) =>
      typeof url === 'string' ? checkOne(resource, withoutVersion(url), at, `${at}.meta.profile[${index}]`) : [],
    );
    const entries = resource.resourceType === 'Bundle' && Array.isArray(resource.entry) ? resource.entry : [];
    entries.forEach((entry, index) => {
      if (!isJsonObject(entry) || !isJsonObject(entry.resource)) return;
      found.push(...checkNamed(entry.resource, `${at}.entry[${index}].resource`));
    });
    return found;
  };

  return {
    urls: [...profiles.keys()],
    forType: (type) => [...profiles.values()].filter((one) => one.type === type).map((one) => one.url),
    profile: (url) => profiles.get(withoutVersion(url)),
    check(resource, wanted) {
      const at = String(resource.resourceType);
      const found = checkNamed(resource, at);
      if (wanted === 'meta') return found;
      return [...found, ...wanted.flatMap((url) => checkOne(resource, withoutVersion(url), at, at))];
    },
  };
}

function listProfiles(folder: string): string[] {
  if (!existsSync(folder)) throw refuse('config-missing-file', `The folder of profiles is not there: ${folder}.`);
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && existsSync(join(folder, one.name, 'profile.json')))
    .map((one) => one.name)
    .sort();
}

interface ValueSetFile {
  readonly url: string;
  readonly compose: {
    readonly include: readonly { readonly system: string; readonly concept: readonly { readonly code: string }[] }[];
  };
}

/** Our value sets list every code, so that there is nothing to expand. */
function readValueSets(folder: string): Map<string, ValueSetCodes> {
  const found = new Map<string, ValueSetCodes>();
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  for (const name of files) {
    const file = readJson(join(folder, name)) as unknown as ValueSetFile;
    const codes = file.compose.include.map(
      (one) => [one.system, new Set(one.concept.map((concept) => concept.code))] as const,
    );
    found.set(file.url, new Map(codes));
  }
  return found;
}

function readJson(file: string): JsonObject {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isJsonObject(content)) return content;
  } catch (fault) {
    throw new GinnelError([issue('config-invalid', `This is not JSON: ${file}.`)], { cause: fault });
  }
  throw refuse('config-invalid', `This is not a JSON object: ${file}.`);
}

/** https://hl7.org/fhir/R4/fhirpath.html#functions: whether a code, Coding or CodeableConcept is in a value set. */
function makeMemberOf(valueSet: (url: string) => ValueSetCodes | undefined): ExtraFunction {
  return {
    name: 'memberOf',
    signature: 'memberOf(valueSet : string) : boolean',
    sentence: 'Whether the code is in a value set of ours.',
    minArguments: 1,
    maxArguments: 1,
    checkLiterals: ([url]) =>
      url !== undefined && valueSet(url) !== undefined ? undefined : 'The value set is not among ours.',
    apply(input, [urls]) {
      const codes = valueSet(String(urls?.[0]));
      if (input.length !== 1 || codes === undefined) return [];
      const [value] = input;
      const type = isJsonObject(value) && 'coding' in value ? 'CodeableConcept' : 'Coding';
      return [isInValueSet(value, type, codes)];
    },
  };
}

function withoutVersion(canonical: string): string {
  return canonical.split('|', 1)[0] ?? canonical;
}
