import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildAuditEvent } from '../../src/audit/event.ts';
import { inChannel } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createIndexer } from '../../src/fhir/index-resource.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import { createMllpIntake } from '../../src/intake/mllp-intake.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { refuse } from '../../src/kernel/errors.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import type { InMapping } from '../../src/mapping/mapping.ts';
import { type PipelineParts, processMessage } from '../../src/message/pipeline.ts';
import { receiveMessage } from '../../src/message/receive.ts';
import { createTurns } from '../../src/message/turns.ts';
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { EXAMPLE, SAMPLES } from '../support/test-gateway.ts';

/** The path with something in it that breaks: the real parts, one of them made to throw. */
const config = loadConfig(EXAMPLE, {});
const definitions = openDefinitions();
let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ginnel-faults-'));
  store = openSqliteStore({ folder });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function partsOver(over: Store, broken: Partial<PipelineParts> = {}): PipelineParts {
  return {
    store: over,
    mapping: (name) => {
      const loaded = loadMapping(config.mappingsFolder, name);
      return loaded.ok && loaded.value.direction === 'in' ? loaded.value : undefined;
    },
    contextOf: ({ id, partner }) => ({
      now: new Date(),
      partner: { name: partner, title: partner, organisation: undefined },
      messageId: id,
    }),
    validator: createValidator({ definitions }),
    indexer: createIndexer(definitions, { baseUrl: 'http://localhost/fhir' }),
    router: { route: () => [] },
    disclosure: { allowRoutes: async (routed) => ({ routed, withheld: [] }) },
    buildAudit: (input) => buildAuditEvent(input, config),
    clock: systemClock,
    log: silentLog,
    turns: createTurns(),
    wakeDelivery: () => {},
    ...broken,
  };
}

function referral() {
  const channel = inChannel(config, 'heaton-practice', 'referrals');
  if (channel === undefined) throw new Error('the example has no such channel');
  return receiveMessage({
    partner: 'heaton-practice',
    channel,
    body: readFileSync(join(SAMPLES, '01-heaton-practice-referral.json')),
    receivedAt: new Date(),
    controlId: 'G-1',
    correlationId: undefined,
  });
}

async function expectNothingKept(): Promise<void> {
  const counts = await store.counts();
  expect([counts.resources, counts.messagesAccepted, counts.messagesRefused, counts.deliveriesPending]).toEqual([
    0, 0, 0, 0,
  ]);
  expect(await store.audit()).toEqual([]);
}

describe('an exception on the path', () => {
  it.each([
    [
      'the mapping',
      {
        mapping: () =>
          ({
            input: { format: 'json', options: {} },
            check: () => [],
            run: () => {
              throw new Error('a bug');
            },
          }) as unknown as InMapping,
      },
    ],
    [
      'the check',
      {
        validator: {
          validate: () => {
            throw new Error('a bug');
          },
        },
      },
    ],
  ] as [string, Partial<PipelineParts>][])(
    'in %s keeps the message as refused; the same message later goes through under its first id',
    async (_where, broken) => {
      const refused = await processMessage(referral(), partsOver(store, broken));
      expect([refused.state, refused.issues.map(({ code }) => code)]).toEqual(['refused', ['internal-error']]);
      expect(JSON.stringify(refused)).not.toContain('a bug');
      expect(await store.messageBody(refused.messageId)).toEqual(new Uint8Array(referral().body));
      const accepted = await processMessage(referral(), partsOver(store));
      expect([accepted.state, accepted.messageId]).toEqual(['accepted', refused.messageId]);
    },
  );

  it.each([
    [
      'the routing',
      {
        router: {
          route: () => {
            throw new Error('a bug');
          },
        },
      },
    ],
    [
      'the audit',
      {
        buildAudit: () => {
          throw new Error('a bug');
        },
      },
    ],
  ] as [string, Partial<PipelineParts>][])(
    'in %s is thrown on and leaves nothing half-written; the same message later goes through',
    async (_where, broken) => {
      await expect(processMessage(referral(), partsOver(store, broken))).rejects.toThrow('a bug');
      await expectNothingKept();
      expect((await processMessage(referral(), partsOver(store))).state).toBe('accepted');
    },
  );

  it('of the store in the commit leaves nothing, and the same message later goes through', async () => {
    let failing = true;
    const broken: Store = {
      ...store,
      commit: (commit) => (failing ? Promise.reject(refuse('store-unavailable', 'full')) : store.commit(commit)),
    };
    await expect(processMessage(referral(), partsOver(broken))).rejects.toThrow('store-unavailable');
    await expectNothingKept();
    failing = false;
    expect((await processMessage(referral(), partsOver(broken))).state).toBe('accepted');
  });

  it('does not hold up those that wait for their turn behind it', async () => {
    const turns = createTurns();
    const order: string[] = [];
    const first = turns(async () => {
      await new Promise((settle) => setTimeout(settle, 20));
      order.push('first');
      throw new Error('a bug');
    });
    const second = turns(async () => {
      order.push('second');
      return 2;
    });
    await expect(first).rejects.toThrow('a bug');
    expect(await second).toBe(2);
    expect(order).toEqual(['first', 'second']);
  });

  it('where every commit meets a conflict ends in "later", not in a message that is lost', async () => {
    const busy: Store = { ...store, commit: async () => ({ ok: false, conflict: 'version' }) };
    await expect(processMessage(referral(), partsOver(busy))).rejects.toMatchObject({
      issues: [{ code: 'store-unavailable' }],
    });
  });
});

describe('the MLLP door', () => {
  const discharge = readFileSync(join(SAMPLES, '05-stepping-hill-discharge.hl7'), 'latin1');
  const answerOf = async (text: string, address: string): Promise<string[]> => {
    const intake = createMllpIntake({
      config,
      process: (received) => processMessage(received, partsOver(store)),
      store,
      buildAudit: (input) => buildAuditEvent(input, config),
      clock: systemClock,
    });
    const answer = Buffer.from(await intake(Buffer.from(text, 'latin1'), { address })).toString('latin1');
    return (
      answer
        .split('\r')
        .find((line) => line.startsWith('MSA|'))
        ?.split('|')
        .slice(1, 3) ?? []
    );
  };

  it('answers AA, from a mapped IPv4 address too', async () => {
    expect(await answerOf(discharge, '::ffff:127.0.0.1')).toEqual(['AA', 'RWJ2604140002']);
    expect((await store.messages())[0]).toMatchObject({ partner: 'stepping-hill', controlId: 'RWJ2604140002' });
  });

  it('answers AE to content that is wrong, and keeps it', async () => {
    expect(await answerOf(discharge.replaceAll('9990000018', '9990000019'), '127.0.0.1')).toEqual([
      'AE',
      'RWJ2604140002',
    ]);
    expect((await store.messages())[0]?.state).toBe('refused');
  });

  it.each([
    ['another address', (text: string) => text, '10.0.0.1'],
    ['another application', (text: string) => text.replace('|PAS|', '|LAB|'), '127.0.0.1'],
    ['another facility', (text: string) => text.replace('|RWJ|', '|RXX|'), '127.0.0.1'],
    ['an unreadable header from another address', () => 'nonsense', '10.0.0.1'],
  ])('answers AR to %s, keeps nothing, and tells the audit from where', async (_what, change, address) => {
    expect((await answerOf(change(discharge), address))[0]).toBe('AR');
    expect(await store.messages()).toEqual([]);
    const [event] = await store.audit();
    expect(JSON.parse(event?.content ?? '')).toMatchObject({
      outcome: '4',
      outcomeDesc: 'sender-unknown',
      agent: [{ network: { address } }, {}],
    });
    expect(event?.content).not.toContain('9990000018');
  });
});
