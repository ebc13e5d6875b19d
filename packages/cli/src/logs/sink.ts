/** What a training says while it runs, and where it goes. */

/** A line of the log: one step. */
export interface LogLine {
  /** Steps taken, with this one. */
  readonly step: number;
  /** The weighted sum of all terms. */
  readonly loss: number;
  readonly learningRate: number;
  /** Each term before its weight, where there are several. */
  readonly terms?: Readonly<Record<string, number>>;
}

/** One validation. */
export interface ValidationLine {
  readonly step: number;
  readonly images: number;
  /** Mean of the images' dB. */
  readonly psnr: number;
  readonly ssim: number;
  /** Whether it is the best so far. */
  readonly best: boolean;
}

/** A validation image that the network made. */
export interface Sample {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Keeps what it is told before it returns: a checkpoint written afterwards never knows more than the logs. */
export interface LogSink {
  readonly step: (line: LogLine) => Promise<void>;
  readonly validation: (line: ValidationLine, samples: readonly Sample[]) => Promise<void>;
}
