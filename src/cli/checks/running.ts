import { PageError, readPage, type Sample } from '../metrics-page.ts';
import { failure, ok, type Verdict, warning } from '../verdict.ts';
import { withoutCredentials } from './sending.ts';

/** What each reason for leaving something out means to whoever runs the application. */
const ADVICE: Readonly<Record<string, string>> = {
  series_limit: 'raise GAUGEWAY_MAX_ATTRIBUTE_VALUES, or use fewer names of models, jobs or operations',
  hook_failed: 'look for "gaugeway" on stderr and report it',
  listener_failed: 'look for "gaugeway" on stderr and report it',
  undecodable_body: 'answers came in an encoding that cannot be read, or ended in its middle',
  unobservable: 'work handed back something whose end cannot be seen; docs/model-calls.md tells which',
  redaction_failed: 'your redactContent threw or returned no content: nothing of those calls was written',
  unknown_event: 'events of the bus did not fit the mapping',
  clock_skew: 'clocks of machines disagree: synchronise them',
};

/** Reads the metrics page of a running application for what gaugeway says of itself. */
export async function checkRunning(url: string): Promise<Verdict[]> {
  const where = withoutCredentials(url);
  let samples: Sample[];
  try {
    samples = await readPage(url);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    return [failure('metrics page', `${where}: ${error.message}`, error.remedy)];
  }
  const verdicts: Verdict[] = [];
  const own = samples.filter(({ name }) => name === 'gaugeway_self_hooks');
  if (own.length === 0) {
    verdicts.push(
      failure(
        'metrics page',
        `${where} has no metrics of gaugeway`,
        'start the application with --import gaugeway/register',
      ),
    );
  }
  for (const { labels } of own) {
    const what = `hook ${labels.gaugeway_hook_name}`;
    if (labels.gaugeway_hook_state === 'refused') {
      verdicts.push(failure(what, 'refused: this version is not known', 'update gaugeway, or use a tested version'));
    } else verdicts.push(ok(what, labels.gaugeway_hook_state ?? ''));
  }
  for (const { labels, value } of samples.filter(({ name }) => name === 'gaugeway_self_dropped_total')) {
    const reason = labels.gaugeway_drop_reason ?? '';
    verdicts.push(
      warning(
        `left out (${reason})`,
        `${value} times`,
        ADVICE[reason] ?? 'these values were not possible, so they were not reported',
      ),
    );
  }
  verdicts.push(...checkOwners(samples));
  return verdicts;
}

/** Another instrumentation that counts the same calls makes every sum twice as high. */
function checkOwners(samples: readonly Sample[]): Verdict[] {
  const scopes = new Set(
    samples.filter(({ name }) => name.startsWith('gen_ai_')).map(({ labels }) => labels.otel_scope_name ?? ''),
  );
  if (!scopes.has('gaugeway') || scopes.size < 2) return [];
  scopes.delete('gaugeway');
  const others = [...scopes].join(', ');
  return [
    warning(
      'owners',
      `${others} records gen_ai metrics too`,
      'count calls by otel_scope_name="gaugeway", or switch the other one off',
    ),
  ];
}
