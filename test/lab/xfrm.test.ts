/** The tunnel on a kernel's own IPsec. */
import { guestSuite } from './suite.ts';

await guestSuite('two daemons on the xfrm plane', 'test/lab/scenario-xfrm.js', 280);
