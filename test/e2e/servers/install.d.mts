/** Where a binary is and how it came there. */
export interface FoundBinary {
  path: string;
  from: string;
}

/** The servers, their versions and how each is built. */
export const SERVERS: Record<'collector' | 'prometheus' | 'alertmanager' | 'jaeger', { version: string }>;

/** Where a binary is, or `undefined` when it has to be built first. */
export function findBinary(name: keyof typeof SERVERS, binary: string): FoundBinary | undefined;

/** Makes sure that every binary of a server is there. */
export function install(name: keyof typeof SERVERS): Promise<(FoundBinary & { binary: string })[]>;
