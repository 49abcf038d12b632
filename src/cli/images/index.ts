export { type ExportOptions, type ExportResult, exportImage } from "./export/export-image.ts";
export { addExport } from "./export-command.ts";
export { type ImportOptions, type ImportResult, importImage } from "./import/import-image.ts";
export { addImport } from "./import-command.ts";
