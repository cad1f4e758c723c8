import { describe, expect, it } from 'vitest';
import type { StoredClient, StoredSigningKey } from '../../src/store/standing.ts';
import type { Subject } from './contract.ts';
import { at } from './support/samples.ts';

const key = (kid: string, more: Partial<StoredSigningKey> = {}): StoredSigningKey => ({
  kid,
  jwk: `{"kid":"${kid}"}`,
  createdAt: at(0),
  signsUntil: at(100),
  ...more,
});

export function describeStandingContract(subject: Subject): void {
  describe('what access tokens stand on', () => {
    it('takes a key once, for every process, and gives those that signed of late', async () => {
      const { store, second } = subject();
      const other = await second();
      const taken = await Promise.all([store.addSigningKey(key('k1')), other.addSigningKey(key('k1'))]);
      expect(taken.filter(Boolean)).toHaveLength(1);
      await store.addSigningKey(key('k2', { createdAt: at(1), signsUntil: at(50) }));
      const kidsAfter = async (signedAfter: string) =>
        (await other.standing({ now: at(0), signedAfter })).signingKeys.map(({ kid }) => kid);
      expect(await kidsAfter(at(10))).toEqual(['k1', 'k2']);
      expect(await kidsAfter(at(50))).toEqual(['k1']);
      expect(await kidsAfter(at(100))).toEqual([]);
      expect(await other.signingKey('k2')).toEqual(key('k2', { createdAt: at(1), signsUntil: at(50) }));
      expect(await other.signingKey('k3')).toBeUndefined();
    });

    it('moves the end of a key on while it is in use; one that has ended stays ended', async () => {
      const { store } = subject();
      await store.addSigningKey(key('k1'));
      expect(await store.prolongSigningKey({ kid: 'k1', signsUntil: at(200), now: at(50) })).toBe(true);
      expect(await store.signingKey('k1')).toMatchObject({ signsUntil: at(200) });
      await store.endSigningKeys(at(60));
      expect(await store.prolongSigningKey({ kid: 'k1', signsUntil: at(300), now: at(60) })).toBe(false);
      expect(await store.addSigningKey(key('k1'))).toBe(false);
      expect(await store.signingKey('k1')).toMatchObject({ signsUntil: at(60) });
      expect(await store.prolongSigningKey({ kid: 'none', signsUntil: at(300), now: at(0) })).toBe(false);
    });

    it('ends no key later than it had ended before', async () => {
      const { store } = subject();
      await store.addSigningKey(key('k1', { signsUntil: at(10) }));
      await store.endSigningKeys(at(60));
      expect(await store.signingKey('k1')).toMatchObject({ signsUntil: at(10) });
    });

    it('keeps a revoked token until it would have expired, for every process and after a restart', async () => {
      const { store, reopen } = subject();
      await store.revokeToken({ tokenId: 't1', expiresAt: at(300), now: at(0) });
      await store.revokeToken({ tokenId: 't1', expiresAt: at(300), now: at(0) });
      await store.revokeToken({ tokenId: 't2', expiresAt: at(500), now: at(0) });
      const again = await reopen();
      const revokedAt = async (now: string) => (await again.standing({ now, signedAfter: now })).revokedTokens;
      expect([...(await revokedAt(at(299)))].sort()).toEqual(['t1', 't2']);
      expect(await revokedAt(at(300))).toEqual(['t2']);
    });

    it('keeps a client as it was put last', async () => {
      const { store, second } = subject();
      const other = await second();
      const client: StoredClient = { id: 'app', content: '{"partner":"p"}', revoked: false, updatedAt: at(0) };
      expect(await other.client('app')).toBeUndefined();
      await store.putClient(client);
      expect(await other.client('app')).toEqual(client);
      await other.putClient({ ...client, revoked: true, updatedAt: at(1) });
      const { clients } = await store.standing({ now: at(0), signedAfter: at(0) });
      expect(clients).toEqual([{ ...client, revoked: true, updatedAt: at(1) }]);
    });
  });
}
