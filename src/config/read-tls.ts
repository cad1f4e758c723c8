import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { refuse } from '../kernel/errors.ts';
import type { OutTls, SecretPlace, TlsFiles } from './config.ts';

/** What a listener needs, read from the files. Throws `config-missing-file` or `config-invalid`. */
export function readTlsFiles({ certificate, key, clientAuthority }: TlsFiles): TlsOptions {
  return {
    cert: readPem(certificate),
    key: readSecretFile(key),
    minVersion: 'TLSv1.2',
    ...(clientAuthority === undefined ? {} : { ca: readPem(clientAuthority) }),
  };
}

/** The same for a connection that we make. */
export function readOutTlsFiles({ certificate, key, authority }: OutTls): SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(certificate === undefined ? {} : { cert: readPem(certificate) }),
    ...(key === undefined ? {} : { key: readSecretFile(key) }),
    ...(authority === undefined ? {} : { ca: readPem(authority) }),
  };
}

/** A secret's value. Throws `config-missing-file` or `config-invalid`, with its place and never with its value. */
export function readSecret(place: SecretPlace): string {
  if (place.kind === 'file') return refuseDefault(readSecretFile(place.file).trim(), place.file);
  const value = place.value() ?? '';
  if (value === '')
    throw refuse('config-invalid', `The environment variable ${place.name} is not set; it holds a secret.`);
  return refuseDefault(value, place.name);
}

/** What is tried first by whoever tries. */
const DEFAULTS = new Set([
  'admin',
  'changeit',
  'changeme',
  'default',
  'example',
  'ginnel',
  'password',
  'postgres',
  'secret',
  'test',
]);

/** Throws `config-invalid` for a secret that everybody knows, as it came with something. */
export function refuseDefault(secret: string, place: string): string {
  if (!DEFAULTS.has(secret.toLowerCase())) return secret;
  throw refuse('config-invalid', `${place} holds a secret that everybody knows. Make one: openssl rand -base64 32`);
}

/** A file that others can read is no secret any more: it is refused until that has been mended. */
export function readSecretFile(file: string): string {
  const text = readPem(file);
  const others = process.platform === 'win32' ? 0 : statSync(file).mode & 0o077;
  if (others !== 0) throw refuse('config-invalid', `Others can read ${file}, which holds a secret: chmod 600 ${file}`);
  if (text.trim() === '') throw refuse('config-invalid', `${file} is empty; it should hold a secret.`);
  return text;
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code ?? 'no code';
    throw refuse('config-missing-file', `${file} cannot be read (${code}).`);
  }
}
