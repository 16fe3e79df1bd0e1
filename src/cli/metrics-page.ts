/** One line of a metrics page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** What could not be read, and what to do. */
export class PageError extends Error {
  override name = 'PageError';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Reads the metrics page of a running application; rejects with a `PageError`. */
export async function readPage(url: string): Promise<Sample[]> {
  let page: string;
  try {
    const response = await fetch(...withAuthorization(url));
    if (!response.ok) throw new Error(`answers with status ${response.status}`);
    page = await response.text();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    throw new PageError(
      cause?.code ?? cause?.message ?? message,
      'set OTEL_METRICS_EXPORTER=prometheus there, and see its stderr for the port',
    );
  }
  const samples = page.split('\n').flatMap((line) => {
    const [, name, inner = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) return [];
    const labels = [...inner.matchAll(LABEL)].map(([, key = '', text = '']) => [key, unescaped(text)]);
    return [{ name, labels: Object.fromEntries(labels), value: Number(value) }];
  });
  if (samples.length > 0) return samples;
  throw new PageError('is none', 'give the URL of the page itself: http://host:9464/metrics');
}

/** `fetch` takes no URL with a user and a password, and its complaint would print both. */
function withAuthorization(url: string): [URL, RequestInit] {
  const target = new URL(url);
  const { username, password } = target;
  target.username = '';
  target.password = '';
  const credentials = [username, password].map(decodeURIComponent).join(':');
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return [target, { signal: AbortSignal.timeout(10_000), headers: username === '' ? {} : { authorization } }];
}

const unescaped = (text: string) => text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
