import { defineConfig } from "vite";

// Built by tools/build_page.py, which says where the files go.
export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
