import type { AuditEvent } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Admission, createAdmission } from '../../src/auth/admit.ts';
import { bucketOf, createRateLimit } from '../../src/auth/rate-limits.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { ask, formOf, goodClaims, openSmart, type SmartSetup, sign } from './smart-setup.ts';

describe('A rate limit', () => {
  it('gives no more in any time than its burst and what has come back since, and all of that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 100 }),
        (burst, refillMs, pauses) => {
          let nowMs = 0;
          const limit = createRateLimit({ now: () => new Date(nowMs) }, { burst, refillMs });
          let stock = burst;
          for (const pause of pauses) {
            nowMs += pause;
            stock = Math.min(burst, stock + pause / refillMs);
            const waitMs = limit.wait('a');
            expect(limit.take('a')).toBe(waitMs);
            expect(waitMs > 0).toBe(stock < 1 - 1e-9);
            if (waitMs > 0) expect(waitMs).toBeCloseTo((1 - stock) * refillMs, 3);
            else stock -= 1;
          }
        },
      ),
    );
  });

  it('remembers so many and no more, and keeps apart whom it keeps', () => {
    const limit = createRateLimit({ now: () => new Date(0) }, { burst: 1, refillMs: 1000 });
    expect([limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([0, 1000, 0]);
    for (let n = 0; n < LIMITS.bucketsMax; n += 1) limit.take(`x${n}`);
    expect(limit.take('a')).toBe(0);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    [undefined, 'unknown'],
  ])('%s pays as %s', (address, bucket) => {
    expect(bucketOf(address)).toBe(bucket);
  });
});

describe('A flood of refused requests', () => {
  let smart: SmartSetup;
  let admit: Admission;
  const events = (): readonly AuditEvent[] => smart.audit();
  beforeEach(async () => {
    smart = await openSmart({ refusals: { burst: 5, perSecond: 1 } });
    admit = createAdmission({ verify: smart.verify, refusals: smart.smart.refusals, clock: smart.clock });
  });
  afterEach(() => smart.close());

  const knock = (address: string) =>
    admit({
      authorization: 'Bearer x',
      need: { interaction: 'read', types: ['Patient'] },
      correlationId: 'c',
      address,
    });
  const post = async (address: string, body: string) =>
    smart.endpoint({ contentType: 'application/x-www-form-urlencoded', body, correlationId: 'c', address });

  it('of bad tokens: each is in the audit until there are too many, then the answer is 429 and one event counts them', async () => {
    for (let n = 0; n < 5; n += 1)
      await expect(knock('192.0.2.1')).rejects.toMatchObject({ issues: [{ code: 'token-invalid' }] });
    for (let n = 0; n < 200; n += 1)
      await expect(knock('192.0.2.1')).rejects.toMatchObject({
        issues: [{ code: 'too-many-requests' }],
        retryAfterSeconds: 1,
      });
    expect(events()).toHaveLength(5);
    await expect(knock('192.0.2.2')).rejects.toMatchObject({ issues: [{ code: 'token-invalid' }] });
    smart.clock.advance(1);
    await expect(knock('192.0.2.1')).rejects.toMatchObject({ issues: [{ code: 'token-invalid' }] });
    await smart.smart.refusals.close();
    expect(events()).toHaveLength(8);
    expect(events().at(-1)).toMatchObject({ outcome: '4', outcomeDesc: 'too-many-requests' });
    expect(JSON.stringify(events().at(-1))).toContain('"type":"count","valueString":"200"');
  });

  it('at the token endpoint: 429 with Retry-After before any signature is looked at; another address is heard', async () => {
    for (let n = 0; n < 5; n += 1) expect((await post('192.0.2.1', 'x')).status).toBe(400);
    const good = formOf(await sign(goodClaims(smart), smart.key));
    const refused = await post('192.0.2.1', good);
    expect([refused.status, refused.headers['Retry-After']]).toEqual([429, '1']);
    expect(refused.body).toMatchObject({ error: 'temporarily_unavailable' });
    // It was not looked at, so its jti is still unused.
    expect((await post('192.0.2.2', good)).status).toBe(200);
    smart.clock.advance(2);
    expect((await ask(smart)).status).toBe(200);
  });

  it('does not keep out whoever has a good token, from the same address', async () => {
    const token = await ask(smart);
    const authorization = `Bearer ${'access_token' in token.body ? token.body.access_token : ''}`;
    for (let n = 0; n < 50; n += 1) await knock('192.0.2.1').catch(() => {});
    await expect(smart.verify(authorization)).resolves.toBeDefined();
  });

  it('of one client that asks for what it may not have does not cost its neighbours', async () => {
    const token = await ask(smart);
    const authorization = `Bearer ${'access_token' in token.body ? token.body.access_token : ''}`;
    const need = { interaction: 'delete', types: ['Patient'] } as const;
    const overreach = () => admit({ authorization, need, correlationId: 'c', address: '192.0.2.1' });
    for (let n = 0; n < 5; n += 1)
      await expect(overreach()).rejects.toMatchObject({ issues: [{ code: 'access-rule-missing' }] });
    await expect(overreach()).rejects.toMatchObject({ issues: [{ code: 'too-many-requests' }] });
    await expect(knock('192.0.2.1')).rejects.toMatchObject({ issues: [{ code: 'token-invalid' }] });
  });

  it('of tokens for one client ends in 429, and comes back with time', async () => {
    let last = await ask(smart);
    for (let n = 1; n <= LIMITS.tokensBurst; n += 1) last = await ask(smart);
    expect([last.status, last.headers['Retry-After']]).toEqual([429, '1']);
    smart.clock.advance(1);
    expect((await ask(smart)).status).toBe(200);
  }, 30_000);
});
