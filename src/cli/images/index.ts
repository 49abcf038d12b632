export type { Io } from "./command.ts";
export { type ExportOptions, type ExportResult, exportImage } from "./export/export-image.ts";
export { type ImportOptions, type ImportResult, importImage } from "./import/import-image.ts";
export { runExport } from "./run-export.ts";
export { runImport } from "./run-import.ts";
