import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { JsonObject } from '../../src/kernel/json.ts';

const PROFILES = resolve(import.meta.dirname, '../../profiles');
const read = (file: string): JsonObject => {
  const { meta: _meta, ...rest } = JSON.parse(readFileSync(join(PROFILES, file), 'utf8')) as JsonObject;
  return rest;
};
const concept = (code: string, display: string): JsonObject => ({
  coding: [{ system: 'http://snomed.info/sct', code, display }],
  text: display,
});
const narrative = (words: string): JsonObject => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${words}</p></div>`,
});

/** Resources of the sizes that partners send, made from the examples of our profiles. All invented. */
export const validationSamples = {
  patient: read('patient/examples/passes-all-known.json'),
  serviceRequest: {
    ...read('referral/examples/passes-to-occupational-therapy.json'),
    text: narrative('Referral to occupational therapy: bathing and the stairs.'),
    occurrencePeriod: { start: '2026-02-02', end: '2026-03-02' },
    performer: [
      { reference: 'Organization/o2', display: 'Community therapy' },
      { reference: 'CareTeam/t1', display: 'Heatons neighbourhood team' },
    ],
    orderDetail: [concept('183580002', 'Bath board'), concept('183581003', 'Second stair rail')],
    supportingInfo: Array.from({ length: 16 }, (_, at) => ({ reference: `Condition/c${at}`, display: `Need ${at}` })),
    note: [
      { time: '2026-01-12T09:30:00Z', text: 'Lives alone; the key is with the neighbour. Prefers mornings.' },
      { time: '2026-01-13T14:05:00+00:00', text: 'Daughter would like to be there; ring her the day before.' },
    ],
    patientInstruction: 'Somebody will ring to arrange a visit. Have your glasses and your walking frame at hand.',
  } as JsonObject,
  carePlan: {
    ...read('shared-care-plan/examples/passes-active-plan.json'),
    text: narrative('Shared care plan: falls, medicines, and getting out again.'),
    contributor: Array.from({ length: 4 }, (_, at) => ({ reference: `Practitioner/p${at}` })),
    activity: Array.from({ length: 9 }, (_, at) => ({
      detail: {
        kind: at % 2 === 0 ? 'ServiceRequest' : 'Task',
        code: concept(`37127800${at}`, `Activity ${at}`),
        goal: [{ reference: `Goal/g${at % 3}` }],
        status: at < 3 ? 'completed' : 'in-progress',
        scheduledPeriod: { start: '2026-01-12', end: `2026-0${2 + (at % 6)}-12` },
        performer: [{ reference: `PractitionerRole/r${at}` }],
        description: `What is done, by whom and how often: activity ${at}.`,
      },
    })),
    note: [{ time: '2026-01-12T09:30:00Z', text: 'Prefers mornings.' }],
  } as JsonObject,
};
