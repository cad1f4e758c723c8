import type { Commit } from '../../../src/store/store.ts';
import { commitOf, sampleAudit, sampleDelivery, sampleMessage, sampleWrite, token } from './samples.ts';

/** A commit with one of everything, all of which can be found by its name. */
export function commitNamed(name: string): Commit {
  return commitOf({
    message: sampleMessage(`m-${name}`),
    writes: [
      sampleWrite(`r-${name}`, {
        index: [token('identifier', name, 'https://x.example')],
        claims: [{ system: 'https://x.example', value: name }],
        messageId: `m-${name}`,
      }),
    ],
    deliveries: [sampleDelivery(`d-${name}`, { lane: `lane of ${name}`, messageId: `m-${name}` })],
    audit: [sampleAudit(`a-${name}`)],
  });
}
