import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Admission, createAdmission } from '../../src/auth/admit.ts';
import { withOpenAccess } from '../support/open-access.ts';
import { ask, granted, openSmart, type SmartSetup } from './smart-setup.ts';

let smart: SmartSetup;
let admit: Admission;
beforeAll(async () => {
  smart = await openSmart();
  admit = createAdmission({
    verify: smart.verify,
    refusals: smart.smart.refusals,
    openAccess: async (identity) => withOpenAccess(identity),
    clock: smart.clock,
  });
});
afterAll(() => smart.close());

const authorization = async (): Promise<string> => `Bearer ${granted(await ask(smart)).access_token}`;

describe('Admission, the one way past every door', () => {
  it('resolves with the identity when the token is good and the scope suffices', async () => {
    const need = { interaction: 'read', types: ['CarePlan'] } as const;
    const identity = await admit({ authorization: await authorization(), need, correlationId: 'c-1' });
    expect(identity.client).toBe('stockport-gp');
  });

  it('puts a refusal for want of scope into the audit, with who it was', async () => {
    const need = { interaction: 'read', types: ['Patient'] } as const;
    const refusal = admit({ authorization: await authorization(), need, correlationId: 'c-2' });
    await expect(refusal).rejects.toMatchObject({ issues: [{ code: 'scope-insufficient' }] });
    expect(smart.audit().at(-1)).toMatchObject({ outcome: '4', outcomeDesc: 'scope-insufficient' });
    expect(JSON.stringify(smart.audit().at(-1))).toContain('stockport-gp');
  });

  it('tells a refusal that more scopes would not help, for the operator must add a rule', async () => {
    const need = { interaction: 'read', types: ['CarePlan'] } as const;
    const ruleless = createAdmission({
      verify: smart.verify,
      refusals: smart.smart.refusals,
      openAccess: (identity) => ({ ...identity, access: undefined }),
      clock: smart.clock,
    });
    const refusal = ruleless({ authorization: await authorization(), need, correlationId: 'c-3' });
    await expect(refusal).rejects.toMatchObject({ issues: [{ code: 'access-rule-missing' }] });
    expect(smart.audit().at(-1)).toMatchObject({ outcome: '4', outcomeDesc: 'access-rule-missing' });
  });

  it.each([
    [undefined, 'token-missing'],
    ['Bearer x', 'token-invalid'],
  ])('puts a refusal of %s into the audit, of nobody known', async (header, code) => {
    const need = { interaction: 'search', types: ['CarePlan'] } as const;
    await expect(admit({ authorization: header, need, correlationId: 'c-3' })).rejects.toMatchObject({
      issues: [{ code }],
    });
    expect(smart.audit().at(-1)).toMatchObject({
      outcome: '4',
      outcomeDesc: code,
      agent: [{ who: { display: 'unknown' } }, {}],
    });
  });
});
