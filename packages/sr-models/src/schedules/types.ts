/** What the schedules read; each only its own. */
export interface ScheduleOptions {
  /** Steps of the whole training. */
  readonly steps: number;
  /** `step`: where the rate falls. */
  readonly decayAt: readonly number[];
  /** `step`: what it is multiplied by there. */
  readonly decayFactor: number;
  /** `cosine-restarts`: where the rate starts again from the top. */
  readonly restartAt: readonly number[];
}

/** How the learning rate goes over a training. */
export interface Schedule {
  readonly name: string;
  readonly description: string;
  /** Share of the peak rate at a step, 0 up to `steps - 1`: in [0, 1]. A pure function, so that a resumed training goes on with the same bits. */
  readonly factor: (step: number, options: ScheduleOptions) => number;
}
