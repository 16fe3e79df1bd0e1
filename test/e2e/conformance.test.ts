import { testMatrix } from '../conformance/tests.ts';
import { NODES } from '../helpers/run-app.ts';

testMatrix(NODES);
