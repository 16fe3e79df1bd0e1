/** A version of a library: a column of the table. */
export interface Version {
  /** The library and its major, as the table names it. */
  readonly title: string;
  /** The file in this folder that drives it, without `.ts`. */
  readonly file: string;
  /** Its npm name. */
  readonly name: string;
  /** What it is installed as here. @default its name */
  readonly alias?: string;
  /** What else the file is handed, after the library. */
  readonly beside?: readonly string[];
}

export const VERSIONS: readonly Version[] = [
  { title: 'openai 7', file: 'openai', name: 'openai' },
  { title: 'openai 6', file: 'openai', name: 'openai', alias: 'openai-6' },
  { title: 'openai 5', file: 'openai', name: 'openai', alias: 'openai-5' },
];
