/** Tasks of one queue of the collector, by rows up to {@link FIGURE_MAX} or a few times that. */
export interface QueueFigures {
  /** That could be done now. */
  readonly due: number;
  /** Whose grace has not ended, or that are kept for somebody to decide. */
  readonly waiting: number;
}

/** When a task is due: the latest time of what is due. */
export interface QueueTimes {
  readonly links: Date;
  readonly objects: Date;
  readonly uploads: Date;
}

/** How much there is, of all accounts. */
export interface ContentFigures {
  /** Exact up to {@link FIGURE_MAX}, an estimate of the database beyond. */
  readonly repositories: number;
  readonly blobs: number;
  /** Bytes of blobs that are stored, each once in a registry. */
  readonly storedBytes: number;
}

/** Beyond it nothing is counted row by row: figures cost the same however much there is. */
export const FIGURE_MAX = 10_000;

/** Figures for metrics. */
export interface RegistryFigures {
  queues(times: QueueTimes): Promise<Readonly<Record<string, QueueFigures>>>;
  content(): Promise<ContentFigures>;
}
