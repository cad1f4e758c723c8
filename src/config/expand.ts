import { refuse } from '../kernel/errors.ts';

/**
 * Fills `${NAME}` and `${NAME:-default}` from the environment; a default may hold further holes. There is no other
 * syntax. A name that is not set and has no default is an error that says which.
 */
export function expandVariables(text: string, env: NodeJS.ProcessEnv, place: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('${', at);
    if (open === -1) return out + text.slice(at);
    const close = closingBrace(text, open + 2);
    if (close === -1) throw refuse('config-invalid', 'A "${" has no closing brace.', { mapping: place });
    const inner = text.slice(open + 2, close);
    const split = inner.indexOf(':-');
    const name = split === -1 ? inner : inner.slice(0, split);
    if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) {
      throw refuse(
        'config-invalid',
        'Between the braces stands a variable’s name in capitals, then perhaps ":-" and a default.',
        {
          mapping: place,
        },
      );
    }
    const value = env[name];
    if (value !== undefined && value !== '') out += text.slice(at, open) + value;
    else if (split !== -1) out += text.slice(at, open) + expandVariables(inner.slice(split + 2), env, place);
    else
      throw refuse('config-invalid', `The environment variable ${name} is not set and has no default here.`, {
        mapping: place,
      });
    at = close + 1;
  }
  return out;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
