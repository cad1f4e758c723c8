import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileFhirPath } from '../fhirpath/compile-fhirpath.ts';
import type { ExtraFunction } from '../fhirpath/fhirpath.ts';
import { GinnelError, type Issue, issue, refuse } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { Result } from '../kernel/result.ts';
import { CORE_BASE, GINNEL_PROFILE_BASE, lastStep, withoutVersion } from './canonical.ts';
import { checkProfile, type ProfileContext } from './check-profile.ts';
import { type CompiledProfile, compileProfile } from './compile-profile.ts';
import type { Definitions, ValueSetCodes } from './definitions.ts';
import type { ProfileDefinition } from './profile-definition.ts';
import { type InstalledPackage, readJsonObject, readPackages } from './profile-packages.ts';
import { isInValueSet } from './value-set.ts';

export interface Profiles {
  /** Canonical urls: ours, and those of the installed packages. */
  readonly urls: readonly string[];
  /** The profiles on a type, for the CapabilityStatement. */
  forType(type: string): readonly string[];
  /** A profile by its canonical url, compiled when it is first asked for; undefined for one that is not known. */
  profile(url: string): CompiledProfile | undefined;
  /**
   * Checks a resource, and those in it if it is a Bundle, against the profiles it names in `meta.profile`, and the
   * resource itself against those in `wanted`.
   */
  check(resource: JsonObject, wanted: 'meta' | readonly string[]): Issue[];
}

/** A profile that is known, not yet compiled. */
interface KnownProfile {
  readonly url: string;
  readonly type: string;
  readonly file: string;
  /** Whether it is one of ours, of which everything must be checkable. */
  readonly own: boolean;
  read(): ProfileDefinition;
}

/**
 * Our profiles, from `<folder>/<name>/profile.json` and `<folder>/value-sets/*.json`, compiled at once: throws a
 * configuration error that names everything which cannot be compiled. Those of the packages in `packagesFolder` are
 * compiled when a resource first names them.
 */
export function loadProfiles(folder: string, definitions: Definitions, packagesFolder?: string): Profiles {
  const packages = packagesFolder === undefined ? [] : readPackages(packagesFolder);
  const known = new Map<string, KnownProfile>();
  for (const one of packages.flatMap(packageProfiles)) known.set(one.url, one);
  for (const name of listProfiles(folder)) {
    const file = join(folder, name, 'profile.json');
    const definition = readJsonObject(file) as unknown as ProfileDefinition;
    known.set(definition.url, { url: definition.url, type: definition.type, file, own: true, read: () => definition });
  }
  const valueSet = makeValueSets(readValueSets(join(folder, 'value-sets')), packages, definitions);
  const compile = makeCompiler(known, valueSet);

  const compiled = new Map<string, CompiledProfile | undefined>();
  const issues: Issue[] = [];
  for (const one of known.values()) {
    if (!one.own) continue;
    const result = compile(one);
    if (result.ok) compiled.set(one.url, result.value);
    else issues.push(...result.issues);
  }
  if (issues.length > 0) throw new GinnelError(issues);

  const profile = (url: string): CompiledProfile | undefined => {
    if (compiled.has(url)) return compiled.get(url);
    const found = known.get(url);
    if (found === undefined) return undefined;
    const made = compileInstalled(found, compile);
    compiled.set(url, made);
    return made;
  };
  return {
    urls: [...known.keys()],
    forType: (type) => [...known.values()].filter((one) => one.type === type).map(({ url }) => url),
    profile: (url) => profile(withoutVersion(url)),
    check: makeCheck({ resourceTypes: definitions.resourceTypes, profile }),
  };
}

/** A file of a package that was damaged later leaves its profile unknown; `ginnel profiles check` names it. */
function compileInstalled(
  profile: KnownProfile,
  compile: (profile: KnownProfile) => Result<CompiledProfile>,
): CompiledProfile | undefined {
  try {
    const result = compile(profile);
    return result.ok ? result.value : undefined;
  } catch (fault) {
    if (fault instanceof GinnelError) return undefined;
    throw fault;
  }
}

function packageProfiles(one: InstalledPackage): KnownProfile[] {
  return one.index.profiles.map((profile) => ({
    url: profile.url,
    type: profile.type,
    file: join(one.folder, profile.file),
    own: false,
    read: () => one.read(profile),
  }));
}

function makeValueSets(
  own: ReadonlyMap<string, ValueSetCodes>,
  packages: readonly InstalledPackage[],
  definitions: Definitions,
): (url: string) => ValueSetCodes | undefined {
  return (url) => {
    const ours = own.get(url) ?? definitions.valueSet(url);
    if (ours !== undefined) return ours;
    for (const one of packages) {
      const found = one.valueSet(url);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function makeCompiler(
  known: ReadonlyMap<string, KnownProfile>,
  valueSet: (url: string) => ValueSetCodes | undefined,
): (profile: KnownProfile) => Result<CompiledProfile> {
  const functions = new Map([['memberOf', makeMemberOf(valueSet)]]);
  const variables = new Set(['resource', 'rootResource', 'context']);
  return ({ file, own, read }) =>
    compileProfile(chainOf(read(), known), {
      file,
      strict: own,
      valueSet,
      typeOf: (url) => known.get(url)?.type,
      compile: (source) =>
        compileFhirPath(source, { dialect: 'fhir', variables, functions, place: { file, line: 1, column: 1 } }),
    });
}

/** A profile after those that it is based on; the type of R4 at their end is checked by itself. */
function chainOf(definition: ProfileDefinition, known: ReadonlyMap<string, KnownProfile>): ProfileDefinition[] {
  const chain = [definition];
  for (let one = definition; chain.length < CHAIN_MAX; chain.unshift(one)) {
    const base = known.get(withoutVersion(one.baseDefinition ?? ''));
    if (base === undefined) break;
    one = base.read();
  }
  return chain;
}

/** Profiles that may be based on each other, one on the next. */
const CHAIN_MAX = 16;

function makeCheck(context: ProfileContext): Profiles['check'] {
  const checkOne = (resource: JsonObject, url: string, at: string, namedAt: string): Issue[] => {
    const profile = context.profile(url);
    if (profile !== undefined) return checkProfile(resource, profile, context, at);
    if (url === `${CORE_BASE}${resource.resourceType}`) return [];
    if (url.startsWith(CORE_BASE) && context.resourceTypes.has(lastStep(url))) {
      return [issue('profile-violation', `This profile is for a ${lastStep(url)} (type).`, { expression: at })];
    }
    if (url.startsWith(GINNEL_PROFILE_BASE)) {
      return [issue('profile-unknown', 'Ginnel has no such profile. Check its spelling.', { expression: namedAt })];
    }
    // A sender's claim about its own content, which may well be true.
    const text = 'This profile is not installed here, so it was not checked. `ginnel profiles add` installs a package.';
    return [issue('profile-unknown', text, { severity: 'warning', expression: namedAt })];
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

  return (resource, wanted) => {
    const at = String(resource.resourceType);
    const found = checkNamed(resource, at);
    if (wanted === 'meta') return found;
    return [...found, ...wanted.flatMap((url) => checkOne(resource, withoutVersion(url), at, at))];
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
    const file = readJsonObject(join(folder, name)) as unknown as ValueSetFile;
    const codes = file.compose.include.map(
      (one) => [one.system, new Set(one.concept.map((concept) => concept.code))] as const,
    );
    found.set(file.url, new Map(codes));
  }
  return found;
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
