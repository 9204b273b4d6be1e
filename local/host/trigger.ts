import type { AppSettings } from './appSettings.ts';
import type { AppFunction, FunctionApp } from './functionApp.ts';
import type { Log } from './log.ts';

/** What a trigger is handed. */
export interface Host {
  readonly app: FunctionApp;
  readonly settings: AppSettings;
  /** This trigger's section of host.json's `extensions`, not yet read; undefined where there is none. */
  readonly section: unknown;
  /** A folder for what must outlive the process. */
  readonly dataDir: string;
  /** Where HTTP is wanted; 0: any free port. */
  readonly port: number;
  readonly log: Log;
  readonly now: () => Date;
}

/** One kind of trigger: a file of its own, listed in triggers.ts. */
export interface TriggerKind {
  /** As functions register it, `httpTrigger`. */
  readonly type: string;
  /** Its section of host.json's `extensions`; undefined: it has none. */
  readonly section: string | undefined;
  /** Output bindings that functions with this trigger may have. */
  readonly outputs: readonly string[];
  /**
   * Checks the functions and their settings and opens nothing yet. Called once, also with no functions.
   * @throws AdpError CONFIG_ERROR that names function and binding
   */
  prepare(functions: readonly AppFunction[], host: Host): Listener;
}

export interface Listener {
  /**
   * Resolves once it listens.
   * @returns the port, if it listens on one
   */
  start(): Promise<number | undefined>;
  /** Takes nothing new, and resolves when what is under way has ended and been answered. */
  stop(): Promise<void>;
}
