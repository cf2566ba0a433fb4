/** The data planes' compliance suite (test/kernel/compliance.ts), where a kernel has ESP. */
import { guestSuite } from './suite.ts';

await guestSuite('the xfrm plane', 'test/kernel/compliance-main.js', 280);
