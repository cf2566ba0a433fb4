/** The lab itself. */
import { guestSuite } from './suite.ts';

await guestSuite('the guest', 'test/lab/scenario-bed.js', 60);
