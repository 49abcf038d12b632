// Preloaded by `node --import`: the Postgres adapters give away their statements, which are constants that they keep to
// themselves.
import { registerHooks } from "node:module";

const CONSTANT = /^const ([A-Z][A-Z_]*)(?=[ :])/gm;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.includes("/src/adapters/postgres/") || loaded.source === undefined || loaded.source === null)
      return loaded;
    const names = [...String(loaded.source).matchAll(CONSTANT)].map(([, name]) => name);
    return { ...loaded, source: `${loaded.source}\nexport const allConstants = { ${names.join(", ")} };\n` };
  },
});
