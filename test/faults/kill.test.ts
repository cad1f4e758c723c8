import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDemoKey } from '../../src/auth/demo-clients.ts';
import { requestToken } from '../../src/auth/request-token.ts';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { stableUuid } from '../../src/kernel/ids.ts';
import { freePort } from '../support/free-port.ts';
import { testNhsNumbers } from '../support/nhs-numbers.ts';
import { EXAMPLE, eventually, type Receiver, SAMPLES, startReceiver } from '../support/test-gateway.ts';

/**
 * A real gateway process is killed with SIGKILL in the middle of a burst over both doors, started again on the same
 * data, and the senders send again what was not acknowledged, as senders do.
 */
const MESSAGES = 500;
const PATIENTS = 50;
const ACKNOWLEDGED_BEFORE_THE_KILL = 150;

interface Sending {
  readonly controlId: string;
  readonly door: 'http' | 'mllp';
  readonly body: Uint8Array;
}

const referral = JSON.parse(readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8'));
const discharge = readFileSync(join(SAMPLES, '05-stepping-hill-discharge.hl7'), 'latin1');

function makeMessages(): Sending[] {
  const numbers = testNhsNumbers(PATIENTS);
  return Array.from({ length: MESSAGES }, (_, index): Sending => {
    const nhsNumber = numbers[index % PATIENTS] ?? '';
    if (index % 2 === 0) {
      const body = structuredClone(referral);
      body.messageGuid = stableUuid(`message ${index}`);
      body.patient.nhsNumber = nhsNumber;
      body.patient.patientGuid = stableUuid(`patient ${nhsNumber}`);
      body.patient.carer.contactGuid = stableUuid(`carer ${nhsNumber}`);
      body.referral.observationGuid = stableUuid(`referral ${index}`);
      body.problems = [];
      return { controlId: `burst-${index}`, door: 'http', body: Buffer.from(JSON.stringify(body)) };
    }
    const text = discharge
      .replace('RWJ2604140002', `BURST${index}`)
      .replaceAll('9990000018', nhsNumber)
      .replaceAll('H4471203', `H${nhsNumber}`)
      .replaceAll('V2604140037', `V${index}`);
    return { controlId: `BURST${index}`, door: 'mllp', body: Buffer.from(text, 'latin1') };
  });
}

describe('a gateway killed in the middle of a burst', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'ginnel-kill-'));
  const messages = makeMessages();
  /** Message id by control id, as the sender was told. */
  const acknowledged = new Map<string, string>();
  let receivers: Receiver[] = [];
  let child: ChildProcess;
  let port = 0;
  let mllpPort = 0;
  let deliveredBeforeRestart = new Set<string>();
  let sentBeforeRestart = new Map<string, number>();

  async function startProcess(): Promise<void> {
    const [council, equipment, community] = receivers;
    child = spawn(process.execPath, [resolve(import.meta.dirname, '../../bin/ginnel.js'), 'serve'], {
      env: {
        ...process.env,
        GINNEL_CONFIG: EXAMPLE,
        GINNEL_DATA: dataFolder,
        PORT: String(port),
        MLLP_PORT: String(mllpPort),
        LOG_LEVEL: 'silent',
        COUNCIL_URL: council?.url,
        EQUIPMENT_URL: equipment?.url,
        COMMUNITY_URL: community?.url,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await eventually(async () => {
      const ready = await fetch(`http://localhost:${port}/health/ready`).catch(() => undefined);
      return ready?.ok ? true : undefined;
    }, 20_000);
  }

  async function token(): Promise<string> {
    const key = await loadDemoKey(dataFolder, 'heaton-practice');
    if (key === undefined) throw new Error('the gateway made no demo key');
    const answer = await requestToken({
      tokenUrl: `http://localhost:${port}/auth/token`,
      clientId: 'heaton-practice',
      key,
      scope: 'intake',
    });
    if (!answer.ok) throw new Error('no token');
    return answer.value.accessToken;
  }

  async function send(message: Sending, bearer: string): Promise<void> {
    if (message.door === 'http') {
      const response = await fetch(`http://localhost:${port}/intake/heaton-practice/referrals`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${bearer}`,
          'Content-Type': 'application/json',
          'X-Message-Id': message.controlId,
        },
        body: new Uint8Array(message.body),
      });
      const answer = (await response.json()) as { messageId: string };
      expect([message.controlId, response.status, JSON.stringify(answer)]).toEqual([
        message.controlId,
        200,
        expect.any(String),
      ]);
      acknowledged.set(message.controlId, answer.messageId);
    } else {
      const answer = Buffer.from(await sendMllp('127.0.0.1', mllpPort, message.body, 20_000)).toString('latin1');
      const msa =
        answer
          .split('\r')
          .find((line) => line.startsWith('MSA|'))
          ?.split('|') ?? [];
      expect([message.controlId, msa[1], msa[2]]).toEqual([message.controlId, 'AA', message.controlId]);
      acknowledged.set(message.controlId, answer.split('|')[9] ?? '');
    }
  }

  /** Sends with ten senders at once; a failed send stays unacknowledged. Resolves when all have ended. */
  async function sendAll(list: readonly Sending[], whenAcknowledged: () => void): Promise<void> {
    const bearer = await token();
    const queue = [...list];
    const sender = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        try {
          await send(next, bearer);
        } catch (fault) {
          if (fault instanceof Error && fault.name === 'AssertionError') throw fault;
          continue;
        }
        whenAcknowledged();
      }
    };
    await Promise.all(Array.from({ length: 10 }, sender));
  }

  function query<T>(sql: string): T[] {
    const db = new DatabaseSync(join(dataFolder, 'ginnel.db'));
    try {
      return db.prepare(sql).all() as T[];
    } finally {
      db.close();
    }
  }

  beforeAll(async () => {
    receivers = await Promise.all([startReceiver(), startReceiver(), startReceiver()]);
    port = await freePort();
    mllpPort = await freePort();
    await startProcess();
    let killed = false;
    await sendAll(messages, () => {
      if (acknowledged.size < ACKNOWLEDGED_BEFORE_THE_KILL || killed) return;
      killed = true;
      child.kill('SIGKILL');
    });
    await eventually(() => (child.signalCode === null ? undefined : child.signalCode));
    deliveredBeforeRestart = new Set(
      query<{ id: string }>("SELECT id FROM delivery WHERE state = 'delivered'").map(({ id }) => id),
    );
    sentBeforeRestart = countById();
    await startProcess();
    await sendAll(
      messages.filter(({ controlId }) => !acknowledged.has(controlId)),
      () => {},
    );
    await eventually(
      () =>
        query<{ n: number }>("SELECT count(*) AS n FROM delivery WHERE state = 'pending'")[0]?.n === 0
          ? true
          : undefined,
      60_000,
    );
  }, 120_000);

  afterAll(async () => {
    child.kill('SIGTERM');
    await eventually(() => (child.exitCode === null && child.signalCode === null ? undefined : true));
    await Promise.all(receivers.map((receiver) => receiver.close()));
    rmSync(dataFolder, { recursive: true, force: true });
  });

  function countById(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { id } of receivers.flatMap(({ received }) => received)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }

  it('was killed while messages were still to come', () => {
    expect(deliveredBeforeRestart.size).toBeGreaterThan(0);
    expect(acknowledged.size).toBe(MESSAGES);
  });

  it('holds every acknowledged message once, and nothing that was not sent', () => {
    const rows = query<{ id: string; control_id: string; state: string }>('SELECT id, control_id, state FROM message');
    expect(rows.length).toBe(MESSAGES);
    expect(new Set(rows.map(({ control_id }) => control_id)).size).toBe(MESSAGES);
    expect(rows.filter(({ state }) => state !== 'accepted')).toEqual([]);
    const stored = new Map(rows.map(({ control_id, id }) => [control_id, id]));
    for (const [controlId, messageId] of acknowledged)
      expect([controlId, stored.get(controlId)]).toEqual([controlId, messageId]);
  });

  it('accounts for every delivery: accepted = delivered + dead + pending', () => {
    const states = query<{ state: string; n: number }>('SELECT state, count(*) AS n FROM delivery GROUP BY state');
    expect(states.map(({ state }) => state)).toEqual(['delivered']);
    // Two partners for each of the 250 referrals, one for each of the 250 discharges.
    expect(states[0]?.n).toBe(MESSAGES / 2 + MESSAGES);
  });

  it('brings every delivery to its partner', () => {
    const sent = new Set(countById().keys());
    const stored = query<{ id: string }>('SELECT id FROM delivery').map(({ id }) => id);
    expect(stored.filter((id) => !sent.has(id))).toEqual([]);
    expect(sent.size).toBe(stored.length);
  });

  it('sends nothing again to a partner whose yes was recorded', () => {
    const again = [...countById()].filter(([id, count]) => deliveredBeforeRestart.has(id) && count > 1);
    expect(again).toEqual([]);
  });

  it('repeats only what was in flight at the kill, once, with the same id', () => {
    const repeated = [...countById()].filter(([, count]) => count > 1);
    for (const [id, count] of repeated) {
      expect(count).toBe(2);
      expect(sentBeforeRestart.get(id)).toBe(1);
    }
    expect(repeated.length).toBeLessThanOrEqual(16);
  });
});
