import { describe, expect, it } from 'vitest';
import type { Subject } from './contract.ts';
import { at, commitOf, sampleAudit } from './support/samples.ts';

export function describeAuditContract(subject: Subject): void {
  describe('audit', () => {
    it('gives events back in the order of their commits, a stretch at a time', async () => {
      const { store } = subject();
      const given = Array.from({ length: 7 }, (_, n) => sampleAudit(`a${n}`, { patient: n % 2 === 0 ? 'p1' : null }));
      await store.commit(commitOf({ audit: given.slice(0, 4) }));
      await store.commit(commitOf({ audit: given.slice(4) }));
      const all = await store.audit();
      expect(all.map(({ seq: _seq, ...rest }) => rest)).toEqual(given);
      expect(all.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq).toSorted((one, other) => one - other));
      const afterSeq = all[2]?.seq;
      expect((await store.audit({ afterSeq, limit: 2 })).map(({ id }) => id)).toEqual(['a3', 'a4']);
    });

    it.each([
      ['changed', `UPDATE audit SET content = '{}' WHERE id = 'a1'`],
      ['removed', `DELETE FROM audit WHERE id = 'a1'`],
      [
        'replaced',
        `INSERT INTO audit (id, recorded, content) VALUES ('a1', '', '{}') ON CONFLICT (id) DO UPDATE SET content = ''`,
      ],
    ])('refuses that an event be %s, even behind its back', async (_what, text) => {
      const { store, tamper } = subject();
      await store.commit(commitOf({ audit: [sampleAudit('a1')] }));
      const before = await store.audit();
      await expect(tamper(text)).rejects.toThrow('append-only');
      expect(await store.audit()).toEqual(before);
    });
  });

  describe('assertion ids', () => {
    const use = { issuer: 'ward-app', jti: 'j1', expiresAt: at(300), now: at(0) };

    it('takes a jti of an issuer once for as long as the assertion lives', async () => {
      const { store, reopen } = subject();
      expect(await store.useAssertionId(use)).toBe(true);
      expect(await store.useAssertionId(use)).toBe(false);
      expect(await store.useAssertionId({ ...use, issuer: 'other-app' })).toBe(true);
      expect(await store.useAssertionId({ ...use, jti: 'j2' })).toBe(true);
      const again = await reopen();
      expect(await again.useAssertionId({ ...use, now: at(299) })).toBe(false);
      expect(await again.useAssertionId({ ...use, now: at(300), expiresAt: at(600) })).toBe(true);
      expect(await again.useAssertionId({ ...use, now: at(301), expiresAt: at(600) })).toBe(false);
    });

    it('lets one of many at the same moment through', async () => {
      const { store, second } = subject();
      const other = await second();
      const taken = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? store : other).useAssertionId(use)),
      );
      expect(taken.filter(Boolean)).toHaveLength(1);
    });
  });
}
