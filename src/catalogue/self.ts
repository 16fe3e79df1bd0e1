import type { InstrumentSpec } from './spec.ts';

/** What gaugeway says of itself. */
export const self = {
  selfDropped: {
    name: 'gaugeway.self.dropped',
    kind: 'counter',
    unit: '{item}',
    description: 'Things left out of the numbers because they were invalid, unreadable or too many, by reason.',
    attributes: ['gaugeway.drop.reason'],
    integer: true,
  },
  selfHooks: {
    name: 'gaugeway.self.hooks',
    kind: 'observable_gauge',
    unit: '{hook}',
    description:
      'Hooks by the version of the library they met and their state: active once it was seen, idle before, refused when it does not fit.',
    attributes: ['gaugeway.hook.name', 'gaugeway.hook.version', 'gaugeway.hook.state'],
    integer: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
