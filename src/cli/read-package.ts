import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { formatOf } from '../formats/formats.ts';
import { readTar } from '../formats/tar.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';

/** A FHIR package before it is installed (https://confluence.hl7.org/display/FHIR/NPM+Package+Specification). */
export interface RawPackage {
  readonly name: string;
  readonly version: string;
  /** Profiles, value sets and code systems. */
  readonly resources: readonly JsonObject[];
  /** Files that could not be read, with the reason. */
  readonly unread: readonly { readonly file: string; readonly why: string }[];
}

interface PackageFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Of a package, only these are used. */
const TYPES_USED = new Set(['StructureDefinition', 'ValueSet', 'CodeSystem']);

/** Reads `package.tgz`, or a folder of StructureDefinitions, ValueSets and CodeSystems in JSON or XML. */
export function readPackage(path: string): RawPackage {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw refuse('config-missing-file', `There is no package at ${path}.`);
  const files = found.isDirectory() ? readFolder(path) : readArchive(path, found.size);
  const manifest = files.find(({ name }) => name === 'package.json' || name === 'package/package.json');
  const { name, version } = readManifest(manifest, basename(resolve(path)));
  const unread: { file: string; why: string }[] = [];
  const resources: JsonObject[] = [];
  for (const file of files) {
    if (file === manifest) continue;
    const read = readResource(file);
    if (typeof read === 'string') unread.push({ file: file.name, why: read });
    else if (read !== undefined) resources.push(read);
  }
  return { name, version, resources, unread };
}

/** The resources of an archive stand in `package/`; its sub-folders hold examples and other things. */
function readArchive(path: string, size: number): PackageFile[] {
  if (size > LIMITS.packageBytesMax) throw tooLarge(path, LIMITS.packageBytesMax);
  const packed = readFileSync(path);
  const bytes = packed[0] === 0x1f && packed[1] === 0x8b ? unpack(packed, path) : packed;
  const files = readTar(bytes, (name) => /^package\/[^/]+\.json$/.test(name) && !name.endsWith('/.index.json'));
  if (!files.ok) throw new GinnelError(files.issues);
  return [...files.value];
}

function unpack(packed: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: LIMITS.packageUnpackedBytesMax });
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(path, LIMITS.packageUnpackedBytesMax);
    }
    throw refuse('package-invalid', `This is no gzip archive: ${path}.`);
  }
}

/** Folders of examples are passed over; links are refused, because they could lead anywhere. */
function readFolder(path: string): PackageFile[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  if (entries.length > LIMITS.packageFilesMax) {
    throw refuse('package-invalid', `The folder has more than ${LIMITS.packageFilesMax} entries: ${path}.`);
  }
  let bytes = 0;
  return entries.flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const name = file.slice(path.length).replaceAll('\\', '/').replace(/^\/+/, '');
    if (!/\.(json|xml)$/.test(name) || /(^|\/)(\.|node_modules\/|examples?\/)/.test(name)) return [];
    if (entry.isSymbolicLink()) throw refuse('package-invalid', `A package has no links, and this is one: ${name}.`);
    if (!entry.isFile()) return [];
    const { size } = lstatSync(file);
    bytes += size;
    if (size > LIMITS.packageFileBytesMax) throw tooLarge(name, LIMITS.packageFileBytesMax);
    if (bytes > LIMITS.packageUnpackedBytesMax) throw tooLarge(path, LIMITS.packageUnpackedBytesMax);
    return [{ name, bytes: readFileSync(file) }];
  });
}

function tooLarge(what: string, bytesMax: number): GinnelError {
  return refuse('package-invalid', `This is larger than ${bytesMax} bytes: ${what}.`);
}

function readManifest(manifest: PackageFile | undefined, fallback: string): { name: string; version: string } {
  const content = manifest === undefined ? undefined : parseFile(manifest);
  const said = isJsonObject(content) ? content : {};
  const name = typeof said.name === 'string' ? said.name : fallback.replace(/\.(tgz|tar\.gz|tar)$/, '');
  const version = typeof said.version === 'string' ? said.version : '0.0.0';
  // Both become the name of a folder.
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,49}$/.test(version)) {
    return { name, version };
  }
  throw refuse('package-invalid', 'The package needs a name and a version of letters, digits, dots and hyphens.');
}

/** A resource that is used; undefined for another; a text says why it cannot be read. */
function readResource(file: PackageFile): JsonObject | string | undefined {
  const content = parseFile(file);
  if (typeof content === 'string' || content === undefined) return content;
  return TYPES_USED.has(String(content.resourceType)) ? content : undefined;
}

function parseFile({ name, bytes }: PackageFile): JsonObject | string | undefined {
  if (name.endsWith('.xml')) {
    // The name of the root is near the start, and other resources need not be read.
    const type = /<([A-Za-z]{1,64})[\s>]/.exec(Buffer.from(bytes.subarray(0, 4_096)).toString('utf8'))?.[1];
    if (type === undefined || !TYPES_USED.has(type)) return undefined;
  }
  const parsed = formatOf(name.endsWith('.xml') ? 'fhir-xml' : 'json').parse(bytes);
  if (!parsed.ok) return parsed.issues.map(({ text }) => text).join(' ');
  return isJsonObject(parsed.value.tree) ? parsed.value.tree : undefined;
}
