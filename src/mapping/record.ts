import type { Render } from './guard.ts';
import { type Part, renderPart } from './leaf.ts';
import { createLiteral } from './literal.ts';
import type { Target } from './output.ts';
import { countSteps } from './run-host.ts';
import { numberOfName, setNamed } from './set-named.ts';

/** One member of a record: a name that is known beforehand, and its value. */
export interface RecordMember {
  readonly name: string;
  readonly part: Part;
  /** The record is dropped where the value is missing. */
  readonly needed: boolean;
}

/** The usual object, of names that are known beforehand, where nobody watches. */
export function createRecord(members: readonly RecordMember[]): Render {
  if (!members.some(({ needed }) => needed)) {
    const names = members.map(({ name }) => name);
    const literal = createLiteral(
      names,
      members.map(({ part }) => part),
    );
    if (literal !== undefined) return literal;
  }
  return createByName(members);
}

function createByName(members: readonly RecordMember[]): Render {
  const numbered = members.map((member) => ({ ...member, number: numberOfName(member.name) }));
  return (root, env) => {
    countSteps(env, 1);
    const target: Target = {};
    let isEmpty = true;
    for (let at = 0; at < numbered.length; at += 1) {
      const { part, number, name, needed } = numbered[at] as (typeof numbered)[number];
      const value = renderPart(part, root, env);
      if (value !== undefined) {
        setNamed(target, number, name, value);
        isEmpty = false;
      } else if (needed) return undefined;
    }
    return isEmpty ? undefined : target;
  };
}
