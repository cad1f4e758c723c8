import { type Issue, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { failure, type Result, success } from '../kernel/result.ts';

/** A regular file of an archive. */
export interface TarFile {
  /** As it is written there: it may hold `..`, so it is not for use as a path. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;

/**
 * The regular files of a tar archive (POSIX ustar and pax, https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html,
 * and the long names of GNU), with bounds on their number and size. Links, devices and whatever else is not a file or
 * a folder are refused. `wanted` says by name which files are kept.
 */
export function readTar(archive: Uint8Array, wanted: (name: string) => boolean): Result<TarFile[]> {
  const files: TarFile[] = [];
  let entries = 0;
  let longName: string | undefined;
  for (let at = 0; at + BLOCK_BYTES <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    // Two empty blocks end an archive; one is enough for us.
    if (header.every((byte) => byte === 0)) return success(files);
    entries += 1;
    if (entries > LIMITS.packageFilesMax) return refuse(`more than ${LIMITS.packageFilesMax} entries`);
    const size = readOctal(header, 124, 12);
    if (!isChecksumRight(header) || size === undefined) return refuse('a header that is damaged');
    const start = at + BLOCK_BYTES;
    if (size > LIMITS.packageFileBytesMax) return refuse(`a file of more than ${LIMITS.packageFileBytesMax} bytes`);
    if (start + size > archive.length) return refuse('an end in the middle of a file');
    const bytes = archive.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'x') {
      longName = readPaxPath(bytes) ?? longName;
    } else if (kind === 'L') {
      longName = readText(bytes, 0, bytes.length);
    } else if (kind === '0' || kind === '\0') {
      const name = longName ?? readName(header);
      longName = undefined;
      if (wanted(name)) files.push({ name, bytes });
    } else if (kind === '5' || kind === 'g') {
      longName = undefined;
    } else return refuse('a link or a device, which a FHIR package does not have');
  }
  return refuse('no end');
}

function refuse(what: string): Result<never> {
  const found: Issue = issue('package-invalid', `The archive has ${what}.`);
  return failure(found);
}

/** The name of a long path is in two parts. */
function readName(header: Uint8Array): string {
  const name = readText(header, 0, 100);
  const isUstar = readText(header, 257, 5) === 'ustar';
  const prefix = isUstar ? readText(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function readText(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString('utf8');
}

function readOctal(bytes: Uint8Array, start: number, length: number): number | undefined {
  const text = readText(bytes, start, length).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** The sum of all bytes of a header, those of the sum itself counted as blanks. */
function isChecksumRight(header: Uint8Array): boolean {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return readOctal(header, 148, 8) === sum;
}

/** Records of `length key=value\n`. */
function readPaxPath(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  const found = /(?:^|\n)\d{1,10} path=([^\n]{0,4096})\n/.exec(text);
  return found?.[1];
}
