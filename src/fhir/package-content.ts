import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import { CORE_BASE, lastStep, withoutVersion } from './canonical.ts';
import type { Definitions, ValueSetCodes } from './definitions.ts';
import { expandValueSet, indexTerminology } from './expand-value-set.ts';
import type { ProfileDefinition, ProfileElement } from './profile-definition.ts';
import type { InstalledPackage, PackageIndex, PackageProfile } from './profile-packages.ts';
import { generateSnapshot } from './snapshot.ts';

/** What `ginnel profiles add` writes for a package. */
export interface PackageContent {
  readonly index: PackageIndex;
  /** By file name. */
  readonly profiles: ReadonlyMap<string, ProfileDefinition>;
  /** By url: system → codes. */
  readonly valueSets: Readonly<Record<string, Record<string, string[]>>>;
}

/**
 * What of a package's resources the validator uses: profiles and extensions with their snapshots, made where only the
 * differential was published, and every value set that can be listed. What cannot be used is named with the reason.
 */
export function buildPackage(
  { name, version }: { readonly name: string; readonly version: string },
  resources: readonly JsonObject[],
  definitions: Definitions,
  installed: readonly InstalledPackage[],
): PackageContent {
  const unusable: { url: string; why: string }[] = [];
  const own = new Map<string, ProfileDefinition>();
  for (const resource of resources) {
    const why = whyNotUsed(resource, definitions);
    if (why === undefined) own.set(String(resource.url), resource as unknown as ProfileDefinition);
    else if (why !== '') unusable.push({ url: String(resource.url), why });
  }
  const snapshots = makeSnapshots(own, definitions, installed);
  const profiles = new Map<string, ProfileDefinition>();
  const listed: PackageProfile[] = [];
  for (const [url, definition] of [...own].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const snapshot = snapshots(url);
    if (typeof snapshot === 'string' || snapshot === undefined) {
      unusable.push({ url, why: snapshot ?? 'It has no base.' });
      continue;
    }
    const file = `profile-${String(listed.length + 1).padStart(4, '0')}.json`;
    profiles.set(file, { ...definition, snapshot: { element: snapshot } });
    const generated = definition.snapshot === undefined;
    listed.push({
      url,
      name: definition.name,
      type: definition.type,
      version: definition.version ?? '',
      file,
      generated,
    });
  }
  const { valueSets, unlisted } = listValueSets(resources, definitions, installed);
  const index = { name, version, profiles: listed, valueSets: Object.keys(valueSets).length, unlisted, unusable };
  return { index, profiles, valueSets };
}

/** Undefined for a profile that may be used; '' for what is none and need not be named. */
function whyNotUsed(resource: JsonObject, definitions: Definitions): string | undefined {
  if (resource.resourceType !== 'StructureDefinition') return '';
  if (typeof resource.url !== 'string' || typeof resource.name !== 'string') return 'It has no url or no name.';
  if (resource.derivation !== 'constraint') return 'It is no profile but a type or a model of its own.';
  const { fhirVersion, type, differential } = resource;
  if (typeof fhirVersion === 'string' && !fhirVersion.startsWith('4.0'))
    return `It is for FHIR ${fhirVersion}, not R4.`;
  if (typeof type !== 'string' || definitions.snapshot(type) === undefined)
    return 'It is for a type that R4 does not have.';
  const isWhole = isJsonObject(differential) && Array.isArray(differential.element);
  return isWhole ? undefined : 'It has no differential.';
}

/** The snapshot of a profile by its url, published or made; a text says why there is none. */
function makeSnapshots(
  own: ReadonlyMap<string, ProfileDefinition>,
  definitions: Definitions,
  installed: readonly InstalledPackage[],
): (url: string) => readonly ProfileElement[] | string | undefined {
  const made = new Map<string, readonly ProfileElement[] | string>();
  const elsewhere = new Map(
    installed.flatMap((one) => one.index.profiles.map((profile) => [profile.url, { one, profile }] as const)),
  );
  const resolve = (canonical: string): readonly ProfileElement[] | undefined => {
    const url = withoutVersion(canonical);
    const found = own.has(url) ? snapshotOf(url) : undefined;
    if (found !== undefined) return typeof found === 'string' ? undefined : found;
    const other = elsewhere.get(url);
    if (other !== undefined) return other.one.read(other.profile).snapshot?.element;
    return url.startsWith(CORE_BASE) ? definitions.snapshot(lastStep(url)) : undefined;
  };
  const snapshotOf = (url: string): readonly ProfileElement[] | string | undefined => {
    const known = made.get(url);
    const definition = own.get(url);
    if (known !== undefined || definition === undefined) return known;
    const published = definition.snapshot?.element;
    if (published !== undefined && published.length > 0) {
      made.set(url, published);
      return published;
    }
    // Two that are based on each other have no snapshot, either of them.
    made.set(url, 'It is based on itself.');
    const result = generateSnapshot(definition, resolve);
    made.set(url, result.ok ? result.value : result.issues.map(({ text }) => text).join(' '));
    return made.get(url);
  };
  return snapshotOf;
}

function listValueSets(
  resources: readonly JsonObject[],
  definitions: Definitions,
  installed: readonly InstalledPackage[],
): { readonly valueSets: Record<string, Record<string, string[]>>; readonly unlisted: string[] } {
  const listed = (url: string): ValueSetCodes | undefined => {
    const found = definitions.valueSet(url);
    return found ?? installed.map((one) => one.valueSet(url)).find((codes) => codes !== undefined);
  };
  const named = resources.filter((one) => typeof one.url === 'string') as unknown as Parameters<
    typeof indexTerminology
  >[0];
  const terminology = { ...indexTerminology(named), listed };
  const valueSets: Record<string, Record<string, string[]>> = {};
  const unlisted: string[] = [];
  for (const url of [...terminology.valueSets.keys()].sort()) {
    const codes = expandValueSet(url, terminology);
    if (codes === undefined || Object.keys(codes).length === 0) unlisted.push(url);
    else valueSets[url] = codes;
  }
  return { valueSets, unlisted };
}
