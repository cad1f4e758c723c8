import type { Commit, CommitResult, NewAudit, Store } from '../../src/store/store.ts';

/** The two methods of the store contract that tokens need, in memory, with what was put into the audit. */
export interface MemoryAssertions extends Pick<Store, 'useAssertionId' | 'commit'> {
  readonly audit: NewAudit[];
}

export function createMemoryAssertions(): MemoryAssertions {
  const used = new Set<string>();
  const audit: NewAudit[] = [];
  return {
    audit,
    useAssertionId: async ({ issuer, jti }) => {
      const key = JSON.stringify([issuer, jti]);
      if (used.has(key)) return false;
      used.add(key);
      return true;
    },
    commit: async (commit: Commit): Promise<CommitResult> => {
      audit.push(...commit.audit);
      return { ok: true };
    },
  };
}
