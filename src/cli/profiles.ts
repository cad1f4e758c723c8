import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openDefinitions } from '../fhir/definitions.ts';
import { buildPackage, type PackageContent } from '../fhir/package-content.ts';
import { type InstalledPackage, PACKAGE_FILE, readPackages, VALUE_SETS_FILE } from '../fhir/profile-packages.ts';
import { loadProfiles } from '../fhir/profiles.ts';
import { PROFILES_FOLDER } from '../gateway.ts';
import { refuse } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { readPackage } from './read-package.ts';
import { readConfig } from './settings.ts';

/**
 * `ginnel profiles add <package.tgz | folder>`, `ginnel profiles list`, `ginnel profiles check`: the FHIR packages that
 * resources are checked against, in the folder that the configuration names. A running gateway reads them at its next
 * start.
 */
export async function runProfiles(argv: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  const [action, path, ...more] = positionals;
  const folder = readConfig(io.env).profilesFolder;
  if (action === 'add' && path !== undefined && more.length === 0) return addPackage(path, folder, io);
  if (action === 'list' && path === undefined) return listPackages(folder, io);
  if (action === 'check' && path === undefined) return checkPackages(folder, io);
  io.err('Say what to do: ginnel profiles add package.tgz, ginnel profiles list, or ginnel profiles check\n');
  return 2;
}

function addPackage(path: string, folder: string, io: Io): number {
  const raw = readPackage(path);
  const content = buildPackage(raw, raw.resources, openDefinitions(), readPackages(folder));
  if (content.index.profiles.length === 0 && content.index.valueSets === 0) {
    throw refuse('package-invalid', `There is no profile on R4 and no value set in ${path}.`);
  }
  install(content, folder);
  const { name, version, profiles, valueSets, unlisted, unusable } = content.index;
  const generated = profiles.filter((one) => one.generated).length;
  io.out(
    `${name} ${version}: ${profiles.length} profiles (${generated} snapshots made here), ${valueSets} value sets\n`,
  );
  for (const { file, why } of raw.unread) io.err(`not read: ${file}: ${why}\n`);
  for (const { url, why } of unusable) io.err(`not used: ${url}: ${why}\n`);
  if (unlisted.length > 0)
    io.out(`${unlisted.length} value sets cannot be listed; codes bound to them are not checked\n`);
  io.out(`in ${folder}; a gateway reads it at its next start\n`);
  return 0;
}

/** Written beside and moved into place, so that nobody ever reads half of it. */
function install({ index, profiles, valueSets }: PackageContent, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const made = mkdtempSync(join(folder, '.adding-'));
  try {
    for (const [file, definition] of profiles) writeFileSync(join(made, file), JSON.stringify(definition));
    writeFileSync(join(made, VALUE_SETS_FILE), JSON.stringify(valueSets));
    writeFileSync(join(made, PACKAGE_FILE), `${JSON.stringify(index, undefined, 2)}\n`);
    const target = join(folder, `${index.name}-${index.version}`);
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function listPackages(folder: string, io: Io): number {
  const packages = readPackages(folder);
  if (packages.length === 0) io.out(`No packages in ${folder}. Ginnel's own profiles are always there.\n`);
  for (const { index } of packages) {
    io.out(`${index.name} ${index.version}\n`);
    for (const { url, type } of index.profiles) io.out(`  ${type.padEnd(24)} ${url}\n`);
  }
  return 0;
}

/** Compiles every profile, and says of each what of it cannot be checked. */
function checkPackages(folder: string, io: Io): number {
  const profiles = loadProfiles(PROFILES_FOLDER, openDefinitions(), folder);
  const packages = readPackages(folder);
  const broken = packages.flatMap((one) => findBroken(one, (url) => profiles.profile(url) === undefined, folder));
  for (const line of broken) io.err(`${line}\n`);
  let rules = 0;
  for (const url of profiles.urls) {
    const unchecked = profiles.profile(url)?.unchecked ?? [];
    rules += unchecked.length;
    for (const text of unchecked) io.out(`not checked: ${url}: ${text}\n`);
  }
  io.out(`${profiles.urls.length} profiles, ${packages.length} packages, ${rules} rules that are not checked\n`);
  return broken.length === 0 ? 0 : 1;
}

function findBroken({ index, folder }: InstalledPackage, isBroken: (url: string) => boolean, root: string): string[] {
  return index.profiles
    .filter(({ url }) => isBroken(url))
    .map(({ url, file }) => `cannot be read: ${url} (${join(relative(root, folder), file)}). Add its package again.`);
}
