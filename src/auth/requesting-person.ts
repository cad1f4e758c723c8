import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose';
import type { Client } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import { isJsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { ClientKeys } from './client-keys.ts';
import type { RequestingPerson } from './identity.ts';
import { isAssertionAlgorithm } from './key-set.ts';

/** A JWT signed by the client that names the person who asks through it (docs/access.md). */
export const PERSON_HEADER = 'x-requesting-practitioner';

export interface PersonParts {
  readonly clientKeys: ClientKeys;
  /** `aud` of the header: our FHIR base. */
  readonly audience: string;
  readonly clock: Clock;
}

/** Header members that would let the text choose its own key or its own rules. */
const REFUSED_HEADERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];
/** What may stand in the audit: no control character, by which an event could be made to read otherwise. */
const SHORT_TEXT = /^[^\p{Cc}]{1,200}$/u;

/**
 * The person that the header names: `iss` is the client, `aud` our FHIR base, `exp` at most five minutes ahead,
 * `practitioner` an identifier, `name` and `role` as the client knows them. Throws `person-invalid`. A header may serve
 * several requests until it expires: it proves who says so, and opens nothing by itself.
 */
export async function readPerson(text: string, client: Client, parts: PersonParts): Promise<RequestingPerson> {
  const wrong = () =>
    refuse(
      'person-invalid',
      'X-Requesting-Practitioner is not a JWT that this application has signed for this server.',
    );
  if (text.length > LIMITS.personHeaderCharsMax) throw wrong();
  let header: ReturnType<typeof decodeProtectedHeader>;
  let claims: ReturnType<typeof decodeJwt>;
  try {
    header = decodeProtectedHeader(text);
    claims = decodeJwt(text);
  } catch {
    throw wrong();
  }
  const { alg, kid } = header;
  if (!isAssertionAlgorithm(alg) || typeof kid !== 'string') throw wrong();
  if (REFUSED_HEADERS.some((name) => Object.hasOwn(header, name))) throw wrong();
  const nowSeconds = parts.clock.now().getTime() / 1000;
  const { iss, aud, exp } = claims;
  if (iss !== client.id || aud !== parts.audience || typeof exp !== 'number') throw wrong();
  if (exp <= nowSeconds || exp > Math.ceil(nowSeconds) + LIMITS.assertionLifetimeSecondsMax) throw wrong();
  const answer = await parts.clientKeys.find(client, kid, alg);
  if (!answer.ok) throw wrong();
  try {
    await compactVerify(text, answer.key, { algorithms: [alg] });
  } catch (fault) {
    if (fault instanceof errors.JOSEError) throw wrong();
    throw fault;
  }
  const { practitioner, name, role } = claims;
  if (!isJsonObject(practitioner) || !isShort(practitioner.system) || !isShort(practitioner.value)) throw wrong();
  return {
    identifier: { system: practitioner.system, value: practitioner.value },
    ...(isShort(name) ? { name } : {}),
    ...(isShort(role) ? { role } : {}),
  };
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && SHORT_TEXT.test(text);
}
