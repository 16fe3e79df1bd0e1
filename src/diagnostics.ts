import { writeSync } from 'node:fs';
import { DiagLogLevel, diag } from '@opentelemetry/api';

const STDERR = 2;

/**
 * Says one line on stderr. Stdout belongs to the application alone: protocols run over it. A closed or full stderr is
 * nobody's failure.
 */
export function warn(message: string): void {
  try {
    writeSync(STDERR, `gaugeway: ${message.replaceAll(/\s*\n\s*/g, ' | ').slice(0, 1000)}\n`);
  } catch (error) {
    lastFailure = error;
  }
}

/** Why stderr could not be written to, for a debugger. */
export let lastFailure: unknown;

/** The same complaint is said once: an unreachable Collector would repeat it at every export. */
const MAX_REMEMBERED = 100;

/** Sends what OpenTelemetry complains about to stderr, each complaint once, unless the application listens itself. */
export function installDiagLogger(level: string | undefined): void {
  const said = new Set<string>();
  const say = (message: string, ...rest: unknown[]): void => {
    const line = [message, ...rest.map(String)].join(' ').replace(/^gaugeway: /, '');
    const kind = line.replaceAll(/\d+/g, '#').slice(0, 120);
    if (said.has(kind)) return;
    if (said.size >= MAX_REMEMBERED) said.clear();
    said.add(kind);
    warn(line);
  };
  const levels: Record<string, DiagLogLevel> = {
    none: DiagLogLevel.NONE,
    error: DiagLogLevel.ERROR,
    warn: DiagLogLevel.WARN,
    info: DiagLogLevel.INFO,
    debug: DiagLogLevel.DEBUG,
    verbose: DiagLogLevel.VERBOSE,
    all: DiagLogLevel.ALL,
  };
  diag.setLogger(
    { error: say, warn: say, info: say, debug: say, verbose: say },
    { logLevel: levels[level?.toLowerCase() ?? 'warn'] ?? DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
