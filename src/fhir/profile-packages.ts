import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GinnelError, issue, refuse } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { ValueSetCodes } from './definitions.ts';
import type { ProfileDefinition } from './profile-definition.ts';

/** A FHIR package as `ginnel profiles add` installs it: this file says what is in its folder. */
export const PACKAGE_FILE = 'ginnel-package.json';
/** System → codes by the url of a value set, for those that can be listed. */
export const VALUE_SETS_FILE = 'value-sets.json';

export interface PackageIndex {
  readonly name: string;
  readonly version: string;
  readonly profiles: readonly PackageProfile[];
  /** How many value sets are listed. */
  readonly valueSets: number;
  /** Value sets that cannot be listed: codes bound to them are not checked. */
  readonly unlisted: readonly string[];
  /** Profiles that cannot be used, with the reason. */
  readonly unusable: readonly { readonly url: string; readonly why: string }[];
}

export interface PackageProfile {
  readonly url: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
  readonly file: string;
  /** Whether its snapshot was made here, because only the differential was published. */
  readonly generated: boolean;
}

export interface InstalledPackage {
  readonly index: PackageIndex;
  readonly folder: string;
  read(profile: PackageProfile): ProfileDefinition;
  valueSet(url: string): ValueSetCodes | undefined;
}

/** The packages in a folder, by name and version. A folder that is not there holds none. */
export function readPackages(folder: string): InstalledPackage[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && existsSync(join(folder, one.name, PACKAGE_FILE)))
    .map((one) => openPackage(join(folder, one.name)))
    .sort((a, b) => (`${a.index.name} ${a.index.version}` < `${b.index.name} ${b.index.version}` ? -1 : 1));
}

function openPackage(folder: string): InstalledPackage {
  const index = readJsonObject(join(folder, PACKAGE_FILE)) as unknown as PackageIndex;
  if (!Array.isArray(index.profiles)) throw refuse('config-invalid', `This is no installed package: ${folder}.`);
  let expansions: JsonObject | undefined;
  const valueSets = new Map<string, ValueSetCodes>();
  return {
    index,
    folder,
    // Its own name for a file holds no way out of the folder: `ginnel profiles add` makes it.
    read: ({ file }) => readJsonObject(join(folder, file)) as unknown as ProfileDefinition,
    valueSet(url) {
      const known = valueSets.get(url);
      if (known !== undefined) return known;
      expansions ??= readJsonObject(join(folder, VALUE_SETS_FILE));
      const found = Object.hasOwn(expansions, url) ? expansions[url] : undefined;
      if (!isJsonObject(found)) return undefined;
      const codes = new Map(Object.entries(found).map(([system, list]) => [system, new Set(list as string[])]));
      valueSets.set(url, codes);
      return codes;
    },
  };
}

/** Throws a configuration error for what is not a JSON object. */
export function readJsonObject(file: string): JsonObject {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isJsonObject(content)) return content;
  } catch (fault) {
    throw new GinnelError([issue('config-invalid', `This is not JSON: ${file}.`)], { cause: fault });
  }
  throw refuse('config-invalid', `This is not a JSON object: ${file}.`);
}
