import type { Resource } from '@medplum/fhirtypes';
import { issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { CodeMap } from './codes.ts';
import type { Program } from './compile-mapping.ts';
import { createEnvironment } from './environment.ts';
import type { MappingContext, OutResult } from './mapping.ts';
import { indexReferences } from './resolve-references.ts';
import type { Trace } from './trace.ts';

/** Runs a map out of FHIR over one resource. With a trace, errors are gathered there; without, the first one is thrown. */
export function runProgramOut(
  program: Program,
  focus: Resource,
  resources: readonly Resource[],
  context: MappingContext,
  codes: ReadonlyMap<string, CodeMap>,
  trace?: Trace,
): Result<OutResult> {
  const find = indexReferences(resources.map((resource) => ({ fullUrl: undefined, resource })));
  const env = createEnvironment(context, codes, [['resources', resources]], find, trace);
  program.fill(focus, env);
  const refused = program.admit(focus, env);
  if (refused.length > 0) return failure(...refused);
  for (const assign of program.assigns) assign(focus, env);
  const tree = program.content.kind === 'body' ? program.content.render(focus, env) : undefined;
  if (trace !== undefined && trace.issues.length > 0) return failure(...trace.issues);
  if (tree === undefined) return failure(issue('mapping-failed', 'The mapping yields nothing for this resource.'));
  return success({ tree });
}
