import type { Copy } from "./copy.ts";
import { Tests } from "./tests.ts";

/** A copy of the checkout in which one change at a time is tried, and the process that runs its tests. */
export class Bench {
  readonly copy: Copy;
  readonly tests: Tests;

  private constructor(copy: Copy, tests: Tests) {
    this.copy = copy;
    this.tests = tests;
  }

  /** `databaseUrl`: the PostgreSQL that its tests make their databases on. */
  static async open(original: Copy, databaseUrl: string): Promise<Bench> {
    const copy = await original.again();
    const env = { TEST_DATABASE_URL: databaseUrl, BERTH_MUTATION_WORKERS: "1" };
    return new Bench(copy, new Tests({ folder: copy.folder, env }));
  }

  async close(): Promise<void> {
    this.tests.stop();
    await this.copy.remove();
  }
}
