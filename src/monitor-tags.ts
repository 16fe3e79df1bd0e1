import { catalogue } from './catalogue/index.ts';
import { list, type Parser } from './parsers.ts';

const MAX_KEYS = 16;
const KEY = /^[a-z][a-z0-9_.-]{0,99}$/i;
/** The first three are attributes by names of the convention, the last one tells single jobs apart. */
const KNOWN = ['modelId', 'provider', 'operation', 'jobId'];

/** Which tags of a monitor become attributes. */
export const monitorTagKeys: Parser<readonly string[]> = {
  expects: `a list of up to ${MAX_KEYS} keys of tags, as in "tenant,region": of letters, digits, ".", "_" and "-", no two alike as labels, and none that has an attribute already`,
  parse(value) {
    const keys = list(value);
    return areKeys(keys) ? keys : undefined;
  },
  accepts: (value) => Array.isArray(value) && areKeys(value),
};

function areKeys(keys: readonly unknown[]): boolean {
  const taken = new Set(KNOWN);
  for (const { attributes } of Object.values(catalogue)) for (const key of attributes) taken.add(labelOf(key));
  return (
    keys.length <= MAX_KEYS &&
    keys.every((key) => {
      if (typeof key !== 'string' || !KEY.test(key) || taken.has(labelOf(key))) return false;
      taken.add(labelOf(key));
      return true;
    })
  );
}

/** Keys that Prometheus writes alike would be one label there. */
function labelOf(key: string): string {
  return key.replace(/[.-]/g, '_');
}
