import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDemo } from '../../src/demo/run-demo.ts';
import { silentLog } from '../../src/kernel/log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-demo-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Shown {
  readonly text: string;
  readonly lines: readonly string[];
  /** What the council's simulator received, before the demonstration stopped. */
  readonly council: string;
}

/** Runs the whole demonstration on free ports and stops it once it says that it serves. */
async function runOnce(): Promise<Shown> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  let text = '';
  let council = '';
  let councilUrl = '';
  const code = await runDemo({
    io: {
      env: { GINNEL_DATA: folder, PORT: '0', MLLP_PORT: '0' },
      out: (more) => {
        text += more;
        if (!more.includes('Serving until')) return;
        void fetch(`${councilUrl}/received/latest`)
          .then(async (response) => {
            council = response.ok ? await response.text() : '';
          })
          .finally(stop);
      },
      err: () => {},
    },
    log: silentLog,
    stopped,
    announce: (_config, _gateway, demo) => {
      councilUrl = (demo as { demo: { received: Record<string, string> } }).demo.received['stockport-council'] ?? '';
    },
    isTerminal: false,
  });
  expect(code).toBe(0);
  return { text, lines: text.trimEnd().split('\n'), council };
}

describe('the demonstration', () => {
  it('sends the example’s day through the real doors, and everything ends as the day expects', async () => {
    const { text, lines, council } = await runOnce();
    expect(text).toContain('all as expected');
    expect(text).toMatch(/7 accepted, 7 refused, (\d+) of \1 deliveries made/);
    expect(text).toContain('stockport-council (XML): delivered, HTTP 200');
    expect(text).toContain('stockport-equipment (JSON): delivered, HTTP 200');
    expect(text).toContain('stockport-community (JSON): delivered, HTTP 200');
    expect(council).toContain('<?xml');
    // One screen.
    expect(lines.length).toBeLessThanOrEqual(48);
    expect(text).not.toContain('\u001b');
  });

  it('changes nothing when it is run again on the same data', async () => {
    await runOnce();
    const { text } = await runOnce();
    expect(text).toContain('all as expected');
    expect(text.match(/received before: the same answer, nothing new/g)).toHaveLength(7);
    expect(text).toContain('0 of 0 deliveries made');
  });
});
