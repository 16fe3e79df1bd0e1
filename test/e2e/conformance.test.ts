import { testMatrix } from '../conformance/tests.ts';

// Node 24 is run with the other tests.
testMatrix(['22', '26']);
