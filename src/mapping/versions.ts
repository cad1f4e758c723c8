import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedMapping } from './load-mapping.ts';

/** Characters of a version that name its kept copy. */
const NAME_CHARS = 12;

/** A mapping as a channel names it: its folder, and the version it is pinned to, if it is. */
export interface MappingName {
  readonly folder: string;
  readonly version: string | undefined;
}

/** Reads `gp-json/referral` or `gp-json/referral@0f3a…`; undefined for what is no name of a mapping. */
export function readMappingName(name: string): MappingName | undefined {
  const match = /^([a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)*)(?:@([0-9a-f]{12,16}))?$/.exec(name);
  return match?.[1] === undefined ? undefined : { folder: match[1], version: match[2] };
}

/** The folder of a mapping or of its kept version, below the root. */
export function folderOf({ folder, version }: MappingName): string {
  return version === undefined ? folder : `${folder}/versions/${version.slice(0, NAME_CHARS)}`;
}

/** Where a kept copy has a file that the mapping names by this path: beside it, also what lies above its folder. */
export function keptPath(path: string): string {
  return path.replaceAll('..', '_above');
}

/** Versions of a mapping that are kept. */
export function listVersions(root: string, mapping: string): string[] {
  const folder = join(root, mapping, 'versions');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * Keeps a copy of the files a mapping was read from, for channels that are pinned to it and for `ginnel diff`. Gives
 * the name to pin: `gp-json/referral@0f3a…`. What is kept already is left alone.
 */
export function keepVersion(root: string, { mapping, files }: Pick<LoadedMapping, 'mapping' | 'files'>): string {
  const version = mapping.version.slice(0, NAME_CHARS);
  const folder = join(root, folderOf({ folder: mapping.name, version }));
  if (!existsSync(folder)) {
    for (const [path, content] of files) {
      const file = join(folder, keptPath(path));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
  return `${mapping.name}@${version}`;
}
