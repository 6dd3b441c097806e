/**
 * Which dialects of ERC-7857 a deployed contract speaks, and what it lacks, told from outside: from the constants in its
 * code, from its ERC-165 ids, and from calls that change nothing. What cannot be told so is not said.
 */

import type { ReadContext } from "../chain/context.ts";
import type { Address, Hex } from "../hex.ts";
import { allDialects, ownFunctions, type Dialect, type DialectId, type Known } from "./dialects.ts";
import { InftMissingError } from "./errors.ts";
import { reachableCode, type CodePiece } from "./lint-code.ts";
import { observe, type Observation } from "./lint-observe.ts";
import { announces, surfaceOf, type Surface } from "./lint-surface.ts";

export interface LintQuery {
  readonly contract: Address;
  /** The token on which a plain transfer is tried, in simulation; without it, one with data among the first ids. */
  readonly tokenId?: bigint;
}

/** Something a dialect has, with the selector, topic or ERC-165 id it is known by. */
export interface Named {
  readonly name: string;
  readonly id: Hex;
}

export interface DialectFinding {
  readonly id: DialectId;
  readonly title: string;
  /** `partly`: something of what only this dialect has, but not all it needs. */
  readonly speaks: "yes" | "partly" | "no";
  readonly functions: { readonly found: number; readonly of: number };
  readonly missingFunctions: readonly Named[];
  /** Events whose topics are not in the code. */
  readonly missingEvents: readonly Named[];
  readonly announced: readonly Named[];
  /** Only an id that its standard demands keeps a dialect from being spoken. */
  readonly notAnnounced: readonly Named[];
}

export interface LintReport {
  readonly contract: Address;
  /** Where the code is that runs when the contract is called. */
  readonly code: readonly Omit<CodePiece, "code">[];
  readonly dialects: readonly DialectFinding[];
  readonly observations: readonly Observation[];
}

/**
 * Looks at a contract from outside. Sends nothing and needs no key.
 * @throws {InftMissingError} when no contract stands at the address.
 */
export async function lintContract(ctx: ReadContext, { contract, tokenId }: LintQuery): Promise<LintReport> {
  const { pieces, replaceable } = await reachableCode(ctx, contract);
  if (pieces.length === 0) throw new InftMissingError({ address: contract, network: ctx.network.name });
  const surface = await surfaceOf(ctx, contract, pieces);
  const dialects: DialectFinding[] = [];
  for (const dialect of allDialects()) dialects.push(await findingOf(ctx, contract, surface, dialect));
  return {
    contract,
    code: surface.pieces.map(({ address, role }) => ({ address, role })),
    dialects,
    observations: await observe(ctx, {
      contract,
      surface,
      replaceable,
      ...(tokenId === undefined ? {} : { tokenId }),
    }),
  };
}

async function findingOf(
  ctx: ReadContext,
  contract: Address,
  surface: Surface,
  dialect: Dialect,
): Promise<DialectFinding> {
  const missingFunctions = dialect.functions.filter(({ id }) => !surface.has(id));
  const missingEvents = dialect.events.filter(({ id }) => !surface.mentions(id));
  const interfaces = await Promise.all(
    dialect.interfaces.map(async (its) => ({ ...its, announced: (await announces(ctx, contract, its.id)) === true })),
  );
  const own = ownFunctions(dialect);
  const begun =
    own.length === 0
      ? missingEvents.length < dialect.events.length || interfaces.some(({ announced }) => announced)
      : own.some((its) => !missingFunctions.includes(its));
  const whole =
    missingFunctions.length + missingEvents.length === 0 &&
    interfaces.every(({ required, announced }) => !required || announced);
  const idsThat = (announced: boolean) =>
    interfaces.filter((its) => its.announced === announced).map(({ name, id }) => ({ name, id }));
  return {
    id: dialect.id,
    title: dialect.title,
    speaks: !begun ? "no" : whole ? "yes" : "partly",
    functions: { found: dialect.functions.length - missingFunctions.length, of: dialect.functions.length },
    missingFunctions: missingFunctions.map(named),
    missingEvents: missingEvents.map(named),
    announced: idsThat(true),
    notAnnounced: idsThat(false),
  };
}

function named({ signature, id }: Known<unknown>): Named {
  return { name: signature, id };
}
