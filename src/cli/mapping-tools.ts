import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import { openDefinitions } from '../fhir/definitions.ts';
import { loadProfiles } from '../fhir/profiles.ts';
import { createValidator } from '../fhir/validate.ts';
import { GinnelError, issue } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { type CheckResource, listMappings } from '../mapping/cases.ts';
import type { FhirRules } from '../mapping/lint-fhir.ts';

/** The option that `map`, `test` and `lint` share. */
export const ROOT_OPTIONS = { mappings: { type: 'string' } } as const;

/** The folder of the mappings: what `--mappings` says, or the configuration that is named, or `./mappings`. */
export function mappingsRoot({ mappings }: { readonly mappings?: string | undefined }, io: Io): string {
  if (mappings !== undefined) return resolve(mappings);
  if (io.env.GINNEL_CONFIG) return loadConfig(io.env.GINNEL_CONFIG, io.env).mappingsFolder;
  return resolve('mappings');
}

/** Whether `--format` asks for JSON; undefined, and told, where it asks for something else. */
export function isJsonWanted(format: string | undefined, io: Io): boolean | undefined {
  if (format === undefined || format === 'json') return format === 'json';
  io.err('--format is json, or left out.\n');
  return undefined;
}

/**
 * The mappings that an argument means: one by its name, or all below a folder, given by name or by path; all where
 * there is no argument. Throws where that is none.
 */
export function selectMappings(root: string, argument: string | undefined): string[] {
  const all = listMappings(root);
  const wanted = argument === undefined ? '' : nameOf(root, argument);
  const chosen = wanted === '' ? all : all.filter((name) => name === wanted || name.startsWith(`${wanted}/`));
  if (chosen.length > 0) return chosen;
  throw new GinnelError([issue('mapping-missing-file', `There is no mapping ${argument ?? ''} in ${root}.`)]);
}

function nameOf(root: string, argument: string): string {
  const path = existsSync(argument) ? relative(root, resolve(argument)) : argument;
  const name = path.replaceAll('\\', '/').replace(/\/+$/, '');
  return name.startsWith('..') ? argument : name;
}

/** `profiles` of this package, wherever the process was started. */
const PROFILES_FOLDER = resolve(import.meta.dirname, '../../profiles');

/** What R4 and our profiles say of resources. */
export function openFhirRules(): FhirRules {
  const definitions = openDefinitions();
  return { definitions, profiles: loadProfiles(PROFILES_FOLDER, definitions) };
}

/** The check that the gateway makes of every resource before it stores it. */
export function createCheck(): CheckResource {
  const validator = createValidator(openFhirRules());
  return (resource) => validator.validate(resource);
}
