import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/auth/refusals.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import {
  ask,
  forge,
  formOf,
  goodClaims,
  granted,
  lastReason,
  makeKey,
  openSmart,
  post,
  refused,
  SCOPES,
  type SmartSetup,
  sign,
} from './smart-setup.ts';

let smart: SmartSetup;
beforeAll(async () => {
  smart = await openSmart();
});
afterAll(() => smart.close());

/** Refused as a client that is not who it says, for this reason. */
async function expectInvalidClient(response: ReturnType<typeof ask>, reason: string): Promise<void> {
  const answer = refused(await response);
  expect([answer.status, answer.error, lastReason(smart)]).toEqual([401, 'invalid_client', `invalid_client ${reason}`]);
}

describe('SMART Backend Services, Issue access token', () => {
  it('answers with access_token, token_type bearer, expires_in of at most 300 and scope', async () => {
    const response = await ask(smart);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 300,
      scope: 'system/CarePlan.rs',
    });
  });

  it('forbids caching of the answer, granted or refused (RFC 6749 section 5.1)', async () => {
    for (const response of [await ask(smart), await ask(smart, { form: { grant_type: undefined } })]) {
      expect(response.headers).toMatchObject({
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        Pragma: 'no-cache',
      });
    }
  });

  it('issues a token in the form of RFC 9068, signed by the key that /auth/jwks publishes', async () => {
    const token = granted(await ask(smart)).access_token;
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: smart.signingKey.jwks.keys[0]?.kid,
    });
    const now = smart.clock.now().getTime() / 1000;
    expect(decodeJwt(token)).toEqual({
      iss: 'https://ginnel.example',
      aud: 'https://ginnel.example/fhir',
      sub: 'stockport-gp',
      client_id: 'stockport-gp',
      partner: 'hazel-grove-surgery',
      scope: 'system/CarePlan.rs',
      jti: expect.any(String),
      iat: now,
      exp: now + 300,
    });
  });

  it('records what was issued, without the token', async () => {
    const token = granted(await ask(smart)).access_token;
    const event = smart.audit().at(-1);
    expect(event).toMatchObject({ outcome: '0', subtype: [{ code: '110122' }] });
    expect(JSON.stringify(event)).toContain('system/CarePlan.rs');
    expect(JSON.stringify(event)).toContain(decodeJwt(token).jti);
    expect(JSON.stringify(event)).not.toContain(token);
  });
});

describe('SMART Backend Services, Obtain access token: the request', () => {
  it('takes a charset beside the media type, and client_id when it is the same', async () => {
    const assertion = await sign(goodClaims(smart), smart.key);
    const body = formOf(assertion, { client_id: 'stockport-gp' });
    expect((await post(smart, body, 'application/x-www-form-urlencoded; charset=UTF-8')).status).toBe(200);
  });

  it.each([
    ['another media type', 'invalid_request', 400, {}, 'application/json'],
    ['no grant_type', 'invalid_request', 400, { grant_type: undefined }, undefined],
    ['an empty grant_type, which counts as none', 'invalid_request', 400, { grant_type: '' }, undefined],
    ['another grant_type', 'unsupported_grant_type', 400, { grant_type: 'authorization_code' }, undefined],
    ['no client_assertion', 'invalid_client', 401, { client_assertion: undefined }, undefined],
    ['no client_assertion_type', 'invalid_client', 401, { client_assertion_type: undefined }, undefined],
    ['another client_assertion_type', 'invalid_client', 401, { client_assertion_type: 'urn:saml2-bearer' }, undefined],
    ['a client_secret as well', 'invalid_request', 400, { client_secret: 'x' }, undefined],
    ['another client_id', 'invalid_client', 401, { client_id: 'somebody' }, undefined],
  ])('refuses %s as %s', async (_what, error, status, form, contentType) => {
    const assertion = await sign(goodClaims(smart), smart.key);
    const answer = refused(await post(smart, formOf(assertion, form), contentType));
    expect([answer.status, answer.error]).toEqual([status, error]);
  });

  it('refuses a parameter that is given twice (RFC 6749 section 3.2)', async () => {
    const assertion = await sign(goodClaims(smart), smart.key);
    const answer = refused(await post(smart, `${formOf(assertion)}&scope=system%2FPatient.r`));
    expect([answer.status, answer.error]).toEqual([400, 'invalid_request']);
  });

  it('refuses an Authorization header beside the assertion (RFC 6749 section 2.3)', async () => {
    const body = formOf(await sign(goodClaims(smart), smart.key));
    const contentType = 'application/x-www-form-urlencoded';
    const answer = await smart.endpoint({ contentType, body, authorization: 'Basic eDp5', correlationId: 'c' });
    expect(refused(answer).error).toBe('invalid_request');
  });

  it('refuses a body that is larger than the limit', async () => {
    const answer = refused(await post(smart, formOf('x'.repeat(70_000))));
    expect([answer.status, answer.error]).toEqual([400, 'invalid_request']);
  });

  it('words every refusal in the characters that RFC 6749 section 5.2 allows', () => {
    for (const { description } of Object.values(REFUSALS))
      expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});

describe('SMART Backend Services, Evaluate requested access', () => {
  it('narrows what was asked to what is registered', async () => {
    expect(granted(await ask(smart, { form: { scope: 'system/*.rs intake' } })).scope).toBe(
      'system/CarePlan.rs system/Patient.r intake',
    );
  });

  it('gives one who names no scope what is registered (RFC 6749 section 3.3)', async () => {
    expect(granted(await ask(smart, { form: { scope: undefined } })).scope).toBe(SCOPES.join(' '));
  });

  it('takes the spelling of SMART v1 and answers in that of v2', async () => {
    expect(granted(await ask(smart, { form: { scope: 'system/CarePlan.read' } })).scope).toBe('system/CarePlan.rs');
  });

  it.each([
    ['nothing of which is registered', 'system/Observation.rs'],
    ['with other rights than registered', 'system/CarePlan.d'],
    ['for a user', 'user/CarePlan.rs'],
    ['that cannot be read', 'system/CarePlan.sr'],
    ['restricted by a parameter that its type has not', 'system/CarePlan.rs?categories=assess-plan'],
    ['restricted by what is not in the resource', 'system/CarePlan.rs?subject:Patient.name=assess-plan'],
    ['whose query is none', 'system/CarePlan.rs?category'],
    ['of which one is bad', 'system/CarePlan.rs openid'],
  ])('answers invalid_scope to a scope %s', async (_what, scope) => {
    const answer = refused(await ask(smart, { form: { scope } }));
    expect([answer.status, answer.error]).toEqual([400, 'invalid_scope']);
    expect(answer.error_description).not.toContain('assess-plan');
  });

  it('restricts by what was asked and by what was registered, and says so in the answer', async () => {
    await smart.registerFile('with-query', { keys: [smart.key.publicJwk] }, ['system/Task.rs?status=ready']);
    const claims = { iss: 'with-query', sub: 'with-query' };
    const scopeOf = async (scope: string) => granted(await ask(smart, { claims, form: { scope } })).scope;
    expect(await scopeOf('system/Task.rs')).toBe('system/Task.rs?status=ready');
    expect(await scopeOf('system/Task.r?code=x|1')).toBe('system/Task.r?code=x|1&status=ready');
    const text = granted(await ask(smart, { claims, form: { scope: 'system/Task.rs' } })).access_token;
    expect(await smart.verify(`Bearer ${text}`)).toMatchObject({ scopes: ['system/Task.rs?status=ready'] });
  });
});

describe('SMART, Authenticating to the token endpoint: the header', () => {
  it('takes RS384 as well as ES384', async () => {
    const key = await makeKey('RS384', 'rsa-1', 2048);
    await smart.registerFile('rsa-client', { keys: [key.publicJwk] });
    const claims = { iss: 'rsa-client', sub: 'rsa-client' };
    expect((await ask(smart, { claims, key })).status).toBe(200);
  });

  it('refuses alg none', () =>
    expectInvalidClient(
      post(smart, formOf(forge({ alg: 'none', kid: 'key-1', typ: 'JWT' }, goodClaims(smart)))),
      'algorithm-refused',
    ));

  it('refuses HS256 keyed with the public key', async () => {
    const pem = createPublicKey({ key: smart.key.publicJwk as import('node:crypto').JsonWebKey, format: 'jwk' }).export(
      {
        type: 'spki',
        format: 'pem',
      },
    );
    const assertion = await new SignJWT(goodClaims(smart))
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1', typ: 'JWT' })
      .sign(Buffer.from(pem));
    await expectInvalidClient(post(smart, formOf(assertion)), 'algorithm-refused');
  });

  it.each(['ES256', 'RS256', 'PS384', 'EdDSA'])('refuses %s, which SMART does not name', async (algorithm) => {
    const key = await makeKey(algorithm, 'key-1');
    await expectInvalidClient(ask(smart, { key }), 'algorithm-refused');
  });

  it('refuses an RS384 signature under the kid of an EC key', async () => {
    const key = await makeKey('RS384', 'key-1', 2048);
    await expectInvalidClient(ask(smart, { key }), 'key-unknown');
  });

  it('refuses a key that the assertion brings itself', async () => {
    const key = await makeKey('ES384', 'key-1');
    await expectInvalidClient(ask(smart, { key, header: { jwk: key.publicJwk } }), 'header-refused');
  });

  it.each([
    ['x5u', { x5u: 'https://evil.example/cert.pem' }],
    ['x5c', { x5c: ['MIIB'] }],
  ])('refuses the header %s', (_name, header) => expectInvalidClient(ask(smart, { header }), 'header-refused'));

  it('refuses critical extensions', () => {
    const assertion = forge({ alg: 'ES384', kid: 'key-1', typ: 'JWT', crit: ['exp'] }, goodClaims(smart), 'AAAA');
    return expectInvalidClient(post(smart, formOf(assertion)), 'header-refused');
  });

  it.each([undefined, 'at+jwt', 'dpop+jwt'])('refuses typ %s', (typ) =>
    expectInvalidClient(ask(smart, { header: { typ } }), 'typ-wrong'),
  );

  it.each([undefined, '', 7])('refuses kid %s', (kid) =>
    expectInvalidClient(ask(smart, { header: { kid } }), 'kid-missing'),
  );

  it.each(['../../etc/passwd', '__proto__', 'key-1\u0000', "' OR 1=1 --", 'KEY-1'])(
    'takes the kid %j for nothing but a name',
    (kid) => expectInvalidClient(ask(smart, { header: { kid } }), 'key-unknown'),
  );

  it('refuses a jku for a client that has registered none', () =>
    expectInvalidClient(ask(smart, { header: { jku: 'https://evil.example/jwks' } }), 'jku-not-registered'));

  it('refuses what is not a signed JWT', async () => {
    for (const text of ['x', 'a.b', 'a.b.c', 'a.b.c.d.e', `${'e30.'.repeat(2)}AAAA`]) {
      const answer = refused(await post(smart, formOf(text)));
      expect([answer.status, answer.error]).toEqual([401, 'invalid_client']);
    }
  });
});

describe('SMART, Authenticating to the token endpoint: the claims', () => {
  it.each([
    ['iss without sub', { sub: undefined }, 'issuer-not-subject'],
    ['sub without iss', { iss: undefined }, 'issuer-not-subject'],
    ['iss and sub that differ', { sub: 'somebody' }, 'issuer-not-subject'],
    ['no aud', { aud: undefined }, 'audience-wrong'],
    ['the issuer as aud', { aud: 'https://ginnel.example' }, 'audience-wrong'],
    ['the token address with a slash as aud', { aud: 'https://ginnel.example/auth/token/' }, 'audience-wrong'],
    ['several aud', { aud: ['https://ginnel.example/auth/token', 'https://other.example/token'] }, 'audience-wrong'],
    ['an empty aud', { aud: [] }, 'audience-wrong'],
    ['no exp', { exp: undefined }, 'exp-missing'],
    ['exp as text', { exp: '2026-03-02' }, 'exp-missing'],
    ['no jti', { jti: undefined }, 'jti-missing'],
    ['an empty jti', { jti: '' }, 'jti-missing'],
    ['a number as jti', { jti: 7 }, 'jti-missing'],
    ['an endless jti', { jti: 'x'.repeat(257) }, 'jti-missing'],
  ])('refuses %s', (_what, claims, reason) => expectInvalidClient(ask(smart, { claims }), reason));

  it('takes aud as a list of one', async () => {
    expect((await ask(smart, { claims: { aud: [smart.endpoints.tokenUrl] } })).status).toBe(200);
  });

  it('exp SHALL be no more than five minutes in the future', async () => {
    const now = smart.clock.now().getTime() / 1000;
    expect((await ask(smart, { claims: { exp: now + 300 } })).status).toBe(200);
    await expectInvalidClient(ask(smart, { claims: { exp: now + 301 } }), 'exp-too-far');
    await expectInvalidClient(ask(smart, { claims: { exp: now + 3600 } }), 'exp-too-far');
    await expectInvalidClient(ask(smart, { claims: { exp: now * 1000 } }), 'exp-too-far');
  });

  it('refuses an assertion from the second it expires', async () => {
    const now = smart.clock.now().getTime() / 1000;
    expect((await ask(smart, { claims: { exp: now + 1 } })).status).toBe(200);
    await expectInvalidClient(ask(smart, { claims: { exp: now } }), 'expired');
    await expectInvalidClient(ask(smart, { claims: { exp: now - 60 } }), 'expired');
  });

  it('bears with a clock that runs ten seconds ahead, and no more (RFC 7523 section 3, nbf and iat)', async () => {
    const now = smart.clock.now().getTime() / 1000;
    expect((await ask(smart, { claims: { iat: now + 10, nbf: now + 10 } })).status).toBe(200);
    await expectInvalidClient(ask(smart, { claims: { nbf: now + 11 } }), 'not-yet-valid');
    await expectInvalidClient(ask(smart, { claims: { iat: now + 60 } }), 'not-yet-valid');
    await expectInvalidClient(ask(smart, { claims: { iat: 'now' } }), 'not-yet-valid');
  });
});

describe('SMART, Signature verification', () => {
  it('answers an unknown client, an unknown key, a bad signature and a foreign jku in the same words', async () => {
    const stranger = await makeKey('ES384', 'key-1');
    const answers = [
      await ask(smart, { claims: { iss: 'nobody', sub: 'nobody' } }),
      await ask(smart, { header: { kid: 'key-2' } }),
      await ask(smart, { key: stranger }),
      await ask(smart, { header: { jku: 'https://evil.example/jwks' } }),
    ];
    const reasons = smart
      .audit()
      .slice(-4)
      .map(({ outcomeDesc }) => outcomeDesc);
    expect(reasons).toEqual([
      'invalid_client client-unknown',
      'invalid_client key-unknown',
      'invalid_client signature-invalid',
      'invalid_client jku-not-registered',
    ]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(401);
  });

  it('takes a jku that is the registered address, exactly', async () => {
    const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [smart.key.publicJwk] })));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    smart.clients.set('by-url', {
      id: 'by-url',
      partner: 'hazel-grove-surgery',
      scopes: SCOPES,
      keys: { kind: 'url', url },
    });
    const claims = { iss: 'by-url', sub: 'by-url' };
    expect((await ask(smart, { claims, header: { jku: url } })).status).toBe(200);
    await expectInvalidClient(ask(smart, { claims, header: { jku: `${url}?` } }), 'jku-not-registered');
    server.close();
  });

  it('does not record what a stranger calls itself', async () => {
    await ask(smart, { claims: { iss: 'Mabel Ogden 9990000018', sub: 'Mabel Ogden 9990000018' } });
    expect(JSON.stringify(smart.audit().at(-1))).not.toContain('Mabel');
  });

  it('refuses claims that were changed after signing', async () => {
    const [header, , signature] = (await sign(goodClaims(smart), smart.key)).split('.');
    const [, claims] = forge({}, goodClaims(smart)).split('.');
    await expectInvalidClient(post(smart, formOf(`${header}.${claims}.${signature}`)), 'signature-invalid');
  });

  it('refuses one client’s key for another client', async () => {
    const other = await makeKey('ES384', 'key-1');
    await smart.registerFile('other-client', { keys: [other.publicJwk] });
    await expectInvalidClient(ask(smart, { key: other }), 'signature-invalid');
  });

  it('refuses when two keys of the set have the same kid', async () => {
    const twin = await makeKey('ES384', 'key-1');
    await smart.registerFile('twins', { keys: [smart.key.publicJwk, twin.publicJwk] });
    await expectInvalidClient(ask(smart, { claims: { iss: 'twins', sub: 'twins' } }), 'key-unknown');
  });

  it('checks that the jti was not used before by this issuer', async () => {
    const body = formOf(await sign(goodClaims(smart), smart.key));
    expect((await post(smart, body)).status).toBe(200);
    await expectInvalidClient(post(smart, body), 'jti-used');
    await expectInvalidClient(
      ask(smart, { claims: { jti: decodeJwt(new URLSearchParams(body).get('client_assertion') ?? '').jti } }),
      'jti-used',
    );
  });

  it('lets another client use the same jti', async () => {
    await smart.registerFile('second-client', { keys: [smart.key.publicJwk] });
    expect((await ask(smart, { claims: { jti: 'shared' } })).status).toBe(200);
    const claims = { iss: 'second-client', sub: 'second-client', jti: 'shared' };
    expect((await ask(smart, { claims })).status).toBe(200);
  });

  it('does not let a forged assertion use up a jti', async () => {
    const stranger = await makeKey('ES384', 'key-1');
    const claims = { jti: 'mine-to-use' };
    expect((await ask(smart, { claims, key: stranger })).status).toBe(401);
    expect((await ask(smart, { claims })).status).toBe(200);
  });

  it('grants exactly one of many that use the same assertion at once', async () => {
    const body = formOf(await sign(goodClaims(smart), smart.key));
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(smart, body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7);
  });
});

describe('A store that is down', () => {
  it('gives no token and no OAuth error, but the fault itself', async () => {
    const up = await openSmart();
    const endpoint = up.withStore({
      useAssertionId: async () => {
        throw new Error('the store is down');
      },
    });
    const down: SmartSetup = { ...up, endpoint };
    await expect(ask(down)).rejects.toThrow('the store is down');
    await down.close();
  });
});

describe('SMART, Signature verification: a jti is used once, over the embedded store', () => {
  it('also when two gateways share the store, and after a restart', async () => {
    const one = await openSmart();
    const beside = openSqliteStore({ folder: one.folder });
    const two: SmartSetup = { ...one, endpoint: one.withStore({ useAssertionId: beside.useAssertionId }) };
    for (let round = 0; round < 5; round += 1) {
      const body = formOf(await sign(goodClaims(one), one.key));
      const answers = await Promise.all([post(one, body), post(two, body), post(one, body), post(two, body)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    }
    const body = formOf(await sign(goodClaims(one), one.key));
    expect((await post(one, body)).status).toBe(200);
    await beside.close();
    const after = openSqliteStore({ folder: one.folder });
    const restarted: SmartSetup = { ...one, endpoint: one.withStore({ useAssertionId: after.useAssertionId }) };
    expect(refused(await post(restarted, body)).error_description).toBe(REFUSALS['jti-used'].description);
    // Granted or refused, all of it is in the trail.
    expect(await after.audit({ limit: 100 })).toHaveLength(22);
    await after.close();
    await one.close();
  });
});
