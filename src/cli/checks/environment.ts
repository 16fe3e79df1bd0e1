import { type ResolvedOptions, resolveOptions } from '../../options.ts';
import { failure, ok, type Verdict, warning } from '../verdict.ts';

/** The first Node with everything that is needed. */
const OLDEST_NODE = [22, 15] as const;

/** Checks the runtime and the variables; gives the options that an application started from here would have. */
export function checkEnvironment(environment: NodeJS.ProcessEnv): { verdicts: Verdict[]; options: ResolvedOptions } {
  const verdicts = [checkNode()];
  const complaints: string[] = [];
  const options = resolveOptions({}, environment, (message) => complaints.push(message));
  for (const complaint of complaints) verdicts.push(warning('variable', complaint, 'correct it or leave it out'));
  if (complaints.length === 0) verdicts.push(ok('variables', 'all understood'));
  if (options.disabled) {
    verdicts.push(failure('switch', 'OTEL_SDK_DISABLED is true, so nothing is measured', 'unset OTEL_SDK_DISABLED'));
  }
  if (options.metricsExporters.every((name) => name === 'none')) {
    verdicts.push(
      warning('metrics', 'OTEL_METRICS_EXPORTER is none: they go nowhere', 'set it to otlp, prometheus or both'),
    );
  }
  if (options.tracesExporters.every((name) => name === 'none')) {
    verdicts.push(warning('traces', 'OTEL_TRACES_EXPORTER is none: they go nowhere', 'set it to otlp to have traces'));
  }
  if (options.serviceName === undefined && !/\bservice\.name=/.test(environment.OTEL_RESOURCE_ATTRIBUTES ?? '')) {
    verdicts.push(
      warning('service', 'it has no name, so backends show it as unknown_service', 'set OTEL_SERVICE_NAME'),
    );
  }
  if (environment.OTEL_CONFIG_FILE?.trim()) {
    verdicts.push(
      warning(
        'configuration file',
        `${environment.OTEL_CONFIG_FILE} decides where telemetry goes, which is not checked here`,
        'unset OTEL_CONFIG_FILE to check what the variables say',
      ),
    );
  }
  return { verdicts, options };
}

function checkNode(): Verdict {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const needed = OLDEST_NODE.join('.');
  return isNew
    ? ok('Node', process.versions.node)
    : failure('Node', `${process.versions.node} is too old`, `use Node ${needed} or later`);
}
