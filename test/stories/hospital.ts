import type { Bundle, Patient } from '@medplum/fhirtypes';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

export const MRN = 'https://stockport.example/Id/mrn-rwj';
export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

/** A gateway, and the hospital that sends it ADT messages over MLLP. */
export interface Hospital {
  readonly test: TestGateway;
  /** What MSA-1 says, and our code of a problem. */
  send(event: string, ...segments: string[]): Promise<string>;
  patients(system: string, value: string): Promise<Patient[]>;
}

export async function openHospital(): Promise<Hospital> {
  const test = await startTestGateway({}, { clients: { reader: ['system/*.rs'] } });
  let sent = 0;
  return {
    test,
    send: async (event, ...segments) => {
      sent += 1;
      const header = `MSH|^~\\&|PAS|RWJ|ROUTE|ROUTE|20260414103722||ADT^${event}|M${sent}|P|2.4|||AL|NE|GBR|UNICODE|EN||iTKv1.0`;
      const bytes = Buffer.from([header, `EVN|${event}|202604141030`, ...segments, ''].join('\r'));
      const answer = Buffer.from(await sendMllp('127.0.0.1', test.gateway.mllpPort, bytes, 10_000)).toString('latin1');
      const problem = /ERR\|\|\|[^|]*\|E\|([\w-]+)/.exec(answer)?.[1];
      return [/MSA\|(\w+)/.exec(answer)?.[1], problem].filter((part) => part !== undefined).join(' ');
    },
    patients: async (system, value) => {
      const token = await test.token('reader', 'system/*.rs');
      const query = new URLSearchParams({ identifier: `${system}|${value}` });
      const answer = await fetch(`${test.gateway.baseUrl}/fhir/Patient?${query}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      return ((await answer.json()) as Bundle<Patient>).entry?.flatMap(({ resource }) => resource ?? []) ?? [];
    },
  };
}
