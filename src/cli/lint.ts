import { parseArgs } from 'node:util';
import { formatIssue, hasErrors } from '../kernel/errors.ts';
import type { Io } from '../kernel/io.ts';
import { lintMapping } from '../mapping/lint.ts';
import { isJsonWanted, mappingsRoot, openFhirRules, ROOT_OPTIONS, selectMappings } from './mapping-tools.ts';

/**
 * `ginnel lint [folder] [--format json]`: exit code 1 where there are errors; warnings are printed and let pass. A line
 * begins with `file:line:column`, as editors read it.
 */
export async function runLint(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { ...ROOT_OPTIONS, format: { type: 'string' } },
    allowPositionals: true,
  });
  const json = isJsonWanted(values.format, io);
  if (json === undefined) return 2;
  const root = mappingsRoot(values, io);
  const names = selectMappings(root, positionals[0]);
  const rules = openFhirRules();
  const findings = names.flatMap((name) => lintMapping(root, name, rules));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (json) io.out(`${JSON.stringify({ mappings: names.length, errors, findings }, undefined, 2)}\n`);
  else {
    for (const one of findings) io.out(`${one.mapping ?? ''} ${formatIssue({ ...one, mapping: undefined })}\n`);
    io.out(`${names.length} mappings: ${errors} errors, ${findings.length - errors} warnings.\n`);
  }
  return hasErrors(findings) ? 1 : 0;
}
