import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { inChannel } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type Gateway, openGateway } from '../../src/gateway.ts';
import { stableUuid } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { receiveMessage } from '../../src/message/receive.ts';
import type { MessageAnswer } from '../../src/store/store.ts';
import { EXAMPLE, SAMPLES } from '../support/test-gateway.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const folders: string[] = [];
const gateways: Gateway[] = [];
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ginnel-pipeline-'));
  folders.push(folder);
  return folder;
}

/** The parts that process messages, over a store of their own and a copy of the mappings that may be changed. */
interface Setup {
  readonly mappings: string;
  open(): Promise<Gateway>;
}

function setUp(): Setup {
  const [data, mappings] = [temporary(), temporary()];
  const example = loadConfig(EXAMPLE, { GINNEL_DATA: data });
  cpSync(example.mappingsFolder, mappings, { recursive: true });
  return {
    mappings,
    open: async () => {
      const gateway = await openGateway({ ...example, mappingsFolder: mappings }, silentLog);
      gateways.push(gateway);
      return gateway;
    },
  };
}

type Referral = ReturnType<typeof readReferral>;
function readReferral() {
  return JSON.parse(readFileSync(join(SAMPLES, '01-heaton-practice-referral.json'), 'utf8')) as {
    messageGuid: string;
    patient: { surname: string; carer: { contactGuid: string } };
    referral: {
      observationGuid: string;
      urgency: string;
      referrer: { userInRoleGuid: string; surname: string };
    };
    problems: { observationGuid: string }[];
  };
}

function send(gateway: Gateway, body: Referral | string, controlId: string | null = null): Promise<MessageAnswer> {
  const channel = inChannel(loadConfig(EXAMPLE, {}), 'heaton-practice', 'referrals');
  if (channel === undefined) throw new Error('the example has no such channel');
  return gateway.process(
    receiveMessage({
      partner: 'heaton-practice',
      channel,
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      receivedAt: new Date(),
      controlId,
      correlationId: undefined,
    }),
  );
}

/** Referrals of one person by as many different GPs: each changes the person's one CareTeam. */
function referralsOfOnePerson(count: number): Referral[] {
  return Array.from({ length: count }, (_, index) => {
    const referral = readReferral();
    referral.messageGuid = stableUuid(`message ${index}`);
    referral.referral.observationGuid = stableUuid(`referral ${index}`);
    referral.referral.referrer.userInRoleGuid = stableUuid(`gp ${index}`);
    return referral;
  });
}

describe('messages that come at the same moment', () => {
  it('make one Patient where fifty referrals are the first of one person, and every one is accepted', async () => {
    const gateway = await setUp().open();
    const answers = await Promise.all(referralsOfOnePerson(50).map((one) => send(gateway, one)));
    expect(answers.map(({ state, issues }) => [state, issues.filter((one) => one.severity === 'error')])).toEqual(
      answers.map(() => ['accepted', []]),
    );
    const patients = await gateway.store.findByIdentifier('Patient', { system: NHS_NUMBER, value: '9990000018' });
    expect(patients.length).toBe(1);
    const requests = await gateway.store.search({
      type: 'ServiceRequest',
      filters: [],
      count: 200,
      sort: [],
      total: false,
    });
    expect(requests.matches.map(({ patient }) => patient)).toEqual(Array.from({ length: 50 }, () => patients[0]));
    expect(answers.filter(({ created }) => created.includes(`Patient/${patients[0]}`)).length).toBe(1);
  });

  it('lose nobody from the CareTeam that all of them change', async () => {
    const gateway = await setUp().open();
    await Promise.all(referralsOfOnePerson(20).map((one) => send(gateway, one)));
    const teams = await gateway.store.search({ type: 'CareTeam', filters: [], count: 200, sort: [], total: false });
    expect(teams.matches.length).toBe(1);
    const team = JSON.parse(teams.matches[0]?.content ?? '') as { participant: { member: { reference: string } }[] };
    const members = team.participant.map(({ member }) => member.reference);
    expect(members.filter((reference) => reference.startsWith('PractitionerRole/')).length).toBe(20);
  });

  it('are one message where they are the same: one row, one answer for all', async () => {
    const gateway = await setUp().open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(gateway, readReferral(), 'G-1')));
    expect(answers).toEqual(answers.map(() => answers[0]));
    expect((await gateway.store.counts()).messagesAccepted).toBe(1);
    expect((await gateway.store.deliveries({ limit: 100 })).length).toBe(answers[0]?.routed.length);
  });
});

describe('a message that cannot be stored as it stands', () => {
  it('is refused and kept where two of its entries are the same thing and say different things', async () => {
    const gateway = await setUp().open();
    const twice = readReferral();
    const [first] = twice.problems;
    if (first !== undefined) twice.problems.push({ ...first, significance: 'Minor Problem' } as typeof first);
    const answer = await send(gateway, twice);
    expect([answer.state, answer.issues.map(({ code }) => code)]).toEqual(['refused', ['mapping-failed']]);
    expect((await gateway.store.message(answer.messageId))?.state).toBe('refused');
    expect((await gateway.store.counts()).resources).toBe(0);
  });

  it('is refused and kept where its NHS number belongs to another, instead of trying for ever', async () => {
    const { mappings, open } = setUp();
    // A mapping that finds people by the practice's own number, as one may write it.
    const file = join(mappings, 'gp-json/referral/mapping.yaml');
    const text = readFileSync(file, 'utf8').replace(
      /personSystem: >-\n.*\n/,
      'personSystem: "https://stockport.example/Id/emis-patient"\n',
    );
    writeFileSync(file, text.replace(/personValue: .*/, 'personValue: "{{ patient.patientGuid.given() }}"'));
    const gateway = await open();
    expect((await send(gateway, readReferral())).state).toBe('accepted');
    const other = JSON.parse(JSON.stringify(readReferral()).replace('9B2F6D10', 'AAAAAAAA')) as Referral;
    const answer = await send(gateway, other);
    expect([answer.state, answer.issues.map(({ code }) => code)]).toEqual(['refused', ['identifier-conflict']]);
    expect(JSON.stringify(answer)).not.toContain('999');
    expect((await gateway.store.message(answer.messageId))?.state).toBe('refused');
  });
});

describe('a refused message', () => {
  const wrong = (): Referral => {
    const referral = readReferral();
    referral.referral.urgency = 'As soon as may be';
    return referral;
  };
  function mend(mappings: string): void {
    const file = join(mappings, 'gp-json/referral/codes/urgency.csv');
    const text = readFileSync(file, 'utf8');
    const urgent = text.split(/\r?\n/).find((line) => line.startsWith('Urgent,')) ?? '';
    writeFileSync(file, `${text.trimEnd()}\n${urgent.replace(/^Urgent,/, 'As soon as may be,')}\n`);
  }

  it('is accepted by a replay once its mapping is mended, under its own id, and its resources say so', async () => {
    const { mappings, open } = setUp();
    const before = await open();
    const refused = await send(before, wrong());
    expect([refused.state, refused.issues.map(({ code }) => code)]).toEqual(['refused', ['code-unmapped']]);
    expect(JSON.stringify(refused)).not.toContain('As soon');
    expect((await before.replay(refused.messageId))?.state).toBe('refused');
    mend(mappings);
    const after = await open();
    const answer = await after.replay(refused.messageId);
    expect([answer?.state, answer?.messageId]).toEqual(['accepted', refused.messageId]);
    const message = await after.store.message(refused.messageId);
    expect([message?.state, message?.runs, message?.answer]).toEqual(['accepted', 3, answer]);
    expect((await after.store.deliveries({ messageId: refused.messageId })).length).toBe(answer?.routed.length);
    const [patient] = await after.store.findByIdentifier('Patient', { system: NHS_NUMBER, value: '9990000018' });
    const content = (await after.store.read('Patient', patient ?? ''))?.content ?? '';
    expect(content).toContain(`urn:ginnel:partner:heaton-practice#${refused.messageId}`);
  });

  it('that is sent again runs again under its first id', async () => {
    const { mappings, open } = setUp();
    const refused = await send(await open(), wrong());
    const again = await send(await open(), wrong());
    expect([again.state, again.messageId]).toEqual(['refused', refused.messageId]);
    mend(mappings);
    const mended = await open();
    const answers = await Promise.all([send(mended, wrong()), send(mended, wrong()), send(mended, wrong())]);
    expect(answers.map(({ state, messageId }) => [state, messageId])).toEqual(
      answers.map(() => ['accepted', refused.messageId]),
    );
    const counts = await mended.store.counts();
    expect([counts.messagesAccepted, counts.messagesRefused]).toEqual([1, 0]);
    expect((await mended.store.deliveries({ limit: 100 })).length).toBe(answers[0]?.routed.length);
  });

  it('of another control id is another message', async () => {
    const gateway = await setUp().open();
    const one = await send(gateway, wrong(), 'A');
    const other = await send(gateway, wrong(), 'B');
    expect(other.messageId).not.toBe(one.messageId);
  });
});

describe('an accepted message', () => {
  it('keeps its sender’s first answer after a replay, which changes nothing', async () => {
    const gateway = await setUp().open();
    const first = await send(gateway, readReferral());
    const before = await gateway.store.counts();
    const replayed = await gateway.replay(first.messageId);
    expect(replayed).toMatchObject({ state: 'accepted', created: [], updated: [], routed: [] });
    expect(await send(gateway, readReferral())).toEqual(first);
    expect(await gateway.store.counts()).toEqual(before);
  });

  it('stays accepted where a replay refuses it, and the operator sees why', async () => {
    const { mappings, open } = setUp();
    const first = await send(await open(), readReferral());
    const file = join(mappings, 'gp-json/referral/codes/urgency.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^Urgent,/m, 'Urgently,'));
    const changed = await open();
    expect((await changed.replay(first.messageId))?.issues.map(({ code }) => code)).toEqual(['code-unmapped']);
    expect((await changed.store.message(first.messageId))?.state).toBe('accepted');
    expect(await send(changed, readReferral())).toEqual(first);
  });

  it('is not there to be replayed where it never came', async () => {
    expect(await (await setUp().open()).replay('nothing')).toBeUndefined();
  });
});
