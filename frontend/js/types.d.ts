// The records that travel through the page. Fields as in the contract; a number that is not finite arrives as null.

export type Maybe = number | null;
export type Value = string | number | boolean | null;

/** The configuration as a flat table: dotted path -> value. The nested form is made only to be sent. */
export type State = Record<string, Value>;

export interface Parameter {
  path?: string;
  name: string;
  type: "float" | "int" | "bool" | "choice" | "table" | "text";
  default: Value;
  label: string;
  help: string;
  low: Maybe;
  high: Maybe;
  above: boolean;
  slider: [number, number] | null;
  log: boolean;
  choices: Value[];
  special: (string | null)[];
  unit: string;
  kinds: string[];
}

/** A parameter with the dotted path it is found under. */
export interface Field extends Parameter { path: string }

export interface Card {
  name: string; label: string; formula: string; source: string; note: string;
  kinds: string[]; parameters: Parameter[]; axes?: Record<string, string[]>;
}
export interface Table { title: string; default: string; entries: Card[] }
export interface Section { title: string; controls: Field[] }
export interface Catalog {
  version?: string;
  sections: Section[];
  choices: Record<string, Table>;
  defaults: Record<string, unknown>;
  lessons: LessonEntry[];
}

export interface LessonEntry { id: string; language: string; order: number; title: string; summary: string; steps: number; url: string }
export interface Question { ask: string; why: string; choices?: string[]; answer?: number; low?: number; high?: number }
export interface LessonStep {
  title: string; text: string[]; look: string; question: Question; train?: boolean;
  config?: Record<string, unknown>; compare?: { label: string; config: Record<string, unknown> }[];
  view?: Record<string, Value>;
  table?: { title: string; columns: string[]; rows: { label: string; cells: { text: string; config: Record<string, unknown> }[] }[] };
}
export interface Lesson { title: string; summary: string; controls?: string[]; steps: LessonStep[] }

export interface Linear { low: Maybe[]; high: Maybe[]; counts: ArrayLike<number>[] }
export interface Log10 { low: Maybe; high: Maybe; counts: ArrayLike<number>[] }
export interface Quantity {
  mean: Maybe[]; std: Maybe[]; mean_square: Maybe[]; min: Maybe[]; max: Maybe[]; norm: Maybe[];
  n: number[]; zeros: number[]; nan: number[]; pos_inf: number[]; neg_inf: number[];
  linear: Linear; log10: Log10;
  ratio?: Maybe[]; dead?: Maybe[]; saturated?: Maybe[];
}
/** What each row's normalization holds; null where a row has nothing of the kind. */
export interface Normalized {
  gamma: Maybe[]; gamma_low: Maybe[]; gamma_high: Maybe[]; beta: Maybe[]; beta_low: Maybe[]; beta_high: Maybe[];
  running_mean_gap: Maybe[]; running_variance_ratio: Maybe[];
}
/** A frame as it comes: in full, or compact (compact.js). */
export interface Sent extends Omit<Frame, "quantities"> { quantities: Record<string, any> }
export interface Frame {
  seq: number; step: number; time_s: number;
  loss: Maybe; accuracy: Maybe; validation_loss: Maybe; validation_accuracy: Maybe;
  evaluation_loss?: Maybe; evaluation_accuracy?: Maybe; normalization?: Normalized | null;
  losses?: Maybe[];
  layers: number[];
  input: { mean: Maybe; std: Maybe; mean_square: Maybe; correlation?: Maybe; pixel_correlation?: Maybe; pixel_correlation_across?: Maybe; receptive_mean_square?: Maybe; participation_ratio?: Maybe; receptive_spread?: Maybe; receptive_correlation?: Maybe; receptive_third_moment?: Maybe; receptive_mean_share?: Maybe; receptive_along_mean?: Maybe };
  quantities: Record<string, Quantity>;
  correlation?: Maybe[];
}
/** What of a frame is drawn over the steps. */
export type Past = Pick<Frame, "seq" | "step" | "loss" | "accuracy" | "validation_loss" | "validation_accuracy" | "evaluation_loss" | "evaluation_accuracy" | "normalization">;
export interface Theory {
  applies: boolean; reason: string | null; layers?: number[];
  preactivation_variance?: Maybe[]; sigma_w2?: Maybe[]; sigma_b2?: Maybe[]; gradient_factor?: Maybe[]; gradient_growth?: Maybe[]; correlation?: Maybe[];
  preactivation_band?: { low: Maybe[]; high: Maybe[]; level: number };
  fixed_point?: { q: Maybe; chi: Maybe; depth_scale_q: Maybe; depth_scale_c: Maybe };
  phase?: string | null; trainable_depth?: Maybe; notes?: string[];
}
export interface Finding {
  rule?: string; severity?: "ok" | "note" | "warning" | "critical"; title?: string; layers?: number[];
  measured?: unknown; threshold?: unknown; theory?: unknown; cause?: string; outcome?: string; remedy?: string;
  config?: Record<string, unknown> | null; pytorch?: string;
}
export interface Layer {
  row: number; name: string; kind: string; parameters: number; output_shape: number[];
  fan_in?: number; fan_out?: number; gain?: number; gain_formula?: string | null; weight_std?: Maybe; weight_std_formula?: string | null; fan_mode?: string | null;
}
/** A data set on its way. */
export interface Fetching { name: string; file: string; done_bytes: number; total_bytes: number }
export interface RunRecord {
  id: string; url: string; status: string; config: Record<string, unknown>; version?: string; device?: string | null;
  created_at?: string | number | null; started_at?: string | number | null; finished_at?: string | number | null;
  steps_done: number; steps_total: number; frames: number; error?: unknown;
  layers?: Layer[] | null; findings?: Finding[] | null; theory?: Theory | null; queue_position?: number | null; title?: string | null;
  fetching?: Fetching | null; pinned?: boolean; bytes?: number;
}
/** What all runs store together; `full` is the share of the nearer limit. */
export interface Storage { frames: number; bytes: number; weights_bytes: number; max_frames: number; max_bytes: number; full: number }
export interface Preview { config: Record<string, unknown>; layers: Layer[]; frame: Frame; theory: Theory | null; findings: Finding[] }

export interface Theme {
  dark: boolean; ink: string; muted: string; grid: string; paper: string; accent: string; font: string; size: number;
  series: string[]; scale: [number, string][]; danger: string;
}

/** The loss at every step known so far. */
export interface Curve { steps: number[]; values: Maybe[] }

/** What every panel's view has: its options, the colours, and why a choice cannot be taken now ("" where it can). */
/** touched: by fingers, where there may be no keyboard */
export interface BaseView { options: State; theme: Theme; touched: boolean; refuse?: (path: string, choice: Value) => string }

/** Of a run's whole configuration, what panels read. */
export interface Config {
  network: { kind: string; depth: number; width: number; activation: { name: string }; normalization: { name: string; groups?: number } };
  init: { name: string; gain: number; mode?: string };
  data: { name: string; batch_size: number | "all" };
}

/** Everything a panel of one network may look at. */
export interface View extends BaseView {
  config: Config; catalog: Catalog; frame: Frame; layers: Layer[]; theory: Theory | null; preview: boolean; running: boolean; curve: Curve; history: Past[];
  /** Training steps of one epoch, where the run is given in epochs. */
  epoch: number | null;
}

/** A run in a comparison, at the step on show. */
export interface Member { record: RunRecord; frame: Frame | undefined; curve: Curve; history: Past[] }
/** What has one letter and one colour: a run, or runs that differ only in their seed. */
export interface Series {
  letter: string; colour: string; name: string; members: Member[];
  /** What a lesson calls it; null outside lessons. */
  label: string | null;
}
/** Everything a panel of a comparison may look at. */
export interface Comparison extends BaseView { series: Series[]; step: number }

export type Row = (string | number)[];
export interface Sheet { head: string[]; rows: Row[] }
export interface Figure { data: Record<string, any>[]; layout: Record<string, any> }
/** What a click on a plot chooses, and the arrow keys. */
export interface Selection<V> { option: string; at: (view: V, x: number) => Value; beside: (view: V, by: number) => Value }
export interface Panel<V extends BaseView = View> {
  id: string;
  size?: "wide" | "tall" | "full";
  options?: string[];
  selects?: Selection<V>;
  /** Whether there is nothing here that could ever be shown: the card goes. */
  absent?: (view: V) => boolean;
  /** Why there is nothing to show now, in a sentence; null where there is. */
  empty?: (view: V) => string | null;
  figure: (view: V) => Figure;
  /** Its numbers written as `words` says: for people, or exactly. */
  table: (view: V, words: import("./format.js").Words) => Sheet;
  caption?: (view: V) => string;
  /** Sentences of less weight, behind a summary under the caption. */
  notes?: (view: V) => string[];
  facts?: (view: V) => [string, string][];
}

/** An option of the view, kept in the address bar under `view.*`. */
export interface Option { path: string; type: "choice" | "bool" | "int" | "name" | "names"; default: Value; choices: Value[]; menu?: boolean; words?: string }

declare global {
  interface Window { Plotly: any }
}
