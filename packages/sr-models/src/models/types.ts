import type { Graph } from '../graph.js';

/** What every configuration has. */
export interface ModelConfig {
  /** Upscaling factor, 2, 3 or 4. */
  readonly scale: number;
}

/** A configuration as a file or a command line gives it. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** A family of networks: a pure function from a configuration to a graph. */
export interface ModelFamily<Config extends ModelConfig = ModelConfig> {
  readonly name: string;
  readonly description: string;
  /** Named configurations, without the scale. */
  readonly presets: Readonly<Record<string, Omit<Config, 'scale'>>>;
  /** The configuration that a free-form name stands for, if it is one of this family's. */
  readonly parse: (name: string) => Omit<Config, 'scale'> | null;
  /** A checked configuration. @throws ModelError naming the field */
  readonly check: (config: RawConfig) => Config;
  /** The graph. @throws ModelError when the configuration is not valid */
  readonly build: (config: RawConfig, name: string) => Graph;
}
