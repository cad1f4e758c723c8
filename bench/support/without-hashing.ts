import { registerHooks } from 'node:module';

/** With `node --import`: whoever asks for `kernel/ids.ts`, be it Ginnel or a peer, gets ids that are not hashed. */
const REAL = new URL('../../src/kernel/ids.ts', import.meta.url).href;
const STAND_IN = new URL('./text-ids.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    return resolved.url === REAL && context.parentURL !== STAND_IN ? { ...resolved, url: STAND_IN } : resolved;
  },
});
