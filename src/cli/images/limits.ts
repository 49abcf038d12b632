/** JSON documents (manifests, configs, indexes) of one tar or image that are held in memory, together. */
export const JSON_TOTAL_MAX = 64 * 1024 * 1024;
/** Indexes inside indexes; real ones have two levels. */
export const DEPTH_MAX = 16;
/** Manifests and blobs of one image, children included. */
export const PARTS_MAX = 10_000;
/** Entries of one tar. */
export const ENTRIES_MAX = 100_000;
/** Characters of a name inside a tar. */
export const ENTRY_NAME_MAX = 4096;
/** Bytes read and written at once. Node's default of 16 KiB for zlib halves its speed. */
export const CHUNK = 256 * 1024;
