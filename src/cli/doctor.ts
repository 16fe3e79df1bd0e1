import { type Backends, checkArriving } from './checks/arriving.ts';
import { checkEnvironment } from './checks/environment.ts';
import { checkHooks } from './checks/hooks.ts';
import { checkRunning } from './checks/running.ts';
import { checkSending } from './checks/sending.ts';
import { shown, type Verdict } from './verdict.ts';

/** What the doctor is told. */
export interface DoctorOptions extends Backends {
  /** The metrics page of a running application. */
  readonly metrics?: string | undefined;
  /** Longest time for one thing to be taken, or to be found again. */
  readonly timeoutMs: number;
}

/** Checks everything between the application and its backends, line by line. Resolves to false when something failed. */
export async function doctor(
  options: DoctorOptions,
  print: (line: string) => void,
  isColoured: boolean,
): Promise<boolean> {
  let failures = 0;
  let warnings = 0;
  const tell = (verdicts: readonly Verdict[]): void => {
    for (const verdict of verdicts) {
      if (verdict.status === 'failure') failures++;
      if (verdict.status === 'warning') warnings++;
      print(shown(verdict, isColoured));
    }
  };
  const { verdicts, options: resolved } = checkEnvironment(process.env);
  tell(verdicts);
  if (!resolved.disabled) tell(await checkHooks(process.env));
  if (options.metrics !== undefined) tell(await checkRunning(options.metrics));
  const sending = await checkSending(resolved, options.timeoutMs);
  tell(sending.verdicts);
  tell(await checkArriving(options, sending.taken, options.timeoutMs));
  print(summary(failures, warnings));
  return failures === 0;
}

function summary(failures: number, warnings: number): string {
  if (failures > 0) return `Not well: ${failures} to mend.`;
  return warnings === 0
    ? 'All is well.'
    : `All is well, but look at the ${warnings === 1 ? 'line' : `${warnings} lines`} with "!".`;
}
