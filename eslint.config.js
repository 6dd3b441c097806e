import path from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

import { layerOf, violation } from "./scripts/dev/layers.js";

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const LIB = path.join(ROOT, "lib");

/** The arrows of docs/architecture.md, checked by resolved path, so that no spelling of an import escapes. */
const layers = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const here = path.relative(LIB, context.filename);
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
      const there = path.relative(LIB, path.resolve(path.dirname(context.filename), specifier));
      if (there.startsWith("..")) {
        if (/^\.\.[/\\](tasks|scripts|test)[/\\]/.test(there)) {
          context.report({ node, message: "lib/ must not import what is built on it (tasks, scripts, test)" });
        }
        return;
      }
      const message = violation(layerOf(here.replaceAll("\\", "/")), layerOf(there.replaceAll("\\", "/")));
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

const SYNTAX = [
  { selector: "TSEnumDeclaration", message: "No enums: use a union of literals, or an `as const` object." },
  { selector: "TSModuleDeclaration[kind='namespace']", message: "No namespaces: use modules." },
  { selector: "TSParameterProperty", message: "No parameter properties: they are not erasable; declare the field." },
  { selector: "TSExportAssignment", message: "ESM only." },
];
const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: "Only lib/env.ts and lib/galileo read the environment; take the value as an argument.",
};
const FLOATS_ON_MONEY = {
  selector: "CallExpression[callee.name=/^(parseFloat|parseEther|formatEther|parseUnits|formatUnits)$/]",
  message: "Amounts are bigint neuron: use parseAmount and format0g of lib/units.ts.",
};
const ONLY = {
  selector: "MemberExpression[object.name=/^(describe|context|it|specify)$/][property.name='only']",
  message: "`.only` silently switches every other test off.",
};
const HARDHAT = {
  regex: "^(hardhat|@nomicfoundation/.*)(/.*)?$",
  message: "lib/ stays usable without Hardhat; only lib/galileo, a Hardhat plugin, imports it.",
};

export default defineConfig(
  globalIgnores(["node_modules/", "artifacts/", "cache/", "types/", "coverage/", ".0g/", "deployments/"]),
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: ROOT } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-restricted-syntax": ["error", ...SYNTAX],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-empty": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      // A message may show a number or a bigint as it is.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // `array[i]!` beside the check that proves it is noise twice; `?? fail()` is not better.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      // Index signatures are read as `values["name"]` where the name is data.
      "@typescript-eslint/dot-notation": "off",
      // `interface` for shapes, `type` for unions; both are right somewhere.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/require-await": "off",
      // `readJson<T>(file)` is a cast with a name; zod stands behind it where the file is not ours.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  {
    files: ["lib/**/*.ts"],
    plugins: { local: { rules: { layers } } },
    rules: {
      "local/layers": "error",
      "no-console": "error",
      "no-restricted-syntax": ["error", ...SYNTAX, ENVIRONMENT, FLOATS_ON_MONEY],
      "@typescript-eslint/no-restricted-imports": ["error", { patterns: [HARDHAT] }],
    },
  },
  {
    files: ["lib/protocol/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            HARDHAT,
            {
              regex: "^(node:)?(fs|http|https|net|child_process|os|dns|tls)(/.*)?$",
              message: "lib/protocol is pure: formats and digests, no input or output.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["lib/env.ts", "lib/galileo/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", ...SYNTAX, FLOATS_ON_MONEY] },
  },
  {
    files: ["lib/galileo/**/*.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": "off" },
  },
  {
    files: ["tasks/**/*.ts", "scripts/*.ts"],
    rules: { "no-restricted-syntax": ["error", ...SYNTAX, ENVIRONMENT, FLOATS_ON_MONEY] },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...SYNTAX, ONLY],
      // chai asserts by reading a property.
      "@typescript-eslint/no-unused-expressions": "off",
      // A test may assume what its arrangement made true; when it is not, the test fails, as it should.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Hardhat's contract objects are typed by name at build time, and doubles implement only what the test uses.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
    rules: { "no-undef": "error", "no-unused-vars": "error", eqeqeq: ["error", "always", { null: "ignore" }] },
  },
);
