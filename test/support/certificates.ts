import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * X.509 certificates for tests (RFC 5280), made by hand because a fresh machine has no openssl: a tag, a length and the
 * content, one in another. Keys are P-256, signatures ECDSA with SHA-256.
 */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly privateKey: KeyObject;
  readonly subject: readonly Attribute[];
}

/** A part of a name: `['CN', 'pas.trust.example']`. */
export type Attribute = readonly [kind: 'C' | 'O' | 'CN', value: string];

const NAMES = { C: '2.5.4.6', O: '2.5.4.10', CN: '2.5.4.3' } as const;
const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const DAY_MS = 24 * 60 * 60_000;

export function makeAuthority(name = 'Test authority'): TestCertificate {
  return make([['CN', name]], undefined, { authority: true });
}

export function makeCertificate(
  subject: readonly Attribute[],
  issuer: TestCertificate,
  options: { readonly expired?: boolean } = {},
): TestCertificate {
  return make(subject, issuer, { ...options, authority: false });
}

/** Writes certificate, key (mode 0600) and authority into a new folder, as PEM files. */
export function writeCertificate(
  { certificate, key }: TestCertificate,
  authority: TestCertificate,
): { readonly certificate: string; readonly key: string; readonly authority: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-tls-'));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    certificate: write('certificate.pem', certificate),
    key: write('key.pem', key),
    authority: write('authority.pem', authority.certificate),
  };
}

function make(
  subject: readonly Attribute[],
  issuer: TestCertificate | undefined,
  { authority, expired = false }: { readonly authority: boolean; readonly expired?: boolean },
): TestCertificate {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const from = Date.now() - (expired ? 3 : 1) * DAY_MS;
  const serial = randomBytes(16);
  serial[0] = 0x01;
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    nameOf(issuer?.subject ?? subject),
    sequence(time(from), time(expired ? from + DAY_MS : from + 30 * DAY_MS)),
    nameOf(subject),
    publicKey,
    tagged(3, sequence(...extensions(authority))),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const bytes = sequence(body, ECDSA_SHA256, bitString(signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    privateKey,
    subject,
  };
}

/** Basic constraints, and for what is no authority the names of this machine. */
function extensions(authority: boolean): Buffer[] {
  const constraints = sequence(...(authority ? [element(0x01, Buffer.from([0xff]))] : []));
  const extension = (id: string, value: Buffer, critical = false): Buffer =>
    sequence(objectId(id), ...(critical ? [element(0x01, Buffer.from([0xff]))] : []), element(0x04, value));
  const names = sequence(element(0x82, Buffer.from('localhost')), element(0x87, Buffer.from([127, 0, 0, 1])));
  return [extension('2.5.29.19', constraints, true), ...(authority ? [] : [extension('2.5.29.17', names)])];
}

function nameOf(parts: readonly Attribute[]): Buffer {
  return sequence(
    ...parts.map(([kind, value]) =>
      element(0x31, sequence(objectId(NAMES[kind]), element(kind === 'C' ? 0x13 : 0x0c, Buffer.from(value, 'utf8')))),
    ),
  );
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function tagged(number: number, content: Buffer): Buffer {
  return element(0xa0 | number, content);
}

function integer(bytes: Buffer): Buffer {
  return element(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return element(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return element(0x17, Buffer.from(`${text}Z`));
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of others) {
    const groups = [number & 0x7f];
    for (let rest = number >> 7; rest > 0; rest >>= 7) groups.unshift((rest & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Buffer.from(bytes));
}
