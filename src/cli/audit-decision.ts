import { userInfo } from 'node:os';
import { buildAuditEvent } from '../audit/event.ts';
import type { AdminAction } from '../audit/input.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Store } from '../store/store.ts';

export interface Decision {
  readonly action: AdminAction;
  /** Id of the delivery or message; of the store, what is to be done. */
  readonly subject: string;
  readonly correlationId: string;
  readonly partner: string | undefined;
  readonly patients: readonly string[];
}

/** An operator's decision, durable in the audit before it is carried out. */
export async function auditDecision(decision: Decision, store: Pick<Store, 'commit'>, config: Config): Promise<void> {
  const audit = buildAuditEvent(
    { kind: 'admin', recorded: systemClock.now(), operator: operatorName(), ...decision },
    config,
  );
  await store.commit({ writes: [], deliveries: [], audit: [audit] });
}

/** The account that the command runs as; its number where it has no name, as in a container. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
