import { connect } from 'node:net';
import type { OperationOutcome, Patient, Resource } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { TestGateway } from '../support/test-gateway.ts';

export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

/** Clients of the API's tests: one that may do everything, one that may only read CarePlans. */
export const CLIENTS = { everything: ['system/*.cruds'], 'plan-only': ['system/CarePlan.rs'] };

/** A person with an NHS number, invented. */
export function person(nhsNumber: string, family: string, more: Partial<Patient> = {}): Patient {
  return {
    resourceType: 'Patient',
    identifier: [{ system: NHS_NUMBER, value: nhsNumber }],
    name: [{ family, given: ['Iris'] }],
    birthDate: '1950-02-03',
    ...more,
  };
}

export async function create(test: TestGateway, resource: Resource, client = 'everything'): Promise<Response> {
  return test.request(client, `/fhir/${resource.resourceType}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify(resource),
  });
}

/** A request with a resource, or anything else, as its body; `path` is below the FHIR base. */
export function send(
  test: TestGateway,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  client = 'everything',
): Promise<Response> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  return test.request(client, `/fhir/${path}`, {
    method,
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
    ...content,
  });
}

export async function created<T extends Resource>(test: TestGateway, resource: T): Promise<T & { id: string }> {
  const response = await create(test, resource);
  const body = (await response.json()) as T & { id: string };
  expect([response.status, response.status === 201 ? '' : JSON.stringify(body)]).toEqual([201, '']);
  return body;
}

/** The failure as FHIR tells it: status, media type, and the code of the first issue. */
export async function outcomeOf(response: Response): Promise<{ status: number; code: string; text: string }> {
  expect(response.headers.get('content-type')).toBe(FHIR_JSON);
  const outcome = (await response.json()) as OperationOutcome;
  expect(outcome.resourceType).toBe('OperationOutcome');
  const [first] = outcome.issue ?? [];
  expect(first?.severity).toBe('error');
  return {
    status: response.status,
    code: first?.details?.coding?.[0]?.code ?? '',
    text: first?.diagnostics ?? '',
  };
}

/** Bytes to the gateway's HTTP port as they are, and everything that comes back until it closes. */
export function sendRaw(test: TestGateway, bytes: string | Buffer, after?: (heard: string) => void): Promise<string> {
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', port: test.gateway.httpPort }, () => socket.write(bytes));
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      after?.(heard);
    });
    socket.on('error', () => settle(heard));
    socket.on('close', () => settle(heard));
  });
}
