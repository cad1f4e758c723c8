import { LIMITS } from '../kernel/limits.ts';
import { type ReadKeySet, readKeySet, type SignatureAlgorithm } from './key-set.ts';

/** Why a key set could not be fetched. Closed, so that it may be logged. */
export type FetchFault = 'address-refused' | 'status' | 'too-large';

export class FetchKeySetError extends Error {
  readonly fault: FetchFault;

  constructor(fault: FetchFault) {
    super(`the key set could not be fetched: ${fault}`);
    this.name = 'FetchKeySetError';
    this.fault = fault;
  }
}

/**
 * Whether keys may be fetched from here: over TLS, as SMART demands, or from this machine itself, for trying things out.
 */
export function isKeySetUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}

/** Fetches a client's JWK Set. */
export async function fetchKeySet(url: string, algorithms?: readonly SignatureAlgorithm[]): Promise<ReadKeySet> {
  const { text, freshForMs } = await fetchDocument(url);
  return { keys: await readKeySet(text, algorithms), freshForMs };
}

/**
 * A JSON document from elsewhere. Redirects are refused: they would let whoever holds the address today choose keys from
 * elsewhere. The time limit covers the whole answer, so that one that drips is cut off too.
 */
export async function fetchDocument(
  url: string,
  freshForMsMax: number = LIMITS.jwksCacheMs,
): Promise<{ readonly text: string; readonly freshForMs: number }> {
  if (!isKeySetUrl(url)) throw new FetchKeySetError('address-refused');
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(LIMITS.jwksTimeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new FetchKeySetError('status');
  }
  const text = await readBounded(response);
  return { text, freshForMs: freshFor(response.headers.get('cache-control'), freshForMsMax) };
}

/** The body as text. Throws when it is larger than a key set may be. */
export async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LIMITS.jwksBytesMax) throw new FetchKeySetError('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** SMART: a key set SHALL NOT be cached for longer than the client's Cache-Control says (RFC 9111 section 5.2.2). */
function freshFor(cacheControl: string | null, freshForMsMax: number): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim());
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0;
  const maxAge = directives.find((part) => part.startsWith('max-age='))?.slice('max-age='.length) ?? '';
  return /^[0-9]{1,9}$/.test(maxAge) ? Math.min(Number(maxAge) * 1000, freshForMsMax) : freshForMsMax;
}
