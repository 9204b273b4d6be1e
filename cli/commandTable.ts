import type { Command } from './command.ts';
import { apply } from './commands/apply.ts';
import { approve } from './commands/approve.ts';
import { check } from './commands/check.ts';
import { diff } from './commands/diff.ts';
import { drop } from './commands/drop.ts';
import { keys } from './commands/keys.ts';
import { parse } from './commands/parse.ts';
import { push } from './commands/push.ts';
import { quarantine } from './commands/quarantine.ts';
import { records } from './commands/records.ts';
import { replay } from './commands/replay.ts';
import { reset } from './commands/reset.ts';
import { run } from './commands/run.ts';
import { runs } from './commands/runs.ts';
import { secrets } from './commands/secrets.ts';
import { status } from './commands/status.ts';
import { trigger } from './commands/trigger.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  apply,
  push,
  drop,
  parse,
  diff,
  check,
  trigger,
  status,
  runs,
  run,
  approve,
  records,
  quarantine,
  replay,
  reset,
  keys,
  secrets,
];
