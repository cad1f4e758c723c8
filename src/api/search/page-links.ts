import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Identity } from '../../auth/identity.ts';
import type { Clock } from '../../kernel/clock.ts';
import { refuse } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { LIMITS } from '../../kernel/limits.ts';

/** A further page of a search: the search as it was asked, and where in it the page is. */
export interface PageLink {
  readonly query: readonly (readonly [name: string, value: string])[];
  /** The store's place; undefined for the first page. */
  readonly place: string | undefined;
}

/**
 * Addresses of further pages. What stands in one is sealed: nobody can read it, for a place in an order by name is a
 * name, nobody can change it, and it opens for the caller alone that it was given to, on the type that was searched.
 */
export interface PageLinks {
  /** Throws `parameter-invalid` for a search so long that an address could not hold it. */
  seal(page: PageLink, type: string, identity: Identity): string;
  /**
   * Throws `page-link-invalid` for what was not sealed here, was changed, was given to somebody else, or is too old:
   * always the same answer, so that none of them can be told from another.
   */
  open(text: string, type: string, identity: Identity): PageLink;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a search and a place may be at most, unpacked. */
const OPENED_BYTES_MAX = 128 * 1024;

/** `secret`: of the store, so that every process on it opens what another has sealed. */
export function createPageLinks(secret: Uint8Array, clock: Clock): PageLinks {
  const key = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), 'ginnel page links', 32));
  return {
    seal({ query, place }, type, identity) {
      const until = clock.now().getTime() + LIMITS.pageLinkLifetimeMs;
      const packed = deflateRawSync(JSON.stringify({ until, query, place }));
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(callerOf(type, identity));
      const sealed = Buffer.concat([nonce, cipher.update(packed), cipher.final(), cipher.getAuthTag()]);
      const text = sealed.toString('base64url');
      if (text.length <= LIMITS.pageLinkCharsMax) return text;
      throw refuse(
        'parameter-invalid',
        'This search is too long for the address of a further page. Ask for fewer values, or for all on one page by _count.',
      );
    },
    open(text, type, identity) {
      const page = text.length > LIMITS.pageLinkCharsMax ? undefined : openSealed(text, key, callerOf(type, identity));
      if (isJsonObject(page) && typeof page.until === 'number' && page.until > clock.now().getTime()) {
        return {
          query: page.query as unknown as PageLink['query'],
          place: typeof page.place === 'string' ? page.place : undefined,
        };
      }
      throw refuse(
        'page-link-invalid',
        'This address of a page does not open: it is not as it was given, was given to another application, or is too old. Search again.',
      );
    },
  };
}

/** Whom a page is for. */
function callerOf(type: string, { client, partner, person, launchPatient, access }: Identity): Buffer {
  if (access?.checks.has('page-owned') === false) return Buffer.from(type);
  return Buffer.from(JSON.stringify([type, client, partner, person?.identifier ?? null, launchPatient ?? null]));
}

/** Undefined for anything that was not sealed with this key for this caller. */
function openSealed(text: string, key: Uint8Array, caller: Buffer): unknown {
  try {
    const sealed = Buffer.from(text, 'base64url');
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tag = sealed.subarray(Math.max(sealed.length - TAG_BYTES, NONCE_BYTES));
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(caller).setAuthTag(tag);
    const packed = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(inflateRawSync(packed, { maxOutputLength: OPENED_BYTES_MAX }).toString('utf8'));
  } catch {
    return undefined;
  }
}
