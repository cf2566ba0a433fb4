/** The scenarios by name: `npm run bench -- NAME`. */
import type { Bench } from './bench.ts';
import { burst } from './burst.ts';
import { conns } from './conns.ts';
import { flood, floodV1 } from './flood.ts';
import { helpers } from './helpers.ts';
import { hundredThousand } from './hundred-thousand.ts';
import { memory } from './memory.ts';
import { offered } from './offered.ts';
import { responder } from './responder.ts';
import type { Result } from './result.ts';
import type { ScenarioName } from './titles.ts';

export const SCENARIOS: Readonly<Record<ScenarioName, (bench: Bench) => Promise<Result>>> = {
  responder,
  offered,
  memory,
  burst,
  flood,
  'flood-v1': floodV1,
  conns,
  helpers,
  'hundred-thousand': hundredThousand,
};
