import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppSettings } from './appSettings.ts';
import type { AppFunction, FunctionApp } from './functionApp.ts';
import type { InputSource } from './invocation.ts';
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
  /** `http://127.0.0.1:7071`, as soon as HTTP listens. */
  readonly origin: Promise<string>;
  /** What else is served on the HTTP port, by the prefix of its paths. Triggers add theirs when they start. */
  readonly webhooks: Map<string, Webhook>;
  /** Input bindings by their type. Triggers add theirs when they start. */
  readonly inputs: Map<string, InputSource>;
  readonly log: Log;
  readonly now: () => Date;
}

/** Answers a request on the HTTP port that is for no function. */
export type Webhook = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** One kind of trigger: a file of its own, listed in triggers.ts. */
export interface TriggerKind {
  /** As functions register it, `httpTrigger`. */
  readonly types: readonly string[];
  /** Its section of host.json's `extensions`; undefined: it has none. */
  readonly section: string | undefined;
  /** Output bindings that functions with this trigger may have. */
  readonly outputs: readonly string[];
  /** Input bindings that functions with any trigger may have, if there are functions with this one. */
  readonly inputs: readonly string[];
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

/** Several listeners, of which none has a port, as one. */
export function together(listeners: readonly { start(): Promise<unknown>; stop(): Promise<void> }[]): Listener {
  return {
    start: async () => {
      await Promise.all(listeners.map((listener) => listener.start()));
      return undefined;
    },
    stop: async () => {
      await Promise.all(listeners.map((listener) => listener.stop()));
    },
  };
}
