/** The figures of an image: PSNR and SSIM always, other metrics when they are asked for. */
import {
  type ConventionName,
  conventions,
  type Image,
  type Metric,
  type MetricName,
  metricNames,
  metrics,
} from '@fqsr/metrics';
import { CliError, UsageError } from './errors.js';

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** Key of a metric in JSON: `ms-ssim` is `msSsim`. */
export type FigureKey = Camel<MetricName>;

/** What every evaluation holds. */
type Always = 'psnr' | 'ssim';

/** Figures by key; `null` where an image is too small for a metric: never a stand-in. */
export type Figures = Readonly<Record<Always, number>> & {
  readonly [Key in Exclude<FigureKey, Always>]?: number | null;
};

/** A figure that could not be taken, and why. */
export interface NotMeasured {
  readonly name: string;
  readonly metric: MetricName;
  readonly reason: string;
}

const always: readonly MetricName[] = ['psnr', 'ssim'];

/** What is measured where nothing is said. */
export const defaultMetrics = always.join(',');

/** The key of a metric in JSON. */
export function figureKey(metric: MetricName): FigureKey {
  return metric.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as FigureKey;
}

/**
 * Metrics from a list such as `psnr,ssim,ms-ssim`, in its order.
 *
 * @throws UsageError naming the known ones
 */
export function parseMetrics(list: string): readonly MetricName[] {
  return [...new Set(list.split(',').map((part) => part.trim()))].map((name) => {
    const known = metricNames.find((each) => each === name);
    if (known) return known;
    throw new UsageError(
      `--metrics: must be some of ${metricNames.join(',')}, got ${JSON.stringify(name)} (separate them by commas)`,
    );
  });
}

/**
 * The figures of one image. A metric beyond PSNR and SSIM that needs a larger image is `null`, and `notMeasured` hears why.
 *
 * @throws CliError naming the image when it is too small for PSNR or SSIM
 */
export function figuresOf(
  name: string,
  { sr, hr }: { readonly sr: Image; readonly hr: Image },
  options: { readonly convention: ConventionName; readonly scale: number },
  asked: readonly MetricName[],
  notMeasured: (each: NotMeasured) => void,
): Figures {
  const take = (metric: MetricName): number | null => {
    const { compare, smallest }: Metric = metrics[metric];
    const least = smallest + 2 * conventions[options.convention].crop(options.scale);
    if (Math.min(hr.width, hr.height) >= least) return compare(sr, hr, options);
    const reason = `${metric} needs ${least}x${least} pixels under ${options.convention} at x${options.scale}, got ${hr.width}x${hr.height}`;
    if (always.includes(metric)) throw new CliError(`${name}: ${reason} (leave the image out)`);
    notMeasured({ name, metric, reason });
    return null;
  };
  const extra = asked.filter((metric) => !always.includes(metric));
  return Object.fromEntries([...always, ...extra].map((metric) => [figureKey(metric), take(metric)])) as Figures;
}

/** Means over images. The mean of a metric that is missing for one image is `null`: over fewer images it would be another figure. */
export function meanOf(scores: readonly Figures[], asked: readonly MetricName[]): Figures {
  const keys = [...new Set([...always, ...asked])].map(figureKey);
  const mean = (key: FigureKey) => {
    const values = scores.map((score) => score[key]);
    if (values.some((value) => typeof value !== 'number')) return null;
    return values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length;
  };
  return Object.fromEntries(keys.map((key) => [key, mean(key)])) as Figures;
}

/** Heads and cells of a table: dB with two decimals, ratios with four, a dash where there is no figure. */
export function figureColumns(asked: readonly MetricName[]) {
  return {
    heads: asked.map((metric) => (metrics[metric].unit === 'dB' ? `${metric.toUpperCase()} dB` : metric.toUpperCase())),
    cells: (figures: Figures) =>
      asked.map((metric) => figures[figureKey(metric)]?.toFixed(metrics[metric].unit === 'dB' ? 2 : 4) ?? '-'),
  };
}
