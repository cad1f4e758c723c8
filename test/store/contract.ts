import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { describeAccessContract } from './contract-access.ts';
import { describeAuditContract } from './contract-audit.ts';
import { describeChangesContract } from './contract-changes.ts';
import { describeCommitContract } from './contract-commit.ts';
import { describeDeliveryContract } from './contract-deliveries.ts';
import { describeFactsContract } from './contract-facts.ts';
import { describeMessageContract } from './contract-messages.ts';
import { describeResourceContract } from './contract-resources.ts';
import { describeSearchContract } from './contract-search.ts';
import { describeStandingContract } from './contract-standing.ts';
import { describeLaneModel } from './model-lanes.ts';
import { describeSearchModel } from './model-search.ts';
import { describeSearchRoundTrip } from './round-trip-search.ts';

/** A store that a test has to itself. */
export interface OpenedStore {
  readonly engine: 'sqlite' | 'postgres';
  readonly store: Store;
  /** Closes `store`, or the store of the last `reopen`, and opens the same data again. */
  reopen(): Promise<Store>;
  /** Opens the same data once more beside it, as another process would. */
  second(): Promise<Store>;
  /** Runs SQL behind the store's back. */
  tamper(text: string): Promise<void>;
  /** Closes what was opened and removes the data. */
  dispose(): Promise<void>;
}

/** Gives the store of the test that is running. */
export type Subject = () => OpenedStore;

/** Everything a store must do, whichever database is behind it. */
export function describeStoreContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    let opened: OpenedStore | undefined;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      await opened?.dispose();
      opened = undefined;
    });
    const subject: Subject = () => {
      if (opened === undefined) throw new Error('no store is open');
      return opened;
    };

    describeCommitContract(subject);
    describeResourceContract(subject);
    describeChangesContract(subject);
    describeSearchContract(subject);
    describeAccessContract(subject);
    describeFactsContract(subject);
    describeMessageContract(subject);
    describeDeliveryContract(subject);
    describeAuditContract(subject);
    describeStandingContract(subject);

    describe('life', () => {
      it('answers a ping, and says so when it is closed', async () => {
        const { store } = subject();
        await expect(store.ping()).resolves.toBeUndefined();
        await store.close();
        await expect(store.ping()).rejects.toMatchObject({ issues: [{ code: 'store-unavailable' }] });
        await expect(store.commit({ writes: [], deliveries: [], audit: [] })).rejects.toMatchObject({
          issues: [{ code: 'store-unavailable' }],
        });
      });
    });
  });
  describe(name, () => {
    describeLaneModel(open);
    describeSearchModel(open);
    describeSearchRoundTrip(open);
  });
}
